//! Request content out of the receive buffer (RFC 9112 §6, §7.1). Sans I/O: octets in; a piece, "need more", or a fault
//! out.
//!
//! ```text
//! Size ──▶ Data ──▶ DataEnd ─┐          Known(n) ──▶ Known(0)
//!  │ ▲───────────────────────┘
//!  └─ size 0 ──▶ Trailers ──▶ Known(0)
//! ```

use bytes::{Buf, BytesMut};
use memchr::memchr;

use super::{
    Settings, fields,
    framing::Length,
    settings::{CHUNK_EXTENSION_OCTETS, CHUNK_LINE_OCTETS},
};
use crate::exchange::ContentEvent;

/// Takes request content off the front of a receive buffer.
#[derive(Debug)]
pub(super) enum Decoder {
    /// So many octets are left.
    Known(u64),
    /// Chunked framing.
    Chunked(Chunked),
    /// Nothing can be read any more.
    Broken,
}

/// The chunked framing is invalid or over its limits. Every later call says the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Malformed;

/// Where chunked content stands.
#[derive(Debug)]
pub(super) struct Chunked {
    part: Part,
    /// Octets of chunk extensions so far.
    extensions: usize,
    /// Limits of the trailer section.
    octets: usize,
    lines: usize,
}

#[derive(Debug)]
enum Part {
    /// Before a chunk-size line.
    Size,
    /// So many octets of the chunk are left.
    Data(u64),
    /// Before the CRLF after a chunk.
    DataEnd,
    /// In the trailer section, of which so many octets are known not to hold its end.
    Trailers { scanned: usize },
}

impl Decoder {
    /// A decoder of content of this length.
    pub(super) fn new(length: Length, settings: &Settings) -> Self {
        match length {
            Length::Known(length) => Self::Known(length),
            Length::Chunked => Self::Chunked(Chunked {
                part: Part::Size,
                extensions: 0,
                octets: settings.head_octets,
                lines: settings.field_lines,
            }),
        }
    }

    /// Whether all content has been taken.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Known(0))
    }

    /// The next piece; none if `buffer` holds too little of it. `End` for ever once all content has been taken.
    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<ContentEvent>, Malformed> {
        match self {
            Self::Known(0) => Ok(Some(ContentEvent::End)),
            Self::Known(left) => Ok(take_data(left, buffer)),
            Self::Chunked(chunked) => {
                let event = chunked.next(buffer);
                match event {
                    Ok(Some(ContentEvent::Trailers(_) | ContentEvent::End)) => *self = Self::Known(0),
                    Err(Malformed) => *self = Self::Broken,
                    Ok(_) => {}
                }
                event
            }
            Self::Broken => Err(Malformed),
        }
    }
}

impl Chunked {
    fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<ContentEvent>, Malformed> {
        loop {
            match &mut self.part {
                Part::Size => match self.take_size(buffer)? {
                    None => return Ok(None),
                    Some(0) => self.part = Part::Trailers { scanned: 0 },
                    Some(size) => self.part = Part::Data(size),
                },
                Part::Data(left) => {
                    let data = take_data(left, buffer);
                    if *left == 0 {
                        self.part = Part::DataEnd;
                    }
                    return Ok(data);
                }
                Part::DataEnd => match &buffer[..] {
                    [b'\r', b'\n', ..] => {
                        buffer.advance(2);
                        self.part = Part::Size;
                    }
                    [] | [b'\r'] => return Ok(None),
                    _ => return Err(Malformed),
                },
                Part::Trailers { scanned } => {
                    let end = match &buffer[..] {
                        [b'\r', b'\n', ..] => {
                            buffer.advance(2);
                            return Ok(Some(ContentEvent::End));
                        }
                        section => fields::find_end(section, scanned.saturating_sub(3)),
                    };
                    *scanned = buffer.len();
                    return match end {
                        None if buffer.len() >= self.octets => Err(Malformed),
                        None => Ok(None),
                        Some(end) => self.take_trailers(end, buffer).map(Some),
                    };
                }
            }
        }
    }

    /// RFC 9112 §7.1: `chunk-size [ chunk-ext ] CRLF`. Extensions are skipped.
    fn take_size(&mut self, buffer: &mut BytesMut) -> Result<Option<u64>, Malformed> {
        if buffer.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
            return Err(Malformed);
        }
        let window = &buffer[..buffer.len().min(CHUNK_LINE_OCTETS)];
        let Some(line_feed) = memchr(b'\n', window) else {
            return if window.len() == CHUNK_LINE_OCTETS { Err(Malformed) } else { Ok(None) };
        };
        let line = window[..line_feed].strip_suffix(b"\r").ok_or(Malformed)?;
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let (size, extensions) = line.split_at(digits);
        // Sixteen digits are 64 bits.
        if digits == 0 || digits > 16 || !are_extensions(extensions) {
            return Err(Malformed);
        }
        self.extensions += extensions.len();
        if self.extensions > CHUNK_EXTENSION_OCTETS {
            return Err(Malformed);
        }
        let size = std::str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size, 16).ok());
        buffer.advance(line_feed + 1);
        size.ok_or(Malformed).map(Some)
    }

    fn take_trailers(&self, end: usize, buffer: &mut BytesMut) -> Result<ContentEvent, Malformed> {
        if end > self.octets {
            return Err(Malformed);
        }
        let section = buffer.split_to(end).freeze();
        fields::parse(&section, 0, self.lines).map(ContentEvent::Trailers).map_err(|_| Malformed)
    }
}

/// RFC 9112 §7.1.1: nothing, or white space and `;`, then anything but controls, under which lines hide.
fn are_extensions(octets: &[u8]) -> bool {
    octets.is_empty()
        || octets.trim_ascii_start().starts_with(b";")
            && !octets.iter().any(|&octet| octet != b'\t' && octet.is_ascii_control())
}

fn take_data(left: &mut u64, buffer: &mut BytesMut) -> Option<ContentEvent> {
    if buffer.is_empty() {
        return None;
    }
    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
    *left -= length as u64;
    Some(ContentEvent::Data(buffer.split_to(length).freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content, trailers, whether it ended, the octets left over.
    type Decoded<'a> = (&'a str, Option<&'a str>, bool, usize);

    /// Everything that `octets` decode to, fed in pieces of `step` octets.
    fn decode(octets: &[u8], step: usize) -> Result<(Vec<u8>, Option<String>, bool, usize), Malformed> {
        let settings = Settings { head_octets: 64, field_lines: 3, ..Settings::default() };
        let mut decoder = Decoder::new(Length::Chunked, &settings);
        let (mut content, mut trailers, mut ended) = (Vec::new(), None, false);
        let mut buffer = BytesMut::new();
        for piece in octets.chunks(step) {
            buffer.extend_from_slice(piece);
            while !ended {
                match decoder.next(&mut buffer)? {
                    None => break,
                    Some(ContentEvent::Data(data)) => content.extend_from_slice(&data),
                    Some(ContentEvent::Trailers(section)) => {
                        let lines = section.iter().map(|field| [field.name, b"=", field.value].concat());
                        trailers = Some(String::from_utf8(lines.collect::<Vec<_>>().join(&b';')).expect("ASCII"));
                    }
                    Some(ContentEvent::End) => ended = true,
                }
            }
        }
        Ok((content, trailers, ended, buffer.len()))
    }

    #[test]
    fn chunked_content_by_clause() {
        let extension = |length: usize| format!("1;{}\r\na\r\n", "x".repeat(length));
        let table: Vec<(&str, Vec<u8>, Option<Decoded<'_>>)> = vec![
            ("9112 §7.1: none", b"0\r\n\r\n".to_vec(), Some(("", None, true, 0))),
            ("9112 §7.1: two", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_vec(), Some(("abcde", None, true, 0))),
            (
                "9112 §7.1: either case, zeros",
                b"0a\r\n0123456789\r\n00\r\n\r\n".to_vec(),
                Some(("0123456789", None, true, 0)),
            ),
            ("9112 §7.1: what follows stays", b"0\r\n\r\nGET".to_vec(), Some(("", None, true, 3))),
            ("9112 §7.1: unfinished", b"3\r\nab".to_vec(), Some(("ab", None, false, 0))),
            ("9112 §7.1.1: extensions", b"1;a=\"b\" ; c\r\nx\r\n0 ;d\r\n\r\n".to_vec(), Some(("x", None, true, 0))),
            ("9112 §7.1.1: no semicolon", b"1 a\r\nx\r\n".to_vec(), None),
            ("9112 §7.1.1: control", b"1;a\rb\r\nx\r\n".to_vec(), None),
            ("limit: one extension", extension(CHUNK_LINE_OCTETS).into_bytes(), None),
            ("limit: all extensions", extension(1000).repeat(17).into_bytes(), None),
            ("9112 §7.1.2: trailers", b"0\r\nA: b\r\nC:d\r\n\r\nz".to_vec(), Some(("", Some("A=b;C=d"), true, 1))),
            ("9112 §7.1.2: malformed", b"0\r\nA b\r\n\r\n".to_vec(), None),
            ("9112 §5.2: folded", b"0\r\nA: b\r\n c\r\n\r\n".to_vec(), None),
            ("limit: trailer lines", b"0\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n".to_vec(), None),
            ("limit: trailer octets", format!("0\r\nA: {}\r\n\r\n", "b".repeat(64)).into_bytes(), None),
            ("9112 §7.1: largest size", b"ffffffffffffffff\r\nab".to_vec(), Some(("ab", None, false, 0))),
            ("9112 §7.1: overflow", b"10000000000000000\r\n".to_vec(), None),
            ("9112 §7.1: no size", b"\r\n".to_vec(), None),
            ("9112 §7.1: sign", b"+1\r\na\r\n".to_vec(), None),
            ("9112 §7.1: prefix", b"0x1\r\na\r\n".to_vec(), None),
            ("9112 §7.1: LF after the size", b"1\na\r\n".to_vec(), None),
            ("9112 §7.1: LF after the data", b"1\r\na\n0\r\n\r\n".to_vec(), None),
            ("9112 §7.1: too much data", b"1\r\nab\r\n".to_vec(), None),
        ];
        for (clause, octets, expected) in &table {
            for step in [1, 2, 7, octets.len()] {
                let expected = expected.map(|(content, trailers, ended, rest)| {
                    (content.as_bytes().to_vec(), trailers.map(str::to_owned), ended, rest)
                });
                assert_eq!(decode(octets, step).ok(), expected, "{clause}, {step} at a time");
            }
        }
    }

    #[test]
    fn content_of_known_length_ends_where_it_says() {
        let mut decoder = Decoder::new(Length::Known(5), &Settings::default());
        let mut buffer = BytesMut::from("abc");
        assert!(matches!(decoder.next(&mut buffer), Ok(Some(ContentEvent::Data(data))) if data == "abc"));
        assert!(matches!(decoder.next(&mut buffer), Ok(None)));
        assert!(!decoder.is_done());
        buffer.extend_from_slice(b"defg");
        assert!(matches!(decoder.next(&mut buffer), Ok(Some(ContentEvent::Data(data))) if data == "de"));
        assert!(decoder.is_done());
        assert!(matches!(decoder.next(&mut buffer), Ok(Some(ContentEvent::End))));
        assert_eq!(buffer, "fg");
    }
}
