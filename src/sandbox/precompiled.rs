//! Compiled components on disk: our own files, in a folder that nobody else can write; and the one place where files of
//! machine code become code.
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

    /// Keeps an artefact that is serialised already.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn put(&self, digest: &Digest, octets: &[u8]) -> std::io::Result<()> {
        write_whole(&self.path(digest), octets)
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(file_name(digest))
    }
}

/// What the artefact of the component with this digest is called in its folder.
pub(super) fn file_name(digest: &Digest) -> String {
    format!("{}.{EXTENSION}", hexadecimal(digest))
}

/// The extension of artefacts, by wasmtime's custom.
pub(super) const EXTENSION: &str = "cwasm";

/// A digest as tools write it.
pub(super) fn hexadecimal(digest: &Digest) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::with_capacity(64), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// Writes a file that appears whole, by a rename; synchronised first, it is whole after a crash too.
pub(super) fn write_whole(path: &Path, octets: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::File::create(&partial)
        .and_then(|mut file| file.write_all(octets).and_then(|()| file.sync_data()))
        .and_then(|()| std::fs::rename(&partial, path))
        .inspect_err(|_| drop(std::fs::remove_file(&partial)))
}

/// Maps an artefact, if it was made by this version of the engine for processors that this one is among.
///
/// The caller has seen to it that the file is what the engine made: that nobody can write to its folder but who can
/// decide what this process runs anyway.
#[expect(unsafe_code, reason = "mapping our own compiled code is what this module is for")]
pub(super) fn deserialize(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the artefact was made by `Component::serialize` or `Engine::precompile_component` and has not been changed
    // since. In the cache: only this user can write to the folder, which was checked when it was opened. Beside the
    // executable: `carried` has checked that only who owns the executable, or root, can write to folder and file, and
    // the file's hash. In both, files appear whole and are replaced, never changed.
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
