//! Byte ranges (RFC 9110 §14.1.2, §14.2). Sans I/O.

use std::ops::RangeInclusive;

use crate::exchange::FieldSection;

/// What of a file a request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Selection {
    /// All of it: no range was asked for, or none that we understand (RFC 9110 §14.2: such a field is ignored).
    Whole,
    /// These octets, in the order asked for; one range at least. They overlap nowhere.
    Parts(Vec<RangeInclusive<u64>>),
    /// Only octets that the file does not have: 416.
    Unsatisfiable,
}

/// Ranges in one request. More look like an attack (RFC 9110 §14.2) and get the whole file, which costs less.
const MAX_RANGES: usize = 64;

/// Selects from a file of `length` octets by the fields of a GET request.
pub(super) fn select(fields: &FieldSection, length: u64) -> Selection {
    let mut lines = fields.all("range");
    let (Some(value), None) = (lines.next(), lines.next()) else { return Selection::Whole };
    // RFC 9110 §13.1.5: a validator that does not match makes the server ignore the range, and ours have none.
    if fields.first("if-range").is_some() {
        return Selection::Whole;
    }
    parse(value, length).unwrap_or(Selection::Whole)
}

/// None if the value is malformed, in another unit or out of proportion.
fn parse(value: &[u8], length: u64) -> Option<Selection> {
    let at = value.iter().position(|&octet| octet == b'=')?;
    if !value[..at].eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let mut parts = Vec::new();
    let mut specs = 0;
    // RFC 9110 §5.6.1.2: recipients skip empty list elements.
    for spec in value[at + 1..].split(|&octet| octet == b',').map(trim).filter(|spec| !spec.is_empty()) {
        specs += 1;
        if specs > MAX_RANGES {
            return None;
        }
        match parse_spec(spec, length)? {
            // §14.1.2 calls this satisfiable, but no Content-Range can name octets of an empty file.
            Spec::Empty => return Some(Selection::Whole),
            Spec::Octets(part) => parts.push(part),
            Spec::Beyond => {}
        }
    }
    match (specs, parts.is_empty()) {
        (0, _) => None,
        (_, true) => Some(Selection::Unsatisfiable),
        (_, false) => Some(Selection::Parts(separate(parts))),
    }
}

enum Spec {
    Octets(RangeInclusive<u64>),
    /// It starts after the last octet.
    Beyond,
    /// The end of an empty file.
    Empty,
}

fn parse_spec(spec: &[u8], length: u64) -> Option<Spec> {
    let dash = spec.iter().position(|&octet| octet == b'-')?;
    let (first, last) = (&spec[..dash], &spec[dash + 1..]);
    if first.is_empty() {
        return Some(match (number(last)?, length) {
            (0, _) => Spec::Beyond,
            (_, 0) => Spec::Empty,
            (suffix, _) => Spec::Octets(length.saturating_sub(suffix)..=length - 1),
        });
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(if first >= length { Spec::Beyond } else { Spec::Octets(first..=last.min(length - 1)) })
}

/// A number, where those beyond 64 bits count as the largest: no file reaches that far.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    Some(digits.iter().fold(0, add))
}

/// Overlapping ranges are joined (RFC 9110 §15.3.7.2), so that no octet is sent twice; others keep their order.
fn separate(parts: Vec<RangeInclusive<u64>>) -> Vec<RangeInclusive<u64>> {
    let mut sorted = parts.clone();
    sorted.sort_unstable_by_key(|part| *part.start());
    if sorted.windows(2).all(|pair| pair[0].end() < pair[1].start()) {
        return parts;
    }
    let mut joined: Vec<RangeInclusive<u64>> = Vec::with_capacity(sorted.len());
    for part in sorted {
        match joined.last_mut() {
            Some(last) if part.start() <= last.end() => {
                *last = *last.start()..=*last.end().max(part.end());
            }
            _ => joined.push(part),
        }
    }
    joined
}

fn trim(octets: &[u8]) -> &[u8] {
    let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    let start = octets.iter().position(|octet| !blank(octet)).unwrap_or(octets.len());
    let end = octets.iter().rposition(|octet| !blank(octet)).map_or(start, |at| at + 1);
    &octets[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(ranges: &[RangeInclusive<u64>]) -> Option<Selection> {
        Some(Selection::Parts(ranges.to_vec()))
    }

    #[test]
    fn range_fields_select() {
        let many = |count: usize| {
            let specs: Vec<_> = (0..count).map(|at| format!("{}-{}", at * 10, at * 10 + 1)).collect();
            format!("bytes={}", specs.join(","))
        };
        let rows: Vec<(&str, String, u64, Option<Selection>)> = [
            ("§14.1.2 the first 500 octets", "bytes=0-499", 10_000, parts(&[0..=499])),
            ("§14.1.2 the second 500 octets", "bytes=500-999", 10_000, parts(&[500..=999])),
            ("§14.1.2 the final 500 octets", "bytes=-500", 10_000, parts(&[9500..=9999])),
            ("§14.1.2 the same, from a position", "bytes=9500-", 10_000, parts(&[9500..=9999])),
            ("§14.1.2 the first and the last octet", "bytes=0-0,-1", 10_000, parts(&[0..=0, 9999..=9999])),
            (
                "§14.1.2 first, middle and last 1000",
                "bytes= 0-999, 4500-5499, -1000",
                10_000,
                parts(&[0..=999, 4500..=5499, 9000..=9999]),
            ),
            ("§14.1.2 adjacent", "bytes=500-600,601-999", 10_000, parts(&[500..=600, 601..=999])),
            ("§14.1.2 overlapping", "bytes=500-700,601-999", 10_000, parts(&[500..=999])),
            ("order is kept", "bytes=9-9,0-0", 10_000, parts(&[9..=9, 0..=0])),
            ("the same twice", "bytes=0-,0-", 10, parts(&[0..=9])),
            ("one inside the other", "bytes=0-9,2-3,20-29", 100, parts(&[0..=9, 20..=29])),
            ("beyond the end", "bytes=5-100", 10, parts(&[5..=9])),
            ("more than 64 bits", "bytes=5-99999999999999999999999", 10, parts(&[5..=9])),
            ("suffix longer than the file", "bytes=-100", 10, parts(&[0..=9])),
            ("one octet", "bytes=0-", 1, parts(&[0..=0])),
            ("unit without case", "BYTES=0-0", 10, parts(&[0..=0])),
            ("empty elements", "bytes=,0-0,, ,", 10, parts(&[0..=0])),
            ("one satisfiable", "bytes=100-,0-0", 10, parts(&[0..=0])),
            ("none satisfiable", "bytes=10-", 10, Some(Selection::Unsatisfiable)),
            ("empty suffix", "bytes=-0", 10, Some(Selection::Unsatisfiable)),
            ("from 64 bits on", "bytes=99999999999999999999999-", 10, Some(Selection::Unsatisfiable)),
            ("of an empty file", "bytes=0-", 0, Some(Selection::Unsatisfiable)),
            ("end of an empty file", "bytes=-1", 0, Some(Selection::Whole)),
            ("another unit", "lines=0-1", 10, None),
            ("backwards", "bytes=5-4", 10, None),
            ("backwards among others", "bytes=0-1,5-4", 10, None),
            ("no unit", "0-1", 10, None),
            ("no ranges", "bytes=", 10, None),
            ("only commas", "bytes=,,", 10, None),
            ("no dash", "bytes=1", 10, None),
            ("dash alone", "bytes=-", 10, None),
            ("signs", "bytes=+1-2", 10, None),
            ("two dashes", "bytes=1--2", 10, None),
            ("white space inside", "bytes=1 - 2", 10, None),
            ("white space before =", "bytes =0-1", 10, None),
        ]
        .into_iter()
        .map(|(name, value, length, expected)| (name, value.to_owned(), length, expected))
        .chain([("too many", many(MAX_RANGES + 1), 10_000, None)])
        .collect();
        for (name, value, length, expected) in rows {
            assert_eq!(parse(value.as_bytes(), length), expected, "{name}: {value}");
        }
        let Some(Selection::Parts(parts)) = parse(many(MAX_RANGES).as_bytes(), 10_000) else { panic!("refused") };
        assert_eq!(parts.len(), MAX_RANGES);
    }

    #[test]
    fn fields_decide_whether_ranges_count() {
        let select = |lines: &[(&str, &str)]| {
            let lines = lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
            super::select(&FieldSection::from_lines(lines), 10)
        };
        assert_eq!(select(&[]), Selection::Whole);
        assert_eq!(select(&[("Range", "bytes=0-0")]), Selection::Parts(vec![0..=0]));
        assert_eq!(select(&[("Range", "bytes=0-0"), ("Range", "bytes=1-1")]), Selection::Whole);
        assert_eq!(select(&[("Range", "bytes=0-0"), ("If-Range", "\"a\"")]), Selection::Whole);
    }
}
