//! Runs one exchange in one instance: a slot, a store, the call, and what to make of how it ended.

use std::{future::poll_fn, path::Path, pin::pin, sync::Arc, task::Poll, time::Duration};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};
use wasmtime::{Engine, Store, component::Resource};

use super::{
    bindings::HandlerPre,
    code_cache::CodeDesk,
    engine::{self, EngineError, Ticker},
    fault::{self, Case, Outcome},
    grants::{Grants, Import},
    host::{Guest, GuestLog, ResponseCell, Surroundings},
    house::House,
    limits::{Exceeded, Meter},
    load_error::LoadError,
    modules::Modules,
    schedule::Schedule,
    settings::{OnDisconnect, Settings},
    target::{Program, Runtime, Target},
};
use crate::exchange::{Exchange, Sent};

/// Runs handlers. Built once; what lives for one exchange is in the exchange's store.
pub struct Sandbox {
    engine: Engine,
    modules: Arc<Modules>,
    schedule: Schedule,
    /// One permit stands for everything that an exchange takes from the instance pool.
    slots: Semaphore,
    /// For sites that have none of their own.
    house: House,
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
        let house = House::own(settings.stash, settings.limits, settings.is_local);
        Ok(Arc::new(Self { engine, modules, schedule, slots, house, settings }))
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
        let slot = tokio::time::timeout(self.settings.queue, self.slots.acquire()).await;
        let Ok(Ok(slot)) = slot else {
            return fault::refuse(exchange, &case, Outcome::NoSlot(self.settings.slots)).await;
        };
        self.run_in_slot(slot, &handler, &case, exchange).await
    }

    async fn run_in_slot(
        &self,
        slot: SemaphorePermit<'_>,
        handler: &HandlerPre,
        case: &Case<'_>,
        mut exchange: Exchange,
    ) -> Report {
        let Case { target, house, .. } = case;
        let (limits, account) = (house.limits, house.account().cloned());
        exchange.response.limit_octets(limits.sent_octets);
        let log = Arc::new(GuestLog::new(exchange.id, target.name.clone(), limits.log_octets, account.clone()));
        let surroundings = Surroundings {
            on_disconnect: self.settings.on_disconnect,
            grants: target.grants,
            files: target.grants.contains(Grants::FILES).then(|| target.root.clone()),
            stash: house.stash.clone(),
            script: match &target.program {
                Program::Script(script) => Some(script.clone()),
                Program::Component(_) => None,
            },
            code: CodeDesk::new(&house.code),
            is_local: house.is_local,
        };
        let (guest, response) = Guest::new(exchange, log.clone(), Meter::new(limits, account), surroundings);
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);

        let (ended, cpu) = self.drive(house, handler, &mut store, &response).await;
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
        fault::finish(&response, case, cpu, outcome).await
    }

    /// Instantiates and calls, within CPU and wall-clock limits.
    async fn drive(
        &self,
        house: &House,
        handler: &HandlerPre,
        store: &mut Store<Guest>,
        response: &ResponseCell,
    ) -> (Result<wasmtime::Result<()>, Exceeded>, Duration) {
        let limits = house.limits;
        let cancel = self.settings.on_disconnect == OnDisconnect::Cancel;
        let guest = pin!(async {
            let instance = handler.instantiate_async(&mut *store).await?;
            let (request, writer) = (Resource::new_own(0), Resource::new_own(0));
            instance.framewright_handler_incoming_handler().call_handle(&mut *store, request, writer).await
        });
        let mut guest = self.schedule.meter(guest, limits.cpu, house.tenure.as_ref());
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
