//! From a file to something that can be instantiated: read, compiled or found compiled, linked; once for each change.

use std::{
    borrow::Cow,
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
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
    compiler::{CompileFault, Compiler},
    grants::{self, Grants, Import},
    handler_file::{Stamp, beneath, read},
    host::{Guest, link_wasi},
    house::Tenure,
    load_error::{LoadError, reason},
    platform::cores,
    precompiled::Artefacts,
    settings::Settings,
    shipped::{self, Runtimes},
    target::{Program, Runtime, Target},
};

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
    /// Looks for compiled handlers at one time: each holds a whole file.
    looking: Semaphore,
    /// Room in the line for the compiler.
    queue: Semaphore,
    /// Compiles what is not ours.
    compiler: Option<Compiler>,
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

/// Whose handler is loaded, and out of which folder it must not lead.
#[derive(Clone, Copy)]
struct Tenancy<'a> {
    tenure: &'a Tenure,
    root: &'a Path,
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
            looking: Semaphore::new(cores()),
            queue: Semaphore::new(settings.compile_queue),
            compiler: settings.compiler.clone(),
            limit: settings.handler_octets,
        })
    }

    /// What runs this program, as it was at `since` or later.
    ///
    /// # Cancel safety
    /// Safe: another caller takes over.
    pub(super) async fn load(self: &Arc<Self>, target: &Target, since: Instant, tenure: Option<&Tenure>) -> Loaded {
        match &target.program {
            Program::Component(path) => {
                let tenancy = tenure.map(|tenure| Tenancy { tenure, root: &target.root });
                self.load_file(path, target.grants, since, tenancy).await
            }
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
    async fn load_file(
        self: &Arc<Self>,
        path: &Arc<Path>,
        grants: Grants,
        since: Instant,
        tenancy: Option<Tenancy<'_>>,
    ) -> Loaded {
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
        // A look at the queue is no property of the file: the next request tries again.
        let loaded = entry.handler.get_or_try_init(|| self.load_version(path, grants, tenancy)).await;
        loaded.map_or_else(Err, Clone::clone)
    }

    /// The handler in this file as it is now.
    ///
    /// # Errors
    /// [`LoadError::Busy`].
    async fn load_version(
        self: &Arc<Self>,
        path: &Arc<Path>,
        grants: Grants,
        tenancy: Option<Tenancy<'_>>,
    ) -> Result<Loaded, LoadError> {
        let tenure = tenancy.map(|tenancy| tenancy.tenure);
        // A link that has taken the place of a file may lead to somebody else's.
        let path = &match tenancy {
            Some(tenancy) => beneath(path, tenancy.root)?,
            None => path.clone(),
        };
        let failed = |error: tokio::task::JoinError| {
            Err(LoadError::Invalid { path: PathBuf::new(), reason: format!("the compiler failed: {error}") })
        };
        if self.compiler.is_some() {
            // What is compiled already does not stand in line behind what is not.
            let _look = self.looking.acquire().await;
            let (modules, path) = (self.clone(), path.clone());
            let found = tokio::task::spawn_blocking(move || modules.find_now(&path, grants)).await;
            if let Some(loaded) = found.unwrap_or_else(|error| Some(failed(error))) {
                return Ok(loaded);
            }
        }
        let busy = |_| LoadError::Busy("too many handlers wait for the compiler (compile_queue)".to_owned());
        // A server's own handlers wait as long as they must.
        let _place = tenure.map(|_| self.queue.try_acquire()).transpose().map_err(busy)?;
        let counted = tenure.map(|tenure| tenure.account.compile()).transpose();
        let _counted = counted.map_err(|quota| LoadError::Busy(quota.to_string()))?;
        // Each tenant has one place in the line of all.
        let _own = match tenure {
            Some(tenure) => Some(tenure.compiling.acquire().await),
            None => None,
        };
        let _permit = self.compiling.acquire().await;
        let (modules, path) = (self.clone(), path.clone());
        let load = move || modules.load_now(&path, grants).map(|(handler, _)| handler);
        let loaded = tokio::task::spawn_blocking(load).await.unwrap_or_else(failed);
        match loaded {
            Err(busy @ LoadError::Busy(_)) => Err(busy),
            loaded => Ok(loaded),
        }
    }

    /// The handler in this file, if it needs no compiling; or what is wrong with the file. Blocks.
    fn find_now(&self, path: &Path, grants: Grants) -> Option<Loaded> {
        let octets = match read(path, self.limit) {
            Ok(octets) => octets,
            Err(error) => return Some(Err(error)),
        };
        let component = self.artefacts.as_ref()?.load(&self.engine, &Sha256::digest(&octets).into())?;
        Some(self.link(path, &component, grants).map(|(handler, _)| handler))
    }

    /// Loads a handler without the memory of earlier ones and tells what it imports. Blocks.
    pub(super) fn load_now(&self, path: &Path, grants: Grants) -> Result<(Arc<HandlerPre>, Vec<Import>), LoadError> {
        let octets = read(path, self.limit)?;
        let invalid = |error: &wasmtime::Error| LoadError::Invalid { path: path.into(), reason: reason(error) };
        let component = match (&self.compiler, &self.artefacts) {
            (Some(compiler), Some(artefacts)) => self.compile_apart(compiler, artefacts, path, &octets)?,
            _ => self.compile(&octets, |octets| Ok(Cow::Borrowed(octets))).map_err(|error| invalid(&error))?,
        };
        self.link(path, &component, grants)
    }

    /// Has a component compiled by a process of its own, or finds it compiled.
    fn compile_apart(
        &self,
        compiler: &Compiler,
        artefacts: &Artefacts,
        path: &Path,
        octets: &[u8],
    ) -> Result<Component, LoadError> {
        let invalid = |reason: String| LoadError::Invalid { path: path.into(), reason };
        let digest = Sha256::digest(octets).into();
        if let Some(component) = artefacts.load(&self.engine, &digest) {
            return Ok(component);
        }
        let compiled = compiler.compile(octets, artefacts.folder()).map_err(|fault| match fault {
            // The machine's fault, which may be over with the next request.
            CompileFault::Io(_) => LoadError::Busy(fault.to_string()),
            _ => invalid(fault.to_string()),
        })?;
        let kept = artefacts.put(&digest, &compiled);
        kept.map_err(|error| LoadError::Busy(format!("a compiled handler can't be kept: {error}")))?;
        artefacts.load(&self.engine, &digest).ok_or_else(|| invalid("what the compiler made can't be used".into()))
    }

    /// Links a component, if it may have what it imports.
    fn link(
        &self,
        path: &Path,
        component: &Component,
        grants: Grants,
    ) -> Result<(Arc<HandlerPre>, Vec<Import>), LoadError> {
        let invalid = |error: &wasmtime::Error| LoadError::Invalid { path: path.into(), reason: reason(error) };
        let imports = grants::imports(&self.engine, component);
        grants::check(path, &imports, grants)?;
        let handler =
            self.linker.instantiate_pre(component).and_then(HandlerPre::new).map_err(|error| invalid(&error))?;
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
