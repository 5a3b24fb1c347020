//! Frames of a handler's own making as octets (RFC 9113 §6), sans I/O. Nothing is judged; what the rest of the connection
//! has to know about them is noted.

use bytes::Bytes;

use super::{
    frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags},
    hpack::{block_spares_dynamic_table, encode_instruction, spares_dynamic_table},
};
use crate::exchange::{Body, Instruction, Priority, RawFrame, RawSection};

/// Frames as octets, and what they mean to the connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Composed {
    /// The frames, one after the other.
    pub octets: Vec<u8>,
    /// Octets that flow control counts (RFC 9113 §6.9.1), by stream.
    pub data: Vec<(u32, u32)>,
    /// Streams on which something of a response left.
    pub touched: Vec<u32>,
    /// Streams that ended: END_STREAM, RST_STREAM.
    pub ended: Vec<u32>,
    /// Streams promised.
    pub promised: Vec<u32>,
    /// Why the connection cannot go on after the exchange, if it cannot.
    pub spoils: Option<&'static str>,
    /// SETTINGS among them that the client is to acknowledge.
    pub settings: u32,
    /// Whether a GOAWAY is among them.
    pub goaway: bool,
    /// Whether a field block is left open, so that only CONTINUATION may follow (RFC 9113 §6.10), or none is; none if no
    /// frame has a part of one.
    pub open_block: Option<bool>,
}

/// Composes frames; those without a stream get `own`, or 0 if they are about the connection.
pub fn frames(frames: &[RawFrame], own: u32) -> Composed {
    let mut composed = Composed::default();
    for frame in frames {
        let about_connection = matches!(
            frame.body,
            Body::Settings { .. }
                | Body::Ping { .. }
                | Body::Goaway { .. }
                | Body::Origin(_)
                | Body::PriorityUpdate { .. }
        );
        let stream = frame.stream.unwrap_or(if about_connection { 0 } else { own });
        composed.frame(stream, &frame.body);
    }
    composed
}

/// A field block.
pub fn block(instructions: &[Instruction]) -> Vec<u8> {
    let mut out = Vec::new();
    for instruction in instructions {
        encode_instruction(&mut out, instruction);
    }
    out
}

/// At least how many octets these frames take: those of their contents, so that what is too much is never composed.
pub fn octets_of(frames: &[RawFrame]) -> usize {
    let instructions = |block: &[Instruction]| block.iter().map(instruction_octets).sum();
    let content = |body: &Body| match body {
        Body::Data { octets, .. } => octets.len(),
        Body::Headers { fields, .. } | Body::PushPromise { fields, .. } => instructions(&fields.block),
        Body::Continuation { block, .. } => instructions(block),
        Body::Settings { settings, .. } => settings.len() * SETTING_OCTETS,
        Body::Ping { opaque, .. } => opaque.len(),
        Body::Goaway { debug, .. } => debug.len(),
        Body::Altsvc { origin, value } => origin.len() + value.len(),
        Body::Origin(origins) => origins.iter().map(Bytes::len).sum(),
        Body::PriorityUpdate { value, .. } => value.len(),
        Body::Other { payload, .. } => payload.len(),
        Body::Priority(_) | Body::RstStream(_) | Body::WindowUpdate(_) => 0,
    };
    frames.iter().map(|frame| HEADER_OCTETS + content(&frame.body)).sum()
}

fn instruction_octets(instruction: &Instruction) -> usize {
    match instruction {
        Instruction::Literal { name, value, .. } => name.len() + value.len(),
        Instruction::Octets(octets) => octets.len(),
        Instruction::Indexed(_) | Instruction::SizeUpdate(_) => 1,
    }
}

/// Octets of one setting (RFC 9113 §6.5.1).
const SETTING_OCTETS: usize = 6;

/// The most octets that the Length field of a frame can say.
const MAX_LENGTH: usize = (1 << 24) - 1;

impl Composed {
    fn frame(&mut self, stream: u32, body: &Body) {
        match body {
            Body::Data { octets, padding, end_stream } => {
                let mut payload = Vec::with_capacity(octets.len() + 256);
                let flags = padded(*padding, &mut payload, |payload| payload.extend_from_slice(octets));
                self.touch(stream, *end_stream);
                self.put(FrameKind::DATA, flags | flag(*end_stream, flags::END_STREAM), stream, &payload);
            }
            Body::Headers { fields, priority, end_stream } => {
                self.touch(stream, *end_stream);
                let kind_flags = flag(*end_stream, flags::END_STREAM) | flag(priority.is_some(), flags::PRIORITY);
                let before: Vec<u8> = priority.iter().flat_map(|&priority| encode_priority(priority)).collect();
                self.section(FrameKind::HEADERS, kind_flags, stream, &before, fields);
            }
            Body::Priority(priority) => self.put(FrameKind::PRIORITY, 0, stream, &encode_priority(*priority)),
            Body::RstStream(code) => {
                self.touch(stream, true);
                self.put(FrameKind::RST_STREAM, 0, stream, &code.to_be_bytes());
            }
            Body::Settings { ack, settings } => {
                let mut payload = Vec::with_capacity(settings.len() * SETTING_OCTETS);
                for (identifier, value) in settings {
                    payload.extend_from_slice(&identifier.to_be_bytes());
                    payload.extend_from_slice(&value.to_be_bytes());
                }
                self.spoil("SETTINGS");
                self.settings += u32::from(!ack);
                self.put(FrameKind::SETTINGS, flag(*ack, flags::ACK), stream, &payload);
            }
            Body::PushPromise { promised, fields } => {
                self.promised.push(promised & (u32::MAX >> 1));
                self.section(FrameKind::PUSH_PROMISE, 0, stream, &promised.to_be_bytes(), fields);
            }
            Body::Ping { ack, opaque } => self.put(FrameKind::PING, flag(*ack, flags::ACK), stream, opaque),
            Body::Goaway { last_stream, code, debug } => {
                self.goaway = true;
                let payload = [&last_stream.to_be_bytes(), &code.to_be_bytes(), &debug[..]].concat();
                self.put(FrameKind::GOAWAY, 0, stream, &payload);
            }
            Body::WindowUpdate(increment) => {
                if stream == 0 {
                    // The client may now send more than the engine takes (RFC 9113 §5.2).
                    self.spoil("the connection's window");
                }
                self.put(FrameKind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes());
            }
            Body::Continuation { block: instructions, end_headers } => {
                self.touched.push(stream);
                self.note_block(instructions);
                self.open_block = Some(!end_headers);
                let payload = block(instructions);
                self.put(FrameKind::CONTINUATION, flag(*end_headers, flags::END_HEADERS), stream, &payload);
            }
            Body::Altsvc { .. } | Body::Origin(_) | Body::PriorityUpdate { .. } => self.extension(stream, body),
            Body::Other { .. } => self.other(stream, body),
        }
    }

    /// Frames of other documents than RFC 9113.
    fn extension(&mut self, stream: u32, body: &Body) {
        match body {
            Body::Altsvc { origin, value } => {
                let payload = [&length16(origin), &origin[..], &value[..]].concat();
                self.put(FrameKind::ALTSVC, 0, stream, &payload);
            }
            Body::Origin(origins) => {
                let payload: Vec<u8> =
                    origins.iter().flat_map(|origin| [&length16(origin), &origin[..]].concat()).collect();
                self.put(FrameKind::ORIGIN, 0, stream, &payload);
            }
            Body::PriorityUpdate { prioritized, value } => {
                let payload = [&prioritized.to_be_bytes(), &value[..]].concat();
                self.put(FrameKind::PRIORITY_UPDATE, 0, stream, &payload);
            }
            _ => {}
        }
    }

    fn other(&mut self, stream: u32, body: &Body) {
        let Body::Other { kind, flags, reserved, payload, declared } = body else { return };
        let length = declared.unwrap_or(u32::try_from(payload.len()).unwrap_or(u32::MAX));
        let header = FrameHeader { length, kind: FrameKind(*kind), flags: *flags, reserved: *reserved, stream };
        if length as usize != payload.len() {
            self.spoil("a length that is not the payload's");
        }
        match header.kind {
            FrameKind::DATA => {
                self.touch(stream, header.has(flags::END_STREAM));
                self.data.push((stream, u32::try_from(payload.len()).unwrap_or(u32::MAX)));
            }
            FrameKind::HEADERS | FrameKind::CONTINUATION | FrameKind::PUSH_PROMISE => {
                self.touch(stream, header.kind == FrameKind::HEADERS && header.has(flags::END_STREAM));
                let whole = header.has(flags::END_HEADERS) && header.kind != FrameKind::CONTINUATION;
                if !(whole && header.block_fragment(payload).is_some_and(block_spares_dynamic_table)) {
                    self.spoil("a field block of unknown content");
                }
                self.open_block = Some(!header.has(flags::END_HEADERS));
                let at = usize::from(header.has(flags::PADDED));
                if header.kind == FrameKind::PUSH_PROMISE
                    && let Some(promised) = payload.get(at..).and_then(|payload| payload.first_chunk())
                {
                    self.promised.push(u32::from_be_bytes(*promised) & (u32::MAX >> 1));
                }
            }
            FrameKind::RST_STREAM => self.touch(stream, true),
            FrameKind::SETTINGS => {
                self.spoil("SETTINGS");
                self.settings += u32::from(!header.has(flags::ACK));
            }
            FrameKind::WINDOW_UPDATE if stream == 0 => self.spoil("the connection's window"),
            FrameKind::GOAWAY => self.goaway = true,
            _ => {}
        }
        self.octets.extend_from_slice(&header.encode());
        self.octets.extend_from_slice(payload);
    }

    /// HEADERS or PUSH_PROMISE, and what continues it.
    fn section(&mut self, kind: FrameKind, kind_flags: u8, stream: u32, before: &[u8], fields: &RawSection) {
        self.note_block(&fields.block);
        self.open_block = Some(!fields.end_headers);
        let whole = block(&fields.block);
        let mut rest = &whole[..];
        let mut fragments = Vec::with_capacity(fields.split.len() + 1);
        for &octets in &fields.split {
            let (fragment, after) = rest.split_at(rest.len().min(octets as usize));
            fragments.push(fragment);
            rest = after;
        }
        fragments.push(rest);
        let last = fragments.len() - 1;
        for (index, fragment) in fragments.into_iter().enumerate() {
            let end = flag(index == last && fields.end_headers, flags::END_HEADERS);
            if index == 0 {
                let mut payload = Vec::with_capacity(fragment.len() + 256);
                let padded = padded(fields.padding, &mut payload, |payload| {
                    payload.extend_from_slice(before);
                    payload.extend_from_slice(fragment);
                });
                self.put(kind, kind_flags | padded | end, stream, &payload);
            } else {
                self.put(FrameKind::CONTINUATION, end, stream, fragment);
            }
        }
    }

    fn note_block(&mut self, instructions: &[Instruction]) {
        if !instructions.iter().all(spares_dynamic_table) {
            self.spoil("a field block that may touch the dynamic table");
        }
    }

    fn put(&mut self, kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) {
        if payload.len() > MAX_LENGTH {
            self.spoil("a length that is not the payload's");
        }
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if kind == FrameKind::DATA {
            self.data.push((stream, length));
        }
        let header = FrameHeader { length, kind, flags, reserved: false, stream };
        self.octets.extend_from_slice(&header.encode());
        self.octets.extend_from_slice(payload);
    }

    fn touch(&mut self, stream: u32, ends: bool) {
        self.touched.push(stream);
        if ends {
            self.ended.push(stream);
        }
    }

    fn spoil(&mut self, reason: &'static str) {
        self.spoils.get_or_insert(reason);
    }
}

fn flag(set: bool, flag: u8) -> u8 {
    if set { flag } else { 0 }
}

/// Puts Pad Length before and padding behind what `content` writes; answers the flag.
fn padded(padding: Option<u8>, payload: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) -> u8 {
    payload.extend(padding);
    content(payload);
    let Some(padding) = padding else { return 0 };
    payload.resize(payload.len() + usize::from(padding), 0);
    flags::PADDED
}

/// RFC 9113 §6.3.
fn encode_priority(priority: Priority) -> [u8; 5] {
    let dependency = priority.dependency & (u32::MAX >> 1) | u32::from(priority.exclusive) << 31;
    let [d0, d1, d2, d3] = dependency.to_be_bytes();
    [d0, d1, d2, d3, priority.weight]
}

/// A length in two octets; what is longer is cut, as any octets may be sent.
fn length16(octets: &Bytes) -> [u8; 2] {
    u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests;
