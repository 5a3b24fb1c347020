//! What a protocol offers to whoever answers: the steps of a response, put on the wire as told.
//!
//! Implementors encode and send; they do not judge. Order, field syntax and lengths are checked once for all protocols
//! by [`ResponseWriter`](super::ResponseWriter), which is the only caller.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::{BoxFuture, FieldSection, RawDoor};

/// One response on its way to the peer. Steps come in a valid order, with valid fields.
///
/// # Cancel safety
/// A dropped future leaves the stream in an unknown place: the only call that may follow is
/// [`reset`](StreamWriter::reset).
pub trait StreamWriter: Send {
    /// Sends a 1xx response. HTTP/1.0 peers get nothing (RFC 9110 §15.2).
    fn send_informational<'a>(
        &'a mut self,
        status: u16,
        fields: &'a FieldSection,
    ) -> BoxFuture<'a, Result<(), SendError>>;

    /// Sends the response head.
    fn send_head<'a>(&'a mut self, head: ResponseHead<'a>) -> BoxFuture<'a, Result<(), SendError>>;

    /// HTTP/1.x: sends a head of the caller's own making, from its status line to its empty line, after which content is
    /// whatever [`send_data`](Self::send_data) sends. The writer above has seen to the protocol.
    fn send_head_verbatim(&mut self, head: Bytes, extent: Extent) -> BoxFuture<'_, Result<(), SendError>> {
        let _ = (head, extent);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Sends content; `end` ends the response with it. `octets` is empty only if `end` is set.
    fn send_data(&mut self, octets: Bytes, end: bool) -> BoxFuture<'_, Result<(), SendError>>;

    /// HTTP/2: sends content as one DATA frame, empty content too, with this many octets of padding. The writer above has
    /// seen to it that HTTP/1.x gets neither padding nor empty content.
    fn send_data_frame(
        &mut self,
        octets: Bytes,
        padding: Option<u8>,
        end: bool,
    ) -> BoxFuture<'_, Result<(), SendError>> {
        let _ = padding;
        self.send_data(octets, end)
    }

    /// HTTP/2: cuts field sections from here on into fragments of at most `octets`; 0 ends it.
    fn split_fields(&mut self, octets: u32) {
        let _ = octets;
    }

    /// Sends trailers and ends the response.
    fn send_trailers<'a>(&'a mut self, fields: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>>;

    /// Abandons the response: RST_STREAM with this code, or the close of an HTTP/1.x connection. What was
    /// sent before leaves first, unless the socket takes no more. Never waits.
    fn reset(&mut self, code: u32);

    /// Octets of content that could be sent now without waiting.
    fn open_window(&self) -> u64;

    /// Whether trailers can be sent: not on HTTP/1.x without chunked framing.
    fn can_send_trailers(&self) -> bool;

    /// HTTP/2: promises a response and gives its stream.
    ///
    /// # Errors
    /// See [`PushError`].
    fn push(&mut self, request: &PushedRequest<'_>) -> Result<Box<dyn StreamWriter>, PushError> {
        let _ = request;
        Err(PushError::WrongProtocol)
    }

    /// The raw door of this stream; none where there is no wire.
    fn raw(&mut self) -> Option<&mut dyn RawDoor> {
        None
    }

    /// Whether a raw call has touched the response's own stream: then the server does not complete it.
    fn is_raw(&self) -> bool {
        false
    }

    /// Resolves when the peer has reset the stream or left. Wakes the last caller only.
    fn poll_peer_gone(&mut self, cx: &mut Context<'_>) -> Poll<Option<u32>>;
}

/// The head of a response, with what the protocol needs to frame it.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// 200 to 999.
    pub status: u16,
    /// The fields in the order in which they should leave.
    pub fields: &'a FieldSection,
    /// What content will follow.
    pub content: ContentRule,
}

/// How the client is to find the end of content that follows a head of the caller's own making (RFC 9112 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// There is none, or as much as the head says: the connection may live on.
    Delimited,
    /// The connection ends with it.
    UntilClose,
}

/// What content follows a response head (RFC 9112 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContentRule {
    /// None, by the nature of the response: the answer to HEAD, 204, 304. The head ends the stream.
    Forbidden,
    /// None, by choice: the head ends the stream. On HTTP/1.x it says `Content-Length: 0` unless the fields hold one.
    Empty,
    /// As many octets as the Content-Length among the fields says.
    Length(u64),
    /// Any number, until the end is sent.
    Unknown,
}

/// Why a step did not reach the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The peer reset the stream or left, with the HTTP/2 error code where there was one.
    #[error("the peer is gone{}", .0.map(|code| format!(" with code {code}")).unwrap_or_default())]
    PeerGone(Option<u32>),
    /// One frame can't hold this; the most that the peer takes, in octets. Nothing was sent.
    #[error("one DATA frame holds at most {0} octets")]
    FrameTooLarge(u32),
}

/// A request that the server makes up (RFC 9113 §8.4.1).
#[derive(Clone, Copy, Debug)]
pub struct PushedRequest<'a> {
    /// The method.
    pub method: &'a [u8],
    /// `http` or `https`.
    pub scheme: &'a [u8],
    /// The authority.
    pub authority: &'a [u8],
    /// Path and query.
    pub path_and_query: &'a [u8],
    /// The fields.
    pub fields: &'a FieldSection,
}

/// Why nothing was promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PushError {
    /// HTTP/1.x has no push.
    #[error("only HTTP/2 has server push")]
    WrongProtocol,
    /// SETTINGS_ENABLE_PUSH is 0.
    #[error("the client has switched push off")]
    Disabled,
    /// The response is complete.
    #[error("the response is complete")]
    Closed,
    /// The field with this index cannot be sent politely.
    #[error("field {0} cannot be sent")]
    InvalidField(usize),
    /// Method, path or authority cannot be promised.
    #[error("the request cannot be promised")]
    InvalidRequest,
    /// The client leaves no room, or is gone.
    #[error("the client takes no promise")]
    Refused,
}
