//! A handler's hand on the wire of an HTTP/2 connection: what exchanges have asked the tap to do and it has not done yet,
//! and what the engine above is not to know.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::{sync::oneshot, time::Instant};

use super::{compose::Composed, outgoing::Rules, sieve::Secrets};
use crate::exchange::{HoldEnd, Leave};

/// What exchanges have asked of the tap.
#[derive(Debug, Default)]
pub struct Hand {
    pub(super) rules: Rules,
    pub(super) secrets: Secrets,
    writes: VecDeque<RawWrite>,
    hold: Option<Hold>,
    /// The stream whose hold ended before it was released.
    lost: Option<u32>,
    leaving: Option<Leaving>,
    /// A raw field block is open: nothing but its own stream's raw frames may follow.
    open_block: Option<u32>,
    closing: Option<Closing>,
    /// Streams of exchanges after which the connection cannot go on.
    spoilers: Vec<u32>,
    has_left: bool,
}

/// How a connection closes after raw use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// With GOAWAY, after the streams that have begun.
    Graceful,
    /// With GOAWAY, at once: engine and client no longer agree on its state.
    Abrupt,
}

/// Octets that wait to stand between two frames.
#[derive(Debug)]
struct RawWrite {
    owner: u32,
    octets: Bytes,
    data: u64,
    opens_block: bool,
    done: oneshot::Sender<()>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) stream: u32,
    pub(super) until: Instant,
    pub(super) octets: usize,
}

#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) how: Leave,
    pub(super) done: oneshot::Sender<()>,
}

/// Octets that may leave now.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) owner: u32,
    pub(super) octets: Bytes,
    pub(super) data: u64,
    pub(super) done: oneshot::Sender<()>,
}

impl Hand {
    /// Lets composed frames of `owner`'s exchange stand before the engine's next. The receiver resolves when they have
    /// been handed to the socket, and fails when the connection is gone.
    pub fn write(&mut self, owner: u32, composed: &mut Composed) -> oneshot::Receiver<()> {
        let (done, written) = oneshot::channel();
        for stream in composed.touched.iter().chain(&composed.promised) {
            self.suppress_reset(*stream);
        }
        for stream in &composed.promised {
            self.absorb(*stream);
        }
        self.rules.suppress_goaway |= composed.goaway;
        self.secrets.settings += composed.settings;
        let data = composed.data.iter().map(|(_, octets)| u64::from(*octets)).sum();
        let octets = Bytes::from(std::mem::take(&mut composed.octets));
        if !self.has_left {
            self.writes.push_back(RawWrite { owner, octets, data, opens_block: composed.open_block, done });
        }
        written
    }

    /// Frames of the client for this stream are absorbed.
    ///
    /// Only even-numbered streams can be promised (RFC 9113 §5.1.1); others are the client's, or the connection.
    pub fn absorb(&mut self, stream: u32) {
        if stream > 0 && stream.is_multiple_of(2) && !self.secrets.promised.contains(&stream) {
            self.secrets.promised.push(stream);
        }
    }

    /// No RST_STREAM of the engine's leaves on this stream.
    fn suppress_reset(&mut self, stream: u32) {
        if !self.rules.suppressed.contains(&stream) {
            self.rules.suppressed.push(stream);
        }
    }

    /// RST_STREAM of the engine's leaves again.
    pub fn allow_reset(&mut self, stream: u32) {
        self.rules.suppressed.retain(|suppressed| *suppressed != stream);
    }

    /// Pads the next DATA frame of a stream.
    pub fn pad_next(&mut self, stream: u32, padding: u8) {
        self.rules.padding.push((stream, padding));
    }

    /// Splits the field blocks of a stream into fragments of at most `octets`; 0 ends it.
    pub fn split(&mut self, stream: u32, octets: u32) {
        self.rules.fragments.retain(|(split, _)| *split != stream);
        if octets > 0 {
            self.rules.fragments.push((stream, octets as usize));
        }
    }

    /// Keeps all streams but this one waiting.
    pub fn hold(&mut self, stream: u32, until: Instant, octets: usize) {
        self.hold = Some(Hold { stream, until, octets });
        self.lost = None;
    }

    /// Ends a stream's hold.
    pub fn release(&mut self, stream: u32) -> HoldEnd {
        if self.hold.take_if(|hold| hold.stream == stream).is_some() {
            HoldEnd::Released
        } else if self.lost.take_if(|lost| *lost == stream).is_some() {
            HoldEnd::Lost
        } else {
            HoldEnd::None
        }
    }

    pub(super) fn lose_hold(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.lost = Some(hold.stream);
        }
    }

    pub(super) fn held(&self) -> Option<Hold> {
        self.hold
    }

    /// Leaves after what was written so far.
    pub fn leave(&mut self, how: Leave) -> oneshot::Receiver<()> {
        let (done, left) = oneshot::channel();
        if !self.has_left {
            self.leaving = Some(Leaving { how, done });
        }
        left
    }

    pub(super) fn take_leaving(&mut self) -> Option<Leaving> {
        if self.writes.is_empty() { self.leaving.take() } else { None }
    }

    /// Has the connection closed, when the exchange is over; the more abrupt way wins.
    pub fn close(&mut self, closing: Closing) {
        if self.closing != Some(Closing::Abrupt) {
            self.closing = Some(closing);
        }
    }

    /// Has the connection close once the exchange on this stream is over.
    pub(super) fn spoil(&mut self, stream: u32) {
        self.spoilers.push(stream);
    }

    /// How the connection is to close, if it is.
    pub fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// An exchange is over: what it left open or held is nobody's any more.
    pub fn let_stream_go(&mut self, stream: u32) {
        if self.spoilers.contains(&stream) {
            self.close(Closing::Abrupt);
        }
        self.hold.take_if(|hold| hold.stream == stream);
        self.lost.take_if(|lost| *lost == stream);
        self.open_block.take_if(|open| *open == stream);
        self.rules.padding.retain(|(padded, _)| *padded != stream);
        self.rules.fragments.retain(|(split, _)| *split != stream);
    }

    /// The next write that may leave: in order, but for those that another exchange keeps waiting.
    pub(super) fn next_write(&mut self) -> Option<Ready> {
        let favoured = self.open_block.or(self.hold.map(|hold| hold.stream));
        let may_go = |write: &RawWrite| favoured.is_none_or(|favoured| favoured == write.owner);
        let index = self.writes.iter().position(may_go)?;
        let RawWrite { owner, octets, data, opens_block, done } = self.writes.remove(index)?;
        self.open_block = opens_block.then_some(owner);
        self.secrets.debt = self.secrets.debt.saturating_add(data);
        Some(Ready { owner, octets, data, done })
    }

    pub(super) fn has_open_block(&self) -> bool {
        self.open_block.is_some()
    }

    /// Whether nothing leaves any more.
    pub fn has_left(&self) -> bool {
        self.has_left
    }

    /// Nothing leaves any more; whoever waits is told.
    pub(super) fn abandon(&mut self) {
        self.has_left = true;
        self.writes.clear();
        self.leaving = None;
        self.hold = None;
    }
}
