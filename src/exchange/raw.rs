//! The raw door: octets and frames of a handler's own making, right or wrong. It promises nothing.
//!
//! What the words mean on each protocol stands in `wit/raw.wit`; what a protocol can't do is a typed refusal.

use std::time::Duration;

use bytes::Bytes;

use super::BoxFuture;

/// What a protocol lets an exchange do with its connection.
///
/// # Cancel safety
/// A dropped future leaves it open how much was sent.
pub trait RawDoor: Send {
    /// HTTP/2: sends frames with nothing between them; resolves when they have been handed to the socket.
    fn send_frames(&mut self, frames: Vec<RawFrame>) -> BoxFuture<'_, Result<(), RawError>>;

    /// Sends octets verbatim; resolves when they have been handed to the socket.
    fn send_octets(&mut self, octets: Bytes) -> BoxFuture<'_, Result<(), RawError>>;

    /// Resolves when everything that the exchange sent so far has been handed to the socket.
    fn flush(&mut self) -> BoxFuture<'_, Result<(), RawError>>;

    /// Leaves; resolves when done. Holds end. What stands in line by then leaves first, that of others too, unless the way
    /// is a reset: then what the peer does not take at once is lost.
    fn close(&mut self, how: Leave) -> BoxFuture<'_, Result<(), RawError>>;

    /// HTTP/2: lets nothing of other streams leave until [`release`](Self::release), for at most `time`, and while they
    /// wait with at most `octets`. Resolves when the hold has begun: other exchanges' holds come first, and end by
    /// themselves. A second call while it lasts renews it, up to its longest time in all.
    ///
    /// # Errors
    /// See [`RawError`].
    fn hold(&mut self, time: Duration, octets: usize) -> BoxFuture<'_, Result<(), RawError>>;

    /// Ends a hold.
    fn release(&mut self) -> HoldEnd;

    /// What becomes of the connection after the exchange.
    fn after(&mut self, rule: AfterRaw);

    /// HTTP/2: frames of the client for this stream are no error: it was promised raw.
    ///
    /// # Errors
    /// See [`RawError`].
    fn absorb(&mut self, stream: u32) -> Result<(), RawError>;
}

/// Why a raw call was refused; nothing of it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RawError {
    /// The call is for the other protocol.
    #[error("this call is not for the protocol of this exchange")]
    WrongProtocol,
    /// The connection is closed.
    #[error("the connection is gone")]
    Gone,
    /// More octets in one call than this.
    #[error("more than {0} octets in one call")]
    TooLarge(usize),
    /// With those of the call, more octets would wait on the connection, for all its exchanges together, than this.
    #[error("more than {0} octets of raw calls wait on the connection")]
    Crowded(usize),
}

/// The most octets of one raw call: the longest frame that there is (RFC 9113 §4.1).
pub const RAW_OCTETS: usize = (1 << 24) + 9;

/// How an exchange leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    /// TLS close_notify, then FIN; reading goes on.
    HalfClose,
    /// FIN without TLS close_notify (RFC 8446 §6.1).
    WithoutCloseNotify,
    /// TCP RST.
    Reset,
}

/// What becomes of a connection that was written raw.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AfterRaw {
    /// It serves further requests, if nothing that was sent forbids it.
    Keep,
    /// It closes.
    #[default]
    Close,
}

/// How a hold ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoldEnd {
    /// When it was asked to.
    Released,
    /// Before.
    Lost,
    /// There was none.
    None,
}

/// A frame, or what stands for several: HEADERS and PUSH_PROMISE with their CONTINUATIONs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawFrame {
    /// 31 bits. None: the exchange's own, or 0 for frames about the connection.
    pub stream: Option<u32>,
    /// What it holds.
    pub body: Body,
}

/// What a frame holds (RFC 9113 §6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// §6.1.
    Data {
        /// The content.
        octets: Bytes,
        /// Octets of padding; none leaves out the PADDED flag.
        padding: Option<u8>,
        /// END_STREAM.
        end_stream: bool,
    },
    /// §6.2.
    Headers {
        /// The field block.
        fields: RawSection,
        /// §5.3.2.
        priority: Option<Priority>,
        /// END_STREAM.
        end_stream: bool,
    },
    /// §6.3.
    Priority(Priority),
    /// §6.4.
    RstStream(u32),
    /// §6.5.
    Settings {
        /// ACK.
        ack: bool,
        /// Identifiers and values.
        settings: Vec<(u16, u32)>,
    },
    /// §6.6.
    PushPromise {
        /// The promised stream.
        promised: u32,
        /// The field block.
        fields: RawSection,
    },
    /// §6.7.
    Ping {
        /// ACK.
        ack: bool,
        /// Eight octets, or not.
        opaque: Bytes,
    },
    /// §6.8.
    Goaway {
        /// The last stream.
        last_stream: u32,
        /// The error code.
        code: u32,
        /// Additional debug data.
        debug: Bytes,
    },
    /// §6.9: the increment.
    WindowUpdate(u32),
    /// §6.10.
    Continuation {
        /// The rest of a field block, or a part of it.
        block: Vec<Instruction>,
        /// END_HEADERS.
        end_headers: bool,
    },
    /// RFC 7838 §4.
    Altsvc {
        /// The origin.
        origin: Bytes,
        /// The field value.
        value: Bytes,
    },
    /// RFC 8336.
    Origin(Vec<Bytes>),
    /// RFC 9218 §7.1.
    PriorityUpdate {
        /// The stream that it is about.
        prioritized: u32,
        /// The field value.
        value: Bytes,
    },
    /// Any frame.
    Other {
        /// The type.
        kind: u8,
        /// The flags.
        flags: u8,
        /// The reserved bit.
        reserved: bool,
        /// The payload.
        payload: Bytes,
        /// The Length field, 24 bits; none: the payload's.
        declared: Option<u32>,
    },
}

/// A field block and how it is cut into frames.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RawSection {
    /// In this order.
    pub block: Vec<Instruction>,
    /// Octets in each frame but the last, which has the rest.
    pub split: Vec<u32>,
    /// Octets of padding of the first frame; none leaves out the PADDED flag.
    pub padding: Option<u8>,
    /// END_HEADERS on the last frame.
    pub end_headers: bool,
}

/// A piece of a field block (RFC 7541 §6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// §6.2, the name spelled out.
    Literal {
        /// Any octets.
        name: Bytes,
        /// Any octets.
        value: Bytes,
        /// Which of the three forms.
        indexing: Indexing,
        /// Huffman coded or not (§5.2).
        huffman: bool,
    },
    /// §6.1.
    Indexed(u32),
    /// §6.3.
    SizeUpdate(u32),
    /// Verbatim.
    Octets(Bytes),
}

/// How a literal is written (RFC 7541 §6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Indexing {
    /// §6.2.2.
    Without,
    /// §6.2.3.
    Never,
    /// §6.2.1.
    Incremental,
}

/// RFC 9113 §5.3.1, §6.3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Priority {
    /// The exclusive flag.
    pub exclusive: bool,
    /// The stream dependency, 31 bits.
    pub dependency: u32,
    /// The weight's octet.
    pub weight: u8,
}
