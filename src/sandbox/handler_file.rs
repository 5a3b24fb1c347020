//! The file of a handler: which version of it is there, and where it really is.

use std::{io::Read, path::Path, sync::Arc, time::SystemTime};

use super::LoadError;

/// What changes when a file changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    octets: u64,
    inode: u64,
    changed: i64,
}

impl Stamp {
    /// That of the file at this path.
    ///
    /// # Errors
    /// If there is no regular file.
    pub(super) fn of(path: &Path) -> Result<Self, LoadError> {
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => LoadError::NotFound(path.into()),
            _ => LoadError::Unreadable { path: path.into(), reason: error.to_string() },
        })?;
        if !metadata.is_file() {
            return Err(LoadError::Unreadable { path: path.into(), reason: "not a regular file".into() });
        }
        #[cfg(unix)]
        let (inode, changed) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.ctime() << 30 ^ metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let (inode, changed) = (0, 0);
        Ok(Self { modified: metadata.modified().ok(), octets: metadata.len(), inode, changed })
    }
}

/// Where a file really is.
///
/// # Errors
/// [`LoadError::NotFound`] if that is outside this root.
pub(super) fn beneath(path: &Path, root: &Path) -> Result<Arc<Path>, LoadError> {
    let not_found = || LoadError::NotFound(path.into());
    let (file, root) = (path.canonicalize(), root.canonicalize());
    let (file, root) = (file.map_err(|_| not_found())?, root.map_err(|_| not_found())?);
    if file.starts_with(root) { Ok(file.into()) } else { Err(not_found()) }
}

/// The octets of a handler's file, if it has no more than `limit`.
///
/// # Errors
/// If it can't be read, or has more.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    let unreadable = |error: std::io::Error| LoadError::Unreadable { path: path.into(), reason: error.to_string() };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut octets = Vec::new();
    file.take(limit + 1).read_to_end(&mut octets).map_err(unreadable)?;
    let length = octets.len() as u64;
    if length > limit {
        return Err(LoadError::TooLarge { path: path.into(), octets: length, limit });
    }
    Ok(octets)
}
