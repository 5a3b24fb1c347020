//! A directory served as web-platform-tests' own server does: its routes, generated documents, side files, pipes, and
//! the exact fields of each kind of response.
//!
//! Not here: Python handlers, components and scripts. The words of that server's configuration are kept.

mod asis;
mod date;
mod reason;
mod send;
mod settings;
mod site;

pub use settings::{Alias, Hosts, Ports, Settings, Switches};
pub use site::Site;
