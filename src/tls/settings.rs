//! What an operator chooses about TLS.

use std::path::PathBuf;

/// Certificates and diagnosis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Where the certificate comes from.
    pub certificate: CertificateSource,
    /// Writes the secrets of every connection to this file, for Wireshark (`SSLKEYLOGFILE`). Default none.
    pub key_log: Option<PathBuf>,
}

/// Where the certificate comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CertificateSource {
    /// PEM files.
    Files {
        /// The chain, leaf first.
        cert: PathBuf,
        /// The leaf's private key: PKCS #8, PKCS #1 or SEC 1.
        key: PathBuf,
    },
    /// A local authority, created in this state directory on first use.
    Local {
        /// The state directory.
        state_dir: PathBuf,
    },
}
