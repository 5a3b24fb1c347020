//! Polls guests: counts their CPU time, ends those that used up theirs, and keeps busy ones out of the others' way.
//!
//! A guest that has used more than a few ticks without a rest is *background*: at most one less than there are cores of
//! those run at one time, a tick each, in turn. So a worker is always free for exchanges that need only a moment.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    engine::{TICK, Ticker},
    limits::Exceeded,
    platform::{cores, thread_cpu},
};

/// CPU time after which a guest is background: a few ticks.
const FOREGROUND: Duration = TICK.saturating_mul(4);
/// A guest earns its foreground time back while it waits: 1 ms for each 16 ms.
const REST: u32 = 16;

/// What all guests share.
#[derive(Clone)]
pub(super) struct Schedule {
    ticker: Arc<Ticker>,
    background: Arc<Semaphore>,
}

/// A guest's future with its CPU account.
pub(super) struct Metered<'a, F> {
    guest: F,
    schedule: &'a Schedule,
    limit: Duration,
    used: Duration,
    /// CPU time that counts towards being background.
    burst: Duration,
    polled: Instant,
    turn: Option<Turn>,
}

type Turn = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// CPU time after which an account is kept exactly.
const EXACT: Duration = TICK;

/// Measures one poll. Reading a thread's CPU time is a system call, the clock is none: the first millisecond of an
/// exchange goes by the clock, which can only be too much, by as long as the thread was off its core.
enum Stopwatch {
    Clock(Instant),
    Cpu(Duration),
}

impl Stopwatch {
    fn start(used: Duration) -> Self {
        if used < EXACT { Self::Clock(Instant::now()) } else { Self::Cpu(thread_cpu()) }
    }

    fn stop(self) -> Duration {
        match self {
            Self::Clock(started) => started.elapsed(),
            Self::Cpu(before) => thread_cpu().saturating_sub(before),
        }
    }
}

impl Schedule {
    pub(super) fn new(ticker: Ticker) -> Self {
        let turns = cores().saturating_sub(1).max(1);
        Self { ticker: Arc::new(ticker), background: Arc::new(Semaphore::new(turns)) }
    }

    /// Wraps a guest's future; `limit` is the CPU time that it may use.
    pub(super) fn meter<F: Future>(&self, guest: F, limit: Duration) -> Metered<'_, F> {
        Metered {
            guest,
            schedule: self,
            limit,
            used: Duration::ZERO,
            burst: Duration::ZERO,
            polled: Instant::now(),
            turn: None,
        }
    }
}

impl<F> Metered<'_, F> {
    /// CPU time used so far.
    pub(super) fn used(&self) -> Duration {
        self.used
    }
}

impl<F: Future + Unpin> Metered<'_, F> {
    /// Polls the guest for at most about one tick.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<F::Output, Exceeded>> {
        if self.turn.is_none() {
            // Only the guest's own waiting is rest, not its waiting for a turn: otherwise many busy guests would earn
            // the foreground by standing in line.
            self.burst = self.burst.saturating_sub(self.polled.elapsed() / REST);
        }
        let permit = if self.burst >= FOREGROUND {
            let semaphore = &self.schedule.background;
            let turn = self.turn.get_or_insert_with(|| Box::pin(semaphore.clone().acquire_owned()));
            let permit = ready!(turn.as_mut().poll(cx));
            self.turn = None;
            permit.ok()
        } else {
            None
        };
        let guest = Pin::new(&mut self.guest);
        let meter = Stopwatch::start(self.used);
        let polled = self.schedule.ticker.while_running(|| guest.poll(cx));
        let spent = meter.stop();
        drop(permit);
        self.used += spent;
        self.burst += spent;
        self.polled = Instant::now();
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if self.used > self.limit => Poll::Ready(Err(Exceeded::Cpu(self.limit))),
            Poll::Pending => Poll::Pending,
        }
    }
}
