//! What a client put on the wire, beyond the request that became of it.

use std::{
    task::{Context, Poll},
    time::Duration,
};

/// What an exchange can see of its connection's wire.
pub trait WireView: Send + Sync {
    /// The client's frames that are remembered after number `after`, of one stream or of all. Empty on HTTP/1.x.
    fn frames(&self, after: u64, stream: Option<u32>) -> Vec<SeenFrame>;

    /// The first of them, as soon as it is there.
    ///
    /// # Errors
    /// See [`NoFrame`].
    ///
    /// # Cancel safety
    /// Safe: nothing is taken. Several callers can wait.
    fn poll_frame(&self, after: u64, stream: Option<u32>, cx: &mut Context<'_>) -> Poll<Result<SeenFrame, NoFrame>>;
}

/// One HTTP/2 frame of the client's (RFC 9113 §4.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenFrame {
    /// Counts the client's frames on this connection, from 1.
    pub number: u64,
    /// From the end of the client's preface to the frame's last octet.
    pub arrived: Duration,
    /// The type.
    pub kind: u8,
    /// The flags.
    pub flags: u8,
    /// The reserved bit.
    pub reserved: bool,
    /// The stream.
    pub stream: u32,
    /// Octets of payload as declared.
    pub length: u32,
    /// The Pad Length field.
    pub padding: Option<u8>,
    /// The payload, cut to [`SEEN_OCTETS`]; none of DATA and of field blocks, the priority of HEADERS.
    pub payload: Box<[u8]>,
    /// Why the frame was refused.
    pub refused: Option<&'static str>,
}

/// The most octets that are kept of one frame's payload.
pub const SEEN_OCTETS: usize = 256;

/// Why there is no next frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoFrame {
    /// The connection is over.
    Closed,
    /// This is no HTTP/2 connection.
    WrongProtocol,
}

/// Sees nothing: HTTP/1.x has no frames.
#[derive(Debug)]
pub struct NoFrames;

impl WireView for NoFrames {
    fn frames(&self, _: u64, _: Option<u32>) -> Vec<SeenFrame> {
        Vec::new()
    }

    fn poll_frame(&self, _: u64, _: Option<u32>, _: &mut Context<'_>) -> Poll<Result<SeenFrame, NoFrame>> {
        Poll::Ready(Err(NoFrame::WrongProtocol))
    }
}
