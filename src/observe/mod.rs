//! Logs and spans. Imports no other module; every other module may use it.
//!
//! Levels: `error` is a fault of ours, `warn` one of the operator or of a handler, `info` the life cycle and one access
//! line per exchange, `debug` a peer's doing, `trace` frames. All goes to standard error; frames and heads themselves
//! go to the file of the [wire log](wire_log), where one is asked for.

mod access;
mod escape;
mod init;
pub mod span;
mod text;
pub mod wire_log;

pub use access::{ACCESS_TARGET, Access, access};
pub use escape::Escaped;
pub use init::{Filter, FilterError, Format, InitError, LogGuard, Settings, init};
