//! Byte ranges as the original reads and answers them. Sans I/O.
//!
//! DEVIATES from RFC 9110 §14 in much that tests see: numbers are what Python's `int` takes (`+1`, `1_0`, spaces around
//! them), `-` alone is the whole file, one faulty or unsatisfiable range refuses all, and ranges are sent ascending,
//! those that touch as one.

use bytes::Bytes;

use crate::reply::{Body, Piece, Reply};

/// Octets of a file: one at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ByteRange {
    /// The first.
    pub lower: u64,
    /// The one after the last.
    pub upper: u64,
}

/// Why ranges are refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RangeFault {
    /// The value has octets that are not ASCII.
    #[error("the value of the Range field is not ASCII")]
    NotAscii,
    /// The value does not begin with `bytes=`.
    #[error("another unit than bytes")]
    Unit,
    /// This range is no range, or the file has none of it.
    #[error("Bad range specifier {0}")]
    Specifier(String),
}

/// What the value of a Range field asks of a file of this many octets: one range at least, ascending, none touching
/// another.
///
/// # Errors
/// See [`RangeFault`].
pub fn parse(value: &[u8], length: u64) -> Result<Vec<ByteRange>, RangeFault> {
    let Some(value) = std::str::from_utf8(value).ok().filter(|value| value.is_ascii()) else {
        return Err(RangeFault::NotAscii);
    };
    let specifiers = value.strip_prefix("bytes=").ok_or(RangeFault::Unit)?;
    let ranges = specifiers
        .split(',')
        .map(|specifier| range(specifier, length).ok_or_else(|| RangeFault::Specifier(specifier.to_owned())));
    let mut ranges: Vec<ByteRange> = ranges.collect::<Result<_, _>>()?;
    ranges.sort_by_key(|range| range.lower);
    let mut merged: Vec<ByteRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut().filter(|last| range.lower <= last.upper) {
            Some(last) => last.upper = last.upper.max(range.upper),
            None => merged.push(range),
        }
    }
    Ok(merged)
}

impl ByteRange {
    /// The value of `Content-Range` for a file of this many octets.
    pub fn content_range(self, length: u64) -> String {
        format!("bytes {}-{}/{length}", self.lower, self.upper - 1)
    }
}

/// Makes the response with a whole file into one with these of its octets, `part` giving those of a range.
///
/// One part has its length announced. Several are `multipart/byteranges` without announced length, each with the
/// `Content-Type` that the whole file would have.
pub fn apply(reply: &mut Reply, ranges: &[ByteRange], length: u64, part: impl Fn(&ByteRange) -> Piece, boundary: &str) {
    reply.status = 206;
    if let [range] = ranges {
        reply.fields.set(&b"Content-Range"[..], range.content_range(length));
        reply.body = match part(range) {
            Piece::Octets(octets) => Body::Octets(octets),
            Piece::File(part) => Body::Part(part),
        };
        return;
    }
    let media_type = reply.fields.all(b"content-type").last().cloned();
    let multipart = format!("multipart/byteranges; boundary={boundary}");
    reply.fields.set(&b"Content-Type"[..], multipart);
    let mut between = format!("\r\n--{boundary}").into_bytes();
    let mut pieces = Vec::with_capacity(2 * ranges.len() + 1);
    for range in ranges {
        if let Some(media_type) = &media_type {
            between.extend_from_slice(b"\r\nContent-Type: ");
            between.extend_from_slice(media_type);
        }
        between.extend_from_slice(format!("\r\nContent-Range: {}\r\n\r\n", range.content_range(length)).as_bytes());
        pieces.push(Bytes::from(between).into());
        pieces.push(part(range));
        between = format!("\r\n--{boundary}").into_bytes();
    }
    between.extend_from_slice(b"--");
    pieces.push(Bytes::from(between).into());
    reply.body = Body::Pieces(pieces);
}

fn range(specifier: &str, length: u64) -> Option<ByteRange> {
    let (first, last) = specifier.split_once('-').filter(|(_, last)| !last.contains('-'))?;
    let optional = |text: &str| if text.is_empty() { Some(None) } else { int(text).map(Some) };
    let (lower, upper) = match (optional(first)?, optional(last)?) {
        (None, None) => (0, length),
        (None, Some(suffix)) => (length.saturating_sub(suffix), length),
        (Some(first), None) => (first, length),
        (Some(first), Some(last)) => (first, last.saturating_add(1).min(length)),
    };
    (lower < upper).then_some(ByteRange { lower, upper })
}

/// What Python's `int` makes of ASCII without a minus; numbers beyond any file's length are cut to the largest here.
fn int(text: &str) -> Option<u64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = text.strip_prefix('+').unwrap_or(text);
    let mut number = 0u64;
    let (mut count, mut was_digit) = (0, false);
    for character in digits.chars() {
        match character.to_digit(10) {
            Some(digit) => {
                number = number.saturating_mul(10).saturating_add(digit.into());
                count += 1;
                was_digit = true;
            }
            // One underscore may stand between two digits.
            None if character == '_' && was_digit => was_digit = false,
            None => return None,
        }
    }
    (was_digit && count <= MOST_DIGITS).then_some(number)
}

/// CPython refuses to read longer numbers (its CVE-2020-10735).
const MOST_DIGITS: usize = 4300;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_what_python_takes() {
        for (text, expected) in [
            ("1", Some(1)),
            (" \t\u{b}+007\n", Some(7)),
            ("\u{1f}7", None),
            ("1_0", Some(10)),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
            ("", None),
            ("+", None),
            ("+ 1", None),
            ("0x1", None),
            ("1.0", None),
            ("99999999999999999999", Some(u64::MAX)),
        ] {
            assert_eq!(int(text), expected, "{text}");
        }
        assert_eq!(int(&"0".repeat(4300)), Some(0));
        assert_eq!(int(&"0".repeat(4301)), None);
    }

    proptest! {
        #[test]
        fn ranges_ascend_apart_and_within_the_file(value in "bytes=[0-9, _+-]{0,24}", length in 0..40u64) {
            let Ok(ranges) = parse(value.as_bytes(), length) else { return Ok(()) };
            prop_assert!(!ranges.is_empty());
            prop_assert!(ranges.iter().all(|range| range.lower < range.upper && range.upper <= length));
            prop_assert!(ranges.windows(2).all(|pair| pair[0].upper < pair[1].lower));
        }

        #[test]
        fn no_value_panics(value in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = parse(&value, 10);
        }
    }
}
