//! Several strangers' sites on one server, each under names of its own.
//!
//! ```text
//! socket ─▶ tls: certificate of the server name ─▶ Visit: the connection's one tenant ─▶ Router, in the tenant's House
//!             unknown: alert                        other authority: 421                   site, grants, limits, stash
//! ```
//!
//! A connection belongs to one tenant from its first exchange to its end: over TLS to that of the server name (RFC 6066
//! §3), in cleartext, and over TLS without a name, to that of the first authority. Every exchange's authority must be one
//! of that tenant's names, else it is answered 421 (RFC 9110 §15.5.20); ports are not compared. A tenant has a router, a
//! house (stash, limits, turns) and an account of its own, so nothing after this module has to ask whose exchange it is.
//!
//! [`Tenants`] knows who there is: those that the operator lists, and every folder of one directory. It looks at the disk
//! when a name is first asked for, and at those that it knows a few times a second.

mod host;
mod names;
mod pattern;
mod registry;
mod settings;
#[expect(clippy::module_inception, reason = "the module is named after its one central type")]
mod tenant;
mod visit;

pub use host::Host;
pub use names::TenantNames;
pub use pattern::{NameFault, NamePattern};
pub use registry::{SWEEP_INTERVAL, Tenants};
pub use settings::{Listed, Settings, Terms};
pub use tenant::Tenant;
