//! What came back on a stream.

use framewright::wire::{FrameKind, flags};

use super::Frame;
use crate::support::client::Fields;

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Complete,
    Reset(u32),
    GoAway(u32),
    Closed,
}

/// What came back on a stream.
#[derive(Debug)]
pub struct Response {
    pub informational: Vec<(u16, Fields)>,
    pub status: u16,
    pub fields: Fields,
    pub content: Vec<u8>,
    pub trailers: Fields,
    pub end: End,
}

impl Response {
    pub(super) fn note_end(&mut self, frame: &Frame) {
        match frame.header.kind {
            FrameKind::RST_STREAM => self.end = End::Reset(frame.number(0)),
            // With NO_ERROR streams go on (RFC 9113 §6.8).
            FrameKind::GOAWAY if frame.number(4) != 0 => self.end = End::GoAway(frame.number(4)),
            FrameKind::DATA | FrameKind::HEADERS if frame.header.has(flags::END_STREAM) => self.end = End::Complete,
            _ => {}
        }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.content).expect("text")
    }
}
