//! Answers exchanges as web-platform-tests' own server does.

use std::io;

use super::Settings;
use crate::{exchange::Exchange, site};

/// A checkout.
pub struct Site {
    files: site::Site,
}

impl Site {
    /// Opens the document root and the folders of all aliases.
    ///
    /// # Errors
    /// If one is no directory or cannot be read.
    pub fn open(settings: Settings) -> io::Result<Self> {
        let files = site::Site::open(&site::Settings {
            follow_symlinks: true,
            ..site::Settings::new(settings.doc_root.clone())
        })?;
        Ok(Self { files })
    }

    /// The files below the document root.
    pub fn files(&self) -> &site::Site {
        &self.files
    }

    /// Answers; gives the cause of a failure, for the access line.
    pub async fn respond(&self, exchange: &mut Exchange) -> Option<String> {
        let _ = exchange;
        None
    }
}
