//! What an operator chooses about TLS.

use std::path::PathBuf;

use super::{authority, openssl};

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
        /// Names that the certificate is to be good for besides the usual ones: under `.test` or `localhost`.
        names: Vec<String>,
    },
    /// An authority and a certificate that wptserve keeps in a folder, or would: its `openssl` kind.
    OpenSsl(OpenSsl),
}

/// An authority and a certificate kept where wptserve keeps those that it makes with OpenSSL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenSsl {
    /// The folder (`base_path`); created where it is missing.
    pub folder: PathBuf,
    /// The names that the certificate is for; the shortest names its files. Not empty.
    pub names: Vec<String>,
    /// Days that what is made is good for (`duration`).
    pub days: u32,
    /// Whether both are made anew even if those that are there are good (`force_regenerate`).
    pub renew: bool,
}

/// The files of a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateFiles {
    /// The chain, leaf first.
    pub cert: PathBuf,
    /// The leaf's private key.
    pub key: PathBuf,
    /// The certificate of the authority, where that is known.
    pub authority: Option<PathBuf>,
}

impl CertificateSource {
    /// Where the files are, or will be once the certificate is loaded.
    pub fn files(&self) -> CertificateFiles {
        match self {
            Self::Files { cert, key } => CertificateFiles { cert: cert.clone(), key: key.clone(), authority: None },
            Self::Local { state_dir, .. } => authority::files(state_dir),
            Self::OpenSsl(settings) => openssl::files(settings),
        }
    }
}
