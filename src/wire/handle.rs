//! What a tap shares with the exchanges of its connection: what it found, and what they have put between the frames.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{
    Arrival, Ledger, Section, Share, WAITING_OCTETS,
    compose::Composed,
    hand::{Closing, Hand},
    hpack::FieldBlock,
    progress::Progress,
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
    progress: Progress,
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
            progress: Progress::default(),
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
        self.0.progress.flushes.now()
    }

    /// The engine writes, or flushes.
    pub(super) fn note_write(&self) {
        self.0.progress.note_write();
    }

    pub(super) fn note_flush(&self) {
        self.0.progress.note_flush();
    }

    /// Resolves once there have been more flushes than `seen`. What was handed over after `seen` was read is on its
    /// way then, or is the only thing that is not.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn flushed_since(&self, seen: u64) {
        self.0.progress.flushes.above(seen).await;
    }

    /// A turn of the connection has ended. If nothing kept the engine from writing to its end, it has now written all that
    /// it was handed before; a flush amid its frames does not tell that.
    pub fn note_turn(&self) {
        self.0.progress.note_turn();
    }

    /// Resolves once everything that was handed to the engine before the call, and that windows let through, has been
    /// written: it has left, or stands in line. A turn that has begun may miss it, the one after it can't.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn written(&self) {
        let seen = self.0.progress.count_turns();
        for turn in 0..2 {
            self.wake();
            self.0.progress.turns.above(seen + turn).await;
        }
    }

    /// The same, whatever the windows let through: resolves once all content of a stream that the engine was handed,
    /// `octets` in all, has been written, and what was handed over behind it. A client may make the window smaller than it
    /// was by then (RFC 9113 §6.9.2). False if it opens none for as long as `stall`.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn content_written(&self, stream: u32, octets: u64, stall: Duration) -> bool {
        self.written().await;
        let mut written = None;
        let mut deadline = Instant::now() + stall;
        loop {
            let turns = self.0.progress.count_turns();
            let now = self.still_written(stream).unwrap_or(octets);
            if now >= octets {
                break;
            }
            if written.is_none_or(|written| written < now) {
                (written, deadline) = (Some(now), Instant::now() + stall);
            } else if Instant::now() >= deadline {
                return false;
            }
            // What comes from the client, or frees the connection's window, brings a turn. To ask for one would keep those
            // who wait here waking each other.
            let _ = timeout_at(deadline, self.0.progress.turns.above(turns)).await;
        }
        if written.is_some() {
            self.written().await;
        }
        true
    }

    /// Octets of content that the engine has written on a stream; none if nothing more of it will leave.
    fn still_written(&self, stream: u32) -> Option<u64> {
        if self.hand().has_left() { None } else { self.ledger().written(stream) }
    }

    /// Notes octets of content, and of which streams, that the engine has written.
    pub(super) fn note_content(&self, content: impl ExactSizeIterator<Item = (u32, u32)>) {
        if content.len() > 0 {
            let mut ledger = self.ledger();
            content.for_each(|(stream, octets)| ledger.note_written(stream, octets));
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
