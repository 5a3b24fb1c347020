//! What a peer can get wrong before there is an exchange, and what it is told: the one table from fault to status.

use http::StatusCode;

/// Why a request was refused. The peer is told with [`Fault::status`], then the connection closes: after a fault nobody
/// knows where the next request starts (RFC 9112 §9.3, §11.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// RFC 9112 §3: not `method SP target SP version`.
    #[error("the request line is malformed")]
    RequestLine,
    /// RFC 9112 §3.2: none of the four forms, or not the one that the method needs.
    #[error("the request target is malformed")]
    Target,
    /// RFC 9112 §2.3: neither HTTP/1.0 nor HTTP/1.1.
    #[error("this port speaks HTTP/1.0 and HTTP/1.1 in this form")]
    Version,
    /// RFC 9112 §5: no colon, white space before it, a name that is no token, or NUL or a bare CR in the value.
    #[error("a field line is malformed")]
    FieldLine,
    /// RFC 9112 §5.2: a folded field line, or white space before the first one (§2.2).
    #[error("a field line is folded")]
    Folded,
    /// RFC 9112 §3.2: missing in HTTP/1.1, repeated, or no host.
    #[error("the Host field is missing, repeated or malformed")]
    Host,
    /// RFC 9112 §6.3: not one run of digits below 2^64.
    #[error("the Content-Length is malformed or repeated")]
    ContentLength,
    /// RFC 9112 §6.1: chunked is not the last coding, is applied twice, or has parameters.
    #[error("the Transfer-Encoding does not end in one chunked")]
    TransferEncoding,
    /// RFC 9112 §6.1: a coding before chunked.
    #[error("the Transfer-Encoding names a coding other than chunked")]
    UnknownCoding,
    /// RFC 9112 §6.1, §11.2: both Transfer-Encoding and Content-Length.
    #[error("the request has both Transfer-Encoding and Content-Length")]
    TwoLengths,
    /// RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0.
    #[error("HTTP/1.0 has no Transfer-Encoding")]
    EncodingInHttp10,
    /// RFC 9110 §15.5.15: the request line exceeds its limit.
    #[error("the request line is too long")]
    RequestLineTooLong,
    /// RFC 6585 §5: the head exceeds its limit.
    #[error("the request head is too large")]
    HeadTooLarge,
    /// RFC 6585 §5: more field lines than the limit.
    #[error("the request has too many field lines")]
    TooManyFields,
    /// The connection ended in the middle of a head.
    #[error("the request head is incomplete")]
    Incomplete,
    /// RFC 9110 §15.5.9: the head did not arrive in time.
    #[error("the request head did not arrive in time")]
    Timeout,
}

impl Fault {
    /// The status that the peer is told.
    pub fn status(self) -> StatusCode {
        match self {
            Self::RequestLine
            | Self::Target
            | Self::FieldLine
            | Self::Folded
            | Self::Host
            | Self::ContentLength
            | Self::TransferEncoding
            | Self::TwoLengths
            | Self::EncodingInHttp10
            | Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::RequestLineTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge | Self::TooManyFields => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UnknownCoding => StatusCode::NOT_IMPLEMENTED,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }
}
