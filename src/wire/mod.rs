//! What lies between a socket and a protocol: knows octets and frames, nothing of requests.
//!
//! Codecs here are sans I/O (octets in; an item, or "need more", or a typed error out); [`Tap`] joins those of HTTP/2
//! to a stream. h2 stays the judge of what is valid; the tap only sees what h2 regroups or hides.

mod backlog;
mod boundary;
pub mod compose;
mod frame;
mod grip;
mod hand;
mod handle;
mod hold;
pub mod hpack;
mod inbound;
mod ledger;
mod out_queue;
mod outgoing;
mod platform;
mod progress;
mod rewind;
mod shape;
mod sieve;
mod tap;
mod trace;
mod transport;

pub use backlog::{Share, WAITING_OCTETS};
pub use boundary::{Boundary, Position};
pub use frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags};
pub use hand::{Closing, Hand};
pub use handle::TapHandle;
#[cfg(test)]
pub(crate) use inbound::PREFACE;
pub use inbound::{Arrival, ArrivedFrame, Inbound, Limits};
pub use ledger::{Ledger, Section};
pub use rewind::{Rewind, sniff};
pub use tap::Tap;
pub use transport::Transport;
