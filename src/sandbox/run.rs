//! Runs one exchange in one instance: a slot, a store, the call, and what to make of how it ended.

mod resident;

use std::{
    future::poll_fn,
    path::Path,
    pin::pin,
    sync::{Arc, Weak},
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use wasmtime::{Engine, Store, UpdateDeadline, component::Resource};

pub(super) use resident::Residents;

use super::{
    bindings::{HandlerPre, ScriptRuntime},
    code_cache::{CodeDesk, Missed},
    engine::{self, EngineError, Ticker},
    fault::{self, Case, Outcome},
    grants::{Grants, Import},
    host::{Guest, GuestLog, ResponseCell, Surroundings},
    house::House,
    limits::{Exceeded, Meter},
    load_error::LoadError,
    modules::Modules,
    schedule::{self, Beginning, Schedule},
    settings::{OnDisconnect, Settings},
    target::{Runtime, Target},
};
use crate::exchange::{Exchange, Sent};

/// Runs handlers. Built once; what lives for one exchange is in the exchange's store.
pub struct Sandbox {
    engine: Engine,
    modules: Arc<Modules>,
    schedule: Schedule,
    /// One permit stands for everything that an exchange takes from the instance pool.
    slots: Arc<Semaphore>,
    /// For sites that have none of their own.
    house: House,
    pub(super) settings: Settings,
    /// One permit: whoever has it compiles modules of scripts.
    pub(super) aside: Arc<Semaphore>,
    /// Itself, for what it does when nobody waits any more.
    pub(super) own: Weak<Self>,
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
        let slots = Arc::new(Semaphore::new(settings.slots as usize));
        let house = House::own(settings.stash, settings.limits, settings.is_local);
        Ok(Arc::new_cyclic(|own| {
            let own = Weak::clone(own);
            let aside = Arc::new(Semaphore::new(1));
            Self { engine, modules, schedule, slots, house, settings, aside, own }
        }))
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
        self.modules.load(target, Instant::now(), None).await.map(|_| ())
    }

    /// Runs a handler for one exchange, to the end of its response.
    ///
    /// # Cancel safety
    /// Dropping the future ends the guest; its response is reset.
    pub async fn run(&self, target: &Target, exchange: Exchange) -> Report {
        self.run_in(&self.house, target, exchange).await
    }

    /// Runs a handler of this house for one exchange.
    ///
    /// # Cancel safety
    /// As [`run`](Self::run).
    pub async fn run_in(&self, house: &House, target: &Target, exchange: Exchange) -> Report {
        let case = Case { target, exchange: exchange.id, house };
        let loaded = self.modules.load(target, exchange.arrived, house.tenure.as_ref()).await;
        let handler = match loaded {
            Ok(handler) => handler,
            Err(error) => return fault::refuse(exchange, &case, Outcome::NotLoaded(error)).await,
        };
        let (report, missed) = if target.script().is_some_and(|script| script.is_shared) {
            self.run_shared(&handler, &case, exchange).await
        } else {
            self.run_alone(&handler, &case, exchange).await
        };
        self.compile_aside(house, &handler, missed);
        report
    }

    /// Runs a handler in an instance of the exchange's own.
    pub(super) async fn run_alone(
        &self,
        handler: &HandlerPre,
        case: &Case<'_>,
        exchange: Exchange,
    ) -> (Report, Vec<Missed>) {
        match self.slot(case).await {
            Some((slot, beginning)) => self.run_in_slot(slot, beginning, handler, case, exchange).await,
            None => (fault::refuse(exchange, case, Outcome::NoSlot(self.settings.slots)).await, Vec::new()),
        }
    }

    /// A slot, if one becomes free in time, and the turn to begin in it.
    async fn slot(&self, case: &Case<'_>) -> Option<(OwnedSemaphorePermit, Option<Beginning>)> {
        let slot = async {
            // In line they hold no slot: others may need one.
            let beginning = if case.target.begins_slowly() {
                Some(self.schedule.begin(case.house.tenure.as_ref()).await)
            } else {
                None
            };
            Ok::<_, AcquireError>((Arc::clone(&self.slots).acquire_owned().await?, beginning))
        };
        tokio::time::timeout(self.settings.queue, slot).await.ok()?.ok()
    }

    async fn run_in_slot(
        &self,
        slot: OwnedSemaphorePermit,
        beginning: Option<Beginning>,
        handler: &HandlerPre,
        case: &Case<'_>,
        exchange: Exchange,
    ) -> (Report, Vec<Missed>) {
        let (guest, response) = self.guest(case, exchange);
        let log = Arc::clone(&guest.log);
        let mut store = self.store(guest);
        let call = async {
            let instance = handler.instantiate_async(&mut store).await?;
            call(&instance, &mut store).await
        };
        let (ended, cpu) = self.drive(case.house, call, &response, beginning).await;
        let outcome = outcome(ended, store.data_mut());
        let missed = store.data_mut().code.take_missed();
        // The instance goes first, and its slot with it: a slow peer's last octets need neither.
        drop(store);
        drop(slot);
        log.finish();
        (fault::finish(&response, case, cpu, outcome).await, missed)
    }

    /// What the host keeps for an exchange.
    fn guest(&self, case: &Case<'_>, mut exchange: Exchange) -> (Guest, ResponseCell) {
        let Case { target, house, .. } = case;
        let (limits, account) = (house.limits, house.account().cloned());
        exchange.response.limit_octets(limits.sent_octets);
        let log = Arc::new(GuestLog::new(exchange.id, target.name.clone(), limits.log_octets, account.clone()));
        let surroundings = Surroundings {
            on_disconnect: self.settings.on_disconnect,
            grants: target.grants,
            files: target.grants.contains(Grants::FILES).then(|| target.root.clone()),
            stash: house.stash.clone(),
            script: target.script().cloned(),
            code: CodeDesk::new(&house.code),
            is_local: house.is_local,
        };
        Guest::new(exchange, log, Meter::new(limits, account), surroundings)
    }

    fn store(&self, guest: Guest) -> Store<Guest> {
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| {
            schedule::note_yield();
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }

    /// Lets the guest run, within CPU and wall-clock limits.
    async fn drive(
        &self,
        house: &House,
        guest: impl Future<Output = wasmtime::Result<()>>,
        response: &ResponseCell,
        beginning: Option<Beginning>,
    ) -> (Result<wasmtime::Result<()>, Exceeded>, Duration) {
        let limits = house.limits;
        let cancel = self.settings.on_disconnect == OnDisconnect::Cancel;
        let guest = pin!(guest);
        let mut guest = self.schedule.meter(guest, limits.cpu, beginning, house.tenure.as_ref());
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

/// Calls the handler in its instance.
async fn call(instance: &ScriptRuntime, store: &mut Store<Guest>) -> wasmtime::Result<()> {
    let own = store.data().own;
    let (request, writer) = (Resource::new_own(own), Resource::new_own(own));
    instance.framewright_handler_incoming_handler().call_handle(store, request, writer).await
}

/// What became of a guest that is done.
fn outcome(ended: Result<wasmtime::Result<()>, Exceeded>, guest: &mut Guest) -> Outcome {
    let (exceeded, failure) = (guest.meter.exceeded, guest.failure.take());
    match ended {
        Ok(Ok(())) => failure.map_or(Outcome::Returned, Outcome::Failed),
        Ok(Err(_)) if exceeded.is_some() => exceeded.map_or(Outcome::Returned, Outcome::Exceeded),
        Ok(Err(error)) => Outcome::Trapped(error),
        Err(limit) => Outcome::Exceeded(limit),
    }
}
