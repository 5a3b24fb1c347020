//! The directory that the site serves, and the one door to the files below it.
//!
//! Two systems' ways behind one seam: [`linux`] lets the kernel confine a look-up, [`portable`] compares canonical
//! paths. Both offer a `Place`, an `Identity` and `read_now`. Everything here blocks but [`Root::identity`] and
//! [`read_now`], which cost one system call on cached data.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::SitePath;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "on Linux only the look-ups are tested"))]
mod portable;

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use portable as platform;

pub(super) use platform::{Directory, Identity, read_now};

/// The site's root directory.
pub(super) struct Root {
    place: platform::Place,
    path: PathBuf,
}

/// Something below the root.
pub(super) enum Found<D = Directory, I = Identity> {
    File(Opened<I>),
    Directory(D),
}

/// A regular file, open for reading.
pub(super) struct Opened<I = Identity> {
    pub(super) file: File,
    /// Octets when it was opened.
    pub(super) length: u64,
    pub(super) identity: I,
    /// Whether the file that was opened, links resolved, has the name of a handler or script.
    pub(super) is_program: bool,
}

/// A name in a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) is_directory: bool,
}

/// Why nothing was opened.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// A symbolic link leads out of the root.
    #[error("a symbolic link leads out of the root")]
    Outside,
    /// The process has no right to read it.
    #[error("permission denied")]
    Denied,
    /// It is neither a regular file nor a directory.
    #[error("neither a file nor a directory")]
    Special,
    /// The process or the system has no file descriptor or memory left.
    #[error("too many open files")]
    Exhausted,
    /// Anything else.
    #[error(transparent)]
    Io(io::Error),
}

impl Root {
    /// Opens the root. `follow`: symbolic links may lead anywhere.
    pub(super) fn open(path: &Path, follow: bool) -> io::Result<Self> {
        Ok(Self { place: platform::Place::open(path, follow)?, path: path.to_owned() })
    }

    /// Opens what is at this path.
    pub(super) fn find(&self, path: &SitePath<'_>) -> Result<Found, RootError> {
        self.place.find(path.as_octets())
    }

    /// What [`find`](Self::find) would say about the file now at these octets of a [`SitePath`].
    ///
    /// It follows links without confining them, so its answer may serve only to confirm that a file which was opened
    /// through [`find`](Self::find) has not changed: a link that leads elsewhere since has another identity.
    pub(super) fn identity(&self, path: &[u8]) -> Option<Identity> {
        self.place.identity(path)
    }

    /// The path of a file, for those who open it themselves.
    pub(super) fn path_of(&self, path: &SitePath<'_>) -> Option<PathBuf> {
        Some(self.path.join(octets_to_path(path.as_octets())?))
    }
}

impl Opened {
    /// All octets, if the file is the same before and after they were read. None: it is changing.
    pub(super) fn read_whole(&mut self) -> io::Result<Option<Vec<u8>>> {
        let capacity = usize::try_from(self.length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut octets = Vec::with_capacity(capacity);
        (&self.file).take(self.length).read_to_end(&mut octets)?;
        let same = octets.len() == capacity && Identity::of(&self.file)? == self.identity;
        Ok(same.then_some(octets))
    }
}

/// Octets from `offset` on, `length` at most; fewer at the end of the file.
#[cfg(unix)]
pub(super) fn read_at(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; length];
    let read = std::os::unix::fs::FileExt::read_at(file, &mut octets, offset)?;
    octets.truncate(read);
    Ok(octets)
}

/// Octets from `offset` on, `length` at most; fewer at the end of the file.
#[cfg(not(unix))]
pub(super) fn read_at(mut file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    // One reader uses a file at a time, one read after another.
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    let mut octets = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut octets)?;
    Ok(octets)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "on other systems not every name is a path")]
fn octets_to_path(octets: &[u8]) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Some(Path::new(std::ffi::OsStr::from_bytes(octets)))
}

#[cfg(not(unix))]
fn octets_to_path(octets: &[u8]) -> Option<&Path> {
    std::str::from_utf8(octets).ok().map(Path::new)
}

fn has_program_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| super::is_program_name(name.as_encoded_bytes()))
}

#[cfg(test)]
mod tests;
