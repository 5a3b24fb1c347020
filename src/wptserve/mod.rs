//! A directory served as web-platform-tests' own server does: its routes, generated documents, side files, pipes, and
//! the exact fields of each kind of response.
//!
//! Not here: what runs Python handlers, components and scripts. The words of that server's configuration are kept.
//!
//! A request's octets become text ([`isomorphic`]), its target may be [rewritten](routes::rewrite) and becomes a
//! [`url`], the [`routes`] say who answers and where files are looked up ([`file_path`]). A file's fields come from its
//! [side files](sidecar), a document's from those of its script, whose comments ([`meta`]) say which
//! [globals](exposure) it runs in and what goes into the [document](generated). What goes wrong is a [`fault`]. All of
//! these are sans I/O.

mod asis;
mod configuration;
mod date;
mod edition;
pub mod exposure;
mod facts;
pub mod fault;
pub mod file_path;
mod folder;
pub mod generated;
mod hosts;
pub mod injection;
pub mod isomorphic;
pub mod listing;
pub mod media_type;
pub mod meta;
mod python;
pub mod query;
pub mod range;
pub mod reason;
mod request;
pub mod route_pattern;
pub mod routes;
mod send;
mod settings;
pub mod sidecar;
mod site;
mod switches;
pub mod test262;
pub mod url;

#[cfg(test)]
mod recorded;

pub use configuration::{Certificate, Configuration};
pub use edition::Edition;
pub use hosts::{Hosts, HostsFault, test_not_subdomains, test_subdomains};
pub use python::PythonHandler;
pub use settings::{Alias, PortSlot, Ports, Settings};
pub use site::{Answered, OpenError, Site};
pub use switches::{Switch, Switches};
