//! What the process has done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// The process's counters.
pub static COUNTERS: Counters = Counters::new();

/// Numbers that only grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections accepted.
    pub connections: Counter,
    /// Connections closed unserved, because the limit of connections was reached.
    pub refused: Counter,
    /// TLS handshakes that failed or took too long.
    pub handshake_faults: Counter,
    /// Exchanges begun.
    pub exchanges: Counter,
    /// Exchanges answered 503, because no slot came free in time.
    pub overloads: Counter,
    /// Handlers that trapped.
    pub traps: Counter,
    /// Exchanges ended by a limit of the sandbox.
    pub limits: Counter,
    /// Components compiled, as opposed to loaded from the compile cache.
    pub compiles: Counter,
}

/// One number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counters {
    /// All at 0.
    pub const fn new() -> Self {
        Self {
            connections: Counter::new(),
            refused: Counter::new(),
            handshake_faults: Counter::new(),
            exchanges: Counter::new(),
            overloads: Counter::new(),
            traps: Counter::new(),
            limits: Counter::new(),
            compiles: Counter::new(),
        }
    }

    /// Writes them to the log, at info.
    pub fn log(&self) {
        tracing::info!(
            connections = self.connections.value(),
            refused = self.refused.value(),
            handshake_faults = self.handshake_faults.value(),
            exchanges = self.exchanges.value(),
            overloads = self.overloads.value(),
            traps = self.traps.value(),
            limits = self.limits.value(),
            compiles = self.compiles.value(),
            "totals"
        );
    }
}

impl Counter {
    /// At 0.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one more.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were counted.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
