//! The wasmtime engine, and the ticker that makes busy guests yield.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::settings::Settings;

/// How often running guests yield. Shorter costs more switches; at 10 ms an exchange beside two spinning ones
/// was seen to wait half a second.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// Linear memories of one component: one for the guest, one for a library with a memory of its own.
pub(super) const MEMORIES_PER_COMPONENT: u32 = 2;
/// Tables of one component: the shims of `wit-component` have one each.
pub(super) const TABLES_PER_COMPONENT: u32 = 8;
/// A guest's own stack. 512 KiB is wasmtime's default; the fiber holds it and as much for the host's calls.
const WASM_STACK: usize = 512 << 10;
const FIBER_STACK: usize = 1 << 20;
/// Memory that stays resident in a free slot, so that the next instance of the same handler faults no pages in: for a small
/// one all that it writes, for Python most (wasmtime keeps the first 32 stretches of pages at most). Without
/// `PAGEMAP_SCAN` (Linux 6.7) whole images would be copied instead, so then nothing is kept.
const KEEP_MEMORY: usize = 512 << 10;
const KEEP_STACK: usize = 16 << 10;
const KEEP_TABLE: usize = 8 << 10;
/// Memory maps that one suspended exchange needs at most: its linear memory (image, zeroed part, guard), its fiber
/// (stack, guard) and its table.
const MAPS_PER_SLOT: u64 = 6;
/// Memory maps of the process itself, compiled handlers included.
const OWN_MAPS: u64 = 4000;

/// Why the engine cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The operating system does not allow as many memory maps as the slots need.
    #[error(
        "{slots} slots need about {need} memory maps, but vm.max_map_count is {have}: \
         lower `slots` in [limits], or run `sysctl -w vm.max_map_count={need}`"
    )]
    MapCount {
        /// Slots asked for.
        slots: u32,
        /// Maps needed.
        need: u64,
        /// Maps allowed.
        have: u64,
    },
    /// wasmtime refused the settings, or the address space was not to be had.
    #[error("the WebAssembly engine can't be set up for {slots} slots: {reason}")]
    Wasmtime {
        /// Slots asked for.
        slots: u32,
        /// What wasmtime said.
        reason: String,
    },
    /// wasmtime refused to compile for other processors.
    #[error("the WebAssembly compiler can't be set up: {0}")]
    Compiler(String),
}

/// Builds the engine: a pool with a place for everything that `slots` exchanges can use at one time.
pub(super) fn build(settings: &Settings) -> Result<Engine, EngineError> {
    let slots = settings.slots;
    if let Some(have) = crate::sandbox::platform::max_map_count() {
        let need = u64::from(slots) * MAPS_PER_SLOT + OWN_MAPS;
        if need > have {
            return Err(EngineError::MapCount { slots, need, have });
        }
    }
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    Engine::new(&config).map_err(|error| EngineError::Wasmtime { slots, reason: format!("{error:#}") })
}

/// Which processors compiled code is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Processor {
    /// The one of this machine, with all that it can.
    This,
    /// Every one of its architecture: the least that the target of the server's own build promises.
    Every,
}

/// Builds an engine that compiles what the one of [`build`] runs, and runs nothing.
pub(super) fn compiler(processor: Processor) -> Result<Engine, EngineError> {
    let mut config = config();
    let fault = |error: wasmtime::Error| EngineError::Compiler(format!("{error:#}"));
    if processor == Processor::Every {
        // A target named in so many words is one whose processor is not looked at.
        config.target(env!("FRAMEWRIGHT_TARGET")).map_err(fault)?;
    }
    Engine::new(&config).map_err(fault)
}

/// Likewise, on one thread.
pub(super) fn lone_compiler() -> wasmtime::Result<Engine> {
    Engine::new(config().parallel_compilation(false))
}

/// Everything that compiled code depends on.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .wasm_component_model(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .memory_init_cow(true)
        .concurrency_support(false);
    config
}

fn pool(settings: &Settings) -> PoolingAllocationConfig {
    let slots = settings.slots;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(settings.limits.instances))
        .total_memories(slots.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(slots.saturating_mul(TABLES_PER_COMPONENT))
        .total_stacks(slots)
        .max_core_instances_per_component(settings.limits.instances)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_memory_size(settings.limits.memory)
        .table_elements(settings.limits.table_elements)
        .pagemap_scan(Enabled::Auto);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(KEEP_MEMORY)
            .async_stack_keep_resident(KEEP_STACK)
            .table_keep_resident(KEEP_TABLE);
    }
    pool
}

/// Advances the engine's epoch each [`TICK`] while guests run, on a thread of its own that is joined on drop.
/// It sleeps as long as none does.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Polls of guests begun so far.
    polls: AtomicU64,
    /// Polls of guests ended so far.
    done: AtomicU64,
    asleep: AtomicBool,
    stop: AtomicBool,
}

impl Ticker {
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (state, engine) = (shared.clone(), engine.clone());
        let thread = std::thread::Builder::new().name("epoch".into()).spawn(move || tick(&state, &engine))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Called around each poll of a guest.
    pub(super) fn while_running<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.shared.polls.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
        let result = poll();
        self.shared.done.fetch_add(1, Ordering::Release);
        result
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the ticker has been printed already; there is nothing left to do about it here.
            let _ = thread.join();
        }
    }
}

fn tick(shared: &Shared, engine: &Engine) {
    let mut seen = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        let polls = shared.polls.load(Ordering::SeqCst);
        let idle = polls == seen && shared.done.load(Ordering::Acquire) == polls;
        seen = polls;
        if idle {
            shared.asleep.store(true, Ordering::SeqCst);
            // A poll that began before the flag was seen would not wake us: look again.
            if shared.polls.load(Ordering::SeqCst) == polls && !shared.stop.load(Ordering::SeqCst) {
                std::thread::park();
            }
            shared.asleep.store(false, Ordering::SeqCst);
        } else {
            std::thread::park_timeout(TICK);
            engine.increment_epoch();
        }
    }
}
