//! `*.asis`: files that are whole responses.
//!
//! HTTP/1.1: the octets of the file, nothing else, then the end of the connection. HTTP/2 has no place for them; there
//! the file's status and fields become the head, without those of connections (RFC 9113 §8.2.2), and what follows the
//! empty line is the content as it stands, chunked framing included.

use bytes::Bytes;

use crate::reply::{Body, Reply};

/// Why a file is no response, as far as HTTP/2 needs to understand it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum AsIsFault {
    /// The first line is no status line (RFC 9112 §4).
    #[error("line 1 is no status line")]
    StatusLine,
    /// A field line has no colon.
    #[error("line {0} has no colon")]
    NoColon(usize),
    /// There is no empty line.
    #[error("no empty line ends the head")]
    NoEnd,
}

/// The status that a file's first line names, for the access line; none if it names none.
pub(super) fn status(octets: &[u8]) -> Option<u16> {
    let line = octets.split(|&octet| octet == b'\n').next()?;
    parse_status(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The file as a response whose parts are known.
pub(super) fn parse(octets: &Bytes) -> Result<Reply, AsIsFault> {
    let mut lines = Lines { octets, at: 0 };
    let first = lines.next().ok_or(AsIsFault::StatusLine)?;
    let mut reply = Reply::new(parse_status(first).ok_or(AsIsFault::StatusLine)?);
    for number in 2.. {
        let line = lines.next().ok_or(AsIsFault::NoEnd)?;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&octet| octet == b':').ok_or(AsIsFault::NoColon(number))?;
        let share = |part: &[u8]| octets.slice_ref(part.trim_ascii());
        reply.fields.append(share(&line[..colon]), share(&line[colon + 1..]));
    }
    reply.body = Body::Pieces(vec![octets.slice(lines.at..).into()]);
    Ok(reply)
}

fn parse_status(line: &[u8]) -> Option<u16> {
    let mut words = line.split(|&octet| octet == b' ').filter(|word| !word.is_empty());
    words.next().filter(|version| version.starts_with(b"HTTP/"))?;
    std::str::from_utf8(words.next()?).ok()?.parse().ok().filter(|status| (100..1000).contains(status))
}

/// Lines that end in LF, with or without CR; without the line end.
struct Lines<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = &self.octets[self.at..];
        let end = rest.iter().position(|&octet| octet == b'\n')?;
        self.at += end + 1;
        Some(rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Piece;

    #[test]
    fn a_file_becomes_head_and_content() {
        let octets = Bytes::from_static(b"HTTP/1.1 302 Found\r\nLocation: /x\nb:1\r\nB: 2\r\n\r\ncon\r\n\r\ntent");
        let reply = parse(&octets).expect("a response");
        let fields: Vec<_> = reply.fields.iter().map(|(name, value)| (&name[..], &value[..])).collect();
        assert_eq!(fields, [(&b"Location"[..], &b"/x"[..]), (b"b", b"1"), (b"b", b"2")]);
        let Body::Pieces(pieces) = reply.body else { panic!("pieces") };
        let [Piece::Octets(content)] = &pieces[..] else { panic!("octets") };
        assert_eq!((reply.status, &content[..]), (302, &b"con\r\n\r\ntent"[..]));
    }

    #[test]
    fn what_is_no_response_names_its_line() {
        for (octets, fault) in [
            (&b""[..], AsIsFault::StatusLine),
            (b"hello\n\n", AsIsFault::StatusLine),
            (b"HTTP/1.1 abc\n\n", AsIsFault::StatusLine),
            (b"HTTP/1.1 20\n\n", AsIsFault::StatusLine),
            (b"HTTP/1.1 200 OK\na: b\nc\n\n", AsIsFault::NoColon(3)),
            (b"HTTP/1.1 200 OK\na: b\n", AsIsFault::NoEnd),
        ] {
            assert_eq!(parse(&Bytes::from_static(octets)).err(), Some(fault), "{}", octets.escape_ascii());
            assert_eq!(status(octets).is_none(), fault == AsIsFault::StatusLine);
        }
    }
}
