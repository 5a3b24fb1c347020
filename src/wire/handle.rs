//! What a tap shares with the exchanges of its connection: what it found, and what they have put between the frames.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use futures_util::task::AtomicWaker;
use tokio::{sync::Notify, time::Instant};

use super::{
    Arrival, Ledger, Section,
    hand::{Closing, Hand},
    hpack::FieldBlock,
};
use crate::exchange::{NoFrame, SeenFrame, WireView};

/// What a tap shares with the exchanges of its connection. Cheap to clone.
#[derive(Clone)]
pub struct TapHandle(Arc<Shared>);

struct Shared {
    ledger: Mutex<Ledger>,
    hand: Mutex<Hand>,
    /// An exchange has its hand on the wire, or had.
    is_handled: AtomicBool,
    corked: AtomicBool,
    /// Octets of DATA payload that have left.
    data_octets: AtomicU64,
    /// How often everything that the writer held has left.
    flushes: AtomicU64,
    flushed: Notify,
    /// The task that drives the connection.
    driver: AtomicWaker,
}

impl TapHandle {
    pub(super) fn new(most_arrived: usize) -> Self {
        Self(Arc::new(Shared {
            ledger: Mutex::new(Ledger::new(most_arrived)),
            hand: Mutex::new(Hand::default()),
            is_handled: AtomicBool::new(false),
            corked: AtomicBool::new(false),
            data_octets: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
            flushed: Notify::new(),
            driver: AtomicWaker::new(),
        }))
    }

    /// From here on the tap gathers what is written, and lets nothing leave. When it has no more room, and on a flush,
    /// it is pending and wakes nobody: whoever drives the connection polls it again after [`uncork`](Self::uncork). So
    /// what many short exchanges answer in one turn leaves in one write and one TLS record.
    pub fn cork(&self) {
        self.0.corked.store(true, Ordering::Relaxed);
    }

    /// Lets what was gathered leave with the next write or flush.
    pub fn uncork(&self) {
        self.0.corked.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_corked(&self) -> bool {
        self.0.corked.load(Ordering::Relaxed)
    }

    /// See [`Ledger::claim_head`].
    pub fn claim_head(&self, stream: u32) -> Option<Section> {
        self.ledger().claim_head(stream)
    }

    /// See [`Ledger::claim_trailers`].
    pub fn claim_trailers(&self, stream: u32) -> Option<FieldBlock> {
        self.ledger().claim_trailers(stream)
    }

    /// See [`Ledger::hold_promised`].
    pub fn hold_promised(&self, stream: u32) {
        self.ledger().hold_promised(stream);
    }

    /// See [`Ledger::release`].
    pub fn release(&self, stream: u32) {
        self.ledger().release(stream);
    }

    /// Octets of content that flow control lets through now: the smaller of what is left of the stream's and of the
    /// connection's window (RFC 9113 §5.2), once `used` octets of the stream's have been spent. Octets of other
    /// streams that still wait to be written are not counted against the connection.
    pub fn open_window(&self, stream: u32, used: u64) -> u64 {
        self.open_in(&mut self.ledger(), stream, used)
    }

    fn open_in(&self, ledger: &mut Ledger, stream: u32, used: u64) -> u64 {
        let (on_stream, on_connection) = ledger.allowed(stream);
        on_stream.saturating_sub(used).min(on_connection.saturating_sub(self.data_octets()))
    }

    /// Ready once the window of [`open_window`](Self::open_window) holds `octets`.
    pub fn poll_window(&self, stream: u32, used: u64, octets: u64, cx: &Context<'_>) -> Poll<()> {
        let mut ledger = self.ledger();
        if self.open_in(&mut ledger, stream, used) >= octets || ledger.is_ended() {
            return Poll::Ready(());
        }
        ledger.wait(cx.waker());
        Poll::Pending
    }

    /// What is left of the connection's window.
    pub(super) fn room(&self) -> u64 {
        let (_, on_connection) = self.ledger().allowed(0);
        on_connection.saturating_sub(self.data_octets())
    }

    /// The longest frame that the client takes, in octets of payload.
    pub fn frame_octets(&self) -> u32 {
        self.ledger().frame_octets()
    }

    /// See [`Ledger::takes_promises`].
    pub fn takes_promises(&self) -> bool {
        self.ledger().takes_promises()
    }

    /// Octets of DATA payload that have left on this connection.
    pub fn data_octets(&self) -> u64 {
        self.0.data_octets.load(Ordering::Relaxed)
    }

    pub(super) fn add_data_octets(&self, octets: u64) {
        self.0.data_octets.fetch_add(octets, Ordering::Relaxed);
    }

    /// How often everything that waited to be written has left.
    pub fn flushes(&self) -> u64 {
        self.0.flushes.load(Ordering::Acquire)
    }

    pub(super) fn note_flush(&self) {
        self.0.flushes.fetch_add(1, Ordering::AcqRel);
        self.0.flushed.notify_waiters();
    }

    /// Resolves once there have been more flushes than `seen`. What was handed over after `seen` was read is on its
    /// way then, or is the only thing that is not.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn flushed_since(&self, seen: u64) {
        loop {
            let mut flushed = std::pin::pin!(self.0.flushed.notified());
            flushed.as_mut().enable();
            if self.flushes() > seen {
                return;
            }
            flushed.await;
        }
    }

    /// Resolves once everything that was handed to the engine before the call has been written. A flush that has begun
    /// may miss it, the one after it can't.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn written(&self) {
        let seen = self.flushes();
        for flush in 0..2 {
            self.wake();
            self.flushed_since(seen + flush).await;
        }
    }

    /// Files what a client sent, and tells those who wait.
    pub(super) fn file(&self, arrivals: &mut Vec<Arrival>) {
        let mut ledger = self.ledger();
        let now = Instant::now();
        for arrival in arrivals.drain(..) {
            ledger.file(arrival, now);
        }
        let waiting = ledger.take_waiting();
        drop(ledger);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// See [`Ledger::note_refused`].
    pub(super) fn note_refused(&self, stream: u32) -> Option<&'static str> {
        self.ledger().note_refused(stream)
    }

    /// Nothing more will come or leave.
    pub(super) fn end(&self) {
        let mut ledger = self.ledger();
        ledger.end();
        let waiting = ledger.take_waiting();
        drop(ledger);
        // Whoever waits for octets to leave learns it from the drop of what it waits for.
        self.hand().abandon();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Puts a hand on the wire: a step that the tap takes up with its next turn.
    pub fn handle<R>(&self, step: impl FnOnce(&mut Hand) -> R) -> R {
        let result = step(&mut self.hand());
        self.0.is_handled.store(true, Ordering::Release);
        self.wake();
        result
    }

    /// Whether an exchange has, or had, its hand on the wire.
    pub fn is_handled(&self) -> bool {
        self.0.is_handled.load(Ordering::Acquire)
    }

    /// How the connection is to close, if it is.
    pub fn closing(&self) -> Option<Closing> {
        if self.is_handled() { self.hand().closing() } else { None }
    }

    /// Notes who drives the connection, to be woken when there is something for the tap to do.
    pub fn driven_by(&self, waker: &Waker) {
        self.0.driver.register(waker);
    }

    fn wake(&self) {
        self.0.driver.wake();
    }

    pub(super) fn hand(&self) -> MutexGuard<'_, Hand> {
        self.0.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WireView for TapHandle {
    fn frames(&self, after: u64, stream: Option<u32>) -> Vec<SeenFrame> {
        self.ledger().frames(after, stream).cloned().collect()
    }

    fn poll_frame(&self, after: u64, stream: Option<u32>, cx: &mut Context<'_>) -> Poll<Result<SeenFrame, NoFrame>> {
        let mut ledger = self.ledger();
        if let Some(frame) = ledger.frames(after, stream).next() {
            return Poll::Ready(Ok(frame.clone()));
        }
        if ledger.is_ended() {
            return Poll::Ready(Err(NoFrame::Closed));
        }
        ledger.wait(cx.waker());
        Poll::Pending
    }
}

impl fmt::Debug for TapHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapHandle").field("data_octets", &self.data_octets()).finish_non_exhaustive()
    }
}
