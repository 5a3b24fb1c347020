//! The static site: the files below one directory, as they are at the moment of the request (RFC 9110 §9.3.1, §14).
//!
//! Not here: handlers, routes, error pages. What cannot be answered comes back as a [`Refusal`], with nothing sent.
//!
//! Responses carry no validators (no `ETag`, no `Last-Modified`) and no caching directives: a test that changes a file
//! between two requests must see the change, and heuristic caching (RFC 9111 §4.2.2) needs a validator's date. For the
//! same reason `If-Range` never holds, and such a request gets the whole file.

mod cache;
mod find;
mod listing;
mod media_type;

mod path;
mod range;
mod refusal;
mod respond;
mod root;
mod send;
mod settings;

pub use find::{FileContent, Lying, Name};
pub use path::{PathFault, SitePath, decode_leniently};
pub use refusal::Refusal;
pub use respond::Site;
pub use root::RootError;
pub(crate) use send::{SendFault, read, send_file};
pub use settings::Settings;

/// How the name of a handler ends. The octets of such files are never served.
pub const HANDLER_SUFFIX: &str = ".handler.wasm";

/// The longest script, in octets: far more than anybody writes, little enough to read for each request.
pub const SCRIPT_OCTETS: u64 = 1 << 20;

/// How the name of a script ends. Likewise.
pub const SCRIPT_SUFFIX: &str = ".frames";

/// Whether a file with this name is run instead of sent, or could be opened as one that is, where names are compared
/// without case.
fn is_program_name(name: &[u8]) -> bool {
    let ends_with = |suffix: &str| {
        let at = name.len().checked_sub(suffix.len());
        at.is_some_and(|at| name[at..].eq_ignore_ascii_case(suffix.as_bytes()))
    };
    ends_with(HANDLER_SUFFIX) || ends_with(SCRIPT_SUFFIX)
}
