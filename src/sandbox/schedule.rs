//! Polls guests: counts their CPU time, ends those that used up theirs, and keeps busy ones out of the others' way.
//!
//! A guest that has used more than a few ticks without a rest is *background*: at most one less than there are cores of
//! those run at one time, a tick each, in turn. So a worker is always free for exchanges that need only a moment.
//!
//! Where several tenants share the server, each has one place in that line, for which its own busy guests line up first;
//! and all guests of a tenant that has used up its CPU time rest until it has earned some more.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};

use super::{
    engine::{TICK, Ticker},
    house::Tenure,
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
    tenure: Option<&'a Tenure>,
    rest: Option<Pin<Box<Sleep>>>,
}

/// The place of the tenant, where there is one, and that in the line of all.
type Turn = Pin<Box<dyn Future<Output = Result<Places, AcquireError>> + Send>>;
type Places = (Option<OwnedSemaphorePermit>, OwnedSemaphorePermit);

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

    fn turn(&self, tenure: Option<&Tenure>) -> Turn {
        let (own, all) = (tenure.map(|tenure| Arc::clone(&tenure.turns)), Arc::clone(&self.background));
        Box::pin(async move {
            let own = match own {
                Some(turns) => Some(turns.acquire_owned().await?),
                None => None,
            };
            Ok((own, all.acquire_owned().await?))
        })
    }

    /// Wraps a guest's future; `limit` is the CPU time that it may use, beside what its house may.
    pub(super) fn meter<'a, F: Future>(
        &'a self,
        guest: F,
        limit: Duration,
        tenure: Option<&'a Tenure>,
    ) -> Metered<'a, F> {
        Metered {
            guest,
            schedule: self,
            limit,
            used: Duration::ZERO,
            burst: Duration::ZERO,
            polled: Instant::now(),
            turn: None,
            tenure,
            rest: None,
        }
    }
}

impl<F> Metered<'_, F> {
    /// Ready unless the tenant has used up its CPU time.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(tenure) = self.tenure else { return Poll::Ready(()) };
        loop {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(cx));
                self.rest = None;
            }
            let rest = tenure.rest();
            if rest.is_zero() {
                return Poll::Ready(());
            }
            self.rest = Some(Box::pin(tokio::time::sleep(rest)));
        }
    }

    /// CPU time used so far.
    pub(super) fn used(&self) -> Duration {
        self.used
    }
}

impl<F: Future + Unpin> Metered<'_, F> {
    /// Polls the guest for at most about one tick.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<F::Output, Exceeded>> {
        ready!(self.poll_rest(cx));
        if self.turn.is_none() {
            // Only the guest's own waiting is rest, not its waiting for a turn: otherwise many busy guests would earn
            // the foreground by standing in line.
            self.burst = self.burst.saturating_sub(self.polled.elapsed() / REST);
        }
        let permit = if self.burst >= FOREGROUND {
            let turn = self.turn.get_or_insert_with(|| self.schedule.turn(self.tenure));
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
        if let Some(tenure) = self.tenure {
            tenure.account.used_cpu(spent, Instant::now());
        }
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
