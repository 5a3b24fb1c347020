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
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::{
    Arrival, Ledger, Section, Share, WAITING_OCTETS,
    compose::Composed,
    hand::{Closing, Hand},
    hpack::FieldBlock,
};
use crate::exchange::{NoFrame, RawError, SeenFrame, WireView};

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
    /// The engine's last call was a flush that found everything left.
    is_quiet: AtomicBool,
    /// Somebody has waited for a turn: from then on they are counted.
    counts_turns: AtomicBool,
    /// How many turns of the connection have ended quietly.
    turns: AtomicU64,
    turned: Notify,
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
            is_quiet: AtomicBool::new(false),
            counts_turns: AtomicBool::new(false),
            turns: AtomicU64::new(0),
            turned: Notify::new(),
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

    /// The highest stream that the engine has promised, or skipped.
    pub fn last_promised(&self) -> u32 {
        self.ledger().last_promised()
    }

    /// See [`Ledger::note_promised`].
    pub fn note_promised(&self, stream: u32) {
        self.ledger().note_promised(stream);
    }

    /// The highest stream that was promised raw.
    pub fn last_promised_raw(&self) -> Option<u32> {
        if self.is_handled() { self.hand().last_promised() } else { None }
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

    /// The engine writes, or flushes.
    pub(super) fn note_write(&self) {
        self.0.is_quiet.store(false, Ordering::Relaxed);
    }

    pub(super) fn note_flush(&self) {
        self.0.is_quiet.store(true, Ordering::Relaxed);
        self.0.flushes.fetch_add(1, Ordering::AcqRel);
        self.0.flushed.notify_waiters();
    }

    /// Resolves once there have been more flushes than `seen`. What was handed over after `seen` was read is on its
    /// way then, or is the only thing that is not.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn flushed_since(&self, seen: u64) {
        count_above(&self.0.flushes, &self.0.flushed, seen).await;
    }

    /// A turn of the connection has ended. If nothing kept the engine from writing to its end, it has now written all that
    /// it was handed before; a flush amid its frames does not tell that.
    pub fn note_turn(&self) {
        if self.0.counts_turns.load(Ordering::Acquire) && self.0.is_quiet.load(Ordering::Relaxed) {
            self.0.turns.fetch_add(1, Ordering::AcqRel);
            self.0.turned.notify_waiters();
        }
    }

    /// Resolves once everything that was handed to the engine before the call, and that windows let through, has been
    /// written: it has left, or stands in line. A turn that has begun may miss it, the one after it can't.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn written(&self) {
        self.0.counts_turns.store(true, Ordering::Release);
        let seen = self.0.turns.load(Ordering::Acquire);
        for turn in 0..2 {
            self.wake();
            count_above(&self.0.turns, &self.0.turned, seen + turn).await;
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

    /// A share of what may wait on the connection, for octets of an exchange; `in_block` says whether it goes on with a
    /// field block that it has left open.
    ///
    /// # Errors
    /// [`RawError::Crowded`].
    pub fn share(&self, octets: usize, in_block: bool) -> Result<Share, RawError> {
        self.hand().backlog.share(octets, in_block).ok_or(RawError::Crowded(WAITING_OCTETS))
    }

    /// Lets composed frames of `owner`'s exchange leave; see [`Hand::write`]. Notes what they do to the streams of other
    /// exchanges, of which the engine knows nothing.
    pub fn write(&self, owner: u32, composed: &mut Composed, share: Share) -> oneshot::Receiver<()> {
        let mut ledger = self.ledger();
        for (stream, octets) in &composed.data {
            ledger.spend(*stream, u64::from(*octets));
        }
        // A stream that has no exchange yet, or none any more, is the engine's.
        composed.touched.retain(|stream| *stream == owner || ledger.is_held(*stream));
        if composed.ended.iter().any(|stream| *stream != owner && ledger.is_held(*stream)) {
            composed.spoils.get_or_insert("the end of another exchange's stream");
        }
        drop(ledger);
        self.handle(|hand| hand.write(owner, composed, share))
    }

    /// Since when the peer has taken nothing, though there was something to take; as long as no exchange has its hand on the
    /// wire, nobody looks.
    pub fn peer_idle_since(&self) -> Option<Instant> {
        self.hand().peer_idle_since()
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

/// Resolves once a count is above `seen`.
async fn count_above(count: &AtomicU64, changed: &Notify, seen: u64) {
    loop {
        let mut next = std::pin::pin!(changed.notified());
        next.as_mut().enable();
        if count.load(Ordering::Acquire) > seen {
            return;
        }
        next.await;
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
