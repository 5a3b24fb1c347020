//! From a file to something that can be instantiated: read, compiled or found compiled, linked; once for each change.

use std::{
    borrow::Cow,
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use lru::LruCache;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};
use wasmtime::{
    Engine,
    component::{Component, Linker},
};

use super::{
    bindings::{HandlerPre, ScriptRuntime},
    carried::Carried,
    grants::{self, Grants, Import},
    host::{Guest, link_wasi},
    platform::cores,
    precompiled::Artefacts,
    settings::Settings,
    shipped::{self, Runtimes},
    target::{Program, Runtime},
};

/// Why a file cannot be used as a handler.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("{}: no such file", .0.display())]
    NotFound(PathBuf),
    /// It can't be read.
    #[error("{}: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// It is larger than handlers may be.
    #[error("{}: {octets} octets are more than a handler may have ({limit}, handler_mib)", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        octets: u64,
        /// The limit.
        limit: u64,
    },
    /// It is no component, or does not fit the world.
    #[error("{}: {reason}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It imports an interface of ours that it isn't granted.
    #[error("{}: imports {interface}, which needs `{grant} = true` in [grant.\"…\"] for its path", .path.display())]
    NotGranted {
        /// The file.
        path: PathBuf,
        /// The interface.
        interface: String,
        /// The missing grant.
        grant: &'static str,
    },
    /// It imports an interface of ours that this version does not have.
    #[error("{}: imports {interface}, which this version does not offer", .path.display())]
    NotOffered {
        /// The file.
        path: PathBuf,
        /// The interface.
        interface: String,
    },
    /// It imports the interface of runtimes that the server ships.
    #[error("{}: imports {interface}, which only the server's own runtimes for scripts may", .path.display())]
    NotForSites {
        /// The file.
        path: PathBuf,
        /// The interface.
        interface: String,
    },
    /// The server was built without this runtime.
    #[error(
        "this server was built without its runtime for {0} scripts: build the handlers (`make handlers`), then the server"
    )]
    NotShipped(Runtime),
    /// The runtime can't be linked; a fault of ours.
    #[error("the runtime for {runtime} scripts can't be used: {reason}")]
    Runtime {
        /// The runtime.
        runtime: Runtime,
        /// What is wrong with it.
        reason: String,
    },
}

/// A handler ready to be instantiated, or why there is none.
type Loaded = Result<Arc<HandlerPre>, LoadError>;

/// Handlers ready to be instantiated, the least recently used dropped first.
pub(super) struct Modules {
    engine: Engine,
    linker: Linker<Guest>,
    artefacts: Option<Artefacts>,
    carried: Option<Carried>,
    loaded: Mutex<LruCache<(Arc<Path>, Grants), Entry>>,
    runtimes: Runtimes,
    /// The one for `.frames`, from its first script on.
    frames: OnceCell<Loaded>,
    /// The one for `.py`.
    python: OnceCell<Loaded>,
    /// Compilations at one time: one core is left to exchanges.
    compiling: Semaphore,
    limit: u64,
}

/// One version of a file, loaded by whoever comes first while others wait.
#[derive(Clone)]
struct Entry {
    stamp: Stamp,
    /// When the file was looked at last.
    looked: Instant,
    handler: Arc<OnceCell<Loaded>>,
}

/// What changes when a file changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp {
    modified: Option<SystemTime>,
    octets: u64,
    inode: u64,
    changed: i64,
}

impl Modules {
    pub(super) fn new(engine: &Engine, settings: &Settings) -> Result<Self, super::SetupError> {
        let mut linker = Linker::new(engine);
        let linked = link_wasi(&mut linker).and_then(|()| {
            ScriptRuntime::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |guest| guest)
        });
        linked.map_err(|error| super::SetupError::Linker(format!("{error:#}")))?;
        let artefacts = match &settings.cache_dir {
            None => None,
            Some(folder) => Some(
                Artefacts::open(folder, engine)
                    .map_err(|error| super::SetupError::Cache { folder: folder.clone(), reason: error.to_string() })?,
            ),
        };
        Ok(Self {
            engine: engine.clone(),
            linker,
            artefacts,
            carried: settings.executable.as_deref().and_then(Carried::beside),
            loaded: Mutex::new(LruCache::new(NonZeroUsize::new(settings.handlers).unwrap_or(NonZeroUsize::MIN))),
            runtimes: settings.runtimes.clone(),
            frames: OnceCell::new(),
            python: OnceCell::new(),
            compiling: Semaphore::new(cores().saturating_sub(1).max(1)),
            limit: settings.handler_octets,
        })
    }

    /// What runs this program, as it was at `since` or later.
    ///
    /// # Cancel safety
    /// Safe: another caller takes over.
    pub(super) async fn load(self: &Arc<Self>, program: &Program, grants: Grants, since: Instant) -> Loaded {
        match program {
            Program::Component(path) => self.load_file(path, grants, since).await,
            Program::Script(script) => self.load_runtime(script.runtime).await,
        }
    }

    async fn load_runtime(self: &Arc<Self>, runtime: Runtime) -> Loaded {
        let cell = match runtime {
            Runtime::Frames => &self.frames,
            Runtime::Python => &self.python,
        };
        let load = || async {
            let _permit = self.compiling.acquire().await;
            let modules = self.clone();
            let linked = tokio::task::spawn_blocking(move || modules.runtime_now(runtime)).await;
            linked.unwrap_or_else(|error| Err(LoadError::Runtime { runtime, reason: error.to_string() }))
        };
        cell.get_or_init(load).await.clone()
    }

    /// Compiles a runtime, or finds it compiled, and links all that it imports. Blocks.
    pub(super) fn runtime_now(&self, runtime: Runtime) -> Loaded {
        let component = self.runtimes.component(runtime).ok_or(LoadError::NotShipped(runtime))?;
        self.compile(component, shipped::decompress)
            .and_then(|component| self.linker.instantiate_pre(&component))
            .and_then(HandlerPre::new)
            .map(Arc::new)
            .map_err(|error| LoadError::Runtime { runtime, reason: reason(&error) })
    }

    /// The handler in this file. Costs at most one look at the file's metadata when nothing changed; requests that
    /// arrived before a look share it.
    async fn load_file(self: &Arc<Self>, path: &Arc<Path>, grants: Grants, since: Instant) -> Loaded {
        let entry = match self.looked_at_since(path, grants, since) {
            Some(entry) => entry,
            None => {
                let looked = Instant::now();
                self.entry(path, grants, looked, Stamp::of(path)?)
            }
        };
        if let Some(handler) = entry.handler.get() {
            return handler.clone();
        }
        let load = || async {
            let _permit = self.compiling.acquire().await;
            let (modules, path) = (self.clone(), path.clone());
            match tokio::task::spawn_blocking(move || modules.load_now(&path, grants).map(|(handler, _)| handler)).await
            {
                Ok(loaded) => loaded,
                Err(error) => {
                    Err(LoadError::Invalid { path: PathBuf::new(), reason: format!("the compiler failed: {error}") })
                }
            }
        };
        entry.handler.get_or_init(load).await.clone()
    }

    /// Loads a handler without the memory of earlier ones and tells what it imports. Blocks.
    pub(super) fn load_now(&self, path: &Path, grants: Grants) -> Result<(Arc<HandlerPre>, Vec<Import>), LoadError> {
        let octets = read(path, self.limit)?;
        let invalid = |error: &wasmtime::Error| LoadError::Invalid { path: path.into(), reason: reason(error) };
        let component = self.compile(&octets, |octets| Ok(Cow::Borrowed(octets))).map_err(|error| invalid(&error))?;
        let imports = grants::imports(&self.engine, &component);
        grants::check(path, &imports, grants)?;
        let handler =
            self.linker.instantiate_pre(&component).and_then(HandlerPre::new).map_err(|error| invalid(&error))?;
        Ok((Arc::new(handler), imports))
    }

    fn looked_at_since(&self, path: &Arc<Path>, grants: Grants, since: Instant) -> Option<Entry> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(&(path.clone(), grants)).filter(|entry| entry.looked >= since).cloned()
    }

    fn entry(&self, path: &Arc<Path>, grants: Grants, looked: Instant, stamp: Stamp) -> Entry {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (path.clone(), grants);
        if let Some(entry) = loaded.get_mut(&key)
            && entry.stamp == stamp
        {
            entry.looked = entry.looked.max(looked);
            return entry.clone();
        }
        let entry = Entry { stamp, looked, handler: Arc::default() };
        loaded.put(key, entry.clone());
        entry
    }

    /// Compiles what `unpack` makes of these octets, or finds it compiled: here for this processor, or else beside the
    /// executable.
    fn compile<'a>(
        &self,
        octets: &'a [u8],
        unpack: impl FnOnce(&'a [u8]) -> io::Result<Cow<'a, [u8]>>,
    ) -> wasmtime::Result<Component> {
        let digest = Sha256::digest(octets).into();
        let kept = || self.artefacts.as_ref().and_then(|artefacts| artefacts.load(&self.engine, &digest));
        let carried = || self.carried.as_ref().and_then(|carried| carried.load(&self.engine, &digest));
        if let Some(component) = kept().or_else(carried) {
            return Ok(component);
        }
        let component = Component::from_binary(&self.engine, &unpack(octets)?)?;
        let Some(artefacts) = &self.artefacts else { return Ok(component) };
        artefacts.store(&digest, &component);
        // The mapped file can be dropped from memory and read again; what the compiler built can't.
        Ok(kept().unwrap_or(component))
    }
}

/// The octets of a handler's file.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    use std::io::Read;
    let unreadable = |error: std::io::Error| LoadError::Unreadable { path: path.into(), reason: error.to_string() };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut octets = Vec::new();
    file.take(limit + 1).read_to_end(&mut octets).map_err(unreadable)?;
    let length = octets.len() as u64;
    if length > limit {
        return Err(LoadError::TooLarge { path: path.into(), octets: length, limit });
    }
    Ok(octets)
}

/// What wasmtime finds wrong, on one line, because log lines are lines; with the key of the limit that a component needs
/// more of, which wasmtime knows by other names.
pub(super) fn reason(error: &wasmtime::Error) -> String {
    const LIMITS: [(&str, &str); 3] = [
        ("memory has a minimum byte size", " (memory_mib)"),
        ("minimum element size", " (table_elements)"),
        ("core module instances", " (instances)"),
    ];
    let text = format!("{error:#}");
    let line = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let limit = LIMITS.iter().find(|(words, _)| line.contains(words));
    line + limit.map_or("", |(_, key)| key)
}

impl Stamp {
    fn of(path: &Path) -> Result<Self, LoadError> {
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => LoadError::NotFound(path.into()),
            _ => LoadError::Unreadable { path: path.into(), reason: error.to_string() },
        })?;
        if !metadata.is_file() {
            return Err(LoadError::Unreadable { path: path.into(), reason: "not a regular file".into() });
        }
        #[cfg(unix)]
        let (inode, changed) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.ctime() << 30 ^ metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let (inode, changed) = (0, 0);
        Ok(Self { modified: metadata.modified().ok(), octets: metadata.len(), inode, changed })
    }
}
