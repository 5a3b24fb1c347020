//! Request content as a stream (RFC 9110 §6.4).

use std::task::{Context, Poll};

use bytes::Bytes;

use super::FieldSection;

/// Request content, read piece by piece. Taking a piece is what opens the peer's window again: nothing reads ahead
/// beyond one receive buffer.
pub trait ContentStream: Send {
    /// The next piece. After [`ContentEvent::End`] it answers `End` for ever, after an error the same error.
    ///
    /// # Cancel safety
    /// Nothing is lost when the caller stops polling.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<ContentEvent, ContentError>>;
}

/// One piece of content.
#[derive(Debug)]
pub enum ContentEvent {
    /// At least one octet.
    Data(Bytes),
    /// The trailer section, at most once; `End` follows.
    Trailers(FieldSection),
    /// The content is complete.
    End,
}

/// Why content ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ContentError {
    /// The peer ended the stream, with this HTTP/2 error code where there was one.
    #[error("the peer reset the stream{}", .0.map(|code| format!(" with code {code}")).unwrap_or_default())]
    Reset(Option<u32>),
    /// HTTP/1.1: the chunked framing was invalid or over its limits (RFC 9112 §7.1).
    #[error("the chunked framing of the request content is invalid")]
    Malformed,
}

/// The content of a request that has none.
#[derive(Debug)]
pub struct NoContent;

impl ContentStream for NoContent {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Result<ContentEvent, ContentError>> {
        Poll::Ready(Ok(ContentEvent::End))
    }
}
