//! What flows from a protocol to a handler and back: one [`Exchange`] for each request (RFC 9110 §3.3).
//!
//! Protocols build exchanges and implement [`StreamWriter`] and [`ContentStream`]; whoever answers uses
//! [`ResponseWriter`]. Neither side knows the other: they meet here.

mod content;
mod dispatch;
#[expect(clippy::module_inception, reason = "the module is named after its one central type")]
mod exchange;
mod fields;
mod inspect;
mod raw;
#[cfg(test)]
pub(crate) mod recorder;
mod request;
mod response;
mod stream_writer;
mod syntax;

pub use content::{ContentError, ContentEvent, ContentStream, NoContent};
pub use dispatch::{BoxFuture, Dispatch, Entry, Escort};
pub use exchange::{ConnectionFacts, ConnectionId, Exchange, ExchangeId, TlsFacts};
pub use fields::{Field, FieldSection, Representation};
pub use inspect::{NoFrame, NoFrames, SEEN_OCTETS, SeenFrame, WireView};
pub use raw::{
    AfterRaw, Body, HoldEnd, Indexing, Instruction, Leave, Priority, RAW_OCTETS, RawDoor, RawError, RawFrame,
    RawSection,
};
pub use request::{RequestHead, Version};
pub use response::{Phase, RawSendError, ResponseWriter, Sent, WriteError};
pub use stream_writer::{ContentRule, Extent, PushError, PushedRequest, ResponseHead, SendError, StreamWriter};
pub use syntax::{is_field_value, is_token};
