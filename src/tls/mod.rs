//! TLS: certificates, and handshakes with ALPN (RFC 8446, RFC 5246, RFC 7301).
//!
//! An [`Identity`] is loaded once, from the operator's files, from a local authority kept in the state directory, or
//! from one kept where wptserve has it. Each
//! listener has an [`Acceptor`] of its own, which offers that listener's protocols. Knows no HTTP.

mod accept;
mod authority;
mod certificates;
mod fault;
mod folder;
mod identity;
mod key_log;
mod names;
mod openssl;
mod settings;
#[cfg(test)]
mod tests;

pub use accept::{Acceptor, TlsStream};
pub use authority::{ca_path, ensure_ca, export_ca};
pub use certificates::Certificates;
pub use fault::{Fault, SetupError};
pub use identity::{Identity, Validity};
pub use names::Names;
pub use settings::{CertificateFiles, CertificateSource, OpenSsl, Settings};
