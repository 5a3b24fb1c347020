//! How a response is framed on the connection (RFC 9112 §6, §9.3). Sans I/O: steps in, octets in the outbox out.
//!
//! ```text
//! Head ──▶ Content(Known | Chunked) ──▶ Ended
//!  │  └──▶ Content(UntilClose) ──▶ EndedByClose ──▶ Ended
//!  └──────────────┴─▶ Reset
//! ```
//!
//! Once the raw door has been used, nobody but the handler knows how far the message is, and it need not end.
//!
//! Fields leave as given, then what framing needs and the fields lack, and nothing else.
//!
//! DEVIATES: RFC 9110 §6.6.1 wants a Date field from servers with a clock; tests own every field of their responses.

use bytes::Bytes;

use super::{encode, head_log::HeadLog, outbox::Outbox};
use crate::{
    drain::Drain,
    exchange::{AfterRaw, ContentRule, Extent, FieldSection, ResponseHead, Version},
};

/// A response, and whether the connection outlives it.
#[derive(Clone, Debug)]
pub(super) struct Response {
    progress: Progress,
    version: Version,
    /// Whether the connection may carry another request, as far as is known.
    persistent: bool,
    /// Whether octets of the handler's own making stand in the response, or took its place.
    raw: bool,
    /// What becomes of the connection, if the handler has said so.
    after: Option<AfterRaw>,
    /// What becomes of it once the raw door has been used, if it has not.
    after_raw: AfterRaw,
    drain: Drain,
    log: Option<HeadLog>,
}

/// Where a response stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// No final head yet.
    Head,
    /// In the content.
    Content(Body),
    /// Complete, once the write half of the connection is shut down.
    EndedByClose,
    /// Complete.
    Ended,
    /// Abandoned: what was accepted is still written.
    Reset,
}

/// How content is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    /// By the Content-Length among the fields.
    Known,
    /// In chunks.
    Chunked,
    /// By the end of the connection: HTTP/1.0.
    UntilClose,
}

impl Response {
    /// Before any request.
    pub(super) fn new(drain: Drain) -> Self {
        Self {
            progress: Progress::Ended,
            version: Version::Http11,
            persistent: true,
            raw: false,
            after: None,
            after_raw: AfterRaw::Close,
            drain,
            log: None,
        }
    }

    /// Logs the heads and trailer sections of this response and those that follow.
    pub(super) fn log_to(&mut self, log: Option<HeadLog>) {
        self.log = log;
    }

    /// Starts over. `persistent`: whether the client lets the connection live on.
    pub(super) fn begin(&mut self, version: Version, persistent: bool, after_raw: AfterRaw) {
        self.progress = Progress::Head;
        self.version = version;
        self.persistent = persistent;
        self.raw = false;
        self.after = None;
        self.after_raw = after_raw;
    }

    /// Where the response stands.
    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// Whether another request may follow: known once the response has ended.
    pub(super) fn is_persistent(&self) -> bool {
        let after = self.after.unwrap_or(if self.raw { self.after_raw } else { AfterRaw::Keep });
        let ended = if self.raw { self.progress != Progress::Reset } else { self.progress == Progress::Ended };
        self.persistent && ended && after == AfterRaw::Keep
    }

    /// Notes that the raw door has been used.
    pub(super) fn take_over(&mut self) {
        self.raw = true;
    }

    /// Whether the raw door has been used.
    pub(super) fn is_raw(&self) -> bool {
        self.raw
    }

    /// What the handler wants to become of the connection.
    pub(super) fn after(&mut self, rule: AfterRaw) {
        self.after = Some(rule);
    }

    /// Lets the connection close after the response.
    pub(super) fn close_after(&mut self) {
        self.persistent = false;
    }

    /// Notes that our direction is left: a response that ends with it is complete.
    pub(super) fn note_departure(&mut self) {
        if self.progress == Progress::EndedByClose {
            self.progress = Progress::Ended;
        }
    }

    /// Abandons the response, unless it is complete.
    pub(super) fn reset(&mut self) {
        if matches!(self.progress, Progress::Head | Progress::Content(_)) {
            self.progress = Progress::Reset;
        }
    }

    /// RFC 9110 §10.1.1: nothing once the final head has left.
    pub(super) fn send_continue(&self, out: &mut Outbox) {
        if self.progress == Progress::Head {
            let text = out.text();
            let start = text.len();
            text.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            self.logged(&text[start..]);
        }
    }

    /// A 1xx response; nothing to HTTP/1.0 clients (RFC 9110 §15.2).
    pub(super) fn send_informational(&self, status: u16, fields: &FieldSection, out: &mut Outbox) {
        if self.version == Version::Http11 {
            let text = out.text();
            let start = text.len();
            encode::status_line(text, status);
            encode::field_lines(text, fields);
            text.extend_from_slice(b"\r\n");
            self.logged(&text[start..]);
        }
    }

    /// The final head. `content_unwanted`: the client still waits to be told whether to send its content. It might do
    /// so any time after, so the connection cannot be used again (RFC 9110 §10.1.1).
    pub(super) fn send_head(&mut self, head: ResponseHead<'_>, content_unwanted: bool, out: &mut Outbox) {
        let given = Given::of(head.fields);
        let (progress, framing): (_, &[u8]) = match (head.content, self.version) {
            (ContentRule::Forbidden, _) => (Progress::Ended, b""),
            (ContentRule::Empty, _) if given.length => (Progress::Ended, b""),
            (ContentRule::Empty, _) => (Progress::Ended, b"Content-Length: 0\r\n"),
            (ContentRule::Length(_), _) => (Progress::Content(Body::Known), b""),
            (ContentRule::Unknown, Version::Http10) => (Progress::Content(Body::UntilClose), b""),
            (ContentRule::Unknown, _) => (Progress::Content(Body::Chunked), b"Transfer-Encoding: chunked\r\n"),
        };
        let closes = given.close
            || content_unwanted
            || progress == Progress::Content(Body::UntilClose)
            || self.after == Some(AfterRaw::Close);
        self.persistent &= !closes && !self.drain.is_draining();
        let connection: &[u8] = match (self.persistent, self.version) {
            (false, _) if given.close => b"",
            (false, _) => b"Connection: close\r\n",
            (true, Version::Http10) => b"Connection: keep-alive\r\n",
            (true, _) => b"",
        };
        let text = out.text();
        let start = text.len();
        encode::status_line(text, head.status);
        encode::field_lines(text, head.fields);
        text.extend_from_slice(framing);
        text.extend_from_slice(connection);
        text.extend_from_slice(b"\r\n");
        self.logged(&text[start..]);
        self.progress = progress;
    }

    /// A head of the caller's own making, content behind it or not. It says nothing of the connection unless the caller did.
    pub(super) fn send_head_verbatim(&mut self, head: Bytes, extent: Extent, content_unwanted: bool, out: &mut Outbox) {
        let end = memchr::memmem::find(&head, b"\r\n\r\n").map_or(head.len(), |at| at + 4);
        self.logged(&head[..end]);
        out.push(head);
        self.persistent &= !content_unwanted && !self.drain.is_draining();
        self.progress = Progress::Content(match extent {
            Extent::Delimited => Body::Known,
            Extent::UntilClose => Body::UntilClose,
        });
        self.persistent &= extent == Extent::Delimited;
    }

    /// The wire log, if there is one.
    pub(super) fn log(&self) -> Option<&HeadLog> {
        self.log.as_ref()
    }

    /// Logs octets of the handler's own making.
    pub(super) fn log_raw(&self, octets: &[u8]) {
        if let Some(log) = &self.log {
            log.raw(octets);
        }
    }

    fn logged(&self, head: &[u8]) {
        if let Some(log) = &self.log {
            log.sent(head);
        }
    }

    /// Content; `end` ends the response with it.
    pub(super) fn send_data(&mut self, octets: Bytes, end: bool, out: &mut Outbox) {
        let Progress::Content(body) = self.progress else { return };
        match body {
            Body::Known | Body::UntilClose => out.push(octets),
            Body::Chunked => {
                if !octets.is_empty() {
                    send_chunk(octets, out);
                }
                if end {
                    out.text().extend_from_slice(b"0\r\n\r\n");
                }
            }
        }
        if end {
            self.progress = if body == Body::UntilClose { Progress::EndedByClose } else { Progress::Ended };
        }
    }

    /// Whether trailers have a place.
    pub(super) fn can_send_trailers(&self) -> bool {
        self.progress == Progress::Content(Body::Chunked)
    }

    /// The last chunk and the trailer section (RFC 9112 §7.1.2).
    pub(super) fn send_trailers(&mut self, fields: &FieldSection, out: &mut Outbox) {
        if self.can_send_trailers() {
            let text = out.text();
            text.extend_from_slice(b"0\r\n");
            encode::field_lines(text, fields);
            text.extend_from_slice(b"\r\n");
            if let Some(log) = &self.log {
                log.sent_trailers(fields);
            }
            self.progress = Progress::Ended;
        }
    }
}

/// What the fields of a head say already.
struct Given {
    length: bool,
    close: bool,
}

impl Given {
    fn of(fields: &FieldSection) -> Self {
        let mut given = Self { length: false, close: false };
        for field in fields.iter() {
            match field.name.len() {
                10 if field.name.eq_ignore_ascii_case(b"connection") => {
                    given.close |= field.value.eq_ignore_ascii_case(b"close");
                }
                14 => given.length |= field.name.eq_ignore_ascii_case(b"content-length"),
                _ => {}
            }
        }
        given
    }
}

fn send_chunk(octets: Bytes, out: &mut Outbox) {
    encode::chunk_size(out.text(), octets.len());
    out.push(octets);
    out.text().extend_from_slice(b"\r\n");
}
