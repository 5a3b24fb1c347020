//! The folder that holds the local authority: private, and changed by one process at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::SetupError;

/// The folder, locked until this is dropped. The lock is advisory and the system's, so a crash leaves none behind.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder, creates it with mode 0700 where it is missing, and waits for whoever holds it.
    ///
    /// # Errors
    /// [`SetupError::Write`].
    pub(super) fn open(path: &Path) -> Result<Self, SetupError> {
        let fault = |path: &Path| {
            let path = path.to_owned();
            move |error| SetupError::Write { path, error }
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(fault(path))?;
        let lock_path = path.join("lock");
        let lock = private(OpenOptions::new().write(true).create(true)).open(&lock_path).map_err(fault(&lock_path))?;
        lock.lock().map_err(fault(&lock_path))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where a file of this name is.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The text of a file, or none if there is no such file.
    ///
    /// # Errors
    /// [`SetupError::Read`].
    pub(super) fn read(&self, name: &str) -> Result<Option<String>, SetupError> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // Not the text that was written: treated like any other damage, by whoever parses it.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Some(String::new())),
            Err(error) => Err(SetupError::Read { path, error }),
        }
    }

    /// Replaces a file as a whole: readers see the old octets or the new ones. Mode 0600.
    ///
    /// # Errors
    /// [`SetupError::Write`].
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), SetupError> {
        replace(&self.file(name), text, &self.file(&format!("{name}.new")))
    }
}

fn replace(path: &Path, text: &str, beside: &Path) -> Result<(), SetupError> {
    let write = || -> io::Result<()> {
        // What a crash left behind may have another mode.
        match fs::remove_file(beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private(OpenOptions::new().write(true).create_new(true)).open(beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(beside, path)
    };
    write().map_err(|error| SetupError::Write { path: path.to_owned(), error })
}

/// Files that only their owner can read.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
