//! What `wpt` means: the configuration of a web-platform-tests checkout, as `wpt serve` reads it, made into the same
//! plan as ours.
//!
//! `config.json` in the checkout beats what is built in, `--config` beats that, and flags beat both. Objects merge under
//! the keys that they have by default, everything else is replaced. A top-level key that does not exist is a fault; below
//! that one is passed over with a warning, because `wpt serve` passes it over and configurations in use rely on it.

mod node;
mod overrides;
mod ports;
mod resolve;
mod ssl;
#[cfg(test)]
mod tests;

pub use resolve::wpt_plan;
