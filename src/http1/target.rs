//! The request target (RFC 9112 §3.2). Sans I/O.
//!
//! Only what decides where a request goes is checked. Path and query pass as they are: tests send octets that no URI
//! may hold, and a handler has to see them.

use bytes::{BufMut, Bytes, BytesMut};

use super::Fault;

/// A request target, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Target {
    /// The scheme of an absolute-form target.
    pub(super) scheme: Option<Bytes>,
    /// The authority of an absolute-form or authority-form target.
    pub(super) authority: Option<Bytes>,
    /// Path and query; `*`; or the authority again.
    pub(super) path_and_query: Bytes,
}

impl Target {
    /// Takes `target` apart in the form that `method` allows.
    pub(super) fn parse(method: &[u8], target: Bytes) -> Result<Self, Fault> {
        if target.iter().any(|&octet| octet <= b' ' || octet == 0x7f) {
            return Err(Fault::Target);
        }
        if method == b"CONNECT" {
            return Self::authority_form(target);
        }
        match &target[..] {
            [b'/', ..] => Ok(Self { scheme: None, authority: None, path_and_query: target }),
            b"*" if method == b"OPTIONS" => Ok(Self { scheme: None, authority: None, path_and_query: target }),
            _ => Self::absolute_form(&target),
        }
    }

    /// RFC 9112 §3.2.3: host and port, nothing else.
    fn authority_form(target: Bytes) -> Result<Self, Fault> {
        let colon = target.iter().rposition(|&octet| octet == b':').ok_or(Fault::Target)?;
        let port = &target[colon + 1..];
        if colon == 0 || port.is_empty() || !port.iter().all(u8::is_ascii_digit) || !is_authority(&target) {
            return Err(Fault::Target);
        }
        Ok(Self { scheme: None, authority: Some(target.clone()), path_and_query: target })
    }

    /// RFC 9112 §3.2.2, with the schemes that this server answers for.
    fn absolute_form(target: &Bytes) -> Result<Self, Fault> {
        let colon = target.iter().position(|&octet| octet == b':').ok_or(Fault::Target)?;
        let scheme: &[u8] = match target[..colon].to_ascii_lowercase().as_slice() {
            b"http" => b"http",
            b"https" => b"https",
            _ => return Err(Fault::Target),
        };
        if !target[colon + 1..].starts_with(b"//") {
            return Err(Fault::Target);
        }
        let rest = target.slice(colon + 3..);
        let end = rest.iter().position(|octet| b"/?#".contains(octet)).unwrap_or(rest.len());
        let authority = rest.slice(..end);
        // RFC 9110 §4.2.1: an empty host identifies nothing; §4.2.4: user information is a trap.
        if authority.is_empty() || !is_authority(&authority) {
            return Err(Fault::Target);
        }
        let path_and_query = match rest.get(end) {
            None => Bytes::from_static(b"/"),
            Some(b'/') => rest.slice(end..),
            Some(_) => {
                let mut path = BytesMut::with_capacity(1 + rest.len() - end);
                path.put_u8(b'/');
                path.put_slice(&rest[end..]);
                path.freeze()
            }
        };
        Ok(Self { scheme: Some(Bytes::from_static(scheme)), authority: Some(authority), path_and_query })
    }
}

/// Whether `octets` may stand as host and port (RFC 3986 §3.2.2, §3.2.3): none of the characters that would end an
/// authority or hide one. Octets above 0x7f pass, as internationalised names come that way.
pub(super) fn is_authority(octets: &[u8]) -> bool {
    octets.iter().all(|&octet| octet > b' ' && octet != 0x7f && !b"/?#@\\\"<>^`{|}".contains(&octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = (Option<&'static str>, Option<&'static str>, &'static [u8]);

    #[test]
    fn targets_by_clause() {
        let table: &[(&str, &str, &'static [u8], Option<Parts>)] = &[
            ("§3.2.1", "GET", b"/", Some((None, None, b"/"))),
            ("§3.2.1: query", "GET", b"/a?b=c", Some((None, None, b"/a?b=c"))),
            ("§3.2.1: odd octets", "GET", b"/\xff{}|\"<>#^`\\%zz", Some((None, None, b"/\xff{}|\"<>#^`\\%zz"))),
            ("§3.2.1: two slashes", "GET", b"//h/p", Some((None, None, b"//h/p"))),
            ("§3.2.2", "GET", b"http://h:1/p?q", Some((Some("http"), Some("h:1"), b"/p?q"))),
            ("§3.2.2: scheme in any case", "GET", b"HttpS://h/", Some((Some("https"), Some("h"), b"/"))),
            ("§3.2.2: no path", "GET", b"http://h", Some((Some("http"), Some("h"), b"/"))),
            ("§3.2.2: query, no path", "GET", b"http://h?q", Some((Some("http"), Some("h"), b"/?q"))),
            ("§3.2.2: IPv6", "GET", b"http://[::1]:80/", Some((Some("http"), Some("[::1]:80"), b"/"))),
            ("9110 §4.2.1: no host", "GET", b"http:///p", None),
            ("9110 §4.2.4: user information", "GET", b"http://u@h/p", None),
            ("§3.2.2: another scheme", "GET", b"ftp://h/p", None),
            ("§3.2.2: no slashes", "GET", b"http:h", None),
            ("§3.2.3", "CONNECT", b"h:443", Some((None, Some("h:443"), b"h:443"))),
            ("§3.2.3: no port", "CONNECT", b"h", None),
            ("§3.2.3: empty port", "CONNECT", b"h:", None),
            ("§3.2.3: no host", "CONNECT", b":443", None),
            ("§3.2.3: origin-form", "CONNECT", b"/p", None),
            ("§3.2.3: without CONNECT", "GET", b"h:443", None),
            ("§3.2.4", "OPTIONS", b"*", Some((None, None, b"*"))),
            ("§3.2.4: without OPTIONS", "GET", b"*", None),
            ("§3.2: empty", "GET", b"", None),
            ("§3.2: no form", "GET", b"p", None),
            ("§3.2: space", "GET", b"/a b", None),
            ("§3.2: tab", "GET", b"/a\tb", None),
            ("§3.2: control", "GET", b"/a\x01", None),
            ("§3.2: DEL", "GET", b"/a\x7f", None),
        ];
        for (clause, method, target, expected) in table {
            let expected = expected.map(|(scheme, authority, path_and_query)| Target {
                scheme: scheme.map(Bytes::from),
                authority: authority.map(Bytes::from),
                path_and_query: Bytes::from_static(path_and_query),
            });
            let parsed = Target::parse(method.as_bytes(), Bytes::from_static(target));
            assert_eq!(parsed, expected.ok_or(Fault::Target), "{clause}");
        }
    }
}
