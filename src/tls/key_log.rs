//! The secrets of every connection, in the format that Wireshark reads (`SSLKEYLOGFILE`).
//!
//! rustls has the same, but asks the environment by itself and goes on in silence if the file cannot be opened.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
    sync::Mutex,
};

use super::{SetupError, folder::private};

/// Appends one line for each secret.
#[derive(Debug)]
pub(super) struct KeyLogFile(Mutex<File>);

impl KeyLogFile {
    /// Opens the file for appending; creates it with mode 0600.
    ///
    /// # Errors
    /// [`SetupError::Write`].
    pub(super) fn open(path: &Path) -> Result<Self, SetupError> {
        let file = private(OpenOptions::new().append(true).create(true)).open(path);
        file.map(|file| Self(Mutex::new(file))).map_err(|error| SetupError::Write { path: path.to_owned(), error })
    }
}

impl rustls::KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} {} {}", Hex(client_random), Hex(secret));
        line.push('\n');
        // A poisoned lock means that another line was cut short, which no reader minds.
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "cannot write to the key log");
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}
