//! Look-ups for systems that cannot confine them: the canonical path must lie below the root's. Whoever can swap a
//! directory for a link between that check and the opening wins the race, but such a one can already write below the
//! root.

use std::{
    fs::{File, Metadata},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{Entry, Found, Opened, RootError, has_program_name, octets_to_path};

/// The root directory.
pub(super) struct Place {
    canonical: PathBuf,
    follow: bool,
}

/// A directory below the root.
pub(in crate::site) struct Directory {
    path: PathBuf,
    /// Whether links count as what they lead to.
    follow: bool,
}

/// Which state of a file it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::site) struct Identity {
    length: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
}

impl Place {
    pub(super) fn open(path: &Path, follow: bool) -> io::Result<Self> {
        let canonical = path.canonicalize()?;
        if !canonical.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { canonical, follow })
    }

    pub(super) fn find(&self, path: &[u8]) -> Result<Found<Directory, Identity>, RootError> {
        let target = self.canonical.join(octets_to_path(path).ok_or(RootError::NotFound)?);
        let target = target.canonicalize().map_err(classify)?;
        if !self.follow && !target.starts_with(&self.canonical) {
            return Err(RootError::Outside);
        }
        let metadata = target.metadata().map_err(classify)?;
        if metadata.is_dir() {
            return Ok(Found::Directory(Directory { path: target, follow: self.follow }));
        }
        // Asked before the opening, which would wait for a FIFO's other end.
        if !metadata.is_file() {
            return Err(RootError::Special);
        }
        let file = File::open(&target).map_err(classify)?;
        let metadata = file.metadata().map_err(classify)?;
        Ok(Found::File(Opened {
            length: metadata.len(),
            identity: Identity::from(metadata),
            is_program: has_program_name(&target),
            file,
        }))
    }

    pub(super) fn identity(&self, path: &[u8]) -> Option<Identity> {
        Some(self.canonical.join(octets_to_path(path)?).metadata().ok()?.into())
    }
}

impl Directory {
    /// The names in the directory, `limit` at most, and whether there are more.
    pub(in crate::site) fn entries(&self, limit: usize) -> io::Result<(Vec<Entry>, bool)> {
        let mut entries = Vec::new();
        for entry in self.path.read_dir()? {
            if entries.len() == limit {
                return Ok((entries, true));
            }
            let entry = entry?;
            let kind = entry.file_type()?;
            let leads_to_directory = || entry.path().metadata().is_ok_and(|metadata| metadata.is_dir());
            let is_directory = kind.is_dir() || self.follow && kind.is_symlink() && leads_to_directory();
            entries.push(Entry { name: entry.file_name().into_encoded_bytes(), is_directory });
        }
        Ok((entries, false))
    }
}

impl Identity {
    pub(in crate::site) fn of(file: &File) -> io::Result<Self> {
        Ok(file.metadata()?.into())
    }

    /// Whether the last change is so long past that another one would show: some file systems count in 2 s.
    #[expect(clippy::disallowed_methods, reason = "compared with time stamps of the same clock")]
    pub(in crate::site) fn is_settled(&self) -> bool {
        let age = self.modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
        age.is_some_and(|age| age > Duration::from_secs(3))
    }
}

impl From<Metadata> for Identity {
    fn from(metadata: Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok(), created: metadata.created().ok() }
    }
}

/// Reading without waiting: there is no portable way.
pub(in crate::site) fn read_now(_: &File, _: u64, _: usize) -> Option<Vec<u8>> {
    None
}

fn classify(error: io::Error) -> RootError {
    use io::ErrorKind;
    #[cfg(unix)]
    if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::LOOP) {
        return RootError::NotFound;
    }
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput => {
            RootError::NotFound
        }
        ErrorKind::PermissionDenied => RootError::Denied,
        ErrorKind::OutOfMemory => RootError::Exhausted,
        _ => RootError::Io(error),
    }
}
