//! Documents that the server makes from tests that are scripts alone: the pages that run them, and the scripts of the
//! workers that do. Pure: the octets of the script's comments go in, a document comes out.
//!
//! What a checkout of July 2021 can ask for is the same octet by octet as what its own server sends. Paths and queries
//! are not escaped, as there: a test's name may break its own page.

mod kind;
mod page;
mod realm;
mod script;

pub use kind::{Kind, Worker};

use super::{edition::Edition, meta::Entry};

/// The document of this kind for a request.
///
/// `path` is that of the request, not decoded, `query` what follows its question mark; both as
/// [isomorphic](super::isomorphic) text. `metadata` is what the [script](Kind::script)'s comments say.
pub fn document(kind: Kind, edition: Edition, path: &str, query: &str, metadata: &[Entry]) -> String {
    let mark = if query.is_empty() { "" } else { "?" };
    let load = Load { path: &kind.resource(path), query: &format!("{mark}{query}") };
    match kind {
        Kind::Worker(worker) => script::document(worker, edition, &load, metadata),
        Kind::Test(_) | Kind::Window | Kind::Extension => page::document(kind, edition, &load, metadata),
    }
}

/// What a document loads.
struct Load<'a> {
    path: &'a str,
    /// With its question mark, if there is one.
    query: &'a str,
}

/// The lines that comments become, as they stand in a document: an empty block is an empty line.
fn block(metadata: &[Entry], line: impl Fn(&Entry) -> Option<String>) -> String {
    metadata.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
