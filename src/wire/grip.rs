//! What a tap does while handlers have their hand on its wire: lines up what leaves, and lets it go in turn.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    TapHandle, Transport,
    hand::{Hand, PeerIdle},
    inbound::Position,
    outgoing::{Gone, Obstacles, Outgoing},
    sieve::Sieve,
    trace::Trace,
};
use crate::exchange::Leave;

/// Octets that may wait for the socket, or for a window, before the engine is asked to wait: a few frames.
const BACKLOG_OCTETS: usize = 64 << 10;

/// There once a handler has put its hand on the wire.
#[derive(Debug)]
pub(super) struct Grip {
    outgoing: Outgoing,
    pub(super) sieve: Sieve,
    /// Read, sifted, and not taken by the engine yet.
    pub(super) sifted: BytesMut,
    stage: Stage,
    hold_timer: Option<Pin<Box<Sleep>>>,
}

/// How far we are with leaving.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Open,
    /// So many leave: what stood in line before this place goes first.
    Ending {
        leavers: usize,
        place: u64,
    },
    /// The transport has begun to leave: nothing is written meanwhile.
    Closing(Leave),
    /// Our direction is closed: what the engine writes is dropped.
    Left(Leave),
}

impl Grip {
    /// A grip on a connection whose client stands here, behind what the engine wrote last.
    pub(super) fn new(arrived: Position, written: Bytes, is_traced: bool) -> Self {
        let mut outgoing = Outgoing::default();
        outgoing.out.append(written);
        if is_traced {
            outgoing.keep_gone();
        }
        Self { outgoing, sieve: Sieve::from(arrived), sifted: BytesMut::new(), stage: Stage::Open, hold_timer: None }
    }

    /// How our direction was closed, if it was.
    pub(super) fn left(&self) -> Option<Leave> {
        match self.stage {
            Stage::Left(how) => Some(how),
            _ => None,
        }
    }

    /// Takes the engine's octets in hand; pending while too many wait.
    pub(super) fn take(&mut self, handle: &TapHandle, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.left().is_none() {
            let mut hand = handle.hand();
            let allowed = BACKLOG_OCTETS + hand.held().map_or(0, |hold| hold.octets);
            if self.outgoing.out.octets() > BACKLOG_OCTETS || self.outgoing.waiting_octets() > allowed {
                return Poll::Pending;
            }
            self.outgoing.take(buf, &mut hand.rules);
            handle.note_content(self.outgoing.take_content());
        }
        Poll::Ready(Ok(buf.len()))
    }

    /// Lets leave what may. Ready when all that may has left.
    pub(super) fn poll_drive<T: Transport>(
        &mut self,
        io: &mut T,
        handle: &TapHandle,
        trace: &mut Option<Box<Trace>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if handle.hand().is_given_up() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        match self.stage {
            Stage::Left(_) => return Poll::Ready(Ok(())),
            Stage::Closing(begun) => {
                let resets = handle.hand().leaving().is_some_and(|leaving| leaving.how == Leave::Reset);
                return self.poll_leave(io, handle, if resets { Leave::Reset } else { begun }, cx);
            }
            Stage::Open | Stage::Ending { .. } => {}
        }
        self.line_up(handle, trace, cx);
        let before = self.outgoing.out.left();
        let written = self.poll_out(io, cx)?;
        let moved = self.outgoing.out.left() > before;
        self.outgoing.out.tell();
        let mut hand = handle.hand();
        PeerIdle::note(&mut hand.idle.blocked, written.is_pending(), moved, Instant::now());
        let leaves = match (hand.leaving(), self.stage) {
            // What the peer does not take now is lost.
            (Some(leaving), _) if leaving.how == Leave::Reset => Some(Leave::Reset),
            (Some(leaving), Stage::Ending { place, .. }) if written.is_ready() => {
                self.outgoing.is_past(place, &leaving.owners).then_some(leaving.how)
            }
            _ => None,
        };
        drop(hand);
        match leaves {
            Some(how) => self.poll_leave(io, handle, how, cx),
            None => written.map(Ok),
        }
    }

    fn poll_out<T: Transport>(&mut self, io: &mut T, cx: &mut Context<'_>) -> Result<Poll<()>, io::Error> {
        while let Some(next) = self.outgoing.out.next() {
            let Poll::Ready(written) = Pin::new(&mut *io).poll_write(cx, next)? else { return Ok(Poll::Pending) };
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.outgoing.out.advance(written);
        }
        Ok(Pin::new(io).poll_flush(cx)?)
    }

    fn poll_leave<T: Transport>(
        &mut self,
        io: &mut T,
        handle: &TapHandle,
        how: Leave,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.stage = Stage::Closing(how);
        let left = io.poll_leave(how, cx)?;
        PeerIdle::note(&mut handle.hand().idle.blocked, left.is_pending(), false, Instant::now());
        ready!(left);
        self.stage = Stage::Left(how);
        self.outgoing.clear();
        handle.hand().finish_leaving();
        match how {
            // The transport is to be dropped, neither read nor written: an error is what makes the engine let go.
            Leave::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Leave::HalfClose | Leave::WithoutCloseNotify => Poll::Ready(Ok(())),
        }
    }

    /// Puts into line what exchanges have asked for, and lets go what may.
    fn line_up(&mut self, handle: &TapHandle, trace: &mut Option<Box<Trace>>, cx: &mut Context<'_>) {
        let mut hand = handle.hand();
        let (writes, over) = hand.take_asked();
        over.into_iter().for_each(|stream| self.outgoing.end_exchange(stream));
        writes.into_iter().for_each(|write| self.outgoing.write(write));
        if let Some(leavers) = hand.leaving().map(|leaving| leaving.owners.len()) {
            // Nobody has the connection for itself any more: all of what waits is to leave first.
            hand.holds.abandon();
            if !matches!(self.stage, Stage::Ending { leavers: known, .. } if known == leavers) {
                self.stage = Stage::Ending { leavers, place: self.outgoing.end_of_line() };
            }
        }
        let mut moved = false;
        loop {
            let now = Instant::now();
            self.watch_hold(&mut hand, cx);
            let held_for = hand.held().map(|hold| hold.stream);
            let gone = self.outgoing.let_go(Obstacles { held_for, room: handle.room() });
            self.settle(&gone, &mut hand, handle, trace);
            moved |= gone.data > 0;
            if hand.held().is_some_and(|hold| gone.is_stuck || gone.held_octets > hold.octets) {
                hand.holds.lose();
            } else if !hand.holds.grant(now) {
                PeerIdle::note(&mut hand.idle.short, gone.is_short, moved, now);
                return;
            }
        }
    }

    /// Ends the hold at hand if its time is up, and has us woken when it is.
    fn watch_hold(&mut self, hand: &mut Hand, cx: &mut Context<'_>) {
        let Some(hold) = hand.held() else {
            self.hold_timer = None;
            return;
        };
        let timer = self.hold_timer.get_or_insert_with(|| Box::pin(sleep_until(hold.until)));
        if timer.deadline() != hold.until {
            timer.as_mut().reset(hold.until);
        }
        if timer.as_mut().poll(cx).is_ready() {
            hand.holds.lose();
        }
    }

    /// Tells whom it concerns what has gone.
    fn settle(&mut self, gone: &Gone, hand: &mut Hand, handle: &TapHandle, trace: &mut Option<Box<Trace>>) {
        let refused = self.outgoing.take_reset().and_then(|stream| handle.note_refused(stream));
        if let Some(trace) = trace {
            for (octets, is_raw) in self.outgoing.take_gone() {
                trace.left(&octets, is_raw, refused);
            }
        }
        hand.secrets.owe(gone.raw_data.saturating_add(self.outgoing.take_unknown_data()));
        handle.add_data_octets(gone.data);
        for owner in &gone.overdrawn {
            // RFC 9113 §5.2: what the engine may still send, nobody knows.
            hand.spoil(*owner);
        }
    }
}
