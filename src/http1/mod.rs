//! HTTP/1.0 and HTTP/1.1 (RFC 9112), from octets to exchanges and back.
//!
//! This is a loop of our own, not hyper's. hyper cannot send 1xx, drops most trailers, lower-cases names, joins
//! duplicates and always chunks unknown lengths. Writing round it would leave two parties with an idea each of where
//! the connection stands, hyper's and ours: two sources of truth. Nor does it use `httparse`, which refuses
//! field values that tests send (see `fields`).
//!
//! Everything but `connection`, `ending`, `transfer` and `deadline` is free of clock and socket: octets in; an item, "need more"
//! or a fault out.

mod connection;
mod deadline;
mod decoder;
mod encode;
mod ending;
mod fault;
mod fields;
mod framing;
mod head;
mod head_log;
mod inbox;
mod link;
mod outbox;
mod raw;
mod reader;
mod response;
mod settings;
mod target;
#[cfg(test)]
mod tests;
mod transfer;
mod writer;

pub use connection::serve;
pub use fault::Fault;
pub use settings::Settings;
