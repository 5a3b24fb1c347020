//! Scripts of workers.

use super::{
    Worker,
    document::{Load, block},
    page::globals,
    realm,
};
use crate::wptserve::{edition::Edition, meta::Entry};

/// The script of this kind.
pub(super) fn document(worker: Worker, edition: Edition, load: &Load<'_>, metadata: &[Entry]) -> String {
    let import: fn(&str) -> String = match worker {
        // Without a semicolon, as the original has it.
        Worker::Classic => |url| format!("importScripts(\"{url}\")"),
        Worker::Module => |url| format!("import \"{url}\";"),
        Worker::Realm | Worker::RealmInServiceWorker | Worker::RealmInAudioWorklet => {
            return realm::script(worker, load, metadata);
        }
    };
    let end = if worker == Worker::Classic { ";" } else { "" };
    let harness = import("/resources/testharness.js");
    let test = import(load.path);
    let block = imports(metadata, import);
    let globals = globals("false", "true", edition);
    format!("\n{globals}{harness}{end}\n{block}\n{test}{end}\ndone();\n")
}

/// The statements that comments become, in their order: imports and the title.
pub(super) fn imports(metadata: &[Entry], import: impl Fn(&str) -> String) -> String {
    block(metadata, |Entry { key, value }| match key.as_str() {
        "script" => Some(import(&in_string(value))),
        "title" => Some(format!("self.META_TITLE = \"{}\";", in_string(value))),
        _ => None,
    })
}

/// Text as it stands between double quotes in JavaScript; a line end cannot be in it.
pub(super) fn in_string(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
