//! The template language of web-platform-tests (`{{host}}`, `{{GET[x]}}`, `{{$id:uuid()}}`). Sans I/O.
//!
//! A document is octets; [`substitute`] replaces what stands between double braces by what it comes to, as that project's
//! own server does, whose rules `docs/pipes.md` tells. What expressions see of the world is behind [`Facts`].

mod evaluate;
mod facts;
mod fault;
mod functions;
mod integer;
mod scan;
mod template;
#[cfg(test)]
pub(crate) mod tests;

pub use facts::{Facts, Value};
pub use fault::{ExpressionFault, Kind, Part, SubstitutionError};
pub use scan::reads_files;
pub use template::{Escape, substitute};

pub(crate) use integer::parse_integer;
pub(crate) use template::escape_html;
