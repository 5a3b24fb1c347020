//! What an operator chooses about the site.

use std::path::PathBuf;

/// Which directory is served, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory. It is opened once: replacing it by another of the same name takes a restart.
    pub root: PathBuf,
    /// Whether symbolic links may lead out of the directory. Default no (`follow_symlinks`).
    pub follow_symlinks: bool,
    /// Octets of file content kept in memory. Default 64 MiB (`cache_mib`); 0 keeps none.
    pub cache_octets: u64,
}

impl Settings {
    /// The defaults for this directory.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), follow_symlinks: false, cache_octets: 64 << 20 }
    }
}
