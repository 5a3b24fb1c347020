//! What the fields of a request say about the connection: how long its content is, and what comes after it (RFC 9112
//! §6, §9). Sans I/O. Strict wherever two readers of a message could disagree about its end (§11.2).

use bytes::Bytes;

use super::{Fault, target::is_authority};
use crate::exchange::{FieldSection, Version};

/// What the fields of a request say about the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Framing {
    /// How long the content is.
    pub(super) length: Length,
    /// Whether the client lets the connection live on (RFC 9112 §9.3).
    pub(super) persistent: bool,
    /// Whether the client waits for `100 Continue` (RFC 9110 §10.1.1).
    pub(super) expects_continue: bool,
    /// The value of the Host field.
    pub(super) host: Option<Bytes>,
}

/// How long request content is (RFC 9112 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Length {
    /// So many octets.
    Known(u64),
    /// Up to the last chunk.
    Chunked,
}

impl Framing {
    /// Reads the fields of a request.
    pub(super) fn of(fields: &FieldSection, version: Version) -> Result<Self, Fault> {
        let mut seen = Seen::default();
        for field in fields.iter() {
            seen.note(field.name, field.value)?;
        }
        let length = match (seen.codings, seen.length) {
            (Codings::None, length) => Length::Known(length.unwrap_or(0)),
            (_, Some(_)) => return Err(Fault::TwoLengths),
            (_, None) if version == Version::Http10 => return Err(Fault::EncodingInHttp10),
            (Codings::Chunked, None) => Length::Chunked,
            (Codings::OthersThenChunked, None) => return Err(Fault::UnknownCoding),
            (Codings::Others | Codings::Invalid, None) => return Err(Fault::TransferEncoding),
        };
        match seen.host {
            None if version == Version::Http11 => return Err(Fault::Host),
            Some(host) if !is_authority(host) => return Err(Fault::Host),
            _ => {}
        }
        Ok(Self {
            length,
            persistent: !seen.options.close && (version == Version::Http11 || seen.options.keep_alive),
            // RFC 9110 §10.1.1: HTTP/1.0 clients cannot wait for it, whatever they say.
            expects_continue: seen.expects_continue && version == Version::Http11,
            host: seen.host.map(|host| fields.share(host)),
        })
    }
}

#[derive(Default)]
struct Seen<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    codings: Codings,
    options: Options,
    expects_continue: bool,
}

/// The transfer codings so far, over all lines (RFC 9112 §6.1).
#[derive(Clone, Copy, Default)]
enum Codings {
    /// No Transfer-Encoding field.
    #[default]
    None,
    /// `chunked` alone.
    Chunked,
    /// Only others: as the last ones they leave the end open.
    Others,
    /// Others, then `chunked`.
    OthersThenChunked,
    /// Something after `chunked`, or an empty field.
    Invalid,
}

/// The connection options that concern us (RFC 9110 §7.6.1).
#[derive(Clone, Copy, Default)]
struct Options {
    close: bool,
    keep_alive: bool,
}

impl<'a> Seen<'a> {
    /// The length of the name rules most fields out without comparing.
    fn note(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Fault> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => set_once(&mut self.host, value, Fault::Host)?,
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.expects_continue |= elements(value).any(|part| part.eq_ignore_ascii_case(b"100-continue"));
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for option in elements(value) {
                    self.options.close |= option.eq_ignore_ascii_case(b"close");
                    self.options.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                // RFC 9112 §6.3 would let equal repetitions pass; nobody sends them who means well.
                let length = parse_length(value).ok_or(Fault::ContentLength)?;
                set_once(&mut self.length, length, Fault::ContentLength)?;
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.codings = self.codings.then(value),
            _ => {}
        }
        Ok(())
    }
}

fn set_once<T>(slot: &mut Option<T>, value: T, fault: Fault) -> Result<(), Fault> {
    if slot.replace(value).is_some() { Err(fault) } else { Ok(()) }
}

impl Codings {
    fn then(self, value: &[u8]) -> Self {
        let mut codings = self;
        let mut empty = true;
        for coding in elements(value) {
            empty = false;
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            codings = match (codings, chunked) {
                (Self::None, true) => Self::Chunked,
                (Self::None, false) => Self::Others,
                (Self::Others, true) => Self::OthersThenChunked,
                (Self::Others, false) => Self::Others,
                (Self::Chunked | Self::OthersThenChunked | Self::Invalid, _) => Self::Invalid,
            };
        }
        if empty { Self::Invalid } else { codings }
    }
}

/// The elements of a list without its empty ones (RFC 9110 §5.6.1). Quoted strings are not looked into: none of the
/// elements asked for has any.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&octet| octet == b',').map(trim).filter(|element| !element.is_empty())
}

/// Spaces and tabs alone (RFC 9110 §5.6.3): who trims more reads another coding than the next reader.
fn trim(mut element: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = element {
        element = rest;
    }
    element
}

/// RFC 9110 §8.6: digits only. None on overflow.
fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u64, |length, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        length.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: Result<Length, Fault> = Ok(Length::Chunked);

    type Lines<'a> = &'a [(&'a str, &'a str)];

    fn framing(lines: Lines<'_>, version: Version) -> Result<Framing, Fault> {
        let section = FieldSection::from_lines(lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
        Framing::of(&section, version)
    }

    #[test]
    fn lengths_by_clause() {
        let table: &[(&str, Lines<'_>, Result<Length, Fault>)] = &[
            ("9112 §6.3: neither", &[], Ok(Length::Known(0))),
            ("9112 §6.2", &[("Content-Length", "17")], Ok(Length::Known(17))),
            ("9110 §8.6: leading zeros", &[("content-length", "007")], Ok(Length::Known(7))),
            ("9110 §8.6: largest", &[("content-length", "18446744073709551615")], Ok(Length::Known(u64::MAX))),
            ("9110 §8.6: overflow", &[("content-length", "18446744073709551616")], Err(Fault::ContentLength)),
            ("9110 §8.6: sign", &[("content-length", "+5")], Err(Fault::ContentLength)),
            ("9110 §8.6: negative", &[("content-length", "-5")], Err(Fault::ContentLength)),
            ("9110 §8.6: hexadecimal", &[("content-length", "0x5")], Err(Fault::ContentLength)),
            ("9110 §8.6: empty", &[("content-length", "")], Err(Fault::ContentLength)),
            ("9110 §8.6: inner space", &[("content-length", "1 2")], Err(Fault::ContentLength)),
            ("9112 §6.3: list", &[("content-length", "5, 5")], Err(Fault::ContentLength)),
            ("9112 §6.3: equal", &[("content-length", "5"), ("Content-Length", "5")], Err(Fault::ContentLength)),
            ("9112 §6.3: differing", &[("content-length", "5"), ("content-length", "6")], Err(Fault::ContentLength)),
            ("9112 §7.1", &[("Transfer-Encoding", "chunked")], CHUNKED),
            ("9112 §7: any case", &[("transfer-encoding", "Chunked")], CHUNKED),
            ("9110 §5.6.1: empty elements", &[("transfer-encoding", ", chunked ,")], CHUNKED),
            ("9112 §6.1: twice", &[("transfer-encoding", "chunked, chunked")], Err(Fault::TransferEncoding)),
            (
                "9112 §6.1: twice, two lines",
                &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
                Err(Fault::TransferEncoding),
            ),
            ("9112 §6.1: another first", &[("transfer-encoding", "gzip, chunked")], Err(Fault::UnknownCoding)),
            (
                "9112 §6.1: another first, two lines",
                &[("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")],
                Err(Fault::UnknownCoding),
            ),
            ("9112 §6.3: not last", &[("transfer-encoding", "chunked, gzip")], Err(Fault::TransferEncoding)),
            ("9112 §6.3: missing", &[("transfer-encoding", "identity")], Err(Fault::TransferEncoding)),
            ("9112 §7: parameters", &[("transfer-encoding", "chunked;q=1")], Err(Fault::TransferEncoding)),
            ("9112 §7: near miss", &[("transfer-encoding", "xchunked")], Err(Fault::TransferEncoding)),
            ("9112 §7: vertical tab", &[("transfer-encoding", "\x0bchunked")], Err(Fault::TransferEncoding)),
            ("9112 §7: form feed", &[("transfer-encoding", "\x0cchunked")], Err(Fault::TransferEncoding)),
            ("9112 §7: empty", &[("transfer-encoding", "")], Err(Fault::TransferEncoding)),
            ("9112 §6.1: both", &[("content-length", "5"), ("transfer-encoding", "chunked")], Err(Fault::TwoLengths)),
            (
                "9112 §6.1: both, invalid",
                &[("transfer-encoding", "x"), ("content-length", "5")],
                Err(Fault::TwoLengths),
            ),
        ];
        for (clause, lines, expected) in table {
            let lines: Vec<_> = [("Host", "h")].iter().chain(lines.iter()).copied().collect();
            assert_eq!(framing(&lines, Version::Http11).map(|framing| framing.length), *expected, "{clause}");
        }
        let in_http10 = framing(&[("transfer-encoding", "chunked")], Version::Http10);
        assert_eq!(in_http10, Err(Fault::EncodingInHttp10), "9112 §6.1: HTTP/1.0");
    }

    #[test]
    fn hosts_by_clause() {
        let table: &[(&str, Lines<'_>, bool, bool)] = &[
            ("9112 §3.2: missing", &[], false, true),
            ("9112 §3.2: one", &[("Host", "a.test:80")], true, true),
            ("9110 §7.2: empty", &[("Host", "")], true, true),
            ("9112 §3.2: two", &[("Host", "a"), ("host", "a")], false, false),
            ("9112 §3.2: user information", &[("Host", "u@a")], false, false),
            ("9112 §3.2: path", &[("Host", "a/b")], false, false),
            ("9112 §3.2: list", &[("Host", "a, b")], false, false),
        ];
        for (clause, lines, in_http11, in_http10) in table {
            assert_eq!(framing(lines, Version::Http11).is_ok(), *in_http11, "{clause}");
            assert_eq!(framing(lines, Version::Http10).is_ok(), *in_http10, "{clause}, HTTP/1.0");
        }
    }

    #[test]
    fn persistence_by_clause() {
        let table: &[(&str, Lines<'_>, bool, bool)] = &[
            ("9112 §9.3: nothing said", &[], true, false),
            ("9112 §9.3: close", &[("Connection", "Close")], false, false),
            ("9112 §9.3: keep-alive", &[("Connection", "Keep-Alive")], true, true),
            ("9112 §9.3: close wins", &[("Connection", "keep-alive"), ("connection", "x, close")], false, false),
        ];
        for (clause, lines, in_http11, in_http10) in table {
            let lines: Vec<_> = [("Host", "h")].iter().chain(lines.iter()).copied().collect();
            let persistent = |version| framing(&lines, version).map(|framing| framing.persistent);
            assert_eq!(persistent(Version::Http11), Ok(*in_http11), "{clause}");
            assert_eq!(persistent(Version::Http10), Ok(*in_http10), "{clause}, HTTP/1.0");
        }
    }
}
