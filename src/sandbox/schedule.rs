//! Polls guests: counts their CPU time, ends those that used up theirs, and keeps busy ones out of the others' way.
//!
//! A guest that has used more than a few ticks without a rest is *background*: at most one less than there are cores of
//! those run at one time, a tick each, in turn. So a worker is always free for exchanges that need only a moment.
//!
//! Guests that begin slowly begin in the order in which they came, one less at one time than there are cores: each goes on,
//! through its yields, until it waits for something, is done, or is background. They write to fresh pages, and threads that
//! do so in one address space interrupt each other: two of them on two cores get no more done than one.
//!
//! Where several tenants share the server, each has one place in either line, for which its own guests line up first; and
//! all guests of a tenant that has used up its CPU time rest until it has earned some more.

use std::{
    cell::Cell,
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
    beginning: Arc<Semaphore>,
}

/// The turn of a guest that begins slowly, until it has begun.
pub(super) struct Beginning(#[expect(dead_code, reason = "held, not read")] Option<Places>);

thread_local! {
    /// Whether the guest that this thread polls has yielded because its tick was over.
    static YIELDED: Cell<bool> = const { Cell::new(false) };
}

/// Called when a guest yields because its tick is over, on the thread that polls it.
pub(super) fn note_yield() {
    YIELDED.set(true);
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
    beginning: Option<Beginning>,
    tenure: Option<&'a Tenure>,
    rest: Option<Pin<Box<Sleep>>>,
}

/// The place of the tenant, where there is one, and that in the line of all.
type Turn = Pin<Box<dyn Future<Output = Result<Places, AcquireError>> + Send>>;
type Places = (Option<OwnedSemaphorePermit>, OwnedSemaphorePermit);

/// Waits for a place of the tenant's own, and then for one in the line of all.
async fn places(own: Option<Arc<Semaphore>>, all: Arc<Semaphore>) -> Result<Places, AcquireError> {
    let own = match own {
        Some(own) => Some(own.acquire_owned().await?),
        None => None,
    };
    Ok((own, all.acquire_owned().await?))
}

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
        Self {
            ticker: Arc::new(ticker),
            background: Arc::new(Semaphore::new(turns)),
            beginning: Arc::new(Semaphore::new(turns)),
        }
    }

    /// Waits until a guest that begins slowly may begin.
    pub(super) async fn begin(&self, tenure: Option<&Tenure>) -> Beginning {
        let (own, all) = (tenure.map(|tenure| Arc::clone(&tenure.beginning)), Arc::clone(&self.beginning));
        // The semaphores are never closed; if they were, nothing would have to wait.
        Beginning(places(own, all).await.ok())
    }

    fn turn(&self, tenure: Option<&Tenure>) -> Turn {
        let (own, all) = (tenure.map(|tenure| Arc::clone(&tenure.turns)), Arc::clone(&self.background));
        Box::pin(places(own, all))
    }

    /// Wraps a guest's future; `limit` is the CPU time that it may use, beside what its house may.
    pub(super) fn meter<'a, F: Future>(
        &'a self,
        guest: F,
        limit: Duration,
        beginning: Option<Beginning>,
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
            beginning,
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
        YIELDED.set(false);
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
        if !YIELDED.get() || self.burst >= FOREGROUND {
            self.beginning = None;
        }
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if self.used > self.limit => Poll::Ready(Err(Exceeded::Cpu(self.limit))),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Waker};

    use wasmtime::Engine;

    use super::*;

    fn is_ready<F: Future>(future: Pin<&mut F>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test]
    async fn guests_that_begin_slowly_begin_as_others_wait_and_not_as_they_yield() -> std::io::Result<()> {
        let schedule = Schedule::new(Ticker::start(&Engine::default())?);
        let mut beginning = Vec::new();
        for _ in 0..cores().saturating_sub(1).max(1) {
            beginning.push(schedule.begin(None).await);
        }
        let mut next = pin!(schedule.begin(None));
        assert!(!is_ready(next.as_mut()), "no more begin at one time");

        let mut yields = true;
        let guest = poll_fn(move |_| {
            if std::mem::take(&mut yields) {
                note_yield();
            }
            Poll::<()>::Pending
        });
        let mut metered = schedule.meter(guest, Duration::from_secs(1), beginning.pop(), None);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(metered.poll(&mut cx).is_pending());
        assert!(!is_ready(next.as_mut()), "it yielded: it goes on first");
        assert!(metered.poll(&mut cx).is_pending());
        assert!(is_ready(next.as_mut()), "it waits: the next one begins");
        Ok(())
    }
}
