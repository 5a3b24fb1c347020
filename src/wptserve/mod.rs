//! A directory served as web-platform-tests' own server does: its routes, generated documents, side files, pipes, and
//! the exact fields of each kind of response.
//!
//! Not here: Python handlers, components and scripts. The words of that server's configuration are kept.

mod configuration;
mod hosts;
mod settings;

pub use configuration::{Certificate, Configuration};
pub use hosts::{Hosts, HostsFault, test_not_subdomains, test_subdomains};
pub use settings::{Alias, PortSlot, Ports, Settings, Switches};
