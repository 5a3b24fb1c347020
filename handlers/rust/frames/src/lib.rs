//! Runs `.frames` scripts: the server hands each request for one to this component (`docs/frames.md`).
//!
//! The language is a crate of its own, without I/O. [`run`] interprets it over [`wire::Wire`], which [`door`] implements
//! by the contract and the tests by a recorder. [`serve`] decides between a run, a report and the cap; [`memory`] keeps
//! attempts in the stash.

mod door;
mod facts;
mod json;
mod memory;
mod record;
mod run;
mod serve;
#[cfg(test)]
mod tests;
mod wire;

use framewright_guest::{Request, ResponseWriter, handler};

handler!(frames);

fn frames(request: Request, response: ResponseWriter) {
    let source = door::source();
    let facts = door::facts(&request);
    serve::serve(&source, &facts, &mut door::Door::new(request, response));
}
