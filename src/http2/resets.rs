//! Resets that wait for what was sent before them.
//!
//! h2 drops what is queued on a stream when it resets it, so that a handler that sends content and then resets would
//! show its client the reset alone. The task that drives the connection therefore does it, after it has given h2 the
//! chance to write: only what windows or a full socket hold back is lost.

use bytes::Bytes;
use h2::{Reason, SendStream, server::SendResponse};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Where the streams of a connection send their resets. Each sends one at most, so that open streams bound the queue.
#[derive(Clone)]
pub(super) struct Resets(UnboundedSender<Reset>);

/// The resets of one connection, in the hands of the task that drives it.
pub(super) struct PendingResets {
    arriving: UnboundedReceiver<Reset>,
    /// Taken over since the connection last wrote.
    due: Vec<Reset>,
}

/// A stream and the code to reset it with.
pub(super) enum Reset {
    /// Its head has not been sent.
    Head(SendResponse<Bytes>, u32),
    /// Its head has been sent.
    Content(SendStream<Bytes>, u32),
}

impl Resets {
    pub(super) fn new() -> (Self, PendingResets) {
        let (sender, arriving) = unbounded_channel();
        (Self(sender), PendingResets { arriving, due: Vec::new() })
    }

    /// Resets the stream once the connection has written.
    pub(super) fn after_what_was_sent(&self, reset: Reset) {
        // Without a connection there is nothing to reset.
        let _ = self.0.send(reset);
    }
}

impl PendingResets {
    /// Takes over what has arrived, and resets what had been taken over by the call before. Between two calls the
    /// connection must have been polled until it had nothing more to write.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn turn(&mut self) {
        if self.due.is_empty() {
            if let Some(reset) = self.arriving.recv().await {
                self.due.push(reset);
            }
        } else {
            self.due.drain(..).for_each(Reset::send);
        }
        while let Ok(reset) = self.arriving.try_recv() {
            self.due.push(reset);
        }
    }
}

impl Reset {
    fn send(self) {
        match self {
            Self::Head(mut stream, code) => stream.send_reset(Reason::from(code)),
            Self::Content(mut stream, code) => stream.send_reset(Reason::from(code)),
        }
    }
}
