//! HTTP/2 (RFC 9113) on the h2 crate: h2 keeps frames, streams and windows, and judges what is valid.
//!
//! [`serve`] turns each stream into an [`Exchange`](crate::exchange::Exchange). h2's `HeaderMap` loses the order of
//! fields, so request heads and trailers come from the [`Tap`](crate::wire::Tap) below it, matched by stream.

mod content;
mod fault;
mod push;
mod raw;
mod resets;
mod serve;
mod settings;
mod writer;

pub use fault::Fault;
pub use serve::serve;
pub use settings::Settings;

#[cfg(test)]
mod tests;
