//! A handler's hand on the wire of an HTTP/2 connection: what exchanges have asked the tap to do and it has not done yet,
//! and what the engine above is not to know.

use std::{collections::BTreeSet, mem, time::Duration};

use bytes::Bytes;
use tokio::{sync::oneshot, time::Instant};

use super::{
    backlog::{Backlog, Receipt, Share},
    compose::Composed,
    hold::{Hold, Holds},
    outgoing::RawWrite,
    shape::Rules,
    sieve::Secrets,
};
use crate::exchange::{HoldEnd, Leave};

/// What exchanges have asked of the tap.
#[derive(Debug, Default)]
pub struct Hand {
    pub(super) rules: Rules,
    pub(super) secrets: Secrets,
    pub(super) holds: Holds,
    /// Since when the peer has taken nothing that we would have sent.
    pub(super) idle: PeerIdle,
    pub(super) backlog: Backlog,
    /// Not lined up yet.
    writes: Vec<RawWrite>,
    /// Exchanges that are over, which the line does not know yet.
    over: Vec<u32>,
    leaving: Option<Leaving>,
    closing: Option<Closing>,
    /// Streams of exchanges after which the connection cannot go on.
    spoilers: BTreeSet<u32>,
    state: State,
}

/// Whether anything leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Open,
    /// The peer has taken nothing for too long: the transport is to be dropped.
    GivenUp,
    /// Nothing leaves any more.
    Left,
}

/// How a connection closes after raw use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// With GOAWAY, after the streams that have begun.
    Graceful,
    /// With GOAWAY, at once: engine and client no longer agree on its state.
    Abrupt,
}

#[derive(Debug)]
pub(super) struct Leaving {
    /// The streams of the exchanges that asked.
    pub(super) owners: Vec<u32>,
    pub(super) how: Leave,
    /// Whoever waits for it.
    pub(super) done: Vec<oneshot::Sender<()>>,
}

/// Since when the peer has taken nothing, though there was something to take.
#[derive(Debug, Default)]
pub(super) struct PeerIdle {
    /// Its socket takes no octets.
    pub(super) blocked: Option<Instant>,
    /// It opens no window (RFC 9113 §5.2).
    pub(super) short: Option<Instant>,
}

impl PeerIdle {
    /// Since when, if it is.
    fn since(&self) -> Option<Instant> {
        self.blocked.into_iter().chain(self.short).min()
    }

    /// Notes at `now` whether this waits for the peer. It has waited from now on, if anything has `moved`.
    pub(super) fn note(since: &mut Option<Instant>, waits: bool, moved: bool, now: Instant) {
        *since = match *since {
            Some(since) if waits && !moved => Some(since),
            _ => waits.then_some(now),
        };
    }
}

impl Hand {
    /// Lets composed frames of `owner`'s exchange stand behind what the engine wrote for it before. The receiver resolves
    /// when they have been handed to the socket, and fails when the connection is gone.
    pub fn write(&mut self, owner: u32, composed: &mut Composed, share: Share) -> oneshot::Receiver<()> {
        let (done, written) = oneshot::channel();
        for stream in &composed.touched {
            self.rules.suppress_reset(*stream);
        }
        for stream in &composed.promised {
            self.absorb(owner, *stream);
        }
        self.rules.suppress_goaway |= composed.goaway;
        self.secrets.settings = self.secrets.settings.saturating_add(composed.settings);
        let data = composed.data.iter().map(|(_, octets)| u64::from(*octets)).sum();
        let octets = Bytes::from(mem::take(&mut composed.octets));
        if self.state == State::Open {
            let receipt = Receipt::new(done, share);
            self.writes.push(RawWrite { owner, octets, data, open_block: composed.open_block, receipt });
        }
        written
    }

    /// Frames of the client for this stream are absorbed. When that are too many streams, the connection cannot go on after
    /// the exchange of `owner`.
    pub fn absorb(&mut self, owner: u32, stream: u32) {
        if !self.secrets.absorb(stream) {
            self.spoil(owner);
        }
    }

    /// The highest stream that was promised raw.
    pub fn last_promised(&self) -> Option<u32> {
        self.secrets.last_promised()
    }

    /// RST_STREAM of the engine's leaves again.
    pub fn allow_reset(&mut self, stream: u32) {
        self.rules.allow_reset(stream);
    }

    /// Pads the next DATA frame of a stream.
    pub fn pad_next(&mut self, stream: u32, padding: u8) {
        self.rules.pad_next(stream, padding);
    }

    /// Splits the field blocks of a stream into fragments of at most `octets`; 0 ends it.
    pub fn split(&mut self, stream: u32, octets: u32) {
        self.rules.split(stream, octets);
    }

    /// Keeps all streams but this one waiting, once the holds before it have ended; see
    /// [`RawDoor::hold`](crate::exchange::RawDoor::hold).
    pub fn hold(&mut self, stream: u32, time: Duration, octets: usize) -> oneshot::Receiver<()> {
        if self.state != State::Open {
            return oneshot::channel().1;
        }
        self.holds.ask(stream, time, octets, Instant::now())
    }

    /// Ends a stream's hold.
    pub fn release(&mut self, stream: u32) -> HoldEnd {
        self.holds.release(stream)
    }

    pub(super) fn held(&self) -> Option<Hold> {
        self.holds.held()
    }

    /// Leaves after what was written so far, for whoever asks. Of two who leave, the first says how, but for a reset.
    pub fn leave(&mut self, owner: u32, how: Leave) -> oneshot::Receiver<()> {
        let (done, left) = oneshot::channel();
        if self.state == State::Open {
            let leaving = self.leaving.get_or_insert(Leaving { owners: Vec::new(), how, done: Vec::new() });
            if how == Leave::Reset {
                leaving.how = how;
            }
            leaving.owners.push(owner);
            leaving.done.push(done);
        }
        left
    }

    /// How exchanges leave, if one does.
    pub(super) fn leaving(&self) -> Option<&Leaving> {
        self.leaving.as_ref()
    }

    /// What has been asked for since the last call: raw writes, and exchanges that are over.
    pub(super) fn take_asked(&mut self) -> (Vec<RawWrite>, Vec<u32>) {
        (mem::take(&mut self.writes), mem::take(&mut self.over))
    }

    /// Has the connection closed, when the exchange is over; the more abrupt way wins.
    pub fn close(&mut self, closing: Closing) {
        if self.closing != Some(Closing::Abrupt) {
            self.closing = Some(closing);
        }
    }

    /// Has the connection close once the exchange on this stream is over.
    pub(super) fn spoil(&mut self, stream: u32) {
        self.spoilers.insert(stream);
    }

    /// How the connection is to close, if it is.
    pub fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// An exchange is over: what it left open or held is nobody's any more, and what it wrote and has not left never will.
    pub fn let_stream_go(&mut self, stream: u32) {
        if self.spoilers.remove(&stream) {
            self.close(Closing::Abrupt);
        }
        self.holds.end(stream);
        self.rules.end(stream);
        self.writes.retain(|write| write.owner != stream);
        if self.state == State::Open {
            self.over.push(stream);
        }
    }

    /// Since when the peer has taken nothing, though there was something to take.
    pub fn peer_idle_since(&self) -> Option<Instant> {
        self.idle.since()
    }

    /// The peer has taken nothing for too long: the transport is dropped as it is.
    pub fn give_up(&mut self) {
        if self.state == State::Open {
            self.state = State::GivenUp;
            self.forget();
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.state == State::GivenUp
    }

    /// Whether nothing leaves any more.
    pub fn has_left(&self) -> bool {
        self.state != State::Open
    }

    /// Nothing leaves any more; whoever waits is told, and whoever leaves that it has.
    pub(super) fn finish_leaving(&mut self) {
        if let Some(leaving) = self.leaving.take() {
            for done in leaving.done {
                // Nobody waits any more: nobody is to be told.
                let _ = done.send(());
            }
        }
        self.abandon();
    }

    /// Nothing leaves any more; whoever waits is told.
    pub(super) fn abandon(&mut self) {
        self.state = State::Left;
        self.forget();
    }

    fn forget(&mut self) {
        self.writes.clear();
        self.over.clear();
        self.leaving = None;
        self.holds.abandon();
    }
}
