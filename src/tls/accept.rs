//! Handshakes.

use std::sync::Arc;

use bytes::Bytes;
use rustls::{
    CipherSuite, HandshakeKind, ProtocolVersion, ServerConfig, crypto::ring::Ticketer, server, sign::SingleCertAndKey,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout_at},
};
use tokio_rustls::LazyConfigAcceptor;
pub use tokio_rustls::server::TlsStream;

use super::{Fault, Identity, Names, SetupError, names::ByName};
use crate::exchange::TlsFacts;

/// Shakes hands on behalf of one listener. Clones share sessions.
#[derive(Clone)]
pub struct Acceptor(Choice);

/// How the certificate is chosen.
#[derive(Clone)]
enum Choice {
    One(Arc<ServerConfig>),
    ByName(Arc<ByName>),
}

impl Acceptor {
    /// An acceptor that shows this certificate and offers these protocols by ALPN, the preferred one first.
    ///
    /// TLS 1.2 and 1.3. Sessions resume by tickets, whose keys live as long as the acceptor; no early data.
    ///
    /// # Errors
    /// If the cryptography underneath fails.
    pub fn new(identity: &Identity, alpn: &[&str]) -> Result<Self, SetupError> {
        let mut config = config(identity, protocols(alpn))?;
        config.ticketer = Ticketer::new()?;
        Ok(Self(Choice::One(Arc::new(config))))
    }

    /// An acceptor that shows whoever asks for a name the certificate of that name, and offers these protocols. Each
    /// name's sessions are its own.
    pub fn by_name(names: Arc<dyn Names>, alpn: &[&str]) -> Self {
        Self(Choice::ByName(Arc::new(ByName::new(names, alpn))))
    }

    /// Shakes hands. Which protocol was chosen stands in [`TlsFacts::alpn`]; none if the peer offered none.
    ///
    /// # Errors
    /// [`Fault`]. A peer that offers protocols, but none of ours, gets the alert no_application_protocol (RFC 7301
    /// §3.2).
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream.
    pub async fn accept<S>(&self, stream: S, deadline: Instant) -> Result<(TlsStream<S>, TlsFacts), Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        timeout_at(deadline, self.shake(stream)).await.map_err(|_| Fault::Deadline)?
    }

    async fn shake<S>(&self, stream: S) -> Result<(TlsStream<S>, TlsFacts), Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // The ClientHello is seen before it is answered: afterwards nobody knows what it offered.
        let mut start = LazyConfigAcceptor::new(server::Acceptor::default(), stream).await?;
        let config = match &self.0 {
            Choice::One(config) => Arc::clone(config),
            Choice::ByName(names) => {
                let found = names.config(start.client_hello().server_name()).map_err(Fault::Setup)?;
                let Some(config) = found else {
                    // A peer that is gone by now misses nothing.
                    let _ = start.io.write_all(&UNRECOGNIZED_NAME).await;
                    let _ = start.io.shutdown().await;
                    return Err(Fault::UnknownName);
                };
                config
            }
        };
        let alpn_offered = start.client_hello().alpn().into_iter().flatten().map(Bytes::copy_from_slice).collect();
        let stream = start.into_stream(config).await?;
        let connection = stream.get_ref().1;
        let facts = TlsFacts {
            version: version_name(connection.protocol_version()),
            cipher_suite: connection.negotiated_cipher_suite().map_or("", |suite| suite_name(suite.suite())),
            alpn: connection.alpn_protocol().map(Bytes::copy_from_slice),
            sni: connection.server_name().map(str::to_ascii_lowercase),
            alpn_offered,
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        };
        Ok((stream, facts))
    }
}

/// The alert unrecognized_name, fatal (RFC 6066 §3), as the record that it is: nothing is encrypted yet (RFC 8446 §5.1).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Names of protocols as rustls takes them.
pub(super) fn protocols(alpn: &[&str]) -> Vec<Vec<u8>> {
    alpn.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// Settings that show this certificate, without tickets.
pub(super) fn config(identity: &Identity, alpn: Vec<Vec<u8>>) -> Result<ServerConfig, SetupError> {
    let resolver = SingleCertAndKey::from(identity.certified.clone());
    let mut config = ServerConfig::builder_with_provider(identity.provider.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = alpn;
    if let Some(key_log) = &identity.key_log {
        config.key_log = key_log.clone();
    }
    Ok(config)
}

fn version_name(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        // No other version is offered.
        _ => "",
    }
}

/// The IANA name; rustls writes those of TLS 1.3 its own way.
fn suite_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or(""),
    }
}
