//! The raw door of an HTTP/2 stream: a handler's own frames and octets between those of the engine.
//!
//! h2 knows nothing of what is sent here. Each call notes what that leads to:
//!
//! | sent raw | what h2 does not know | who settles it |
//! | --- | --- | --- |
//! | DATA | both windows (RFC 9113 §5.2) | the stream's: its [`Writer::window`], also where another exchange sent it; the connection's: writers ask for what is left, the tap lets h2's DATA wait, and window updates pay first |
//! | DATA beyond the window, another exchange's END_STREAM or RST_STREAM | what the client makes of it | the connection closes |
//! | HEADERS, DATA, RST_STREAM on its own or another exchange's stream | the stream's state (§5.1) | h2's RST_STREAM never leaves |
//! | the same on a stream without an exchange: idle, closed | nothing: for h2 the stream is what it was | nobody; h2's RST_STREAM leaves |
//! | field blocks | nothing, if they spare the dynamic table (RFC 7541 §2.3.2) | else the connection closes |
//! | a field block without its end | that nothing else may follow (§6.10) | the tap lets everything else wait; without its end the connection closes |
//! | PUSH_PROMISE | the promised stream | the tap absorbs what the client sends on it, for 4,096 streams, else the connection closes; a polite promise skips streams up to it |
//! | SETTINGS | what the client now believes of us | the connection closes |
//! | GOAWAY | that one was sent | h2's own never leaves |
//!
//! Order: a raw call waits until h2 has written what the exchange handed it before, content also when the client has made
//! the window smaller meanwhile (RFC 9113 §6.9.2); that stands in the tap's line then, and the raw frames line up behind it. An exchange that ends takes with it what of its raw frames still stands there.
//!
//! Deadline: only time in which the peer takes nothing counts: its socket is full, or its connection window is shut while
//! content stands in line, or its stream's while content waits to. To wait for another exchange's hold or field block takes as long as it takes; those end by
//! themselves.

use std::{future::Future, pin::pin, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, timeout, timeout_at};

use super::writer::Writer;
use crate::{
    exchange::{AfterRaw, BoxFuture, HoldEnd, Leave, RawDoor, RawError, RawFrame},
    wire::{
        Closing, Hand, TapHandle,
        compose::{self, Composed},
    },
};

/// What an exchange has done raw, as far as it matters when it is over.
#[derive(Debug)]
pub(super) struct Raw {
    is_used: bool,
    is_own: bool,
    /// The exchange's own field block is open.
    is_block_open: bool,
    /// Why the connection cannot go on.
    spoiled: Option<&'static str>,
    after: AfterRaw,
}

impl Raw {
    pub(super) fn new(after: AfterRaw) -> Self {
        Self { is_used: false, is_own: false, is_block_open: false, spoiled: None, after }
    }

    /// Whether the exchange's own stream was touched.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    /// The exchange is over: its connection goes on, or closes.
    pub(super) fn finish(&self, tap: &TapHandle, stream: u32) {
        if !tap.is_handled() {
            return;
        }
        let spoiled = self.spoiled.or(self.is_block_open.then_some("a field block without its end"));
        let closing = match (spoiled, self.after) {
            _ if !self.is_used => None,
            (Some(reason), _) => {
                tracing::debug!(stream, reason, "the connection closes after raw use");
                Some(Closing::Abrupt)
            }
            (None, AfterRaw::Close) => Some(Closing::Graceful),
            (None, AfterRaw::Keep) => None,
        };
        tap.handle(|hand| {
            hand.let_stream_go(stream);
            if let Some(closing) = closing {
                hand.close(closing);
            }
        });
    }
}

impl Writer {
    async fn send_composed(&mut self, mut composed: Composed) -> Result<(), RawError> {
        let id = self.id;
        // Before any wait: what waits for its place in line counts too.
        let share = self.tap.share(composed.octets.len(), self.raw.is_block_open)?;
        self.get_behind().await?;
        let written = self.tap.write(id, &mut composed, share);
        self.raw.is_used = true;
        self.raw.is_own |= composed.touched.contains(&id);
        self.raw.spoiled = self.raw.spoiled.or(composed.spoils);
        self.raw.is_block_open = composed.open_block.unwrap_or(self.raw.is_block_open);
        self.unless_idle(written).await?.map_err(|_| RawError::Gone)
    }

    /// Waits until what the exchange sent politely stands in line. Behind an own open field block nothing polite can leave
    /// (RFC 9113 §6.10), so nothing raw waits for it.
    async fn get_behind(&mut self) -> Result<(), RawError> {
        // From here on the tap looks whether the peer takes anything.
        self.tap.handle(|_| {});
        if !self.is_ahead || self.raw.is_block_open {
            return Ok(());
        }
        let (tap, stall, written) = (self.tap.clone(), self.stall, self.all_written());
        // A peer that is gone takes no more; h2 forgets what it had.
        if unless_idle(&tap, stall, self.unless_gone(written)).await? == Ok(false) {
            tracing::debug!(stream = self.id, "the peer opened no window for {stall:?} while raw octets waited");
            tap.handle(Hand::give_up);
            return Err(RawError::Gone);
        }
        self.is_ahead = false;
        Ok(())
    }

    async fn leave(&mut self, how: Leave) -> Result<(), RawError> {
        if how == Leave::Reset {
            // Without one who reads, the reset does not wait.
            let _ = timeout(RESET_PATIENCE, self.get_behind()).await;
        } else {
            self.get_behind().await?;
        }
        self.raw.is_used = true;
        self.raw.is_own = true;
        let id = self.id;
        let left = self.tap.handle(|hand| hand.leave(id, how));
        self.unless_idle(left).await?.map_err(|_| RawError::Gone)
    }

    async fn flush_raw(&mut self) -> Result<(), RawError> {
        self.is_ahead = true;
        self.get_behind().await?;
        // Nothing, behind all that has been sent.
        let share = self.tap.share(0, self.raw.is_block_open)?;
        let written = self.tap.write(self.id, &mut Composed::default(), share);
        self.unless_idle(written).await?.map_err(|_| RawError::Gone)
    }

    async fn unless_idle<T>(&self, wanted: impl Future<Output = T>) -> Result<T, RawError> {
        unless_idle(&self.tap, self.stall, wanted).await
    }
}

/// Waits for this. A peer that takes nothing for too long meanwhile has lost the connection; to wait for other exchanges
/// takes as long as it takes.
async fn unless_idle<T>(tap: &TapHandle, stall: Duration, wanted: impl Future<Output = T>) -> Result<T, RawError> {
    let mut wanted = pin!(wanted);
    loop {
        let deadline = tap.peer_idle_since().unwrap_or_else(Instant::now) + stall;
        if let Ok(result) = timeout_at(deadline, &mut wanted).await {
            return Ok(result);
        }
        if tap.peer_idle_since().is_some_and(|since| since.elapsed() >= stall) {
            tracing::debug!("the peer took nothing for {stall:?} while raw octets waited");
            tap.handle(Hand::give_up);
            return Err(RawError::Gone);
        }
    }
}

/// How long a reset waits for what the exchange sent before it to stand in line: many turns of a connection that moves.
const RESET_PATIENCE: Duration = Duration::from_millis(100);

impl RawDoor for Writer {
    fn send_frames(&mut self, frames: Vec<RawFrame>) -> BoxFuture<'_, Result<(), RawError>> {
        let composed = compose::frames(&frames, self.id);
        Box::pin(self.send_composed(composed))
    }

    fn send_octets(&mut self, octets: Bytes) -> BoxFuture<'_, Result<(), RawError>> {
        let composed = Composed {
            octets: octets.into(),
            touched: vec![self.id],
            spoils: Some("octets outside frames"),
            // Whoever sends octets knows what they are.
            open_block: Some(false),
            ..Composed::default()
        };
        Box::pin(self.send_composed(composed))
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), RawError>> {
        Box::pin(self.flush_raw())
    }

    fn close(&mut self, how: Leave) -> BoxFuture<'_, Result<(), RawError>> {
        Box::pin(self.leave(how))
    }

    fn hold(&mut self, time: Duration, octets: usize) -> BoxFuture<'_, Result<(), RawError>> {
        self.raw.is_used = true;
        let id = self.id;
        let begun = self.tap.handle(|hand| hand.hold(id, time, octets));
        Box::pin(async { begun.await.map_err(|_| RawError::Gone) })
    }

    fn release(&mut self) -> HoldEnd {
        let id = self.id;
        self.tap.handle(|hand| hand.release(id))
    }

    fn after(&mut self, rule: AfterRaw) {
        self.raw.after = rule;
    }

    fn absorb(&mut self, stream: u32) -> Result<(), RawError> {
        self.raw.is_used = true;
        let id = self.id;
        self.tap.handle(|hand| hand.absorb(id, stream));
        Ok(())
    }
}
