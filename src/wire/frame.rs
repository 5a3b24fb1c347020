//! The header of an HTTP/2 frame (RFC 9113 §4.1), sans I/O. Nothing is judged: the reserved bit, unknown types and
//! lengths over the limit are kept as they are.

/// Octets of a frame header.
pub const HEADER_OCTETS: usize = 9;

/// The largest length that the 24-bit field holds, in octets.
const MAX_LENGTH: u32 = (1 << 24) - 1;

/// Flags of the frame types that have them (RFC 9113 §6).
pub mod flags {
    /// SETTINGS and PING: this acknowledges one of the peer's.
    pub const ACK: u8 = 0x1;
    /// DATA and HEADERS: the last of the stream.
    pub const END_STREAM: u8 = 0x1;
    /// HEADERS, PUSH_PROMISE and CONTINUATION: the field block ends here.
    pub const END_HEADERS: u8 = 0x4;
    /// DATA, HEADERS and PUSH_PROMISE: a pad length and padding are there.
    pub const PADDED: u8 = 0x8;
    /// HEADERS: five octets of priority are there.
    pub const PRIORITY: u8 = 0x20;
}

/// A frame type (RFC 9113 §6); any octet is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameKind(pub u8);

impl FrameKind {
    /// RFC 9113 §6.1.
    pub const DATA: Self = Self(0x0);
    /// RFC 9113 §6.2.
    pub const HEADERS: Self = Self(0x1);
    /// RFC 9113 §6.3.
    pub const PRIORITY: Self = Self(0x2);
    /// RFC 9113 §6.4.
    pub const RST_STREAM: Self = Self(0x3);
    /// RFC 9113 §6.5.
    pub const SETTINGS: Self = Self(0x4);
    /// RFC 9113 §6.6.
    pub const PUSH_PROMISE: Self = Self(0x5);
    /// RFC 9113 §6.7.
    pub const PING: Self = Self(0x6);
    /// RFC 9113 §6.8.
    pub const GOAWAY: Self = Self(0x7);
    /// RFC 9113 §6.9.
    pub const WINDOW_UPDATE: Self = Self(0x8);
    /// RFC 9113 §6.10.
    pub const CONTINUATION: Self = Self(0x9);
    /// RFC 7838 §4.
    pub const ALTSVC: Self = Self(0xa);
    /// RFC 8336 §2.
    pub const ORIGIN: Self = Self(0xc);
    /// RFC 9218 §7.1.
    pub const PRIORITY_UPDATE: Self = Self(0x10);
}

/// The header of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// Octets of payload, below 2²⁴.
    pub length: u32,
    /// The frame type.
    pub kind: FrameKind,
    /// The flags, unused ones included.
    pub flags: u8,
    /// The reserved bit before the stream identifier.
    pub reserved: bool,
    /// The stream identifier, 31 bits; 0 is the connection.
    pub stream: u32,
}

impl FrameHeader {
    /// Reads a header. Every nine octets are one.
    #[inline]
    pub fn decode(octets: [u8; HEADER_OCTETS]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = octets;
        let stream = u32::from_be_bytes([s0, s1, s2, s3]);
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind: FrameKind(kind),
            flags,
            reserved: stream >> 31 == 1,
            stream: stream & (u32::MAX >> 1),
        }
    }

    /// Writes the header. Length and stream identifier are cut to their 24 and 31 bits.
    pub fn encode(self) -> [u8; HEADER_OCTETS] {
        let [_, l0, l1, l2] = (self.length & MAX_LENGTH).to_be_bytes();
        let stream = self.stream & (u32::MAX >> 1) | u32::from(self.reserved) << 31;
        let [s0, s1, s2, s3] = stream.to_be_bytes();
        [l0, l1, l2, self.kind.0, self.flags, s0, s1, s2, s3]
    }

    /// The part of a field block that a frame with this header and payload carries (RFC 9113 §6.2, §6.6, §6.10): without
    /// padding, priority and promised stream. None if it carries none, or is too short for what its flags say.
    pub fn block_fragment(self, payload: &[u8]) -> Option<&[u8]> {
        let before = match self.kind {
            FrameKind::CONTINUATION => return Some(payload),
            FrameKind::HEADERS if self.has(flags::PRIORITY) => 5,
            FrameKind::HEADERS => 0,
            FrameKind::PUSH_PROMISE => 4,
            _ => return None,
        };
        let mut fragment = payload;
        if self.has(flags::PADDED) {
            let (&padding, rest) = fragment.split_first()?;
            fragment = rest.get(..rest.len().checked_sub(padding.into())?)?;
        }
        fragment.get(before..)
    }

    /// Whether any of these flags is set.
    pub fn has(self, flags: u8) -> bool {
        self.flags & flags != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_fragments_come_without_what_surrounds_them() {
        type Row = (&'static str, FrameKind, u8, &'static [u8], Option<&'static [u8]>);
        let rows: [Row; 9] = [
            ("RFC 9113 §6.2", FrameKind::HEADERS, 0, b"abc", Some(b"abc")),
            ("RFC 9113 §6.2: padded", FrameKind::HEADERS, flags::PADDED, b"\x01ab", Some(b"a")),
            ("RFC 9113 §6.2: priority", FrameKind::HEADERS, flags::PRIORITY, b"12345a", Some(b"a")),
            ("RFC 9113 §6.2: both", FrameKind::HEADERS, 0x28, b"\x0112345ab", Some(b"a")),
            ("RFC 9113 §6.2: more padding than payload", FrameKind::HEADERS, flags::PADDED, b"\x03ab", None),
            ("RFC 9113 §6.2: no room for the priority", FrameKind::HEADERS, flags::PRIORITY, b"1234", None),
            ("RFC 9113 §6.6", FrameKind::PUSH_PROMISE, flags::PADDED, b"\x011234ab", Some(b"a")),
            ("RFC 9113 §6.10: no flags but one", FrameKind::CONTINUATION, 0x28, b"abc", Some(b"abc")),
            ("RFC 9113 §6.1", FrameKind::DATA, 0, b"abc", None),
        ];
        for (clause, kind, flags, payload, fragment) in rows {
            let header = FrameHeader { length: 0, kind, flags, reserved: false, stream: 1 };
            assert_eq!(header.block_fragment(payload), fragment, "{clause}");
        }
    }

    #[test]
    fn every_header_survives_a_round_trip() {
        let rows: [(&str, [u8; 9], FrameHeader); 3] = [
            (
                "RFC 9113 §4.1: a plain header",
                [0, 0x40, 0, 0, 1, 0, 0, 0, 5],
                FrameHeader { length: 16_384, kind: FrameKind::DATA, flags: 1, reserved: false, stream: 5 },
            ),
            (
                "RFC 9113 §4.1: the reserved bit is kept apart from the stream",
                [0, 0, 0, 1, 0x25, 0x80, 0, 0, 1],
                FrameHeader { length: 0, kind: FrameKind::HEADERS, flags: 0x25, reserved: true, stream: 1 },
            ),
            (
                "RFC 9113 §5.5: unknown types are kept",
                [0xff, 0xff, 0xff, 0xfe, 0xff, 0x7f, 0xff, 0xff, 0xff],
                FrameHeader {
                    length: 0xff_ffff,
                    kind: FrameKind(0xfe),
                    flags: 0xff,
                    reserved: false,
                    stream: 0x7fff_ffff,
                },
            ),
        ];
        for (clause, octets, header) in rows {
            assert_eq!(FrameHeader::decode(octets), header, "{clause}");
            assert_eq!(header.encode(), octets, "{clause}");
        }
    }
}
