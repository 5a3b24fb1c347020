//! Octets that strangers chose, made fit for a log line.

use std::fmt::{self, Write};

/// Shows octets on one line: printable ASCII as it is, everything else, blanks and backslashes included, as `\xNN`.
///
/// Neither terminal escapes nor line breaks get through. What goes beyond the limit is cut, with `…` in its place.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    octets: &'a [u8],
    limit: usize,
}

/// Octets of a method or request target that one log line shows: more than any that a person types.
const LIMIT: usize = 512;

impl<'a> Escaped<'a> {
    /// Shows at most 512 of these octets.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, limit: LIMIT }
    }

    /// Shows at most this many octets.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.octets[..self.octets.len().min(self.limit)];
        for run in shown.chunk_by(|one, other| is_plain(*one) && is_plain(*other)) {
            match run {
                [octet] if !is_plain(*octet) => write!(f, "\\x{octet:02x}")?,
                // Plain octets are ASCII, and so are UTF-8.
                plain => f.write_str(std::str::from_utf8(plain).unwrap_or_default())?,
            }
        }
        if shown.len() < self.octets.len() {
            f.write_char('…')?;
        }
        Ok(())
    }
}

fn is_plain(octet: u8) -> bool {
    octet.is_ascii_graphic() && octet != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_printable_ascii_gets_through() {
        for (octets, shown) in [
            (b"/a/b?c=%20".as_slice(), "/a/b?c=%20"),
            (b"", ""),
            (b"\x1b[31mred", "\\x1b[31mred"),
            (b"a b\r\nc", "a\\x20b\\x0d\\x0ac"),
            (b"\\x41", "\\x5cx41"),
            ("é".as_bytes(), "\\xc3\\xa9"),
            (b"\0\0", "\\x00\\x00"),
        ] {
            assert_eq!(Escaped::new(octets).to_string(), shown, "{octets:?}");
        }
        assert_eq!(Escaped::new(b"abcdef").limit(3).to_string(), "abc…");
        assert_eq!(Escaped::new(b"abc").limit(3).to_string(), "abc");
        let all: Vec<u8> = (0..=255).collect();
        assert!(Escaped::new(&all).to_string().bytes().all(|octet| octet.is_ascii_graphic()));
    }
}
