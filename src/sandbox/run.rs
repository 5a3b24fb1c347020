//! Runs one exchange in one instance: a slot, a store, the call, and what to make of how it ended.

use std::{future::poll_fn, path::Path, pin::pin, sync::Arc, task::Poll, time::Duration};

use tokio::{
    sync::{AcquireError, Semaphore, SemaphorePermit},
    time::Instant,
};
use wasmtime::{Engine, Store, UpdateDeadline, component::Resource};

use super::{
    bindings::HandlerPre,
    code_cache::{CodeCache, CodeDesk},
    engine::{self, EngineError, Ticker},
    fault::{self, Case, Outcome},
    grants::{Grants, Import},
    host::{Guest, GuestLog, ResponseCell, Surroundings},
    limits::{Exceeded, Meter},
    modules::{LoadError, Modules},
    schedule::{self, Beginning, Schedule},
    settings::{OnDisconnect, Settings},
    target::{Program, Runtime, Target},
};
use crate::{
    exchange::{Exchange, ExchangeId, Sent},
    stash::Stash,
};

/// Runs handlers. Built once; what lives for one exchange is in the exchange's store.
pub struct Sandbox {
    engine: Engine,
    modules: Arc<Modules>,
    schedule: Schedule,
    /// One permit stands for everything that an exchange takes from the instance pool.
    slots: Semaphore,
    /// One for all that run here.
    stash: Arc<Stash>,
    code: Arc<CodeCache>,
    settings: Settings,
}

/// How an exchange went.
#[derive(Debug)]
pub struct Report {
    /// CPU time of the guest.
    pub cpu: Duration,
    /// What was sent.
    pub sent: Sent,
    /// How it ended.
    pub outcome: Outcome,
}

/// Why the sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The interfaces; a fault of ours.
    #[error("the handler interfaces can't be linked: {0}")]
    Linker(String),
    /// The folder of compiled handlers.
    #[error("{}: {reason}", .folder.display())]
    Cache {
        /// The folder.
        folder: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The thread that makes guests yield.
    #[error("no thread can be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Sandbox {
    /// Sets the sandbox up.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(settings: Settings) -> Result<Arc<Self>, SetupError> {
        let engine = engine::build(&settings)?;
        let modules = Arc::new(Modules::new(&engine, &settings)?);
        let schedule = Schedule::new(Ticker::start(&engine)?);
        let slots = Semaphore::new(settings.slots as usize);
        let stash = Arc::new(Stash::new(settings.stash));
        Ok(Arc::new(Self { engine, modules, schedule, slots, stash, code: CodeCache::new(), settings }))
    }

    /// Compiles a handler, if that is not done yet, and tells what it imports. Blocks.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn check(&self, file: &Path, grants: Grants) -> Result<Vec<Import>, LoadError> {
        self.modules.load_now(file, grants).map(|(_, imports)| imports)
    }

    /// Compiles a runtime, if that is not done yet. Blocks.
    ///
    /// # Errors
    /// [`LoadError::NotShipped`] if the server was built without it.
    pub fn check_runtime(&self, runtime: Runtime) -> Result<(), LoadError> {
        self.modules.runtime_now(runtime).map(|_| ())
    }

    /// Compiles a handler before its first exchange.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn preload(&self, target: &Target) -> Result<(), LoadError> {
        self.modules.load(&target.program, target.grants, Instant::now()).await.map(|_| ())
    }

    /// Runs a handler for one exchange, to the end of its response.
    ///
    /// # Cancel safety
    /// Dropping the future ends the guest; its response is reset.
    pub async fn run(&self, target: &Target, exchange: Exchange) -> Report {
        let handler = match self.modules.load(&target.program, target.grants, exchange.arrived).await {
            Ok(handler) => handler,
            Err(error) => return self.refuse(exchange, target, Outcome::NotLoaded(error)).await,
        };
        let place = async {
            // In line they hold no slot: others may need one.
            let beginning = if target.begins_slowly() { Some(self.schedule.begin().await) } else { None };
            Ok::<_, AcquireError>((self.slots.acquire().await?, beginning))
        };
        let Ok(Ok((slot, beginning))) = tokio::time::timeout(self.settings.queue, place).await else {
            return self.refuse(exchange, target, Outcome::NoSlot(self.settings.slots)).await;
        };
        self.run_in_slot(slot, beginning, &handler, target, exchange).await
    }

    async fn refuse(&self, exchange: Exchange, target: &Target, outcome: Outcome) -> Report {
        let case = self.case(target, exchange.id);
        fault::refuse(exchange, &case, outcome).await
    }

    fn case<'a>(&self, target: &'a Target, exchange: ExchangeId) -> Case<'a> {
        Case { target, exchange, in_detail: self.settings.is_local }
    }

    async fn run_in_slot(
        &self,
        slot: SemaphorePermit<'_>,
        beginning: Option<Beginning>,
        handler: &HandlerPre,
        target: &Target,
        mut exchange: Exchange,
    ) -> Report {
        let limits = self.settings.limits;
        let id = exchange.id;
        exchange.response.limit_octets(limits.sent_octets);
        let log = Arc::new(GuestLog::new(id, target.name.clone(), limits.log_octets));
        let surroundings = Surroundings {
            on_disconnect: self.settings.on_disconnect,
            grants: target.grants,
            files: target.grants.contains(Grants::FILES).then(|| target.root.clone()),
            stash: self.stash.clone(),
            script: match &target.program {
                Program::Script(script) => Some(script.clone()),
                Program::Component(_) => None,
            },
            code: CodeDesk::new(&self.code),
            is_local: self.settings.is_local,
        };
        let (guest, response) = Guest::new(exchange, log.clone(), Meter::new(limits), surroundings);
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| {
            schedule::note_yield();
            Ok(UpdateDeadline::Yield(1))
        });

        let (ended, cpu) = self.drive(handler, &mut store, &response, beginning).await;
        let exceeded = store.data().meter.exceeded;
        let failure = store.data_mut().failure.take();
        // The instance goes first, and its slot with it: a slow peer's last octets need neither.
        drop(store);
        drop(slot);
        log.finish();
        let outcome = match ended {
            Ok(Ok(())) => failure.map_or(Outcome::Returned, Outcome::Failed),
            Ok(Err(_)) if exceeded.is_some() => exceeded.map_or(Outcome::Returned, Outcome::Exceeded),
            Ok(Err(error)) => Outcome::Trapped(error),
            Err(limit) => Outcome::Exceeded(limit),
        };
        fault::finish(&response, &self.case(target, id), cpu, outcome).await
    }

    /// Instantiates and calls, within CPU and wall-clock limits.
    async fn drive(
        &self,
        handler: &HandlerPre,
        store: &mut Store<Guest>,
        response: &ResponseCell,
        beginning: Option<Beginning>,
    ) -> (Result<wasmtime::Result<()>, Exceeded>, Duration) {
        let limits = self.settings.limits;
        let cancel = self.settings.on_disconnect == OnDisconnect::Cancel;
        let guest = pin!(async {
            let instance = handler.instantiate_async(&mut *store).await?;
            let (request, writer) = (Resource::new_own(0), Resource::new_own(0));
            instance.framewright_handler_incoming_handler().call_handle(&mut *store, request, writer).await
        });
        let mut guest = self.schedule.meter(guest, limits.cpu, beginning);
        let running = poll_fn(|cx| {
            if cancel && response.poll_peer_gone(cx).is_ready() {
                return Poll::Ready(Err(Exceeded::PeerGone));
            }
            guest.poll(cx)
        });
        let ended = tokio::time::timeout(limits.wall, running).await.unwrap_or(Err(Exceeded::Wall(limits.wall)));
        (ended, guest.used())
    }
}
