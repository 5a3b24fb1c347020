//! What is on its way out once a handler has its hand on the wire, in line, sans I/O.
//!
//! What the HTTP/2 engine writes is cut into *units* – a frame, or a whole field block (RFC 9113 §6.10). Raw writes of
//! exchanges are units too, in the same line, so that each stands behind what its exchange sent before:
//!
//! | a unit waits | until |
//! | --- | --- |
//! | behind another of its stream, or of its exchange | that one has gone |
//! | while another stream has the connection for itself | the hold has ended |
//! | while a raw field block is open (RFC 9113 §6.10) | it has ended; raw writes of its exchange pass, they alone can end it |
//! | as DATA of the engine's over the connection's window (§5.2) | the window holds it |
//! | as a field block of the engine's behind another (RFC 7541 §2.2) | that one has gone |

mod look;

use std::{collections::VecDeque, mem};

use bytes::{Bytes, BytesMut};

pub(super) use look::Obstacles;

use self::look::Look;
use super::{
    backlog::Receipt,
    frame::{FrameKind, HEADER_OCTETS, flags},
    out_queue::OutQueue,
    shape::{Rules, header_of},
};

/// Octets of an exchange's own that wait to stand between two frames; none only wait for what is before them to leave.
#[derive(Debug)]
pub(super) struct RawWrite {
    /// The stream of the exchange.
    pub(super) owner: u32,
    pub(super) octets: Bytes,
    /// Octets that flow control counts.
    pub(super) data: u64,
    /// Whether it leaves a field block open, or ends one; none if it has no part of one.
    pub(super) open_block: Option<bool>,
    /// For when the octets have left.
    pub(super) receipt: Receipt,
}

/// What waits in line.
#[derive(Debug)]
struct Unit {
    /// Counts up from 1.
    number: u64,
    stream: u32,
    octets: Bytes,
    /// Octets that flow control counts.
    data: u64,
    of: Of,
}

/// Whose unit it is.
#[derive(Debug)]
enum Of {
    Engine { is_block: bool },
    Exchange { open_block: Option<bool>, receipt: Receipt },
}

/// The line.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// What the engine wrote and makes no unit yet.
    partial: BytesMut,
    waiting: VecDeque<Unit>,
    waiting_octets: usize,
    /// Units that have come so far.
    lined_up: u64,
    /// The exchange whose raw field block is open: nothing but its own raw writes may follow.
    open_block: Option<u32>,
    /// What is known of the first units that wait, so that they need no second look.
    look: Option<Look>,
    /// What has gone.
    pub(super) out: OutQueue,
    /// Octets of content that the engine wrote, by stream, since somebody asked.
    content: Vec<(u32, u32)>,
    /// Octets of DATA that the engine does not know of: padding.
    unknown_data: u64,
    /// The stream of the last RST_STREAM that was not dropped.
    reset: Option<u32>,
    /// What went, and whether it was raw, if somebody wants to know.
    gone: Option<Vec<(Bytes, bool)>>,
}

/// What came of an attempt to let units go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Gone {
    /// Octets of content that went.
    pub(super) data: u64,
    /// Octets of them that exchanges sent raw.
    pub(super) raw_data: u64,
    /// Exchanges whose raw content the connection's window did not hold.
    pub(super) overdrawn: Vec<u32>,
    /// A field block of the stream that has the connection for itself stands behind one of another stream. It can't pass:
    /// the peer's dynamic table depends on their order (RFC 7541 §2.2).
    pub(super) is_stuck: bool,
    /// Nothing but the connection's window keeps some content waiting.
    pub(super) is_short: bool,
    /// Octets that the hold keeps back.
    pub(super) held_octets: usize,
}

impl Outgoing {
    /// Takes octets that the engine wrote.
    pub(super) fn take(&mut self, octets: &[u8], rules: &mut Rules) {
        self.partial.extend_from_slice(octets);
        while let Some(octets) = cut(&mut self.partial) {
            let Some(header) = header_of(&octets) else { continue };
            let Some((octets, unknown)) = rules.shape(header, octets) else { continue };
            if header.kind == FrameKind::RST_STREAM {
                self.reset = Some(header.stream);
            }
            self.unknown_data += u64::from(unknown);
            let mut data = 0;
            if header.kind == FrameKind::DATA {
                data = u64::from(header.length) + u64::from(unknown);
                self.content.push((header.stream, header.length));
            }
            let is_block = matches!(header.kind, FrameKind::HEADERS | FrameKind::PUSH_PROMISE);
            self.line_up(header.stream, octets, data, Of::Engine { is_block });
        }
    }

    /// Lines up a raw write.
    pub(super) fn write(&mut self, write: RawWrite) {
        let RawWrite { owner, octets, data, open_block, receipt } = write;
        self.line_up(owner, octets, data, Of::Exchange { open_block, receipt });
    }

    fn line_up(&mut self, stream: u32, octets: Bytes, data: u64, of: Of) {
        self.lined_up += 1;
        self.waiting_octets += octets.len();
        self.waiting.push_back(Unit { number: self.lined_up, stream, octets, data, of });
    }

    /// An exchange is over: what it has written raw and has not gone is dropped, and its open field block is nobody's.
    pub(super) fn end_exchange(&mut self, stream: u32) {
        self.open_block.take_if(|open| *open == stream);
        let is_its = |unit: &Unit| unit.stream == stream && matches!(unit.of, Of::Exchange { .. });
        if self.waiting.iter().any(is_its) {
            self.look = None;
            self.waiting.retain(|unit| !is_its(unit));
            self.waiting_octets = self.waiting.iter().map(|unit| unit.octets.len()).sum();
        }
    }

    /// Lets go what may.
    pub(super) fn let_go(&mut self, obstacles: Obstacles) -> Gone {
        let mut gone = Gone::default();
        loop {
            let look = match self.look.take() {
                Some(look) if look.holds(obstacles, self.open_block) => look,
                _ => Look::from_first(obstacles.held_for, self.open_block),
            };
            let (look, freed) = self.pass(look, obstacles.room, &mut gone);
            (gone.is_stuck, gone.held_octets) = (look.is_stuck, look.held_octets);
            gone.is_short = look.short_of.is_some();
            if !freed {
                // One that saw a field block begin knows only of those before it.
                self.look = Some(look).filter(|look| look.open_block == self.open_block);
                return gone;
            }
        }
    }

    /// Looks at the units that have not been looked at. Also tells whether a field block has ended, which frees those that
    /// have been: then it stops there.
    fn pass(&mut self, mut look: Look, room: u64, gone: &mut Gone) -> (Look, bool) {
        let mut rest = match look.units {
            0 => mem::take(&mut self.waiting),
            units => self.waiting.split_off(units),
        };
        while let Some(unit) = rest.pop_front() {
            let room = room.saturating_sub(gone.data);
            if !self.may_go(&unit, &mut look, room) {
                look.units += 1;
                self.waiting.push_back(unit);
                continue;
            }
            let was_open = self.open_block.is_some();
            self.go(unit, room, gone);
            if was_open && self.open_block.is_none() {
                self.waiting.append(&mut rest);
                return (look, true);
            }
        }
        (look, false)
    }

    /// Whether a unit may go, with those before it looked at.
    fn may_go(&self, unit: &Unit, look: &mut Look, room: u64) -> bool {
        let (is_block, is_raw) = match unit.of {
            Of::Engine { is_block } => (is_block, false),
            Of::Exchange { .. } => (false, true),
        };
        if let Some(owner) = self.open_block {
            return is_raw && unit.stream == owner;
        }
        let favoured = look.held_for;
        let is_held = favoured.is_some_and(|favoured| favoured != unit.stream);
        let is_behind = look.blocked.contains(&unit.stream) || is_block && look.block_waits;
        let fits = is_raw || unit.data == 0 || unit.data <= room;
        if !is_held && !is_behind && fits {
            return true;
        }
        if is_held {
            look.held_octets += unit.octets.len();
        }
        if !is_held && !is_behind {
            look.short_of = Some(look.short_of.map_or(room, |short_of| short_of.min(room)));
        }
        look.is_stuck |= favoured == Some(unit.stream) && is_block && look.block_waits;
        look.block_waits |= is_block;
        look.blocked.insert(unit.stream);
        false
    }

    fn go(&mut self, unit: Unit, room: u64, gone: &mut Gone) {
        self.waiting_octets -= unit.octets.len();
        gone.data += unit.data;
        let is_raw = matches!(unit.of, Of::Exchange { .. });
        if let Some(gone) = &mut self.gone {
            gone.push((unit.octets.clone(), is_raw));
        }
        self.out.append(unit.octets);
        if let Of::Exchange { open_block, receipt } = unit.of {
            gone.raw_data += unit.data;
            if unit.data > room {
                gone.overdrawn.push(unit.stream);
            }
            match open_block {
                Some(true) => self.open_block = Some(unit.stream),
                Some(false) => self.open_block = None,
                None => {}
            }
            self.out.mark(receipt);
        }
    }

    /// From here on keeps what goes for [`take_gone`](Self::take_gone).
    pub(super) fn keep_gone(&mut self) {
        self.gone.get_or_insert_default();
    }

    /// What went since the last call, and whether it was raw, if it is kept.
    pub(super) fn take_gone(&mut self) -> Vec<(Bytes, bool)> {
        self.gone.as_mut().map(mem::take).unwrap_or_default()
    }

    /// Forgets what has not left; who waits for it learns that.
    pub(super) fn clear(&mut self) {
        self.out.clear();
        let (out, gone) = (mem::take(&mut self.out), self.gone.take());
        *self = Self { lined_up: self.lined_up, out, gone, ..Self::default() };
    }

    /// Octets of content, and of which stream, that the engine wrote since the last call: they stand in line.
    pub(super) fn take_content(&mut self) -> impl ExactSizeIterator<Item = (u32, u32)> + '_ {
        self.content.drain(..)
    }

    /// Octets of DATA that left without the engine's knowledge since the last call.
    pub(super) fn take_unknown_data(&mut self) -> u64 {
        mem::take(&mut self.unknown_data)
    }

    /// The stream of the last RST_STREAM that was let through since the last call.
    pub(super) fn take_reset(&mut self) -> Option<u32> {
        self.reset.take()
    }

    /// Octets that may not go yet.
    pub(super) fn waiting_octets(&self) -> usize {
        self.waiting_octets + self.partial.len()
    }

    /// Where the line ends now: behind the unit of the engine's that has begun, if one has.
    pub(super) fn end_of_line(&self) -> u64 {
        self.lined_up + u64::from(!self.partial.is_empty())
    }

    /// Whether what stood in line before this place has gone, or waits for what one of these exchanges has not done: for
    /// the end of its own field block.
    pub(super) fn is_past(&self, place: u64, owners: &[u32]) -> bool {
        self.open_block.is_some_and(|owner| owners.contains(&owner))
            || self.lined_up >= place && self.waiting.front().is_none_or(|unit| unit.number > place)
    }
}

/// Takes the first unit off, if it is whole.
fn cut(octets: &mut BytesMut) -> Option<Bytes> {
    let mut end = 0;
    loop {
        let header = header_of(octets.get(end..)?)?;
        end += HEADER_OCTETS + header.length as usize;
        if octets.len() < end {
            return None;
        }
        let carries_block =
            matches!(header.kind, FrameKind::HEADERS | FrameKind::PUSH_PROMISE | FrameKind::CONTINUATION);
        if !carries_block || header.has(flags::END_HEADERS) {
            return Some(octets.split_to(end).freeze());
        }
    }
}

#[cfg(test)]
mod tests;
