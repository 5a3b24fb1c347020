//! Documents that the server makes from tests that are scripts alone: the pages that run them, and the scripts of the
//! workers that do. Pure: the octets of the script's comments go in, a document comes out.
//!
//! What a checkout of July 2021 can ask for is the same octet by octet as what its own server sends. Paths and queries
//! are not escaped, as there: a test's name may break its own page.

mod document;
mod kind;
mod page;
mod realm;
mod script;
mod test262;

pub use document::{document, generate};
pub use kind::{Kind, Worker};
pub use test262::{Mode, Test262};

#[cfg(test)]
mod tests;
