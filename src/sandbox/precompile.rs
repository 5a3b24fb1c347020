//! Compiles components before anybody asks for them: into the cache of a server, or into a folder that travels with the
//! executable.

use std::{
    borrow::Cow,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use super::{
    Runtime, Runtimes, carried,
    engine::{self, Processor},
    handler_file::read,
    load_error::{LoadError, reason},
    precompiled::{Artefacts, Digest},
    run::SetupError,
    shipped,
};

/// Compiles components and keeps what becomes of them.
pub struct Precompiler {
    engine: Engine,
    place: Place,
    /// What was asked for so far.
    seen: Mutex<Vec<Digest>>,
}

/// What was done for a component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precompiled {
    /// It was there already.
    Found,
    /// It was compiled; the octets of what is kept.
    Compiled(usize),
}

enum Place {
    /// The cache of this machine's server.
    Cache(Artefacts),
    /// A folder that travels.
    Folder(PathBuf),
}

impl Precompiler {
    /// For the cache of a server on this machine ([`Settings::cache_dir`](super::Settings::cache_dir)).
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub fn for_cache(folder: &Path) -> Result<Self, SetupError> {
        let engine = engine::compiler(Processor::This)?;
        let artefacts = Artefacts::open(folder, &engine).map_err(|error| refused(folder, &error))?;
        Ok(Self { engine, place: Place::Cache(artefacts), seen: Mutex::default() })
    }

    /// For a folder that is put beside an executable as [`CARRIED_FOLDER`](super::CARRIED_FOLDER).
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub fn for_folder(folder: &Path, processor: Processor) -> Result<Self, SetupError> {
        let engine = engine::compiler(processor)?;
        carried::create(folder).map_err(|error| refused(folder, &error))?;
        Ok(Self { engine, place: Place::Folder(folder.to_owned()), seen: Mutex::default() })
    }

    /// Compiles a runtime. Blocks.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn runtime(&self, runtimes: &Runtimes, runtime: Runtime) -> Result<Precompiled, LoadError> {
        let octets = runtimes.component(runtime).ok_or(LoadError::NotShipped(runtime))?;
        let fault = |reason| LoadError::Runtime { runtime, reason };
        self.compile(octets, shipped::decompress, &fault)
    }

    /// Compiles a handler of at most `limit` octets. Blocks. Whether it may do what it imports is not looked at.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn handler(&self, path: &Path, limit: u64) -> Result<Precompiled, LoadError> {
        let octets = read(path, limit)?;
        let fault = |reason| LoadError::Invalid { path: path.into(), reason };
        self.compile(&octets, |octets| Ok(Cow::Borrowed(octets)), &fault)
    }

    /// Removes from a folder that travels what was not asked for; a cache stays as it is.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self) -> io::Result<()> {
        match self.place {
            Place::Cache(_) => Ok(()),
            Place::Folder(folder) => {
                carried::keep_only(&folder, &self.seen.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    fn compile<'a>(
        &self,
        octets: &'a [u8],
        unpack: impl FnOnce(&'a [u8]) -> io::Result<Cow<'a, [u8]>>,
        fault: &dyn Fn(String) -> LoadError,
    ) -> Result<Precompiled, LoadError> {
        let digest = Sha256::digest(octets).into();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(digest);
        if self.has(&digest) {
            return Ok(Precompiled::Found);
        }
        let component = unpack(octets).map_err(|error| fault(error.to_string()))?;
        let compiled = self.engine.precompile_component(&component).map_err(|error| fault(reason(&error)))?;
        let kept = match &self.place {
            Place::Cache(artefacts) => artefacts.put(&digest, &compiled),
            Place::Folder(folder) => carried::store(folder, &digest, &compiled),
        };
        kept.map_err(|error| fault(format!("it compiles, but can't be kept: {error}")))?;
        Ok(Precompiled::Compiled(compiled.len()))
    }

    /// Whether a server would use what is there already.
    fn has(&self, digest: &Digest) -> bool {
        match &self.place {
            Place::Cache(artefacts) => artefacts.load(&self.engine, digest).is_some(),
            Place::Folder(folder) => carried::is_usable(folder, &self.engine, digest),
        }
    }
}

fn refused(folder: &Path, error: &io::Error) -> SetupError {
    SetupError::Cache { folder: folder.to_owned(), reason: error.to_string() }
}
