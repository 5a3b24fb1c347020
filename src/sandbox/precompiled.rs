//! Compiled components on disk: our own files, in a folder that nobody else can write.
//!
//! wasmtime's built-in cache reads and checks whole artefacts, which costs 200 ms for a large runtime; mapping a file
//! costs a few.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
};

use wasmtime::{Engine, component::Component};

/// The folder of one engine's artefacts. Another engine version or other compiler settings use another folder.
#[derive(Clone, Debug)]
pub(super) struct Artefacts {
    folder: PathBuf,
}

/// SHA-256 of a component's octets.
pub(super) type Digest = [u8; 32];

impl Artefacts {
    /// Opens the folder, or creates it with mode 0700.
    ///
    /// # Errors
    /// If it can't be created, or if others than its owner can write to it or it belongs to somebody else: files in it
    /// are run as native code.
    pub(super) fn open(cache: &Path, engine: &Engine) -> std::io::Result<Self> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let folder = cache.join(format!("{:016x}", hasher.finish()));
        private_folder(cache)?;
        private_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Loads the artefact of this component, if there is one that this engine accepts.
    pub(super) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = self.path(digest);
        if !path.exists() {
            return None;
        }
        match deserialize(engine, &path) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a compiled handler can't be used and is made anew");
                None
            }
        }
    }

    /// Keeps an artefact. A failure is logged and costs only the next start.
    pub(super) fn store(&self, digest: &Digest, component: &Component) {
        let written = component.serialize().map_err(|error| error.to_string());
        let written = written.and_then(|octets| self.put(digest, &octets).map_err(|error| error.to_string()));
        if let Err(error) = written {
            tracing::warn!(path = %self.path(digest).display(), error, "a compiled handler can't be kept");
        }
    }

    /// Keeps an artefact that a compiler of ours made.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn put(&self, digest: &Digest, octets: &[u8]) -> std::io::Result<()> {
        let path = self.path(digest);
        // The rename makes the file appear whole; synchronised first, it is whole after a crash too.
        let partial = path.with_extension(format!("{}.part", std::process::id()));
        std::fs::File::create(&partial)
            .and_then(|mut file| file.write_all(octets).and_then(|()| file.sync_data()))
            .and_then(|()| std::fs::rename(&partial, &path))
            .inspect_err(|_| drop(std::fs::remove_file(&partial)))
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        use std::fmt::Write;
        let name = digest.iter().fold(String::with_capacity(64), |mut name, octet| {
            let _ = write!(name, "{octet:02x}");
            name
        });
        self.folder.join(name).with_extension("cwasm")
    }
}

#[expect(unsafe_code, reason = "the file is ours: written by this module into a folder that only its owner can write")]
fn deserialize(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the artefact was made by `Component::serialize` and has not been changed since: only this user can write
    // to the folder, which was checked when it was opened, and files appear in it whole.
    unsafe { Component::deserialize_file(engine, path) }
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = std::fs::metadata(folder)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        return Err(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            format!(
                "{} must belong to this user and be writable by nobody else: it holds native code",
                folder.display()
            ),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
