//! A directory served as web-platform-tests' own server does: its routes, generated documents, side files, pipes, and
//! the exact fields of each kind of response.
//!
//! Not here: Python handlers, components and scripts. The words of that server's configuration are kept.

mod settings;

pub use settings::{Alias, Hosts, Ports, Settings, Switches};
