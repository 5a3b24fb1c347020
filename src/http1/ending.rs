//! What becomes of a connection when an exchange is over: the next request, or an end that loses the peer nothing.

use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use super::{
    Fault,
    connection::Connection,
    encode,
    link::{Departure, Peer},
    settings::{DISCARD_OCTETS, DISCARD_TIME, LINGER_OCTETS, LINGER_TIME},
    transfer::{self, Lost},
};
use crate::{
    exchange::{ContentEvent, Leave},
    wire::Transport,
};

/// What a connection is good for after an exchange.
pub(super) enum Settled {
    Persistent,
    Closing,
    Gone,
}

impl<T: Transport> Connection<T> {
    /// After the answer: writes what is left of it and takes what is left of the request.
    pub(super) async fn settle(&mut self) -> Settled {
        self.link.detach();
        if self.flush().await.is_err() {
            self.link.abandon();
            return Settled::Gone;
        }
        if !self.link.lock().is_persistent() {
            return Settled::Closing;
        }
        if self.link.lock().decoder.is_done() {
            return Settled::Persistent;
        }
        let mut discarded = 0;
        self.deadline.arm(DISCARD_TIME);
        let settled = poll_fn(|cx| self.poll_discard(cx, &mut discarded)).await;
        self.deadline.disarm();
        settled
    }

    /// Skips request content that nobody wanted, as long as that is cheaper than a new connection.
    fn poll_discard(&mut self, cx: &mut Context<'_>, discarded: &mut usize) -> Poll<Settled> {
        let mut state = self.link.lock();
        let state = &mut *state;
        while *discarded <= DISCARD_OCTETS {
            match state.next_content() {
                Ok(Some(ContentEvent::Data(octets))) => *discarded += octets.len(),
                Ok(Some(ContentEvent::Trailers(_))) => {}
                Ok(Some(ContentEvent::End)) => return Poll::Ready(Settled::Persistent),
                Err(_) => break,
                Ok(None) if state.peer != Peer::Open => break,
                Ok(None) => match transfer::receive(&mut self.io, state, cx) {
                    Ok(true) => {}
                    Ok(false) => return self.deadline.poll(cx).map(|()| Settled::Closing),
                    Err(Lost) => return Poll::Ready(Settled::Gone),
                },
            }
        }
        Poll::Ready(Settled::Closing)
    }

    /// Tells the peer what it got wrong, and closes.
    pub(super) async fn refuse(&mut self, fault: Fault) {
        let status = fault.status();
        let text = format!("{status}: {fault}\n");
        {
            let mut state = self.link.lock();
            let out = state.outbox.text();
            let start = out.len();
            encode::status_line(out, status.as_u16());
            let fields =
                format!("Content-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
            out.extend_from_slice(fields.as_bytes());
            if let Some(log) = &self.log {
                log.sent(&out[start..]);
            }
            out.extend_from_slice(text.as_bytes());
        }
        self.close().await;
    }

    /// Writes what is left, ends our direction, and takes what the peer still sends until it ends its own: closing with
    /// octets unread would reset the connection, and the peer might lose the response (RFC 9112 §9.6).
    pub(super) async fn close(&mut self) {
        if self.flush().await.is_err() {
            return;
        }
        let mut taken = 0;
        self.shut_down().await;
        self.deadline.arm(LINGER_TIME);
        poll_fn(|cx| {
            let mut state = self.link.lock();
            while state.peer == Peer::Open && taken <= LINGER_OCTETS {
                taken += state.inbox.buffer.len();
                state.inbox.buffer.clear();
                match transfer::receive(&mut self.io, &mut state, cx) {
                    Ok(true) => {}
                    Ok(false) => return self.deadline.poll(cx),
                    Err(Lost) => break,
                }
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Ends our direction, unless the exchange has done so.
    pub(super) async fn shut_down(&mut self) {
        self.deadline.disarm();
        if matches!(self.link.lock().departure, Departure::Done(_)) {
            return;
        }
        self.deadline.arm(LINGER_TIME);
        poll_fn(|cx| match self.io.poll_leave(Leave::HalfClose, cx) {
            // An error means that the peer is gone, which is where this leads anyway.
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => self.deadline.poll(cx),
        })
        .await;
        self.deadline.disarm();
    }

    async fn flush(&mut self) -> Result<(), Lost> {
        let Self { io, link, deadline, settings, .. } = self;
        let flushed = poll_fn(|cx| {
            let mut state = link.lock();
            transfer::send(io, &mut state, deadline, settings, cx)?;
            if state.is_flushed() { Poll::Ready(Ok(())) } else { Poll::Pending }
        });
        flushed.await
    }
}
