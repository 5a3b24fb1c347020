//! Look-ups that the kernel confines: `openat2` relative to the root's descriptor (Linux 5.6), free of races.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, IoSliceMut},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags},
    io::{Errno, ReadWriteFlags},
    time::ClockId,
};

use super::{Entry, Found, Opened, RootError, has_program_name, octets_to_path};

/// The root directory, held open.
pub(super) struct Place {
    root: OwnedFd,
    canonical: PathBuf,
    follow: bool,
}

/// A directory below the root, open for reading.
pub(in crate::site) struct Directory {
    descriptor: OwnedFd,
    /// Whether links count as what they lead to.
    follow: bool,
}

/// Which file it is, and which state of it: any write, truncation, rename or change of link makes another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::site) struct Identity {
    device: (u32, u32),
    inode: u64,
    length: u64,
    modified: (i64, u32),
    changed: (i64, u32),
}

impl Place {
    pub(super) fn open(path: &Path, follow: bool) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(Self { root, canonical: path.canonicalize()?, follow })
    }

    pub(super) fn find(&self, path: &[u8]) -> Result<Found, RootError> {
        let path = if path.is_empty() { b"." } else { path };
        let file = self.open_file(path)?;
        let status = rustix::fs::statx(&file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?;
        match FileType::from_raw_mode(status.stx_mode.into()) {
            FileType::Directory => Ok(Found::Directory(Directory { descriptor: file, follow: self.follow })),
            FileType::RegularFile => Ok(Found::File(Opened {
                length: status.stx_size,
                identity: Identity::from(status),
                is_program: self.is_program(&file, path),
                file: file.into(),
            })),
            _ => Err(RootError::Special),
        }
    }

    pub(super) fn identity(&self, path: &[u8]) -> Option<Identity> {
        let status = rustix::fs::statx(&self.root, path, AtFlags::empty(), StatxFlags::BASIC_STATS).ok()?;
        Some(status.into())
    }

    fn open_file(&self, path: &[u8]) -> Result<OwnedFd, RootError> {
        if self.follow {
            return Ok(rustix::fs::openat(&self.root, path, READ, Mode::empty())?);
        }
        match self.open_beneath(path) {
            // EXDEV also stands for an absolute link that leads back in; ENOSYS and EPERM for kernels and sandboxes
            // without the call.
            Err(Errno::XDEV | Errno::NOSYS | Errno::PERM) => self.open_canonical(path),
            result => Ok(result?),
        }
    }

    fn open_beneath(&self, path: &[u8]) -> rustix::io::Result<OwnedFd> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 1..ATTEMPTS {
            match rustix::fs::openat2(&self.root, path, READ, Mode::empty(), resolve) {
                Err(Errno::AGAIN) => {}
                result => return result,
            }
        }
        rustix::fs::openat2(&self.root, path, READ, Mode::empty(), resolve)
    }

    /// Resolves links first and then opens the result, which has none left, under the same confinement if there is one.
    fn open_canonical(&self, path: &[u8]) -> Result<OwnedFd, RootError> {
        let path = octets_to_path(path).ok_or(RootError::NotFound)?;
        let target = self.canonical.join(path).canonicalize().map_err(RootError::from)?;
        let inside = target.strip_prefix(&self.canonical).map_err(|_| RootError::Outside)?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        let octets = inside.as_os_str().as_encoded_bytes();
        match self.open_beneath(octets) {
            Err(Errno::NOSYS | Errno::PERM) => {
                Ok(rustix::fs::openat(&self.root, inside, READ | OFlags::NOFOLLOW, Mode::empty())?)
            }
            result => Ok(result?),
        }
    }

    /// Whether the open file has the name of a handler or script, whatever link led to it.
    fn is_program(&self, file: &OwnedFd, path: &[u8]) -> bool {
        use std::os::fd::AsRawFd;
        let link = format!("/proc/self/fd/{}", file.as_raw_fd());
        // Without /proc: the name by which it was opened, links resolved.
        let name = std::fs::read_link(link)
            .or_else(|_| self.canonical.join(octets_to_path(path).unwrap_or(Path::new(""))).canonicalize());
        // A name that cannot be told is treated as one that must not be served.
        name.map_or(true, |name| has_program_name(&name))
    }
}

impl Directory {
    /// The names in the directory, `limit` at most, and whether there are more.
    pub(in crate::site) fn entries(&self, limit: usize) -> io::Result<(Vec<Entry>, bool)> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.descriptor)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if entries.len() == limit {
                return Ok((entries, true));
            }
            let is_directory = match entry.file_type() {
                FileType::Symlink if self.follow => self.leads_to_directory(entry.file_name()),
                FileType::Unknown => self.leads_to_directory(entry.file_name()),
                kind => kind == FileType::Directory,
            };
            entries.push(Entry { name: name.to_vec(), is_directory });
        }
        Ok((entries, false))
    }

    /// For links, and for file systems that do not tell what a name is.
    fn leads_to_directory(&self, name: &CStr) -> bool {
        let flags = if self.follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        rustix::fs::statx(&self.descriptor, name, flags, StatxFlags::TYPE)
            .is_ok_and(|status| FileType::from_raw_mode(status.stx_mode.into()) == FileType::Directory)
    }
}

impl Identity {
    pub(in crate::site) fn of(file: &File) -> io::Result<Self> {
        let status = rustix::fs::statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?;
        Ok(status.into())
    }

    /// Whether the last change is so long past that another one would show: time stamps advance in steps of the
    /// kernel's tick, up to 10 ms, and two changes in one step look the same.
    pub(in crate::site) fn is_settled(&self) -> bool {
        let now = rustix::time::clock_gettime(ClockId::RealtimeCoarse);
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        let changed = nanoseconds(self.changed.0, self.changed.1.into());
        (changed + SETTLED..).contains(&nanoseconds(now.tv_sec, now.tv_nsec))
    }
}

impl From<Statx> for Identity {
    fn from(status: Statx) -> Self {
        Self {
            device: (status.stx_dev_major, status.stx_dev_minor),
            inode: status.stx_ino,
            length: status.stx_size,
            modified: (status.stx_mtime.tv_sec, status.stx_mtime.tv_nsec),
            changed: (status.stx_ctime.tv_sec, status.stx_ctime.tv_nsec),
        }
    }
}

/// Octets from `offset` on, `length` at most, if the system has them in memory: this call never waits for a disk.
pub(in crate::site) fn read_now(file: &File, offset: u64, length: usize) -> Option<Vec<u8>> {
    let mut octets = vec![0; length];
    let mut slices = [IoSliceMut::new(&mut octets)];
    match rustix::io::preadv2(file.as_fd(), &mut slices, offset, ReadWriteFlags::NOWAIT) {
        Ok(read) if read > 0 => {
            octets.truncate(read);
            Some(octets)
        }
        // Not in memory, the end of the file, or a file system that cannot tell: the slow way finds out which.
        _ => None,
    }
}

/// NONBLOCK: a FIFO opens at once, to be refused. NOCTTY: a terminal never becomes ours.
const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// `openat2` gives up with EAGAIN when a rename somewhere on the system raced with a `..` in a link.
const ATTEMPTS: usize = 8;

/// Nanoseconds after which a change cannot share its time stamp with a later one: five ticks of the slowest kernel.
const SETTLED: i128 = 50_000_000;

impl From<Errno> for RootError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::LOOP => Self::NotFound,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::XDEV => Self::Outside,
            Errno::NXIO | Errno::NODEV => Self::Special,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM => Self::Exhausted,
            other => Self::Io(other.into()),
        }
    }
}

impl From<io::Error> for RootError {
    fn from(error: io::Error) -> Self {
        Errno::from_io_error(&error).map_or(Self::Io(error), Self::from)
    }
}
