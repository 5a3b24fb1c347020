//! A folder to serve, gone with the test.

use std::path::{Path, PathBuf};

/// A temporary root.
pub struct Site(tempfile::TempDir);

impl Site {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a file at this path, replacing what was there in one step.
    pub fn file(&self, path: &str, octets: impl AsRef<[u8]>) -> &Self {
        let to = self.path().join(path);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        let partial = to.with_extension("partial");
        std::fs::write(&partial, octets).expect("a file");
        std::fs::rename(&partial, &to).expect("a rename");
        self
    }

    /// Puts a built handler, such as `rust/hello`, at this path.
    pub fn handler(&self, path: &str, name: &str) -> &Self {
        self.file(path, handler(name))
    }
}

/// The component of a built handler, such as `rust/hello`.
pub fn handler(name: &str) -> Vec<u8> {
    let path = handler_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `make handlers` first", path.display()))
}

pub fn handler_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/handlers").join(name).with_extension("wasm")
}
