//! Where the outgoing octets stand between frames (RFC 9113 §4.1), sans I/O: what may be put between two frames has to
//! know when one has ended.

use super::frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags};

/// Follows the octets that a writer accepted. Costs one header per frame; payloads are skipped.
#[derive(Clone, Debug, Default)]
pub struct Boundary {
    header: [u8; HEADER_OCTETS],
    /// Octets of the header that have passed.
    have: usize,
    /// Octets of payload that have not.
    left: u64,
    /// A field block has begun and not ended.
    in_field_block: bool,
    frames: u64,
    octets: u64,
    data_octets: u64,
    /// Octets of DATA payload by stream, of frames that have begun since somebody asked.
    content: Vec<(u32, u32)>,
    /// The stream of the last RST_STREAM that began.
    reset: Option<u32>,
}

/// Where the octets stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Position {
    /// Between two frames: others may stand here.
    Between,
    /// Inside a frame.
    InFrame,
    /// Between the frames of one field block, which nothing may part (RFC 9113 §6.10).
    InFieldBlock,
}

impl Boundary {
    /// At the first frame.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of octets that have left.
    #[inline]
    pub fn pass(&mut self, mut octets: &[u8]) {
        self.octets += octets.len() as u64;
        while !octets.is_empty() {
            if self.left > 0 {
                let skipped = octets.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= skipped as u64;
                octets = &octets[skipped..];
                continue;
            }
            let taken = octets.len().min(HEADER_OCTETS - self.have);
            self.header[self.have..self.have + taken].copy_from_slice(&octets[..taken]);
            self.have += taken;
            octets = &octets[taken..];
            if self.have == HEADER_OCTETS {
                self.have = 0;
                self.begin(FrameHeader::decode(self.header));
            }
        }
    }

    fn begin(&mut self, header: FrameHeader) {
        self.frames += 1;
        self.left = u64::from(header.length);
        match header.kind {
            FrameKind::DATA => {
                self.data_octets += u64::from(header.length);
                self.content.push((header.stream, header.length));
            }
            FrameKind::HEADERS | FrameKind::PUSH_PROMISE | FrameKind::CONTINUATION => {
                self.in_field_block = !header.has(flags::END_HEADERS);
            }
            FrameKind::RST_STREAM => self.reset = Some(header.stream),
            _ => {}
        }
    }

    /// Where the octets stand.
    pub fn position(&self) -> Position {
        if self.have > 0 || self.left > 0 {
            Position::InFrame
        } else if self.in_field_block {
            Position::InFieldBlock
        } else {
            Position::Between
        }
    }

    /// Octets until the frame or the field block ends, as far as is known: asked again after them, it knows more. 0 between
    /// frames.
    pub fn until_between(&self) -> usize {
        if self.left > 0 {
            usize::try_from(self.left).unwrap_or(usize::MAX)
        } else if self.have > 0 || self.in_field_block {
            HEADER_OCTETS - self.have
        } else {
            0
        }
    }

    /// Octets of DATA payload, and of which stream, of the frames that began since the last call.
    pub fn take_content(&mut self) -> impl ExactSizeIterator<Item = (u32, u32)> + '_ {
        self.content.drain(..)
    }

    /// The stream of the last RST_STREAM that began since the last call.
    pub fn take_reset(&mut self) -> Option<u32> {
        self.reset.take()
    }

    /// Frames that have begun.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Octets that have passed.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Octets of DATA payload, padding included, of the frames that have begun: what flow control counts (RFC 9113
    /// §6.9.1).
    pub fn data_octets(&self) -> u64 {
        self.data_octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = &[
        0, 0, 0, 4, 0, 0, 0, 0, 0, // SETTINGS
        0, 0, 1, 1, 0, 0, 0, 0, 1, 0x88, // HEADERS, block open
        0, 0, 2, 9, 4, 0, 0, 0, 1, 0x88, 0x88, // CONTINUATION, block ends
        0, 0, 3, 0, 1, 0, 0, 0, 1, 1, 2, 3, // DATA
    ];

    #[test]
    fn knows_every_octet_for_every_split() {
        // Where a frame has ended, by octets passed.
        let position = |at: usize| match at {
            0 | 9 | 30 | 42 => Position::Between,
            19 => Position::InFieldBlock,
            _ => Position::InFrame,
        };
        for first in 0..=STREAM.len() {
            for second in first..=STREAM.len() {
                let mut boundary = Boundary::new();
                boundary.pass(&STREAM[..first]);
                assert_eq!(boundary.position(), position(first), "at {first}");
                boundary.pass(&STREAM[first..second]);
                assert_eq!(boundary.position(), position(second), "at {first}, {second}");
                boundary.pass(&STREAM[second..]);
                let counts = (boundary.position(), boundary.frames(), boundary.octets(), boundary.data_octets());
                assert_eq!(counts, (Position::Between, 4, 42, 3), "split at {first}, {second}");
            }
        }
    }
}
