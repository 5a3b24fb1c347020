//! The well-formed door: a response written step by step, which cannot become an invalid message.
//!
//! ```text
//!          send_informational ⟲
//! Head ──── send_head ────▶ Content ──── end, trailers ────▶ Closed
//!   │ send_head(end)           │ send_data ⟲                   ▲
//!   └──────────────────────────┴──── reset, peer gone ─────────┘
//! ```

use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{
    ContentRule, Extent, FieldSection, ResponseHead, SendError, StreamWriter, Version, is_field_value, is_token,
    syntax::has_no_controls,
};

/// Checks each step of a response and hands it to the protocol's [`StreamWriter`].
///
/// Dropping it before the response is complete resets the stream with INTERNAL_ERROR (RFC 9113 §7).
pub struct ResponseWriter {
    stream: Box<dyn StreamWriter>,
    version: Version,
    /// The request was HEAD: content is counted and dropped (RFC 9110 §9.3.2).
    head_only: bool,
    state: State,
    sent: Sent,
    octet_limit: u64,
}

mod raw;
pub use raw::RawSendError;

/// Where a response stands; it moves downwards only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Nothing final has been sent.
    Head,
    /// The head has left; content or trailers may follow.
    Content,
    /// The response is complete, was reset, or the peer is gone.
    Closed,
}

/// What has been sent so far, for the access line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    /// The final status, once its head has left.
    pub status: Option<u16>,
    /// Octets of content handed to the protocol.
    pub octets: u64,
    /// The error code, if we reset the stream.
    pub reset: Option<u32>,
    /// The peer left first, with its error code where there was one.
    pub peer_gone: Option<Option<u32>>,
}

/// Why a step was refused; nothing of it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WriteError {
    /// The step does not fit the phase.
    #[error("out of order: the response is in phase {0:?}")]
    OutOfOrder(Phase),
    /// The status is out of range.
    #[error("the status cannot be sent here")]
    InvalidStatus,
    /// The field with this index cannot be sent politely.
    #[error("field {0} cannot be sent")]
    InvalidField(usize),
    /// The content would not agree with its Content-Length.
    #[error("the content does not agree with its Content-Length")]
    LengthMismatch,
    /// No trailers can follow this head.
    #[error("this response cannot have trailers")]
    NotAllowed,
    /// The peer reset the stream or left.
    #[error("the peer is gone")]
    PeerGone(Option<u32>),
    /// One DATA frame cannot hold this; the most that the peer takes.
    #[error("one DATA frame holds at most {0} octets")]
    FrameTooLarge(u32),
    /// The exchange has sent as many octets as it may; the rest was not sent.
    #[error("the exchange's limit of {0} octets sent is used up")]
    OctetLimit(u64),
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Content { left: Option<u64>, dropped: bool },
    Closed,
    Gone(Option<u32>),
}

/// What a checked head means for the content that follows.
struct CheckedHead {
    rule: ContentRule,
    state: State,
}

/// What a checked piece of content means.
struct CheckedContent {
    after: State,
    /// Whether it is counted only: in answer to HEAD.
    dropped: bool,
}

/// INTERNAL_ERROR (RFC 9113 §7): how a response that cannot be completed ends.
const INTERNAL_ERROR: u32 = 0x2;

impl ResponseWriter {
    /// A writer over a protocol's stream. `head_only`: the request's method was HEAD.
    pub fn new(stream: Box<dyn StreamWriter>, version: Version, head_only: bool) -> Self {
        Self { stream, version, head_only, state: State::Head, sent: Sent::default(), octet_limit: u64::MAX }
    }

    /// Limits the octets of content that may be sent; unlimited at first.
    pub fn limit_octets(&mut self, limit: u64) {
        self.octet_limit = limit;
    }

    /// Sends a 1xx response, any number of times before the head.
    ///
    /// # Errors
    /// Statuses outside 100–199, and 101, are refused; see [`WriteError`] for the rest.
    pub async fn send_informational(&mut self, status: u16, fields: &FieldSection) -> Result<(), WriteError> {
        self.expect_head()?;
        if !(100..200).contains(&status) || status == 101 {
            return Err(WriteError::InvalidStatus);
        }
        for (index, field) in fields.iter().enumerate() {
            // RFC 9110 §8.6: no Content-Length in a 1xx response.
            if !self.can_send(index, field.name, field.value) || field.name.eq_ignore_ascii_case(b"content-length") {
                return Err(WriteError::InvalidField(index));
            }
        }
        let result = self.stream.send_informational(status, fields).await;
        self.note(result)
    }

    /// Sends the response head; `end` ends the response with it.
    ///
    /// # Errors
    /// Statuses outside 200–999 and fields that cannot be sent are refused; see [`WriteError`].
    pub async fn send_head(&mut self, status: u16, fields: &FieldSection, end: bool) -> Result<(), WriteError> {
        self.expect_head()?;
        let checked = self.check_head(status, fields, end)?;
        let result = self.stream.send_head(ResponseHead { status, fields, content: checked.rule }).await;
        self.note(result)?;
        self.sent.status = Some(status);
        self.state = checked.state;
        Ok(())
    }

    /// HTTP/1.x: sends a head of the caller's own making, unchecked, as the site of a foreign server's ways needs it.
    /// Content may follow, of any length, even where none should.
    ///
    /// # Errors
    /// [`WriteError::NotAllowed`] on HTTP/2; see [`WriteError`].
    pub(crate) async fn send_head_verbatim(
        &mut self,
        status: Option<u16>,
        head: Bytes,
        extent: Extent,
    ) -> Result<(), WriteError> {
        self.expect_head()?;
        if self.version == Version::Http2 {
            return Err(WriteError::NotAllowed);
        }
        let result = self.stream.send_head_verbatim(head, extent).await;
        self.note(result)?;
        self.sent.status = status;
        self.state = State::Content { left: None, dropped: false };
        Ok(())
    }

    /// Sends content; `end` ends the response with it. Empty content without `end` sends nothing.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn send_data(&mut self, octets: Bytes, end: bool) -> Result<(), WriteError> {
        let content = self.check_content(&octets, end)?;
        if !content.dropped && (end || !octets.is_empty()) {
            let length = octets.len();
            let result = self.stream.send_data(octets, end).await;
            self.note(result)?;
            self.sent.octets += length as u64;
        } else {
            self.sent.octets += octets.len() as u64;
        }
        self.state = content.after;
        Ok(())
    }

    /// Sends content as exactly one DATA frame, padded. HTTP/1.1: one chunk; empty content without `end` sends nothing.
    ///
    /// # Errors
    /// [`WriteError::NotAllowed`] for padding on HTTP/1.x; see [`WriteError`].
    pub async fn send_data_frame(&mut self, octets: Bytes, padding: Option<u8>, end: bool) -> Result<(), WriteError> {
        if self.version != Version::Http2 {
            return if padding.is_some() { Err(WriteError::NotAllowed) } else { self.send_data(octets, end).await };
        }
        let content = self.check_content(&octets, end)?;
        let length = octets.len() as u64;
        if !content.dropped {
            let result = self.stream.send_data_frame(octets, padding, end).await;
            self.note(result)?;
        }
        self.sent.octets += length;
        self.state = content.after;
        Ok(())
    }

    /// Cuts the field sections from here on into fragments of at most this many octets; 0 ends it.
    ///
    /// # Errors
    /// [`WriteError::NotAllowed`] on HTTP/1.x.
    pub fn split_fields(&mut self, octets: u32) -> Result<(), WriteError> {
        if self.version != Version::Http2 {
            return Err(WriteError::NotAllowed);
        }
        self.stream.split_fields(octets);
        Ok(())
    }

    /// What sending these octets leads to.
    fn check_content(&self, octets: &Bytes, end: bool) -> Result<CheckedContent, WriteError> {
        let State::Content { left, dropped } = self.state else { return Err(self.out_of_order()) };
        let length = octets.len() as u64;
        let left_after = match left {
            Some(left) => Some(left.checked_sub(length).ok_or(WriteError::LengthMismatch)?),
            None => None,
        };
        if end && left_after.is_some_and(|left| left > 0) {
            return Err(WriteError::LengthMismatch);
        }
        if self.sent.octets.saturating_add(length) > self.octet_limit {
            return Err(WriteError::OctetLimit(self.octet_limit));
        }
        let after = if end { State::Closed } else { State::Content { left: left_after, dropped } };
        Ok(CheckedContent { after, dropped })
    }

    /// Sends the trailer section and ends the response.
    ///
    /// # Errors
    /// [`WriteError::NotAllowed`] where the protocol has no place for trailers: HTTP/1.x without chunked framing, and
    /// responses without content.
    pub async fn send_trailers(&mut self, fields: &FieldSection) -> Result<(), WriteError> {
        let State::Content { left, dropped } = self.state else { return Err(self.out_of_order()) };
        if dropped || !self.stream.can_send_trailers() {
            return Err(WriteError::NotAllowed);
        }
        if left.is_some_and(|left| left > 0) {
            return Err(WriteError::LengthMismatch);
        }
        for (index, field) in fields.iter().enumerate() {
            if !self.can_send(index, field.name, field.value)
                || FRAMING.iter().any(|name| field.name.eq_ignore_ascii_case(name))
            {
                return Err(WriteError::InvalidField(index));
            }
        }
        let result = self.stream.send_trailers(fields).await;
        self.note(result)?;
        self.state = State::Closed;
        Ok(())
    }

    /// Ends the response.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn end_stream(&mut self) -> Result<(), WriteError> {
        self.send_data(Bytes::new(), true).await
    }

    /// Sends a whole response of plain text: how the server itself answers.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn answer(&mut self, status: u16, text: &str) -> Result<(), WriteError> {
        let length = text.len().to_string();
        let fields = FieldSection::from_lines([
            (b"content-type".as_slice(), b"text/plain; charset=utf-8".as_slice()),
            (b"content-length", length.as_bytes()),
        ]);
        self.send_head(status, &fields, false).await?;
        self.send_data(Bytes::copy_from_slice(text.as_bytes()), true).await
    }

    /// Abandons the response with this HTTP/2 error code; HTTP/1.x closes the connection.
    ///
    /// # Errors
    /// [`WriteError::OutOfOrder`] once the response is closed.
    pub fn reset(&mut self, code: u32) -> Result<(), WriteError> {
        match self.state {
            State::Head | State::Content { .. } => {
                self.stream.reset(code);
                self.sent.reset = Some(code);
                self.state = State::Closed;
                Ok(())
            }
            State::Closed | State::Gone(_) => Err(self.out_of_order()),
        }
    }

    /// Octets of content that could be sent now without waiting; 0 when closed.
    pub fn open_window(&self) -> u64 {
        match self.state {
            State::Head | State::Content { .. } => self.stream.open_window(),
            State::Closed | State::Gone(_) => 0,
        }
    }

    /// Where the response stands.
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Head => Phase::Head,
            State::Content { .. } => Phase::Content,
            State::Closed | State::Gone(_) => Phase::Closed,
        }
    }

    /// The protocol that carries the response.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What has been sent so far.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Resolves when the peer has reset the stream or left; for ever pending once the response is closed.
    pub fn poll_peer_gone(&mut self, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        match self.state {
            State::Head | State::Content { .. } => {
                let gone = std::task::ready!(self.stream.poll_peer_gone(cx));
                self.state = State::Gone(gone);
                self.sent.peer_gone = Some(gone);
                Poll::Ready(gone)
            }
            State::Gone(code) => Poll::Ready(code),
            State::Closed => Poll::Pending,
        }
    }

    /// Waits for the peer to reset the stream or leave.
    pub async fn peer_gone(&mut self) -> Option<u32> {
        poll_fn(|cx| self.poll_peer_gone(cx)).await
    }

    fn expect_head(&self) -> Result<(), WriteError> {
        if matches!(self.state, State::Head) { Ok(()) } else { Err(self.out_of_order()) }
    }

    fn out_of_order(&self) -> WriteError {
        match self.state {
            State::Gone(code) => WriteError::PeerGone(code),
            State::Head | State::Content { .. } | State::Closed => WriteError::OutOfOrder(self.phase()),
        }
    }

    fn note(&mut self, result: Result<(), SendError>) -> Result<(), WriteError> {
        result.map_err(|error| match error {
            SendError::PeerGone(code) => {
                self.state = State::Gone(code);
                self.sent.peer_gone = Some(code);
                WriteError::PeerGone(code)
            }
            SendError::FrameTooLarge(most) => WriteError::FrameTooLarge(most),
        })
    }

    fn check_head(&self, status: u16, fields: &FieldSection, end: bool) -> Result<CheckedHead, WriteError> {
        if !(200..1000).contains(&status) {
            return Err(WriteError::InvalidStatus);
        }
        let mut declared = None;
        for (index, field) in fields.iter().enumerate() {
            if !self.can_send(index, field.name, field.value) {
                return Err(WriteError::InvalidField(index));
            }
            if field.name.eq_ignore_ascii_case(b"content-length") {
                // RFC 9110 §8.6: once at most, and never with 204.
                let length = parse_length(field.value).filter(|_| declared.is_none() && status != 204);
                declared = Some(length.ok_or(WriteError::InvalidField(index))?);
            }
        }
        let no_content = matches!(status, 204 | 304);
        if no_content || self.head_only {
            // HEAD: the handler may write the content of the GET, which is measured but not sent.
            let state =
                if end || no_content { State::Closed } else { State::Content { left: declared, dropped: true } };
            return Ok(CheckedHead { rule: ContentRule::Forbidden, state });
        }
        match declared {
            Some(left) if end && left > 0 => Err(WriteError::LengthMismatch),
            _ if end => Ok(CheckedHead { rule: ContentRule::Empty, state: State::Closed }),
            Some(left) => Ok(CheckedHead {
                rule: ContentRule::Length(left),
                state: State::Content { left: Some(left), dropped: false },
            }),
            None => {
                Ok(CheckedHead { rule: ContentRule::Unknown, state: State::Content { left: None, dropped: false } })
            }
        }
    }

    fn can_send(&self, index: usize, name: &[u8], value: &[u8]) -> bool {
        if !is_token(name) || !is_field_value(value) {
            return false;
        }
        match self.version {
            Version::Http2 => {
                index < HTTP2_LINES
                    && name.len() <= HTTP2_NAME_OCTETS
                    && has_no_controls(value)
                    && !name.iter().any(u8::is_ascii_uppercase)
                    && !CONNECTION_SPECIFIC.contains(&name)
            }
            Version::Http10 | Version::Http11 => {
                let own = CONNECTION_SPECIFIC.iter().any(|own| name.eq_ignore_ascii_case(own));
                !own || (name.eq_ignore_ascii_case(b"connection") && value.eq_ignore_ascii_case(b"close"))
            }
        }
    }
}

impl Drop for ResponseWriter {
    fn drop(&mut self) {
        if !self.stream.is_raw() && matches!(self.state, State::Head | State::Content { dropped: false, .. }) {
            self.stream.reset(INTERNAL_ERROR);
        }
    }
}

/// Lines of a field section that HTTP/2 sends; its `HeaderMap` holds no more than 24,576 names.
const HTTP2_LINES: usize = 16_384;

/// Octets of a field name that HTTP/2 sends: what `HeaderName` holds.
const HTTP2_NAME_OCTETS: usize = 65_535;

/// RFC 9113 §8.2.2. The connection is the server's; HTTP/1.1 handlers may only ask for its close.
const CONNECTION_SPECIFIC: [&[u8]; 6] =
    [b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"];

/// Fields that say how content is to be read, and so cannot follow it (RFC 9110 §6.5.1).
const FRAMING: [&[u8]; 4] = [b"content-length", b"content-encoding", b"content-type", b"trailer"];

/// RFC 9110 §8.6: digits only. None on overflow.
fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
