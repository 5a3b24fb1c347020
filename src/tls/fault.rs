//! What can go wrong before the first handshake, and in one.

use std::{io, path::PathBuf};

/// Certificates that cannot be used. All are found before anything is bound.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A file or folder cannot be created or written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A file that should hold certificates does not.
    #[error("{} holds no certificate that can be read: {reason}", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that should hold a private key does not.
    #[error("{} holds no private key that can be used: {reason}", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A private key that only its password opens.
    #[error(
        "the private key in {path} is encrypted, which this server cannot read: put what `openssl pkey -in {path} -out \
         PLAIN` writes in its place, or remove it and the certificate beside it to have new ones made",
        path = .0.display()
    )]
    Encrypted(PathBuf),
    /// A name that the local authority cannot vouch for.
    #[error("the local authority is good for names under .test and localhost alone, not for {0}")]
    OutOfBounds(String),
    /// A private key of another certificate.
    #[error("the private key in {} is not that of the first certificate in {}", key.display(), cert.display())]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// The cryptography underneath failed.
    #[error("cannot set TLS up: {0}")]
    Provider(#[from] rustls::Error),
    /// The system gives no random octets.
    #[error("the system gives no random octets")]
    Random,
}

/// Why a handshake failed. The peer has been sent an alert where there was one to send.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It took too long.
    #[error("the TLS handshake took too long")]
    Deadline,
    /// The peer asked for a name that nobody here has; it was told so.
    #[error("the TLS handshake asked for a name that is not served here")]
    UnknownName,
    /// The certificate of the name cannot be used.
    #[error("the TLS handshake could not begin: {0}")]
    Setup(#[source] SetupError),
    /// The two ends do not go together, or the peer broke the protocol.
    #[error("the TLS handshake failed: {0}")]
    Protocol(#[source] rustls::Error),
    /// The connection broke.
    #[error("the connection broke during the TLS handshake: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => Self::Protocol(inner.clone()),
            None => Self::Io(error),
        }
    }
}
