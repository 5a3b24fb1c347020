//! The response as the exchange sees it: steps that end up in the outbox.

use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{
    link::{Departure, Link, Peer, State},
    settings::OUTBOX_OCTETS,
};
use crate::exchange::{BoxFuture, Extent, FieldSection, Leave, RawDoor, ResponseHead, SendError, StreamWriter};

/// The response of one exchange. A step is done once its octets are in the outbox, no more than [`OUTBOX_OCTETS`] wait
/// there, and the connection's task is about to write them: it does so before it sleeps again.
#[derive(Debug)]
pub(super) struct Writer(pub(super) Link);

impl Writer {
    async fn send(&self, step: impl FnOnce(&mut State)) -> Result<(), SendError> {
        let has_room = self.0.step(|state| {
            if !state.can_send() {
                return Err(GONE);
            }
            step(state);
            let has_room = state.has_room();
            state.unfinished = !has_room;
            Ok(has_room)
        })?;
        if has_room { Ok(()) } else { poll_fn(|cx| self.poll_room(cx)).await }
    }

    fn poll_room(&self, cx: &Context<'_>) -> Poll<Result<(), SendError>> {
        let mut state = self.0.lock();
        let result = if state.peer == Peer::Gone {
            Some(Err(GONE))
        } else if state.has_room() {
            Some(Ok(()))
        } else {
            state.waiting.room = Some(cx.waker().clone());
            None
        };
        state.note_call(result)
    }
}

impl StreamWriter for Writer {
    fn send_informational<'a>(
        &'a mut self,
        status: u16,
        fields: &'a FieldSection,
    ) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(self.send(move |state| state.response.send_informational(status, fields, &mut state.outbox)))
    }

    fn send_head<'a>(&'a mut self, head: ResponseHead<'a>) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(self.send(move |state| {
            let content_unwanted = state.awaits_continue();
            state.response.send_head(head, content_unwanted, &mut state.outbox);
        }))
    }

    fn send_head_verbatim(&mut self, head: Bytes, extent: Extent) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(self.send(move |state| {
            let content_unwanted = state.awaits_continue();
            state.response.send_head_verbatim(head, extent, content_unwanted, &mut state.outbox);
        }))
    }

    fn send_data(&mut self, octets: Bytes, end: bool) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(self.send(move |state| state.response.send_data(octets, end, &mut state.outbox)))
    }

    fn send_trailers<'a>(&'a mut self, fields: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(self.send(move |state| state.response.send_trailers(fields, &mut state.outbox)))
    }

    fn reset(&mut self, _: u32) {
        self.0.step(|state| state.response.reset());
    }

    fn open_window(&self) -> u64 {
        let state = self.0.lock();
        if state.can_send() { OUTBOX_OCTETS.saturating_sub(state.outbox.len()) as u64 } else { 0 }
    }

    fn can_send_trailers(&self) -> bool {
        self.0.lock().response.can_send_trailers()
    }

    fn raw(&mut self) -> Option<&mut dyn RawDoor> {
        Some(self)
    }

    fn is_raw(&self) -> bool {
        self.0.lock().response.is_raw()
    }

    fn poll_peer_gone(&mut self, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        let mut state = self.0.lock();
        // Whoever reset the connection was not left by the peer.
        if state.peer == Peer::Gone && state.departure != Departure::Done(Leave::Reset) {
            return Poll::Ready(None);
        }
        state.waiting.departure = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// HTTP/1.x has no error codes.
const GONE: SendError = SendError::PeerGone(None);
