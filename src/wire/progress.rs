//! How far the engine has come with writing what it was handed, for those who wait for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// What the engine has done.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// How often everything that the writer held has left.
    pub(super) flushes: Count,
    /// How many turns of the connection have ended quietly.
    pub(super) turns: Count,
    /// The engine's last call was a flush that found everything left.
    is_quiet: AtomicBool,
    /// Somebody has waited for a turn: from then on they are counted.
    counts_turns: AtomicBool,
}

impl Progress {
    /// The engine writes, or flushes.
    pub(super) fn note_write(&self) {
        self.is_quiet.store(false, Ordering::Relaxed);
    }

    pub(super) fn note_flush(&self) {
        self.is_quiet.store(true, Ordering::Relaxed);
        self.flushes.add();
    }

    pub(super) fn note_turn(&self) {
        if self.counts_turns.load(Ordering::Acquire) && self.is_quiet.load(Ordering::Relaxed) {
            self.turns.add();
        }
    }

    /// From here on turns are counted; how many there have been.
    pub(super) fn count_turns(&self) -> u64 {
        self.counts_turns.store(true, Ordering::Release);
        self.turns.now()
    }
}

/// Counts up.
#[derive(Debug, Default)]
pub(super) struct Count {
    count: AtomicU64,
    changed: Notify,
}

impl Count {
    pub(super) fn now(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    fn add(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// Resolves once it is above `seen`.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub(super) async fn above(&self, seen: u64) {
        loop {
            let mut next = std::pin::pin!(self.changed.notified());
            next.as_mut().enable();
            if self.now() > seen {
                return;
            }
            next.await;
        }
    }
}
