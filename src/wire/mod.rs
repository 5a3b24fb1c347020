//! I/O wrappers under the protocols: they know octets and frames only.

mod rewind;

pub use rewind::{Rewind, sniff};
