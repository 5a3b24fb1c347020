//! The host side of each imported interface: converts and delegates, decides nothing.

mod guest;
mod inspect;
mod log;
mod pipes;
mod push;
mod raw;
mod request;
mod response;
mod script;
mod stash;
mod wasi;

pub(super) use guest::{Guest, Surroundings};
#[expect(unreachable_pub, reason = "bindgen! re-exports the resource types")]
pub use guest::{Request, Response};
pub(super) use log::GuestLog;
pub(super) use response::ResponseCell;
pub(super) use wasi::link as link_wasi;
