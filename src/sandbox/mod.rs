//! Runs one exchange in one fresh instance of a WebAssembly component.

mod settings;

pub use settings::{Limits, OnDisconnect, Settings};
