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
//! goes through [`Outgoing`](super::outgoing) and what the client sends through [`Sieve`](super::sieve).

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
    time::{Sleep, sleep_until},
};

use super::{
    Arrival, Boundary, Inbound, Limits, Position, TapHandle, Transport,
    hand::Leaving,
    outgoing::{Obstacles, Outgoing},
    sieve::Sieve,
    trace::Trace,
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

/// What is needed while handlers have their hand on the wire.
#[derive(Debug)]
struct Grip {
    outgoing: Outgoing,
    sieve: Sieve,
    /// Read, sifted, and not taken by the engine yet.
    sifted: BytesMut,
    /// Who waits for which octet of `outgoing` to have left.
    marks: VecDeque<(u64, oneshot::Sender<()>)>,
    leaving: Option<Leaving>,
    /// Our direction is closed: what the engine writes is dropped.
    left: Option<Leave>,
    hold_timer: Option<Pin<Box<Sleep>>>,
}

/// Octets that are gathered while corked: the content of one TLS record (RFC 8446 §5.1).
const HELD_OCTETS: usize = 16 << 10;

/// Octets that may wait for the socket, or for a window, before the engine is asked to wait: a few frames.
const BACKLOG_OCTETS: usize = 64 << 10;

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
            let mut outgoing = Outgoing::default();
            outgoing.append(self.held.split().freeze());
            if self.trace.is_some() {
                outgoing.keep_gone();
            }
            self.grip = Some(Box::new(Grip {
                outgoing,
                sieve: Sieve::from(self.inbound.position()),
                sifted: BytesMut::new(),
                marks: VecDeque::new(),
                leaving: None,
                left: None,
                hold_timer: None,
            }));
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
        if grip.left.is_some() {
            return Poll::Ready(Ok(buf.len()));
        }
        let mut hand = self.handle.hand();
        let allowed = BACKLOG_OCTETS + hand.held().map_or(0, |hold| hold.octets);
        if grip.outgoing.out_octets() > BACKLOG_OCTETS || grip.outgoing.waiting_octets() > allowed {
            return Poll::Pending;
        }
        grip.outgoing.take(buf, &mut hand.rules);
        Poll::Ready(Ok(buf.len()))
    }

    /// Lets leave what may. Ready when all that may has left.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(mut grip) = self.grip.take() else { return Poll::Ready(Ok(())) };
        let result = self.drive(&mut grip, cx);
        self.grip = Some(grip);
        result
    }

    fn drive(&mut self, grip: &mut Grip, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if grip.left.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.line_up(grip, cx);
        while let Some(next) = grip.outgoing.next() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, next))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            grip.outgoing.advance(written);
        }
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        let left = grip.outgoing.left();
        while let Some((_, done)) = grip.marks.pop_front_if(|(mark, _)| *mark <= left) {
            // Nobody waits any more: nobody is to be told.
            let _ = done.send(());
        }
        if grip.leaving.is_none() {
            grip.leaving = self.handle.hand().take_leaving();
        }
        if let Some(leaving) = &grip.leaving {
            let how = leaving.how;
            ready!(self.io.poll_leave(how, cx))?;
            grip.left = Some(how);
            grip.outgoing.clear();
            if let Some(leaving) = grip.leaving.take() {
                let _ = leaving.done.send(());
            }
            self.handle.hand().abandon();
            if how == Leave::Reset {
                // The transport is to be dropped, neither read nor written: an error is what makes the engine let go.
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Puts into line what may leave: raw writes, and what the engine wrote.
    fn line_up(&mut self, grip: &mut Grip, cx: &mut Context<'_>) {
        let mut hand = self.handle.hand();
        while let Some(write) = hand.next_write() {
            if let Some(trace) = &mut self.trace {
                trace.left(&write.octets, true, None);
            }
            grip.outgoing.append(write.octets);
            grip.marks.push_back((grip.outgoing.appended(), write.done));
            if write.data > self.handle.room() {
                // RFC 9113 §5.2: what the engine may still send, nobody knows.
                hand.spoil(write.owner);
            }
            self.handle.add_data_octets(write.data);
        }
        loop {
            if let Some(hold) = hand.held() {
                let timer = grip.hold_timer.get_or_insert_with(|| Box::pin(sleep_until(hold.until)));
                timer.as_mut().reset(hold.until);
                let others = grip.outgoing.waiting_of_others(hold.stream);
                if timer.as_mut().poll(cx).is_ready() || others > hold.octets {
                    hand.lose_hold();
                }
            }
            let obstacles = Obstacles {
                held_for: hand.held().map(|hold| hold.stream),
                room: self.handle.room(),
                open_block: hand.has_open_block(),
            };
            let gone = grip.outgoing.let_go(obstacles);
            let refused = grip.outgoing.take_reset().and_then(|stream| self.handle.note_refused(stream));
            if let Some(trace) = &mut self.trace {
                grip.outgoing.take_gone().iter().for_each(|octets| trace.left(octets, false, refused));
            }
            hand.secrets.debt = hand.secrets.debt.saturating_add(grip.outgoing.take_unknown_data());
            self.handle.add_data_octets(gone.data);
            if !gone.stuck {
                return;
            }
            hand.lose_hold();
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
            if grip.left == Some(Leave::Reset) {
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
        if self.is_gripped() {
            return self.grip_write(cx, buf);
        }
        let buf = &buf[..buf.len().min(self.passes())];
        if self.handle.is_corked() {
            return self.hold([buf].into_iter());
        }
        ready!(self.poll_let_go(cx))?;
        let accepted = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.sent([buf], accepted);
        Poll::Ready(Ok(accepted))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
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
        ready!(self.as_mut().poll_flush(cx))?;
        match &self.grip {
            Some(grip) if grip.left.is_some() => Poll::Ready(Ok(())),
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
