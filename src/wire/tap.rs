//! I/O round I/O under an HTTP/2 engine: reads along in both directions, and lets handlers put their hand on the wire.
//!
//! ```text
//!              ┌───────────── engine (h2) ─────────────┐
//!              ▲                                       ▼
//!  Sieve: what is none of its business     Outgoing: units, shaped, in line
//!              ▲                                       ▼ ◀── Hand: raw writes of exchanges
//!  Inbound ──▶ Ledger                              Boundary
//!              └─────────────── socket ────────────────┘
//! ```
//!
//! Until a handler asks for something, octets pass unchanged, and are only looked at. From then on what the engine writes
//! goes through [`Outgoing`](super::outgoing) and what the client sends through [`Sieve`](super::sieve); the
//! [`Grip`](super::grip) has both.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::{
    Arrival, Boundary, Inbound, Limits, Position, TapHandle, Transport, grip::Grip, hand::PeerIdle, trace::Trace,
};
use crate::{exchange::Leave, observe::wire_log::WireLog};

/// A stream of octets under an HTTP/2 connection.
///
/// What arrives is filed in the [`TapHandle`] before the reader gets it, so that whoever learns of a request from the
/// reader finds its field section there.
#[derive(Debug)]
pub struct Tap<T> {
    io: T,
    inbound: Inbound,
    /// Scratch of one read.
    arrivals: Vec<Arrival>,
    outbound: Boundary,
    /// What was accepted while corked and has not left.
    held: BytesMut,
    handle: TapHandle,
    /// There once a handler has put its hand on the wire.
    grip: Option<Box<Grip>>,
    trace: Option<Box<Trace>>,
}

/// Octets that are gathered while corked: the content of one TLS record (RFC 8446 §5.1).
const HELD_OCTETS: usize = 16 << 10;

/// Octets of one read that is sifted: what the engine reads at a time.
const READ_OCTETS: usize = 16 << 10;

impl<T> Tap<T> {
    /// A tap at the client's first octet; see [`Ledger::new`](super::Ledger::new) for `most_arrived`.
    pub fn new(io: T, limits: Limits, most_arrived: usize) -> Self {
        Self {
            io,
            inbound: Inbound::new(limits),
            arrivals: Vec::new(),
            outbound: Boundary::new(),
            held: BytesMut::new(),
            handle: TapHandle::new(most_arrived),
            grip: None,
            trace: None,
        }
    }

    /// Logs every frame of this connection. For that, the engine's octets are cut into frames from the first one on.
    pub fn log_to(&mut self, log: Arc<WireLog>, connection: u64) {
        self.trace = Some(Box::new(Trace::new(log, connection)));
        self.handle.handle(|_| {});
    }

    /// What the tap finds.
    pub fn handle(&self) -> TapHandle {
        self.handle.clone()
    }

    /// Counts what was accepted: the first `accepted` octets of these slices.
    fn sent<'a>(&mut self, slices: impl IntoIterator<Item = &'a [u8]>, accepted: usize) {
        let mut left = accepted;
        let data = self.outbound.data_octets();
        for slice in slices {
            let passed = slice.len().min(left);
            self.outbound.pass(&slice[..passed]);
            left -= passed;
            if left == 0 {
                break;
            }
        }
        self.handle.add_data_octets(self.outbound.data_octets() - data);
        self.handle.note_content(self.outbound.take_content());
        if let Some(stream) = self.outbound.take_reset() {
            self.handle.note_refused(stream);
        }
    }

    /// Files what arrived.
    fn file(&mut self, octets: &[u8]) {
        self.inbound.take(octets, &mut self.arrivals);
        if let Some(trace) = &self.trace {
            trace.arrived(&self.arrivals);
        }
        if !self.arrivals.is_empty() {
            self.handle.file(&mut self.arrivals);
        }
    }

    /// Whether handlers have their hand on the wire, as far as the engine stands between two frames.
    fn is_gripped(&mut self) -> bool {
        if self.grip.is_none() && self.handle.is_handled() && self.outbound.position() == Position::Between {
            let (arrived, written) = (self.inbound.position(), self.held.split().freeze());
            self.grip = Some(Box::new(Grip::new(arrived, written, self.trace.is_some())));
        }
        self.grip.is_some()
    }

    /// How many octets may pass unchanged: all, or as many as bring the engine to the end of its frame.
    fn passes(&self) -> usize {
        if self.handle.is_handled() { self.outbound.until_between() } else { usize::MAX }
    }
}

impl<T: Transport> Tap<T> {
    /// While corked: takes what there is room for, and is pending without.
    fn hold<'a>(&mut self, slices: impl Iterator<Item = &'a [u8]> + Clone) -> Poll<io::Result<usize>> {
        let before = self.held.len();
        for slice in slices.clone() {
            let taken = slice.len().min(HELD_OCTETS.saturating_sub(self.held.len()));
            self.held.extend_from_slice(&slice[..taken]);
        }
        let accepted = self.held.len() - before;
        if accepted == 0 && slices.clone().any(|slice| !slice.is_empty()) {
            return Poll::Pending;
        }
        self.sent(slices, accepted);
        Poll::Ready(Ok(accepted))
    }

    /// Writes what was held.
    fn poll_let_go(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Takes the engine's octets in hand.
    fn grip_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if !self.handle.is_corked()
            && let Poll::Ready(Err(error)) = self.poll_drive(cx)
        {
            return Poll::Ready(Err(error));
        }
        let Some(grip) = &mut self.grip else { return Poll::Pending };
        grip.take(&self.handle, buf)
    }

    /// Lets leave what may. Ready when all that may has left.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.grip {
            Some(grip) => grip.poll_drive(&mut self.io, &self.handle, &mut self.trace, cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Reads past what the engine is not to see.
    fn grip_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let Some(grip) = &mut self.grip else { return Poll::Pending };
            if !grip.sifted.is_empty() {
                let taken = grip.sifted.len().min(buf.remaining());
                buf.put_slice(&grip.sifted.split_to(taken));
                return Poll::Ready(Ok(()));
            }
            if grip.left() == Some(Leave::Reset) {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            let mut scratch = [0; READ_OCTETS];
            let mut read = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.file(read.filled());
            let Some(grip) = &mut self.grip else { return Poll::Pending };
            grip.sieve.sift(read.filled(), &mut self.handle.hand().secrets, &mut grip.sifted);
        }
    }
}

impl<T: Transport> AsyncRead for Tap<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_gripped() {
            return self.grip_read(cx, buf);
        }
        let this = &mut *self;
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        this.file(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<T: Transport> AsyncWrite for Tap<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.handle.note_write();
        if self.is_gripped() {
            return self.grip_write(cx, buf);
        }
        let buf = &buf[..buf.len().min(self.passes())];
        if self.handle.is_corked() {
            return self.hold([buf].into_iter());
        }
        ready!(self.poll_let_go(cx))?;
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        if self.handle.is_handled() {
            // Amid a frame of the engine's: whether the peer takes it decides how long a handler waits for the next.
            let idle = &mut self.handle.hand().idle;
            PeerIdle::note(&mut idle.blocked, written.is_pending(), written.is_ready(), Instant::now());
        }
        let accepted = ready!(written)?;
        self.sent([buf], accepted);
        Poll::Ready(Ok(accepted))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.handle.note_write();
        if self.handle.is_handled() {
            let first = bufs.iter().find(|buf| !buf.is_empty());
            return self.poll_write(cx, first.map_or(&[], |buf| &**buf));
        }
        if self.handle.is_corked() {
            return self.hold(bufs.iter().map(|buf| &**buf));
        }
        ready!(self.poll_let_go(cx))?;
        let accepted = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs))?;
        self.sent(bufs.iter().map(|buf| &**buf), accepted);
        Poll::Ready(Ok(accepted))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.handle.note_write();
        if self.handle.is_corked() {
            return Poll::Pending;
        }
        if self.is_gripped() {
            ready!(self.poll_drive(cx))?;
        } else {
            ready!(self.poll_let_go(cx))?;
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        }
        self.handle.note_flush();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.grip.is_some() {
            // The engine has ended: what waits for a hold leaves now, or never.
            self.handle.hand().holds.abandon();
        }
        ready!(self.as_mut().poll_flush(cx))?;
        match &self.grip {
            Some(grip) if grip.left().is_some() => Poll::Ready(Ok(())),
            _ => Pin::new(&mut self.io).poll_shutdown(cx),
        }
    }
}

impl<T> Drop for Tap<T> {
    /// Exchanges may live on and wait.
    fn drop(&mut self) {
        self.handle.end();
    }
}

#[cfg(test)]
mod tests;
