//! The client's frames on their way to the engine once a handler has its hand on the wire, sans I/O: some are none of
//! the engine's business.

use std::collections::BTreeSet;

use bytes::BytesMut;

use super::{
    frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags},
    inbound::Position,
};

/// Octets of a WINDOW_UPDATE frame (RFC 9113 §6.9).
const WINDOW_UPDATE_OCTETS: usize = HEADER_OCTETS + 4;

/// What the engine is not to see.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// Streams that were promised without the engine's knowledge.
    promised: BTreeSet<u32>,
    /// Octets of content that left without its knowledge. Window updates of the connection pay for them first.
    debt: u64,
    /// SETTINGS that it did not send: as many acknowledgements are not for it (RFC 9113 §6.5.3).
    pub(super) settings: u32,
}

/// Streams promised raw that a connection remembers: far more than a client lets be open at once.
const STREAMS_PROMISED: usize = 4_096;

impl Secrets {
    /// Frames of the client for this stream are absorbed; unless there are too many such streams.
    ///
    /// Only even-numbered streams can be promised (RFC 9113 §5.1.1); others are the client's, or the connection.
    pub(super) fn absorb(&mut self, stream: u32) -> bool {
        if stream == 0 || !stream.is_multiple_of(2) || self.promised.contains(&stream) {
            return true;
        }
        self.promised.len() < STREAMS_PROMISED && self.promised.insert(stream)
    }

    /// The highest stream that was promised raw.
    pub(super) fn last_promised(&self) -> Option<u32> {
        self.promised.last().copied()
    }

    /// Content left without the engine's knowledge.
    pub(super) fn owe(&mut self, octets: u64) {
        self.debt = self.debt.saturating_add(octets);
    }
}

/// Lets the client's frames through, or not.
#[derive(Debug)]
pub(super) struct Sieve {
    /// The frame that is not decided on.
    undecided: Vec<u8>,
    /// Octets of it that the engine has already.
    passed: usize,
    /// Octets of payload of the frame that is decided on.
    left: u32,
    /// Whether that frame is let through.
    passes: bool,
    /// The octets make no frames: all pass.
    is_lost: bool,
}

impl Sieve {
    /// A sieve for what follows this position.
    pub(super) fn from(position: Position) -> Self {
        let mut sieve = Self { undecided: Vec::new(), passed: 0, left: 0, passes: true, is_lost: false };
        match position {
            Position::Header(header, have) => {
                sieve.undecided.extend_from_slice(&header[..have]);
                sieve.passed = have;
            }
            Position::Payload(left) => sieve.left = left,
            Position::Lost => sieve.is_lost = true,
        }
        sieve
    }

    /// Moves the octets that the engine is to see to `out`.
    pub(super) fn sift(&mut self, mut octets: &[u8], secrets: &mut Secrets, out: &mut BytesMut) {
        if self.is_lost {
            out.extend_from_slice(octets);
            return;
        }
        while !octets.is_empty() {
            if self.left > 0 {
                let (now, rest) = octets.split_at(octets.len().min(self.left as usize));
                if self.passes {
                    out.extend_from_slice(now);
                }
                self.left -= u32::try_from(now.len()).unwrap_or(self.left);
                octets = rest;
                continue;
            }
            let (now, rest) = octets.split_at(octets.len().min(self.wanted() - self.undecided.len()));
            self.undecided.extend_from_slice(now);
            octets = rest;
            if self.undecided.len() == self.wanted() {
                self.decide(secrets, out);
            }
        }
    }

    /// Octets that a decision takes.
    fn wanted(&self) -> usize {
        match self.header() {
            Some(header) if is_update(header) => WINDOW_UPDATE_OCTETS,
            _ => HEADER_OCTETS,
        }
    }

    fn header(&self) -> Option<FrameHeader> {
        self.undecided.first_chunk().map(|header| FrameHeader::decode(*header))
    }

    fn decide(&mut self, secrets: &mut Secrets, out: &mut BytesMut) {
        let Some(header) = self.header() else { return };
        let begun = self.passed > 0;
        if is_update(header) {
            if let Some(increment) = self.undecided.last_chunk::<4>().filter(|_| !begun) {
                let increment = u32::from_be_bytes(*increment) & (u32::MAX >> 1);
                let paid = u64::from(increment).min(secrets.debt);
                secrets.debt -= paid;
                let rest = increment - u32::try_from(paid).unwrap_or(increment);
                // RFC 9113 §6.9: an increment of 0 is an error, unless it was the client's own.
                if rest > 0 || increment == 0 {
                    out.extend_from_slice(&self.undecided[..HEADER_OCTETS]);
                    out.extend_from_slice(&rest.to_be_bytes());
                }
            } else {
                out.extend_from_slice(&self.undecided[self.passed..]);
            }
        } else {
            // A field block is the engine's: its decoder has to see all of them (RFC 9113 §4.3).
            let is_block = matches!(header.kind, FrameKind::HEADERS | FrameKind::CONTINUATION);
            let is_ack = header.kind == FrameKind::SETTINGS && header.has(flags::ACK);
            self.passes = begun || is_block || !secrets.promised.contains(&header.stream);
            if self.passes && !begun && is_ack && secrets.settings > 0 {
                secrets.settings -= 1;
                self.passes = false;
            }
            self.left = header.length;
            if self.passes {
                out.extend_from_slice(&self.undecided[self.passed..]);
            }
        }
        self.undecided.clear();
        self.passed = 0;
    }
}

/// WINDOW_UPDATE of the connection.
fn is_update(header: FrameHeader) -> bool {
    header.kind == FrameKind::WINDOW_UPDATE && header.stream == 0 && header.length == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: FrameKind, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap();
        [&FrameHeader { length, kind, flags: 0, reserved: false, stream }.encode(), payload].concat()
    }

    fn update(stream: u32, octets: u32) -> Vec<u8> {
        frame(FrameKind::WINDOW_UPDATE, stream, &octets.to_be_bytes())
    }

    const START: Position = Position::Header([0; 9], 0);

    #[test]
    fn updates_pay_the_debt_first_and_frames_of_promised_streams_vanish_for_every_cut() {
        let octets = [
            update(0, 5),
            update(2, 9),
            frame(FrameKind::RST_STREAM, 2, &[0, 0, 0, 8]),
            update(1, 7),
            frame(FrameKind::DATA, 1, b"abc"),
            update(0, 10),
            frame(FrameKind::PING, 0, &[1; 8]),
            update(0, 0),
            update(0, 3),
        ]
        .concat();
        let expected = [
            update(1, 7),
            frame(FrameKind::DATA, 1, b"abc"),
            update(0, 3),
            frame(FrameKind::PING, 0, &[1; 8]),
            update(0, 0),
            update(0, 3),
        ]
        .concat();
        for cut in 0..=octets.len() {
            let mut secrets = Secrets { promised: BTreeSet::from([2]), debt: 12, settings: 0 };
            let (mut sieve, mut out) = (Sieve::from(START), BytesMut::new());
            sieve.sift(&octets[..cut], &mut secrets, &mut out);
            sieve.sift(&octets[cut..], &mut secrets, &mut out);
            assert_eq!((&out[..], secrets.debt), (&expected[..], 0), "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_that_the_engine_has_seen_the_start_of_passes_whole() {
        let octets = [frame(FrameKind::RST_STREAM, 2, &[0, 0, 0, 8]), update(0, 5), update(0, 6)].concat();
        for begun in 1..octets.len() - 13 {
            let mut secrets = Secrets { promised: BTreeSet::from([2]), debt: 11, settings: 0 };
            let mut header = [0; 9];
            let position = match begun {
                1..9 => {
                    header[..begun].copy_from_slice(&octets[..begun]);
                    Position::Header(header, begun)
                }
                9..13 => Position::Payload(u32::try_from(13 - begun).unwrap()),
                13..22 => {
                    header[..begun - 13].copy_from_slice(&octets[13..begun]);
                    Position::Header(header, begun - 13)
                }
                _ => Position::Payload(u32::try_from(26 - begun).unwrap()),
            };
            let (mut sieve, mut out) = (Sieve::from(position), BytesMut::new());
            sieve.sift(&octets[begun..], &mut secrets, &mut out);
            let end = if begun <= 13 { 13 } else { 26 };
            assert_eq!(&out[..], &octets[begun..end], "begun {begun}");
        }
    }

    #[test]
    fn as_many_acknowledgements_vanish_as_settings_were_sent_unknown() {
        let ack = FrameHeader { length: 0, kind: FrameKind::SETTINGS, flags: 1, reserved: false, stream: 0 }.encode();
        let own = frame(FrameKind::SETTINGS, 0, &[0; 6]);
        let octets = [&ack[..], &own, &ack, &ack].concat();
        let mut secrets = Secrets { settings: 2, ..Secrets::default() };
        let (mut sieve, mut out) = (Sieve::from(START), BytesMut::new());
        sieve.sift(&octets, &mut secrets, &mut out);
        assert_eq!((&out[..], secrets.settings), (&[&own[..], &ack].concat()[..], 0));
    }
}
