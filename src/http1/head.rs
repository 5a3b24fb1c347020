//! The request head (RFC 9112 §2.2, §3, §5). Sans I/O: octets in, a head with its length or a fault out.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::{Fault, Settings, fields, framing::Framing, settings::LEADING_OCTETS, target::Target};
use crate::exchange::{RequestHead, Version, is_token};

/// A request head and what it says about the connection.
#[derive(Debug)]
pub(super) struct Request {
    /// For the exchange.
    pub(super) head: RequestHead,
    /// For the connection.
    pub(super) framing: Framing,
}

/// Cuts request heads off the front of a receive buffer, remembering where it stopped looking.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// Octets of empty lines skipped before this head.
    skipped: usize,
    /// Octets known not to hold the end of this head.
    scanned: usize,
    /// A whole head that was refused, and so left the buffer.
    refused: Bytes,
}

impl Heads {
    /// Takes the next head off `buffer`; none if it is not complete yet. `scheme`: of targets that name none.
    pub(super) fn next(
        &mut self,
        buffer: &mut BytesMut,
        scheme: impl FnOnce() -> Bytes,
        settings: &Settings,
    ) -> Result<Option<Request>, Fault> {
        self.skip_empty_lines(buffer)?;
        let Some(end) = fields::find_end(buffer, self.scanned.saturating_sub(END_OCTETS)) else {
            self.scanned = buffer.len();
            return check_part(buffer, settings).map(|()| None);
        };
        *self = Self::default();
        if end > settings.head_octets {
            check_part(buffer, settings)?;
            return Err(Fault::HeadTooLarge);
        }
        let head = buffer.split_to(end).freeze();
        parse(&head, scheme, settings).map(Some).inspect_err(|_| self.refused = head)
    }

    /// What a fault was found in: a whole head, or what there is of one in `buffer`.
    pub(super) fn refused<'a>(&'a self, buffer: &'a [u8]) -> &'a [u8] {
        if self.refused.is_empty() { buffer } else { &self.refused }
    }

    /// RFC 9112 §2.2: a server should ignore at least one empty line before the request line.
    fn skip_empty_lines(&mut self, buffer: &mut BytesMut) -> Result<(), Fault> {
        loop {
            let line = match &buffer[..] {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] => 1,
                _ => return Ok(()),
            };
            self.skipped += line;
            if self.skipped > LEADING_OCTETS {
                return Err(Fault::RequestLine);
            }
            buffer.advance(line);
        }
    }
}

/// What can already be said against an incomplete head, so that no peer waits for a deadline to learn it.
fn check_part(part: &[u8], settings: &Settings) -> Result<(), Fault> {
    let line = memchr(b'\n', &part[..part.len().min(settings.request_line_octets + 2)]);
    // A TLS handshake, say, on a port without TLS.
    if part.first().is_some_and(|first| *first != b'\r' && !is_token(&[*first])) {
        Err(Fault::RequestLine)
    } else if line.is_none() && part.len() > settings.request_line_octets {
        Err(Fault::RequestLineTooLong)
    } else if part.len() > settings.head_octets {
        Err(Fault::HeadTooLarge)
    } else {
        Ok(())
    }
}

fn parse(octets: &Bytes, scheme: impl FnOnce() -> Bytes, settings: &Settings) -> Result<Request, Fault> {
    let line_feed = memchr(b'\n', octets).ok_or(Fault::RequestLine)?;
    let line = &octets[..line_feed];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > settings.request_line_octets {
        return Err(Fault::RequestLineTooLong);
    }
    let first = memchr(b' ', line).ok_or(Fault::RequestLine)?;
    let last = line.iter().rposition(|&octet| octet == b' ').unwrap_or(first);
    let method = &line[..first];
    if first == last || !is_token(method) {
        return Err(Fault::RequestLine);
    }
    let version = parse_version(&line[last + 1..])?;
    let target = Target::parse(method, octets.slice(first + 1..last))?;
    let fields = fields::parse(octets, line_feed + 1, settings.field_lines)?;
    let framing = Framing::of(&fields, version)?;
    let head = RequestHead {
        method: octets.slice(..first),
        scheme: target.scheme.unwrap_or_else(scheme),
        // RFC 9112 §3.2.2: the target's authority wins over Host.
        authority: target.authority.or_else(|| framing.host.clone()),
        path_and_query: target.path_and_query,
        version,
        fields,
        verbatim: octets.clone(),
    };
    Ok(Request { head, framing })
}

/// RFC 9112 §2.3: case-sensitive.
fn parse_version(octets: &[u8]) -> Result<Version, Fault> {
    match octets {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Err(Fault::Version),
        _ => Err(Fault::RequestLine),
    }
}

/// Octets of the longest end of a head, `\n\r\n`: how far back from the end of one read it may begin.
const END_OCTETS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        head_octets: 200,
        request_line_octets: 100,
        field_lines: 4,
        head_deadline: std::time::Duration::ZERO,
        idle_deadline: std::time::Duration::ZERO,
        stall_deadline: std::time::Duration::ZERO,
        after_raw: crate::exchange::AfterRaw::Close,
        wire_log: None,
    };

    fn next(octets: &[u8]) -> Result<Option<Request>, Fault> {
        Heads::default().next(&mut BytesMut::from(octets), || Bytes::from_static(b"http"), &SETTINGS)
    }

    #[test]
    fn faults_by_clause() {
        let long = |length: usize| "a".repeat(length);
        let table: &[(&str, String, Option<Fault>)] = &[
            ("§3", "GET / HTTP/1.1\r\nHost: h\r\n\r\n".into(), None),
            ("§3: HTTP/1.0", "GET / HTTP/1.0\r\n\r\n".into(), None),
            ("§2.2: LF", "GET / HTTP/1.0\n\n".into(), None),
            ("§2.2: empty lines first", "\r\n\nGET / HTTP/1.0\r\n\r\n".into(), None),
            ("§2.2: too many of them", "\r\n".repeat(9), Some(Fault::RequestLine)),
            ("§2.2: white space before fields", "GET / HTTP/1.0\r\n A: b\r\n\r\n".into(), Some(Fault::Folded)),
            ("9110 §9.1: methods are free", "make-coffee! / HTTP/1.0\r\n\r\n".into(), None),
            ("9110 §9.1: no token", "G(T / HTTP/1.0\r\n\r\n".into(), Some(Fault::RequestLine)),
            ("§3: no method", " / HTTP/1.0\r\n\r\n".into(), Some(Fault::RequestLine)),
            ("§3: no version", "GET /\r\n\r\n".into(), Some(Fault::RequestLine)),
            ("§3: two spaces", "GET  / HTTP/1.0\r\n\r\n".into(), Some(Fault::Target)),
            ("§3: space in the target", "GET /a b HTTP/1.0\r\n\r\n".into(), Some(Fault::Target)),
            ("§3: space at the end", "GET / HTTP/1.0 \r\n\r\n".into(), Some(Fault::RequestLine)),
            ("§3: bare CR", "GET / HTTP/1.0\r\r\n\r\n".into(), Some(Fault::RequestLine)),
            ("§2.3: lower case", "GET / http/1.1\r\n\r\n".into(), Some(Fault::RequestLine)),
            ("§2.3: HTTP/2.0", "PRI * HTTP/2.0\r\n\r\n".into(), Some(Fault::Version)),
            ("§2.3: HTTP/1.2", "GET / HTTP/1.2\r\n\r\n".into(), Some(Fault::Version)),
            ("§2.3: HTTP/0.9", "GET / HTTP/0.9\r\n\r\n".into(), Some(Fault::Version)),
            ("§2.3: HTTP/1.10", "GET / HTTP/1.10\r\n\r\n".into(), Some(Fault::RequestLine)),
            ("§3.2: Host", "GET / HTTP/1.1\r\n\r\n".into(), Some(Fault::Host)),
            ("a TLS record (RFC 8446 §5.1)", "\u{16}\u{3}\u{1}".into(), Some(Fault::RequestLine)),
            ("limit: request line", format!("GET /{} HTTP/1.0\r\n\r\n", long(90)), Some(Fault::RequestLineTooLong)),
            ("limit: unended request line", long(101), Some(Fault::RequestLineTooLong)),
            (
                "limit: request line over the limit for heads",
                format!("GET /{} HTTP/1.0\r\n\r\n", long(300)),
                Some(Fault::RequestLineTooLong),
            ),
            ("limit: head", format!("GET / HTTP/1.0\r\nA: {}\r\n\r\n", long(190)), Some(Fault::HeadTooLarge)),
            ("limit: unended head", format!("GET / HTTP/1.0\r\nA: {}", long(190)), Some(Fault::HeadTooLarge)),
            (
                "limit: field lines",
                format!("GET / HTTP/1.0\r\n{}\r\n", "A: b\r\n".repeat(5)),
                Some(Fault::TooManyFields),
            ),
        ];
        for (clause, octets, expected) in table {
            let parsed = next(octets.as_bytes());
            assert_eq!(parsed.as_ref().err(), expected.as_ref(), "{clause}");
            assert!(expected.is_some() || parsed.is_ok_and(|request| request.is_some()), "{clause}");
        }
    }

    #[test]
    fn a_head_is_kept_verbatim_and_taken_apart() {
        let octets = b"\r\nPOST http://Target:1/p?q=\xfe HTTP/1.1\r\nHost: other\r\nX-a:  1 \r\nx-A: 2\r\n\r\n";
        let Request { head, framing } = next(octets).expect("valid").expect("complete");
        assert_eq!(head.verbatim, octets[2..]);
        assert_eq!(head.method, "POST");
        assert_eq!(head.scheme, "http");
        assert_eq!(head.authority.as_deref(), Some(b"Target:1".as_slice()));
        assert_eq!(head.path_and_query, b"/p?q=\xfe".as_slice());
        assert_eq!(head.version, Version::Http11);
        let lines: Vec<_> = head.fields.iter().map(|field| (field.name, field.value)).collect();
        assert_eq!(lines, [(b"Host".as_slice(), b"other".as_slice()), (b"X-a", b"1"), (b"x-A", b"2")]);
        assert!(framing.persistent);
    }

    #[test]
    fn a_head_may_arrive_octet_by_octet_and_leaves_what_follows() {
        let octets = b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
        let mut heads = Heads::default();
        let mut buffer = BytesMut::new();
        for (at, octet) in octets.iter().enumerate() {
            buffer.extend_from_slice(&[*octet]);
            let complete = at + 1 == octets.len();
            if complete {
                buffer.extend_from_slice(b"rest");
            }
            let parsed = heads.next(&mut buffer, || Bytes::from_static(b"http"), &SETTINGS).expect("no fault");
            assert_eq!(parsed.is_some(), complete, "after {} octets", at + 1);
        }
        assert_eq!(buffer, "rest");
    }
}
