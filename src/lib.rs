//! Framewright: a web test server whose handlers are sandboxed WebAssembly components with control of the wire.
//!
//! One request goes down this line, and its response back up; each arrow is one call:
//!
//! ```text
//! server::listener → server::connection → tls → http1 | http2 → exchange → router → site | wptserve | sandbox
//! ```
//!
//! [`server`] accepts a connection and gives it a task, [`tls`] shakes hands and agrees on a protocol, [`http1`] or
//! [`http2`] read requests through the octet taps of [`wire`] and make an [`exchange::Exchange`] of each. [`router`]
//! picks who answers: a file of [`site`], the ways of web-platform-tests' own server ([`wptserve`], whose whole
//! [`reply`] passes through [`pipes`] and [`substitution`]), or a component that [`sandbox`] runs in an instance of its
//! own. Where a server has many strangers' sites, [`tenant`] binds each connection to one of them first, with a router and
//! an account ([`quota`]) of its own; [`admin`] tells the operator how they do. All answer through [`exchange::ResponseWriter`], which hands checked steps back to the protocol.

#[cfg(not(fuzzing))]
pub mod admin;
#[cfg(not(fuzzing))]
pub mod cli;
#[cfg(not(fuzzing))]
pub mod config;
pub mod drain;
pub mod exchange;
pub mod http1;
pub mod http2;
pub mod observe;
pub mod pipes;
pub mod quota;
pub mod reply;
#[cfg(not(fuzzing))]
pub mod router;
#[cfg(not(fuzzing))]
pub mod sandbox;
#[cfg(not(fuzzing))]
pub mod server;
pub mod site;
pub mod stash;
pub mod substitution;
#[cfg(not(fuzzing))]
pub mod tenant;
pub mod tls;
pub mod wire;
pub mod wptserve;
