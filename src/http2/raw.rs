//! The raw door of an HTTP/2 stream: a handler's own frames and octets between those of the engine.
//!
//! h2 knows nothing of what is sent here. Each call notes what that leads to:
//!
//! | sent raw | what h2 does not know | who settles it |
//! | --- | --- | --- |
//! | DATA | both windows (RFC 9113 §5.2) | the stream's: [`Writer::window`]; the connection's: the tap lets h2's DATA wait, and window updates pay first |
//! | DATA beyond the window, other streams' ends | what the client makes of it | the connection closes |
//! | HEADERS, DATA, RST_STREAM on its own stream | the stream's state (§5.1) | h2's RST_STREAM never leaves |
//! | field blocks | nothing, if they spare the dynamic table (RFC 7541 §2.3.2) | else the connection closes |
//! | PUSH_PROMISE | the promised stream | the tap absorbs what the client sends on it |
//! | SETTINGS | what the client now believes of us | the connection closes |
//! | GOAWAY | that one was sent | h2's own never leaves |
//!
//! Order: a raw call waits until h2 has written what the exchange handed it before.

use std::time::Duration;

use bytes::Bytes;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use super::writer::Writer;
use crate::{
    exchange::{AfterRaw, BoxFuture, HoldEnd, Leave, RawDoor, RawError, RawFrame},
    wire::{
        Closing, TapHandle,
        compose::{self, Composed},
    },
};

/// What an exchange has done raw, as far as it matters when it is over.
#[derive(Debug)]
pub(super) struct Raw {
    is_used: bool,
    is_own: bool,
    /// Why the connection cannot go on.
    spoiled: Option<&'static str>,
    after: AfterRaw,
}

impl Raw {
    pub(super) fn new(after: AfterRaw) -> Self {
        Self { is_used: false, is_own: false, spoiled: None, after }
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
        let closing = match (self.spoiled, self.after) {
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
        self.catch_up().await;
        let id = self.id;
        self.raw.is_used = true;
        self.raw.is_own |= composed.touched.contains(&id);
        self.raw.spoiled = self.raw.spoiled.or(composed.spoils);
        if composed.open_block {
            self.raw.spoiled = self.raw.spoiled.or(Some("a field block without its end"));
        } else if self.raw.spoiled == Some("a field block without its end") {
            self.raw.spoiled = None;
        }
        let own: u64 =
            composed.data.iter().filter(|(stream, _)| *stream == id).map(|(_, octets)| u64::from(*octets)).sum();
        self.used += own;
        self.unknown += own;
        let written = self.tap.handle(|hand| hand.write(id, &mut composed));
        self.done(written).await
    }

    /// Waits for the tap; a peer that takes nothing for too long has lost the connection.
    async fn done(&mut self, done: oneshot::Receiver<()>) -> Result<(), RawError> {
        match timeout(self.stall, done).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(RawError::Gone),
            Err(_) => {
                self.tap.handle(|hand| hand.close(Closing::Abrupt));
                Err(RawError::Gone)
            }
        }
    }

    async fn leave(&mut self, how: Leave) -> Result<(), RawError> {
        self.catch_up().await;
        self.raw.is_used = true;
        self.raw.is_own = true;
        let left = self.tap.handle(|hand| hand.leave(how));
        self.done(left).await
    }

    async fn flush_raw(&mut self) -> Result<(), RawError> {
        self.is_ahead = true;
        self.catch_up().await;
        if self.tap.handle(|hand| hand.has_left()) { Err(RawError::Gone) } else { Ok(()) }
    }
}

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

    fn hold(&mut self, time: Duration, octets: usize) -> Result<(), RawError> {
        self.raw.is_used = true;
        let id = self.id;
        self.tap.handle(|hand| hand.hold(id, Instant::now() + time, octets));
        Ok(())
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
        self.tap.handle(|hand| hand.absorb(stream));
        Ok(())
    }
}
