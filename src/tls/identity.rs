//! The certificate that this server shows, with its key.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    InconsistentKeys, KeyLog,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{CertificateFiles, CertificateSource, Settings, SetupError, authority, key_log::KeyLogFile, openssl};

/// A certificate chain and its private key, known to belong together.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) key_log: Option<Arc<dyn KeyLog>>,
    cert_path: PathBuf,
    spki_hash: String,
    validity: Validity,
}

/// When a certificate is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    /// From here …
    pub from: OffsetDateTime,
    /// … to here.
    pub until: OffsetDateTime,
}

impl Identity {
    /// Loads the certificate, making a local one first where the settings say so. Blocks on the file system.
    ///
    /// # Errors
    /// Everything that could be wrong with certificate, key or key log, naming the file.
    pub fn load(settings: &Settings, now: OffsetDateTime) -> Result<Self, SetupError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        match &settings.certificate {
            CertificateSource::Files { .. } => {}
            CertificateSource::Local { state_dir, names } => authority::issue(state_dir, names, now)?,
            CertificateSource::OpenSsl(kept) => openssl::issue(kept, now)?,
        }
        let CertificateFiles { cert, key, .. } = settings.certificate.files();
        let key_log = match &settings.key_log {
            Some(path) => {
                tracing::warn!(path = %path.display(), "SSLKEYLOGFILE is set: whoever reads it can decrypt");
                Some(Arc::new(KeyLogFile::open(path)?) as Arc<dyn KeyLog>)
            }
            None => None,
        };
        Self::from_files(&cert, &key, &provider, key_log)
    }

    pub(super) fn from_files(
        cert: &Path,
        key: &Path,
        provider: &Arc<CryptoProvider>,
        key_log: Option<Arc<dyn KeyLog>>,
    ) -> Result<Self, SetupError> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| SetupError::Read { path: path.to_owned(), error });
        Self::of_pair((&read(cert)?, cert), (&read(key)?, key), provider, key_log)
    }

    /// From octets that lie in no file.
    pub(super) fn from_pem(
        cert: &[u8],
        key: &[u8],
        provider: &Arc<CryptoProvider>,
        key_log: Option<Arc<dyn KeyLog>>,
    ) -> Result<Self, SetupError> {
        let nowhere = Path::new("the local authority");
        Self::of_pair((cert, nowhere), (key, nowhere), provider, key_log)
    }

    fn of_pair(
        cert: (&[u8], &Path),
        key: (&[u8], &Path),
        provider: &Arc<CryptoProvider>,
        key_log: Option<Arc<dyn KeyLog>>,
    ) -> Result<Self, SetupError> {
        let certified = read_pair(cert, key, provider)?;
        let (spki_hash, validity) = read_leaf(&certified, cert.1)?;
        let (provider, certified) = (Arc::clone(provider), Arc::new(certified));
        Ok(Self { provider, certified, key_log, cert_path: cert.1.to_owned(), spki_hash, validity })
    }

    /// Base64 of the SHA-256 hash of the leaf's SubjectPublicKeyInfo, as Chromium's
    /// `--ignore-certificate-errors-spki-list` takes it.
    pub fn spki_hash(&self) -> &str {
        &self.spki_hash
    }

    /// When the leaf is good.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The file that the chain was read from.
    pub fn cert_path(&self) -> &Path {
        &self.cert_path
    }
}

fn read_pair(
    (cert_pem, cert): (&[u8], &Path),
    (key_pem, key): (&[u8], &Path),
    provider: &CryptoProvider,
) -> Result<CertifiedKey, SetupError> {
    let bad_cert = |reason: String| SetupError::Certificate { path: cert.to_owned(), reason };
    let bad_key = |reason: String| SetupError::Key { path: key.to_owned(), reason };
    let chain = CertificateDer::pem_slice_iter(cert_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| bad_cert(error.to_string()))?;
    if chain.is_empty() {
        return Err(bad_cert("no PEM section of that kind".to_owned()));
    }
    if openssl::is_encrypted(key_pem) {
        return Err(SetupError::Encrypted(key.to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| bad_key(error.to_string()))?;
    let private = provider.key_provider.load_private_key(private).map_err(|error| bad_key(error.to_string()))?;
    let certified = CertifiedKey::new(chain, private);
    match certified.keys_match() {
        // A key that cannot tell its public half is taken at its word.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(SetupError::Mismatch { cert: cert.to_owned(), key: key.to_owned() })
        }
        Err(error) => Err(bad_cert(error.to_string())),
    }
}

fn read_leaf(certified: &CertifiedKey, path: &Path) -> Result<(String, Validity), SetupError> {
    let bad_cert = |reason: String| SetupError::Certificate { path: path.to_owned(), reason };
    let leaf = certified.end_entity_cert()?;
    let (_, leaf) = x509_parser::parse_x509_certificate(leaf).map_err(|error| bad_cert(error.to_string()))?;
    let validity =
        Validity { from: leaf.validity().not_before.to_datetime(), until: leaf.validity().not_after.to_datetime() };
    Ok((base64(&Sha256::digest(leaf.public_key().raw)), validity))
}

/// RFC 4648 §4, with padding.
fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0, |bits, &octet| bits << 8 | u32::from(octet)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * at) & 0x3f) as usize];
            text.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_rfc_4648_section_10() {
        for (octets, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(octets.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }
}
