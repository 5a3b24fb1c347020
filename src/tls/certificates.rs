//! A certificate for each name: from a folder that is watched, else from the local authority.
//!
//! ```text
//! a.example.org.pem, a.example.org.key   chain and key for that name
//! _.example.org.pem, _.example.org.key   for every name one label longer, where it has no files of its own
//! default.pem, default.key               for clients that name nobody (RFC 6066 §3)
//! ```

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use lru::LruCache;
use rustls::{KeyLog, crypto::CryptoProvider};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{Identity, SetupError, authority::Authority, folder::Folder, key_log::KeyLogFile};

/// The certificates of many names.
pub struct Certificates {
    provider: Arc<CryptoProvider>,
    key_log: Option<Arc<dyn KeyLog>>,
    folder: Option<PathBuf>,
    authority: Authority,
    /// The calendar's time at a moment of the clock, so that only the composition root needs the calendar.
    opened: (OffsetDateTime, Instant),
    kept: Mutex<LruCache<Box<str>, Kept>>,
}

/// A name's certificate, as it was at the last look.
struct Kept {
    identity: Option<Arc<Identity>>,
    stamps: Option<[Stamp; 2]>,
    looked: Instant,
}

type Stamp = (Option<SystemTime>, u64);

/// How long a look at the folder counts.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Names whose certificates are kept in memory.
const MAX_NAMES: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// The files of clients that name nobody.
const DEFAULT: &str = "default";

impl Certificates {
    /// Opens the folder, if there is one, and the local authority in this state directory.
    ///
    /// # Errors
    /// Faults of the file system.
    pub fn open(
        folder: Option<&Path>,
        state_dir: &Path,
        key_log: Option<&Path>,
        now: OffsetDateTime,
    ) -> Result<Self, SetupError> {
        if let Some(folder) = folder {
            std::fs::read_dir(folder).map_err(|error| SetupError::Read { path: folder.to_owned(), error })?;
        }
        let key_log = match key_log {
            Some(path) => {
                tracing::warn!(path = %path.display(), "SSLKEYLOGFILE is set: whoever reads it can decrypt");
                Some(Arc::new(KeyLogFile::open(path)?) as Arc<dyn KeyLog>)
            }
            None => None,
        };
        Ok(Self {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            key_log,
            folder: folder.map(Path::to_owned),
            authority: Authority::load_or_make(&Folder::open(&state_dir.join("tls"))?, now)?,
            opened: (now, Instant::now()),
            kept: Mutex::new(LruCache::new(MAX_NAMES)),
        })
    }

    /// The certificate of a name, which must be a host name in lower case. Files count as they were a second ago at most;
    /// new ones that cannot be used leave the old ones in force.
    pub fn of(&self, name: &str) -> Option<Arc<Identity>> {
        let parent = name.split_once('.').map(|(_, parent)| format!("_.{parent}"));
        self.find(name, [Some(name.to_owned()), parent])
    }

    /// The certificate for clients that name nobody.
    pub fn of_nobody(&self) -> Option<Arc<Identity>> {
        self.find("", [Some(DEFAULT.to_owned()), None])
    }

    fn find(&self, name: &str, stems: [Option<String>; 2]) -> Option<Arc<Identity>> {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept.get(name);
        if let Some(before) = before
            && now.saturating_duration_since(before.looked) < LOOK_INTERVAL
        {
            return before.identity.clone();
        }
        let files = stems.into_iter().flatten().find_map(|stem| self.files(&stem));
        let stamps = files.as_ref().map(|(_, stamps)| *stamps);
        let unchanged = before.filter(|before| before.stamps == stamps && before.identity.is_some());
        let old = before.and_then(|before| before.identity.clone());
        let identity = match (files, unchanged) {
            (None, Some(own)) if own.identity.as_ref().is_some_and(|own| self.is_fresh(own)) => old,
            (Some(_), Some(_)) => old,
            (Some(([cert, key], _)), None) => self.load(&cert, &key).or(old),
            (None, _) => self.issue(name),
        };
        kept.put(name.into(), Kept { identity: identity.clone(), stamps, looked: now });
        identity
    }

    /// The files of this stem and their stamps, if both are there.
    fn files(&self, stem: &str) -> Option<([PathBuf; 2], [Stamp; 2])> {
        let folder = self.folder.as_ref()?;
        let paths = [folder.join(format!("{stem}.pem")), folder.join(format!("{stem}.key"))];
        let stamp = |path: &PathBuf| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok(), metadata.len()))
        };
        let stamps = [stamp(&paths[0])?, stamp(&paths[1])?];
        Some((paths, stamps))
    }

    fn load(&self, cert: &Path, key: &Path) -> Option<Arc<Identity>> {
        match Identity::from_files(cert, key, &self.provider, self.key_log.clone()) {
            Ok(identity) => {
                tracing::info!(path = %cert.display(), "loaded a certificate");
                Some(Arc::new(identity))
            }
            Err(error) => {
                tracing::warn!(%error, "a certificate cannot be used");
                None
            }
        }
    }

    /// A certificate by the local authority, which is good for names under `.test` and `localhost` alone. It is never
    /// written to disk.
    fn issue(&self, name: &str) -> Option<Arc<Identity>> {
        let names = if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
        let (cert, key) = match self.authority.sign_for(&names, self.calendar()) {
            Ok(pair) => pair,
            Err(SetupError::OutOfBounds(_)) => {
                tracing::debug!(name, "there is no certificate for this name");
                return None;
            }
            Err(error) => {
                tracing::warn!(name, %error, "no certificate can be made");
                return None;
            }
        };
        let made = Identity::from_pem(cert.as_bytes(), key.as_bytes(), &self.provider, self.key_log.clone());
        made.inspect_err(|error| tracing::error!(%error, "our own certificate cannot be used")).ok().map(Arc::new)
    }

    /// Whether one that we issued lasts for another day.
    fn is_fresh(&self, identity: &Identity) -> bool {
        identity.validity().until - time::Duration::DAY > self.calendar()
    }

    fn calendar(&self) -> OffsetDateTime {
        self.opened.0 + self.opened.1.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(names: &[&str]) -> (String, String) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        (params.expect("names").self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
    }

    fn put(folder: &Path, stem: &str, (cert, key): &(String, String)) {
        std::fs::write(folder.join(format!("{stem}.pem")), cert).expect("a file");
        std::fs::write(folder.join(format!("{stem}.key")), key).expect("a file");
    }

    fn open(folder: Option<&Path>, state: &Path) -> Certificates {
        Certificates::open(folder, state, None, OffsetDateTime::now_utc()).expect("certificates")
    }

    fn path_of(certificates: &Certificates, name: &str) -> Option<String> {
        let identity = certificates.of(name)?;
        Some(identity.cert_path().file_name()?.to_str()?.to_owned())
    }

    #[tokio::test]
    async fn a_name_has_its_own_files_or_those_of_its_wildcard() {
        let (state, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        put(folder.path(), "a.example.org", &pair(&["a.example.org"]));
        put(folder.path(), "_.example.org", &pair(&["*.example.org"]));
        let certificates = open(Some(folder.path()), state.path());
        assert_eq!(path_of(&certificates, "a.example.org").as_deref(), Some("a.example.org.pem"));
        assert_eq!(path_of(&certificates, "b.example.org").as_deref(), Some("_.example.org.pem"));
        for name in ["example.org", "b.a.example.org", "example.com"] {
            assert!(certificates.of(name).is_none(), "{name}");
        }
        assert!(certificates.of("c.test").is_some(), "the local authority is good for it");
        assert!(certificates.of_nobody().is_some(), "and for this machine");
    }

    #[tokio::test(start_paused = true)]
    async fn new_files_count_after_a_second_and_bad_ones_never() {
        let (state, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        put(folder.path(), "a.example", &pair(&["a.example"]));
        let certificates = open(Some(folder.path()), state.path());
        let first = certificates.of("a.example").expect("a certificate");
        tokio::time::advance(LOOK_INTERVAL).await;
        assert!(Arc::ptr_eq(&first, &certificates.of("a.example").expect("the same")), "nothing changed");
        let mut mixed = pair(&["a.example", "b.example"]);
        mixed.1 = pair(&["a.example"]).1;
        put(folder.path(), "a.example", &mixed);
        tokio::time::advance(LOOK_INTERVAL).await;
        assert!(Arc::ptr_eq(&first, &certificates.of("a.example").expect("the old one")), "no pair");
        put(folder.path(), "a.example", &pair(&["a.example", "b.example", "c.example"]));
        assert!(Arc::ptr_eq(&first, &certificates.of("a.example").expect("the old one")), "just looked");
        tokio::time::advance(LOOK_INTERVAL).await;
        assert!(!Arc::ptr_eq(&first, &certificates.of("a.example").expect("the new one")));
    }
}
