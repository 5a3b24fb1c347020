//! Pipes (`?pipe=header(Name,value)|trickle(d1)`): changes to a whole response, one after another.
//!
//! [`of_request`] says which pipes a request asks for, [`parse`] reads them, [`apply`] carries them out on a
//! [`Reply`](crate::reply::Reply), in the manner of web-platform-tests' own server; `docs/pipes.md` tells the rules. Not
//! here: which responses are piped at all.

mod apply;
mod fault;
mod gzip;
mod parse;
mod pipe;
mod request;
mod slice;
#[cfg(test)]
mod tests;
mod trickle;

pub use apply::apply;
pub use fault::{PipeError, PipeFault};
pub use parse::{Call, parse};
pub use pipe::Pipe;
pub use request::of_request;
pub use trickle::Trickle;
