//! Runs one exchange in one fresh instance of a WebAssembly component.
//!
//! ```text
//! Target ─▶ modules (program → compiled, linked; cached) ─▶ run (slot, store, call) ─▶ fault (outcome → wire)
//!                                                          │
//!                          schedule (CPU account, turns) ◀─┴─▶ host/ (one file per imported interface)
//! ```
//!
//! Knows wasmtime and the exchange; sees neither sockets nor protocols.

mod bindings;
mod code_cache;
mod engine;
mod fault;
mod grants;
mod host;
mod limits;
mod modules;
mod platform;
mod precompiled;
mod run;
mod schedule;
mod settings;
mod shipped;
mod target;

pub use engine::EngineError;
pub use fault::Outcome;
pub use grants::{Grants, Import};
pub use limits::Exceeded;
pub use modules::LoadError;
pub use run::{Report, Sandbox, SetupError};
pub use settings::{Limits, OnDisconnect, Settings};
pub use shipped::Runtimes;
pub use target::{ApplyPipes, Inject, Mended, Program, Runtime, Script, SiteFacts, Target};

#[cfg(test)]
mod tests;
