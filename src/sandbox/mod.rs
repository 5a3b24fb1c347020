//! Runs one exchange in one fresh instance of a WebAssembly component.
//!
//! ```text
//! Target ─▶ modules (program → compiled, linked; cached) ─▶ run (slot, store, call) ─▶ fault (outcome → wire)
//!                                                          │
//!                          schedule (CPU account, turns) ◀─┴─▶ host/ (one file per imported interface)
//! ```
//!
//! Knows wasmtime and the exchange; sees neither sockets nor protocols.

mod aside;
mod bindings;
mod carried;
mod code_cache;
mod compiler;
mod engine;
mod fault;
mod grants;
mod handler_file;
mod host;
mod house;
mod limits;
mod load_error;
mod modules;
mod platform;
mod precompile;
mod precompiled;
mod run;
mod schedule;
mod settings;
mod shipped;
mod target;

pub use carried::CARRIED_FOLDER;
pub use compiler::{CompileFault, Compiler, ENVIRONMENT, SUBCOMMAND, compile_here};
pub use engine::{EngineError, Processor};
pub use fault::Outcome;
pub use grants::{Grants, Import};
pub use house::House;
pub use limits::Exceeded;
pub use load_error::LoadError;
pub use precompile::{Precompiled, Precompiler};
pub use run::{Report, Sandbox, SetupError};
pub use settings::{Limits, OnDisconnect, Settings};
pub use shipped::Runtimes;
pub use target::{ApplyPipes, Inject, Mended, Program, Runtime, Script, SiteFacts, Target, Task};

#[cfg(test)]
mod tests;
