//! Reads along in what an HTTP/2 client sends (RFC 9113 §3.4, §4), sans I/O: finds the field blocks and decodes them.
//!
//! It judges nothing. What breaks framing or compression makes it stop, because h2, which gets the same octets, ends
//! the connection there. What h2 refuses later is found and decoded all the same, and nobody claims it.

use std::mem;

use super::{
    frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags},
    hpack::{Decoder, FieldBlock},
};
use crate::exchange::SEEN_OCTETS;

/// The client connection preface (RFC 9113 §3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2).
const INITIAL_WINDOW_SIZE: u16 = 0x4;
/// SETTINGS_ENABLE_PUSH.
const ENABLE_PUSH: u16 = 0x2;
/// SETTINGS_MAX_FRAME_SIZE.
const MAX_FRAME_SIZE: u16 = 0x5;

/// The same limits that h2 is given, so that both let the same pass.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Octets of payload in one frame (SETTINGS_MAX_FRAME_SIZE).
    pub frame_octets: u32,
    /// Octets of one field block before decoding; more than h2 takes before it calls it a CONTINUATION flood.
    pub block_octets: usize,
    /// Octets of one field section as RFC 9113 §6.5.2 counts them (SETTINGS_MAX_HEADER_LIST_SIZE).
    pub section_octets: usize,
    /// Lines of one field section.
    pub section_lines: usize,
}

/// What a client sent that h2 does not show as it was.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// A field block, decoded: of a request head, or of trailers.
    Section {
        /// The stream that carried it.
        stream: u32,
        /// Whether it ended the stream.
        end_stream: bool,
        /// Its lines.
        block: FieldBlock,
    },
    /// WINDOW_UPDATE (RFC 9113 §6.9).
    Window {
        /// The stream, or 0 for the connection.
        stream: u32,
        /// Octets of window added.
        octets: u32,
    },
    /// A new initial window of streams, in octets (RFC 9113 §6.9.2).
    InitialWindow(u32),
    /// The longest frame that the client takes, in octets of payload (RFC 9113 §4.2).
    FrameOctets(u32),
    /// Whether the client takes promises (RFC 9113 §8.4).
    EnablePush(bool),
    /// A frame that is complete. What it means follows.
    Frame(ArrivedFrame),
}

/// A frame as it came.
#[derive(Clone, Debug)]
pub struct ArrivedFrame {
    /// Its header.
    pub header: FrameHeader,
    /// The Pad Length field.
    pub padding: Option<u8>,
    /// As [`SeenFrame::payload`](crate::exchange::SeenFrame::payload) has it.
    pub payload: Box<[u8]>,
}

/// Reads along in the octets of one client.
#[derive(Debug)]
pub struct Inbound {
    limits: Limits,
    state: State,
    decoder: Decoder,
    /// A payload that came in several reads, or the first octets of one that passes.
    payload: Vec<u8>,
    /// The fragments of a field block that goes on.
    block: Vec<u8>,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// This many octets of the preface have come.
    Preface(usize),
    /// This many octets of a frame header have come.
    Header([u8; HEADER_OCTETS], usize),
    /// The payload of this frame is collected.
    Payload(FrameHeader),
    /// The payload of this frame passes, this many octets of it still; of the first ones a copy is kept.
    Skip(FrameHeader, u32),
    /// Framing or compression broke.
    Stopped,
}

/// A field block that CONTINUATION frames complete.
#[derive(Clone, Copy, Debug)]
struct Open {
    stream: u32,
    end_stream: bool,
}

/// Where the octets stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Position {
    /// This many octets of a frame header have come; none: between frames.
    Header([u8; HEADER_OCTETS], usize),
    /// This many octets of a payload are to come.
    Payload(u32),
    /// Not among frames.
    Lost,
}

/// Framing or compression is broken.
struct Broken;

impl Inbound {
    /// At the client's first octet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Preface(0),
            decoder: Decoder::new(limits.section_octets, limits.section_lines),
            payload: Vec::new(),
            block: Vec::new(),
            open: None,
        }
    }

    /// Takes octets in, in pieces of any size, and adds what they complete to `arrivals`. After broken framing it
    /// takes them in without looking.
    #[inline]
    pub fn take(&mut self, mut octets: &[u8], arrivals: &mut Vec<Arrival>) {
        while !octets.is_empty() {
            octets = match self.step(octets, arrivals) {
                Ok(rest) => rest,
                Err(Broken) => {
                    *self = Self { state: State::Stopped, ..Self::new(self.limits) };
                    return;
                }
            };
        }
    }

    /// Where the octets stand.
    pub(super) fn position(&self) -> Position {
        match self.state {
            State::Header(header, have) => Position::Header(header, have),
            State::Payload(header) => {
                Position::Payload(header.length.saturating_sub(u32::try_from(self.payload.len()).unwrap_or(u32::MAX)))
            }
            State::Skip(_, left) => Position::Payload(left),
            State::Preface(have) => Position::Payload(u32::try_from(PREFACE.len() - have).unwrap_or(0)),
            State::Stopped => Position::Lost,
        }
    }

    fn step<'a>(&mut self, octets: &'a [u8], arrivals: &mut Vec<Arrival>) -> Result<&'a [u8], Broken> {
        match self.state {
            State::Skip(header, left) => {
                let (skipped, rest) = octets.split_at(octets.len().min(left as usize));
                let wanted = kept_octets(header).saturating_sub(self.payload.len());
                self.payload.extend_from_slice(&skipped[..skipped.len().min(wanted)]);
                #[expect(clippy::cast_possible_truncation, reason = "at most `left`")]
                self.skip(header, left - skipped.len() as u32, arrivals);
                Ok(rest)
            }
            State::Header(mut header, have) => {
                let taken = octets.len().min(HEADER_OCTETS - have);
                header[have..have + taken].copy_from_slice(&octets[..taken]);
                if have + taken == HEADER_OCTETS {
                    self.begin(FrameHeader::decode(header), arrivals)?;
                } else {
                    self.state = State::Header(header, have + taken);
                }
                self.complete(&octets[taken..], arrivals)
            }
            State::Payload(_) => self.complete(octets, arrivals),
            State::Preface(have) => {
                let taken = octets.len().min(PREFACE.len() - have);
                if octets[..taken] != PREFACE[have..have + taken] {
                    return Err(Broken);
                }
                self.state = State::Preface(have + taken);
                if have + taken == PREFACE.len() {
                    self.expect_frame();
                }
                Ok(&octets[taken..])
            }
            State::Stopped => Ok(&[]),
        }
    }

    fn expect_frame(&mut self) {
        self.state = State::Header([0; HEADER_OCTETS], 0);
    }

    fn skip(&mut self, header: FrameHeader, left: u32, arrivals: &mut Vec<Arrival>) {
        if left > 0 {
            self.state = State::Skip(header, left);
            return;
        }
        let mut payload = mem::take(&mut self.payload);
        arrivals.push(arrived(header, &payload));
        payload.clear();
        self.payload = payload;
        self.expect_frame();
    }

    fn begin(&mut self, header: FrameHeader, arrivals: &mut Vec<Arrival>) -> Result<(), Broken> {
        if header.length > self.limits.frame_octets {
            return Err(Broken);
        }
        // RFC 9113 §6.10: nothing parts a field block.
        let continues = header.kind == FrameKind::CONTINUATION;
        match self.open {
            Some(open) if !continues || header.stream != open.stream => return Err(Broken),
            None if continues => return Err(Broken),
            _ => {}
        }
        match header.kind {
            FrameKind::HEADERS | FrameKind::CONTINUATION | FrameKind::SETTINGS | FrameKind::WINDOW_UPDATE => {
                self.state = State::Payload(header);
            }
            // RFC 9113 §8.4: clients cannot push; h2 ends the connection.
            FrameKind::PUSH_PROMISE => return Err(Broken),
            _ => self.skip(header, header.length, arrivals),
        }
        Ok(())
    }

    /// Collects a payload, or reads it in place if it is all there.
    fn complete<'a>(&mut self, octets: &'a [u8], arrivals: &mut Vec<Arrival>) -> Result<&'a [u8], Broken> {
        let State::Payload(header) = self.state else { return Ok(octets) };
        let taken = octets.len().min(header.length as usize - self.payload.len());
        let (now, rest) = octets.split_at(taken);
        if self.payload.len() + taken < header.length as usize {
            self.payload.extend_from_slice(now);
            return Ok(rest);
        }
        self.expect_frame();
        if self.payload.is_empty() {
            self.payload(header, now, arrivals)?;
        } else {
            let mut payload = mem::take(&mut self.payload);
            payload.extend_from_slice(now);
            self.payload(header, &payload, arrivals)?;
            payload.clear();
            self.payload = payload;
        }
        Ok(rest)
    }

    fn payload(&mut self, header: FrameHeader, payload: &[u8], arrivals: &mut Vec<Arrival>) -> Result<(), Broken> {
        arrivals.push(arrived(header, payload));
        match header.kind {
            FrameKind::HEADERS => {
                let fragment = header.block_fragment(payload).ok_or(Broken)?;
                let open = Open { stream: header.stream, end_stream: header.has(flags::END_STREAM) };
                self.fragment(header, open, fragment, arrivals)
            }
            FrameKind::CONTINUATION => {
                let open = self.open.ok_or(Broken)?;
                self.fragment(header, open, payload, arrivals)
            }
            FrameKind::SETTINGS if !header.has(flags::ACK) => {
                for setting in payload.chunks_exact(6) {
                    let [i0, i1, v0, v1, v2, v3] = *setting else { continue };
                    let value = u32::from_be_bytes([v0, v1, v2, v3]);
                    match u16::from_be_bytes([i0, i1]) {
                        INITIAL_WINDOW_SIZE => arrivals.push(Arrival::InitialWindow(value)),
                        ENABLE_PUSH => arrivals.push(Arrival::EnablePush(value != 0)),
                        MAX_FRAME_SIZE => arrivals.push(Arrival::FrameOctets(value)),
                        _ => {}
                    }
                }
                Ok(())
            }
            FrameKind::WINDOW_UPDATE => {
                let octets = u32::from_be_bytes(payload.try_into().map_err(|_| Broken)?) & (u32::MAX >> 1);
                arrivals.push(Arrival::Window { stream: header.stream, octets });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Decodes a field block that ends here, or keeps its fragment.
    fn fragment(
        &mut self,
        header: FrameHeader,
        open: Open,
        fragment: &[u8],
        arrivals: &mut Vec<Arrival>,
    ) -> Result<(), Broken> {
        if self.block.len() + fragment.len() > self.limits.block_octets {
            return Err(Broken);
        }
        let ends = header.has(flags::END_HEADERS);
        let block = if ends && self.block.is_empty() {
            self.decoder.decode(fragment)
        } else {
            self.block.extend_from_slice(fragment);
            if !ends {
                self.open = Some(open);
                return Ok(());
            }
            let block = mem::take(&mut self.block);
            self.decoder.decode(&block)
        };
        self.open = None;
        let block = block.map_err(|_| Broken)?;
        arrivals.push(Arrival::Section { stream: open.stream, end_stream: open.end_stream, block });
        Ok(())
    }
}

/// Octets of a passing payload that are kept: content is not for looking at, but its Pad Length is.
fn kept_octets(header: FrameHeader) -> usize {
    match header.kind {
        FrameKind::DATA => usize::from(header.has(flags::PADDED)),
        _ => SEEN_OCTETS,
    }
}

/// The arrival of a frame with this payload, of which the first octets will do.
fn arrived(header: FrameHeader, payload: &[u8]) -> Arrival {
    let is_padded = header.has(flags::PADDED);
    let (padding, payload) = match header.kind {
        FrameKind::DATA => (payload.first().copied().filter(|_| is_padded), &[][..]),
        FrameKind::CONTINUATION => (None, &[][..]),
        FrameKind::HEADERS => {
            let before = usize::from(is_padded);
            let priority = payload.get(before..before + 5).filter(|_| header.has(flags::PRIORITY));
            (payload.first().copied().filter(|_| is_padded), priority.unwrap_or_default())
        }
        _ => (None, &payload[..payload.len().min(SEEN_OCTETS)]),
    };
    Arrival::Frame(ArrivedFrame { header, padding, payload: payload.into() })
}

#[cfg(test)]
mod tests;
