//! The raw door of HTTP/1.x: octets verbatim, and the ways to leave. What each call means stands in `wit/raw.wit`.

use std::{
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;

use super::{
    link::{Departure, Peer},
    writer::Writer,
};
use crate::exchange::{AfterRaw, BoxFuture, HoldEnd, Leave, RawDoor, RawError, RawFrame};

impl RawDoor for Writer {
    fn send_frames(&mut self, _: Vec<RawFrame>) -> BoxFuture<'_, Result<(), RawError>> {
        Box::pin(async { Err(RawError::WrongProtocol) })
    }

    /// Each call finds the outbox empty and waits until it is empty again: so it is one write, as far as the socket
    /// takes it, and no segment holds octets of two calls.
    fn send_octets(&mut self, octets: Bytes) -> BoxFuture<'_, Result<(), RawError>> {
        Box::pin(async move {
            self.flushed().await?;
            self.0.step(|state| {
                if !state.can_send() {
                    return Err(RawError::Gone);
                }
                state.response.take_over();
                state.response.log_raw(&octets);
                state.outbox.push(octets);
                Ok(())
            })?;
            self.flushed().await
        })
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), RawError>> {
        Box::pin(self.flushed())
    }

    fn close(&mut self, how: Leave) -> BoxFuture<'_, Result<(), RawError>> {
        Box::pin(async move {
            self.0.step(|state| {
                if !state.can_send() {
                    return Err(RawError::Gone);
                }
                // Whatever the response lacks now, nobody can add.
                state.response.take_over();
                state.departure = Departure::Asked(how);
                Ok(())
            })?;
            poll_fn(|cx| self.poll_departure(cx)).await
        })
    }

    fn hold(&mut self, _: Duration, _: usize) -> BoxFuture<'_, Result<(), RawError>> {
        Box::pin(async { Err(RawError::WrongProtocol) })
    }

    fn release(&mut self) -> HoldEnd {
        HoldEnd::None
    }

    fn after(&mut self, rule: AfterRaw) {
        self.0.step(|state| state.response.after(rule));
    }

    fn absorb(&mut self, _: u32) -> Result<(), RawError> {
        Err(RawError::WrongProtocol)
    }
}

impl Writer {
    async fn flushed(&self) -> Result<(), RawError> {
        poll_fn(|cx| {
            let mut state = self.0.lock();
            let result = if !state.can_send() {
                Some(Err(RawError::Gone))
            } else if state.is_flushed() {
                Some(Ok(()))
            } else {
                state.waiting.flushed = Some(cx.waker().clone());
                None
            };
            state.note_call(result)
        })
        .await
    }

    fn poll_departure(&self, cx: &Context<'_>) -> Poll<Result<(), RawError>> {
        let mut state = self.0.lock();
        let result = if matches!(state.departure, Departure::Done(_)) {
            // Before the question whether there is a peer: a reset leaves none.
            Some(Ok(()))
        } else if state.peer == Peer::Gone {
            Some(Err(RawError::Gone))
        } else {
            state.waiting.flushed = Some(cx.waker().clone());
            None
        };
        state.note_call(result)
    }
}
