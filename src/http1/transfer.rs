//! Octets between the socket and the shared buffers, as far as they go without waiting.

use std::task::{Context, Poll};

use tokio::io::AsyncRead;

use super::{
    Settings,
    deadline::Deadline,
    link::{Departure, Peer, State},
    response::Progress,
};
use crate::{exchange::Leave, wire::Transport};

/// The peer is gone: reading or writing failed, or it took nothing for too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lost;

/// Writes what the socket takes, then leaves if that is wanted. With octets left over, the task is woken when it takes
/// more or the peer stalls. After a reset the peer counts as lost: dropping the stream is what sends it.
pub(super) fn send<T: Transport>(
    io: &mut T,
    state: &mut State,
    deadline: &mut Deadline,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> Result<(), Lost> {
    let leave = match (state.departure, state.response.progress()) {
        (Departure::Asked(how), _) => Some(how),
        (Departure::None, Progress::EndedByClose) => Some(Leave::HalfClose),
        (Departure::None | Departure::Done(_), _) => None,
    };
    let was_flushed = state.outbox.is_flushed();
    if was_flushed && leave.is_none() {
        return Ok(());
    }
    let before = state.outbox.len();
    match state.outbox.poll_write(io, cx) {
        Poll::Ready(Ok(())) => {
            if !was_flushed {
                deadline.disarm();
            }
            match leave {
                Some(how) => self::leave(io, how, state, deadline, settings, cx),
                None => Ok(()),
            }
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

fn leave<T: Transport>(
    io: &mut T,
    how: Leave,
    state: &mut State,
    deadline: &mut Deadline,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> Result<(), Lost> {
    if io.poll_leave(how, cx).map_err(|_| Lost)?.is_pending() {
        deadline.arm_once(settings.stall_deadline);
        return if deadline.poll(cx).is_ready() { Err(Lost) } else { Ok(()) };
    }
    deadline.disarm();
    state.departure = Departure::Done(how);
    state.response.note_departure();
    if how == Leave::Reset { Err(Lost) } else { Ok(()) }
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
