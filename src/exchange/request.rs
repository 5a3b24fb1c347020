//! The request head as it stood on the wire.

use bytes::Bytes;

use super::FieldSection;

/// The head of a request (RFC 9110 §6.3): control data and fields, as octets, nothing normalised.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method, case kept.
    pub method: Bytes,
    /// `http` or `https`: HTTP/2's `:scheme` or that of an absolute-form target, else the listener's.
    pub scheme: Bytes,
    /// The authority: HTTP/2's `:authority` or the one in an absolute-form or authority-form target, else the Host
    /// field; none if the request names none.
    pub authority: Option<Bytes>,
    /// Path and query as sent, not decoded: starts with `/`, or is `*` (`OPTIONS *`), or the authority (CONNECT).
    pub path_and_query: Bytes,
    /// The protocol version.
    pub version: Version,
    /// Every field line in wire order; on HTTP/2 with the pseudo-fields where they stood.
    pub fields: FieldSection,
    /// HTTP/1.x: the whole head verbatim, request line to empty line. Empty on HTTP/2.
    pub verbatim: Bytes,
}

/// A protocol version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0 (RFC 1945): no informational responses, no chunked framing.
    Http10,
    /// HTTP/1.1 (RFC 9112).
    Http11,
    /// HTTP/2 (RFC 9113).
    Http2,
}

impl RequestHead {
    /// The path without the query.
    pub fn path(&self) -> &[u8] {
        let target = &self.path_and_query;
        &target[..target.iter().position(|&octet| octet == b'?').unwrap_or(target.len())]
    }

    /// The query: what follows the first `?`, if there is one.
    pub fn query(&self) -> Option<&[u8]> {
        let at = self.path_and_query.iter().position(|&octet| octet == b'?')?;
        Some(&self.path_and_query[at + 1..])
    }
}

impl Version {
    /// As access lines write it: `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}
