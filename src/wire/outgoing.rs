//! The engine's frames on their way out once a handler has its hand on the wire, sans I/O.
//!
//! What the HTTP/2 engine writes is cut into *units* – a frame, or a whole field block (RFC 9113 §6.10) – so that others
//! can stand between them, and so that each can be dropped, put into another shape, or made to wait.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags};

/// What is done with the engine's frames, by stream.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Streams on which no RST_STREAM of the engine's leaves: a handler sends on them what the engine knows nothing of.
    pub(super) suppressed: Vec<u32>,
    /// Padding for the next DATA frame of a stream.
    pub(super) padding: Vec<(u32, u8)>,
    /// The longest fragment of the field blocks of a stream.
    pub(super) fragments: Vec<(u32, usize)>,
    /// A handler has sent a GOAWAY: the engine's own would contradict it.
    pub(super) suppress_goaway: bool,
}

/// A frame, or a field block with all its frames.
#[derive(Debug)]
struct Unit {
    header: FrameHeader,
    octets: Bytes,
    /// Octets that flow control counts.
    data: u32,
}

/// The engine's octets, cut and lined up.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// What the engine wrote and makes no unit yet.
    partial: BytesMut,
    /// Units in the order of the engine; those that may go have gone.
    waiting: VecDeque<Unit>,
    waiting_octets: usize,
    /// What leaves, in this order.
    out: VecDeque<Bytes>,
    out_octets: usize,
    /// Octets put into `out` so far.
    appended: u64,
    /// Octets of DATA that the engine does not know of: padding.
    unknown_data: u64,
    /// The stream of the last RST_STREAM that was not dropped.
    reset: Option<u32>,
    /// Units that went, if somebody wants to know.
    gone: Option<Vec<Bytes>>,
}

/// What keeps units waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Obstacles {
    /// Only this stream may send.
    pub(super) held_for: Option<u32>,
    /// Octets of content that the connection's window lets through (RFC 9113 §5.2).
    pub(super) room: u64,
    /// A handler has left a field block open: nothing else may follow (RFC 9113 §6.10).
    pub(super) open_block: bool,
}

/// What came of an attempt to let units go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Gone {
    /// Octets of content that went.
    pub(super) data: u64,
    /// A field block of the stream that has the connection for itself stands behind one of another stream. It can't pass:
    /// the peer's dynamic table depends on their order (RFC 7541 §2.2).
    pub(super) stuck: bool,
}

impl Outgoing {
    /// Takes octets that the engine wrote.
    pub(super) fn take(&mut self, octets: &[u8], rules: &mut Rules) {
        self.partial.extend_from_slice(octets);
        while let Some(octets) = cut(&mut self.partial) {
            let Some(unit) = self.shape(octets, rules) else { continue };
            self.waiting_octets += unit.octets.len();
            self.waiting.push_back(unit);
        }
    }

    /// Drops a unit, or gives it its shape.
    fn shape(&mut self, octets: Bytes, rules: &mut Rules) -> Option<Unit> {
        let header = header_of(&octets)?;
        let stream = header.stream;
        match header.kind {
            FrameKind::RST_STREAM if rules.suppressed.contains(&stream) => None,
            FrameKind::RST_STREAM => {
                self.reset = Some(stream);
                Some(Unit { header, octets, data: 0 })
            }
            FrameKind::GOAWAY if rules.suppress_goaway => None,
            FrameKind::DATA => {
                let index = rules.padding.iter().position(|(padded, _)| *padded == stream);
                let Some((_, padding)) = index.map(|index| rules.padding.remove(index)) else {
                    return Some(Unit { header, octets, data: header.length });
                };
                self.unknown_data += u64::from(padding) + 1;
                let octets = pad(header, &octets[HEADER_OCTETS..], padding);
                Some(Unit { header, octets, data: header.length + u32::from(padding) + 1 })
            }
            FrameKind::HEADERS | FrameKind::PUSH_PROMISE => {
                let fragment = rules.fragments.iter().find(|(split, _)| *split == stream);
                let octets = match fragment {
                    Some((_, fragment)) => split(header, &octets, *fragment),
                    None => octets,
                };
                Some(Unit { header, octets, data: 0 })
            }
            _ => Some(Unit { header, octets, data: 0 }),
        }
    }

    /// Lets go what may: units keep their order within a stream, and field blocks among themselves.
    pub(super) fn let_go(&mut self, obstacles: Obstacles) -> Gone {
        let mut gone = Gone::default();
        if obstacles.open_block {
            return gone;
        }
        let mut blocked: Vec<u32> = Vec::new();
        let mut block_waits = false;
        for unit in std::mem::take(&mut self.waiting) {
            let stream = unit.header.stream;
            let is_block = matches!(unit.header.kind, FrameKind::HEADERS | FrameKind::PUSH_PROMISE);
            let is_favoured = obstacles.held_for == Some(stream);
            let is_held = obstacles.held_for.is_some() && !is_favoured;
            let fits = unit.data == 0 || gone.data + u64::from(unit.data) <= obstacles.room;
            let waits_for_another = blocked.contains(&stream) || is_block && block_waits;
            if fits && !is_held && !waits_for_another {
                gone.data += u64::from(unit.data);
                self.waiting_octets -= unit.octets.len();
                if let Some(gone) = &mut self.gone {
                    gone.push(unit.octets.clone());
                }
                self.append(unit.octets);
                continue;
            }
            gone.stuck |= is_favoured && is_block && block_waits;
            block_waits |= is_block;
            blocked.push(stream);
            self.waiting.push_back(unit);
        }
        gone
    }

    /// From here on keeps the units that go for [`take_gone`](Self::take_gone).
    pub(super) fn keep_gone(&mut self) {
        self.gone.get_or_insert_default();
    }

    /// The units that went since the last call, if they are kept.
    pub(super) fn take_gone(&mut self) -> Vec<Bytes> {
        self.gone.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Puts octets behind what is leaving.
    pub(super) fn append(&mut self, octets: Bytes) {
        self.appended += octets.len() as u64;
        self.out_octets += octets.len();
        if !octets.is_empty() {
            self.out.push_back(octets);
        }
    }

    /// What leaves next; none if all has left.
    pub(super) fn next(&self) -> Option<&Bytes> {
        self.out.front()
    }

    /// Notes that the first octets of [`next`](Self::next) have left.
    pub(super) fn advance(&mut self, octets: usize) {
        self.out_octets -= octets;
        if let Some(first) = self.out.front_mut() {
            first.advance(octets);
            if first.is_empty() {
                self.out.pop_front();
            }
        }
    }

    /// Forgets what has not left.
    pub(super) fn clear(&mut self) {
        *self = Self { appended: self.appended, gone: self.gone.take(), ..Self::default() };
    }

    /// Octets of DATA that left without the engine's knowledge since the last call.
    pub(super) fn take_unknown_data(&mut self) -> u64 {
        std::mem::take(&mut self.unknown_data)
    }

    /// The stream of the last RST_STREAM that was let through since the last call.
    pub(super) fn take_reset(&mut self) -> Option<u32> {
        self.reset.take()
    }

    /// Octets put on their way so far.
    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    /// Octets of these that have left.
    pub(super) fn left(&self) -> u64 {
        self.appended - self.out_octets as u64
    }

    /// Octets on their way.
    pub(super) fn out_octets(&self) -> usize {
        self.out_octets
    }

    /// Octets that may not go yet.
    pub(super) fn waiting_octets(&self) -> usize {
        self.waiting_octets + self.partial.len()
    }

    /// Octets of streams other than this one that may not go yet.
    pub(super) fn waiting_of_others(&self, stream: u32) -> usize {
        self.waiting.iter().filter(|unit| unit.header.stream != stream).map(|unit| unit.octets.len()).sum()
    }
}

fn header_of(octets: &[u8]) -> Option<FrameHeader> {
    octets.first_chunk().map(|header| FrameHeader::decode(*header))
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

/// A DATA frame with padding (RFC 9113 §6.1). The engine pads none itself.
fn pad(header: FrameHeader, payload: &[u8], padding: u8) -> Bytes {
    let length = header.length + u32::from(padding) + 1;
    let header = FrameHeader { length, flags: header.flags | flags::PADDED, ..header };
    let mut octets = BytesMut::with_capacity(HEADER_OCTETS + length as usize);
    octets.put_slice(&header.encode());
    octets.put_u8(padding);
    octets.put_slice(payload);
    octets.put_bytes(0, padding.into());
    octets.freeze()
}

/// A field block in fragments of at most `most` octets (RFC 9113 §6.10). The engine's have neither padding nor priority.
fn split(first: FrameHeader, unit: &[u8], most: usize) -> Bytes {
    let mut payload = Vec::with_capacity(unit.len());
    let mut rest = unit;
    while let Some(header) = header_of(rest) {
        let end = (HEADER_OCTETS + header.length as usize).min(rest.len());
        payload.extend_from_slice(&rest[HEADER_OCTETS..end]);
        rest = &rest[end..];
    }
    // RFC 9113 §6.6: a promised stream stands before the block.
    let fixed = if first.kind == FrameKind::PUSH_PROMISE { payload.len().min(4) } else { 0 };
    let mut octets = BytesMut::with_capacity(unit.len() + HEADER_OCTETS * (payload.len() / most.max(1) + 1));
    let mut at = 0;
    while at == 0 || at < payload.len() {
        let allowed = if at == 0 { most + fixed } else { most };
        let end = payload.len().min(at + allowed.max(1));
        let header = FrameHeader {
            length: u32::try_from(end - at).unwrap_or(u32::MAX),
            kind: if at == 0 { first.kind } else { FrameKind::CONTINUATION },
            flags: (if at == 0 { first.flags & !flags::END_HEADERS } else { 0 })
                | (if end == payload.len() { flags::END_HEADERS } else { 0 }),
            reserved: false,
            stream: first.stream,
        };
        octets.put_slice(&header.encode());
        octets.put_slice(&payload[at..end]);
        if payload.is_empty() {
            break;
        }
        at = end;
    }
    octets.freeze()
}

#[cfg(test)]
mod tests;
