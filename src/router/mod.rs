//! Picks who answers an exchange: a handler of the route table, a handler file of the site, or a file of the site.
//!
//! Routes come first, in the order of the configuration, then the site. A path that ends in `.handler.wasm` runs the
//! handler of that name, and one that ends in `.frames` the script, for every method and query. Every exchange leaves one access line.

mod access;
mod files;
mod front;
mod page;
mod pattern;
#[expect(clippy::module_inception, reason = "the module is named after its one central type")]
mod router;
mod scripts;
mod settings;
mod table;

pub use front::Front;
pub use pattern::Pattern;
pub use router::{Behaviour, Router, RunHandler};
pub use settings::{GrantRule, RouteSettings, Settings};
