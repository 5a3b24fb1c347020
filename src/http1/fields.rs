//! Field lines (RFC 9112 §5), in heads and in trailer sections. Sans I/O.
//!
//! DEVIATES: RFC 9110 §5.5 lets a recipient keep control characters other than NUL, CR and LF in values, and tests of
//! fetch() need them echoed (`fetch/api/headers/header-values.any.js`); `httparse` refuses them, hence our own parser.

use std::ops::Range;

use bytes::Bytes;
use memchr::{memchr, memchr2};

use super::Fault;
use crate::exchange::{FieldSection, Representation, is_token};

/// Parses the field lines at `octets[start..]`, which end with an empty line at the end of `octets`.
///
/// A line may end in LF alone (RFC 9112 §2.2); a CR anywhere else is refused.
pub(super) fn parse(octets: &Bytes, start: usize, most_lines: usize) -> Result<FieldSection, Fault> {
    let mut section = FieldSection::over(octets.clone());
    let mut at = start;
    loop {
        let line_feed = memchr(b'\n', &octets[at..]).ok_or(Fault::FieldLine)? + at;
        let end = if octets[at..line_feed].ends_with(b"\r") { line_feed - 1 } else { line_feed };
        if end == at {
            // The caller cut the octets behind the first empty line.
            return if line_feed + 1 == octets.len() { Ok(section) } else { Err(Fault::FieldLine) };
        }
        if section.len() == most_lines {
            return Err(Fault::TooManyFields);
        }
        let (name, value) = split(octets, at..end)?;
        section.push_range(name, value, Representation::Text);
        at = line_feed + 1;
    }
}

/// The end of the field section in `octets`: the position after its empty line. `from`: no empty line ends before it.
pub(super) fn find_end(octets: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let line_feed = memchr(b'\n', &octets[at..])? + at;
        match octets.get(line_feed + 1..)? {
            [b'\n', ..] => return Some(line_feed + 2),
            [b'\r', b'\n', ..] => return Some(line_feed + 3),
            _ => at = line_feed + 1,
        }
    }
}

fn split(octets: &[u8], line: Range<usize>) -> Result<(Range<usize>, Range<usize>), Fault> {
    let text = &octets[line.clone()];
    if is_blank(text[0]) {
        return Err(Fault::Folded);
    }
    let colon = memchr(b':', text).ok_or(Fault::FieldLine)?;
    let name = &text[..colon];
    let value = &text[colon + 1..];
    // A name that ends in white space is no token: RFC 9112 §5.1 wants just that refused.
    if !is_token(name) || memchr2(0, b'\r', value).is_some() {
        return Err(Fault::FieldLine);
    }
    let before = value.iter().take_while(|&&octet| is_blank(octet)).count();
    let after = value[before..].iter().rev().take_while(|&&octet| is_blank(octet)).count();
    Ok((line.start..line.start + colon, line.start + colon + 1 + before..line.end - after))
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines = &'static [(&'static [u8], &'static [u8])];

    #[test]
    fn field_lines_by_clause() {
        let table: &[(&str, &'static [u8], Result<Lines, Fault>)] = &[
            ("9112 §5: none", b"\r\n", Ok(&[])),
            ("9112 §5: one", b"A: b\r\n\r\n", Ok(&[(b"A", b"b")])),
            (
                "9110 §5.3: duplicates, order, case",
                b"b:1\r\na:2\r\nB:3\r\n\r\n",
                Ok(&[(b"b", b"1"), (b"a", b"2"), (b"B", b"3")]),
            ),
            ("9112 §5.1: white space around", b"A: \t b c \t\r\n\r\n", Ok(&[(b"A", b"b c")])),
            ("9110 §5.5: empty value", b"A:\r\nB: \r\n\r\n", Ok(&[(b"A", b""), (b"B", b"")])),
            ("9112 §2.2: LF alone", b"A: b\n\n", Ok(&[(b"A", b"b")])),
            ("9110 §5.5: obs-text", b"A: \xff\x80\r\n\r\n", Ok(&[(b"A", b"\xff\x80")])),
            ("9110 §5.5: controls kept", b"A: x\x01\x7f\x0by\r\n\r\n", Ok(&[(b"A", b"x\x01\x7f\x0by")])),
            ("9110 §5.5: colons in the value", b"A::b:\r\n\r\n", Ok(&[(b"A", b":b:")])),
            ("9112 §5.1: space before the colon", b"A : b\r\n\r\n", Err(Fault::FieldLine)),
            ("9112 §5.1: tab before the colon", b"A\t: b\r\n\r\n", Err(Fault::FieldLine)),
            ("9112 §5: no colon", b"A\r\n\r\n", Err(Fault::FieldLine)),
            ("9110 §5.1: empty name", b": b\r\n\r\n", Err(Fault::FieldLine)),
            ("9110 §5.1: name no token", b"A(: b\r\n\r\n", Err(Fault::FieldLine)),
            ("9110 §5.1: name with obs-text", b"A\xc3: b\r\n\r\n", Err(Fault::FieldLine)),
            ("9112 §5.2: obs-fold", b"A: b\r\n c\r\n\r\n", Err(Fault::Folded)),
            ("9112 §2.2: white space first", b" A: b\r\n\r\n", Err(Fault::Folded)),
            ("9110 §5.5: NUL", b"A: b\0c\r\n\r\n", Err(Fault::FieldLine)),
            ("9112 §2.2: bare CR", b"A: b\rc\r\n\r\n", Err(Fault::FieldLine)),
            ("9112 §2.2: CR CR LF", b"A: b\r\r\n\r\n", Err(Fault::FieldLine)),
            ("9112 §2.2: CR CR LF as empty line", b"A: b\r\n\r\r\n", Err(Fault::FieldLine)),
            ("limit", b"A:1\r\nA:2\r\nA:3\r\nA:4\r\n\r\n", Err(Fault::TooManyFields)),
        ];
        for (clause, octets, expected) in table {
            let parsed = parse(&Bytes::from_static(octets), 0, 3);
            let lines = parsed.as_ref().map(|section| section.iter().map(|f| (f.name, f.value)).collect::<Vec<_>>());
            assert_eq!(lines, expected.as_ref().map(|lines| lines.to_vec()), "{clause}");
        }
    }

    #[test]
    fn the_end_is_found_wherever_the_octets_are_cut() {
        for (octets, end) in [(b"a\r\nb\r\n\r\nrest".as_slice(), 8), (b"a\nb\n\nrest", 5), (b"a\nb\n\r\nrest", 6)] {
            for cut in 0..=octets.len() {
                let found = find_end(&octets[..cut], 0);
                assert_eq!(found, (cut >= end).then_some(end), "{octets:?} cut at {cut}");
                let resumed = find_end(octets, cut.min(end).saturating_sub(3));
                assert_eq!(resumed, Some(end), "{octets:?} resumed from {cut}");
            }
        }
    }
}
