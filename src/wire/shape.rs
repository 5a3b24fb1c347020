//! What the engine's frames look like when they leave: dropped, padded or split as exchanges have asked, sans I/O.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::{BufMut, Bytes, BytesMut};

use super::frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags};

/// Streams of exchanges that are over whose rules are still known: their last frames are on the way from the engine,
/// within a turn or two of the connection.
const STREAMS_OVER: usize = 1_024;

/// What is done with the engine's frames, by stream. Bounded by the exchanges that are under way, and [`STREAMS_OVER`].
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Streams on which no RST_STREAM of the engine's leaves: a handler sends on them what the engine knows nothing of.
    suppressed: BTreeSet<u32>,
    /// Padding for the next DATA frame of a stream.
    padding: BTreeMap<u32, u8>,
    /// The longest fragment of the field blocks of a stream.
    fragments: BTreeMap<u32, usize>,
    /// A handler has sent a GOAWAY: the engine's own would contradict it.
    pub(super) suppress_goaway: bool,
    /// Streams with rules whose exchanges are over, oldest first.
    over: VecDeque<u32>,
}

impl Rules {
    pub(super) fn suppress_reset(&mut self, stream: u32) {
        self.suppressed.insert(stream);
    }

    pub(super) fn allow_reset(&mut self, stream: u32) {
        self.suppressed.remove(&stream);
    }

    pub(super) fn pad_next(&mut self, stream: u32, padding: u8) {
        self.padding.insert(stream, padding);
    }

    /// Splits the field blocks of a stream into fragments of at most `octets`; 0 ends it.
    pub(super) fn split(&mut self, stream: u32, octets: u32) {
        if octets > 0 {
            self.fragments.insert(stream, octets as usize);
        } else {
            self.fragments.remove(&stream);
        }
    }

    /// The exchange on this stream is over. Its rules hold for a while, as the engine has not written all of it yet.
    pub(super) fn end(&mut self, stream: u32) {
        let has_rules = self.suppressed.contains(&stream)
            || self.padding.contains_key(&stream)
            || self.fragments.contains_key(&stream);
        if !has_rules {
            return;
        }
        self.over.push_back(stream);
        if self.over.len() > STREAMS_OVER
            && let Some(oldest) = self.over.pop_front()
        {
            self.suppressed.remove(&oldest);
            self.padding.remove(&oldest);
            self.fragments.remove(&oldest);
        }
    }

    /// How many rules there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.suppressed.len() + self.padding.len() + self.fragments.len() + self.over.len()
    }

    /// A unit of the engine's in its shape, and the octets of it that flow control counts and the engine does not; none
    /// if it is dropped.
    pub(super) fn shape(&mut self, header: FrameHeader, octets: Bytes) -> Option<(Bytes, u32)> {
        let stream = header.stream;
        match header.kind {
            FrameKind::RST_STREAM if self.suppressed.contains(&stream) => None,
            FrameKind::GOAWAY if self.suppress_goaway => None,
            FrameKind::DATA => match self.padding.remove(&stream) {
                Some(padding) => Some((pad(header, &octets[HEADER_OCTETS..], padding), u32::from(padding) + 1)),
                None => Some((octets, 0)),
            },
            FrameKind::HEADERS | FrameKind::PUSH_PROMISE => match self.fragments.get(&stream) {
                Some(most) => Some((split(header, &octets, *most), 0)),
                None => Some((octets, 0)),
            },
            _ => Some((octets, 0)),
        }
    }
}

pub(super) fn header_of(octets: &[u8]) -> Option<FrameHeader> {
    octets.first_chunk().map(|header| FrameHeader::decode(*header))
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
