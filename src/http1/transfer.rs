//! Octets between the socket and the shared buffers, as far as they go without waiting.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Settings,
    deadline::Deadline,
    link::{Peer, State},
    response::Progress,
};

/// The peer is gone: reading or writing failed, or it took nothing for too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lost;

/// Writes what the socket takes. With octets left over, the task is woken when it takes more or the peer stalls.
pub(super) fn send<T: AsyncWrite + Unpin>(
    io: &mut T,
    state: &mut State,
    deadline: &mut Deadline,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> Result<(), Lost> {
    let by_close = state.response.progress() == Progress::EndedByClose;
    if state.outbox.is_flushed() && !by_close {
        return Ok(());
    }
    let before = state.outbox.len();
    match state.outbox.poll_write(io, cx) {
        Poll::Ready(Ok(())) => {
            deadline.disarm();
            if by_close && Pin::new(io).poll_shutdown(cx).map_err(|_| Lost)?.is_ready() {
                state.response.note_shutdown();
            }
            Ok(())
        }
        Poll::Ready(Err(_)) => Err(Lost),
        Poll::Pending => {
            if state.outbox.len() < before {
                deadline.arm(settings.stall_deadline);
            } else {
                deadline.arm_once(settings.stall_deadline);
            }
            if deadline.poll(cx).is_ready() { Err(Lost) } else { Ok(()) }
        }
    }
}

/// Reads until the inbox is full or the socket empty; then the task is woken when more comes. Whether anything came, be
/// it the end.
///
/// Reading ahead even when nobody wants content is how a reset is noticed.
pub(super) fn receive<T: AsyncRead + Unpin>(io: &mut T, state: &mut State, cx: &mut Context<'_>) -> Result<bool, Lost> {
    let mut arrived = false;
    while state.peer == Peer::Open && !state.inbox.is_full() {
        match state.inbox.poll_read(io, cx) {
            Poll::Ready(Ok(octets)) => {
                arrived = true;
                if octets == 0 {
                    state.peer = Peer::HalfClosed;
                }
            }
            Poll::Ready(Err(_)) => return Err(Lost),
            Poll::Pending => break,
        }
    }
    Ok(arrived)
}
