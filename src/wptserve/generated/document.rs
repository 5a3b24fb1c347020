//! From a script to the document that runs it.

use super::{Kind, page, script, test262};
use crate::wptserve::{
    edition::Edition,
    exposure::Exposure,
    fault::Fault,
    meta::{Entry, Metadata, NotText},
};

/// Generates a document from the octets of its [script](Kind::script), if the script runs in the kind's global.
///
/// # Errors
/// [`Fault::NotExposed`], or [`Fault::Generated`] for comments that are no text.
pub fn generate(kind: Kind, edition: Edition, path: &str, query: &str, script: &[u8]) -> Result<String, Fault> {
    let metadata = Metadata::parse(script);
    let not_text = |fault: NotText| Fault::Generated(fault.to_string());
    if let Some(global) = kind.global()
        && !Exposure::of(&metadata, edition).map_err(not_text)?.contains(global)
    {
        return Err(Fault::NotExposed(global));
    }
    let metadata = match kind {
        // Its comments are none of ours.
        Kind::Test262(_) => &[],
        _ => metadata.all().map_err(not_text)?,
    };
    Ok(document(kind, edition, path, query, metadata, script))
}

/// The document of this kind for a request.
///
/// `path` is that of the request, not decoded, `query` what follows its question mark; both as
/// [isomorphic](crate::wptserve::isomorphic) text. `metadata` is what the comments of the [script](Kind::script) say.
pub fn document(kind: Kind, edition: Edition, path: &str, query: &str, metadata: &[Entry], script: &[u8]) -> String {
    let mark = if query.is_empty() { "" } else { "?" };
    let load = Load { path: &kind.resource(path), query: &format!("{mark}{query}") };
    match kind {
        Kind::Test(global) => page::test(global, edition, &load, metadata),
        Kind::Window => page::window(&load, metadata),
        Kind::Extension => page::extension(&load, metadata),
        Kind::Worker(worker) => script::document(worker, edition, &load, metadata),
        Kind::Test262(test) => test262::document(test, &load, script),
    }
}

/// What a document loads.
pub(super) struct Load<'a> {
    pub(super) path: &'a str,
    /// With its question mark, if there is one.
    pub(super) query: &'a str,
}

/// The lines that comments become, as they stand in a document: an empty block is an empty line.
pub(super) fn block(metadata: &[Entry], line: impl Fn(&Entry) -> Option<String>) -> String {
    metadata.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}
