//! A connection to a server, cleartext or TLS.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Server, server};

/// How requests travel: each is a listener and a protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// HTTP/1.1, cleartext.
    H1,
    /// HTTP/1.1 over TLS.
    H1Tls,
    /// HTTP/2 with prior knowledge.
    H2c,
    /// HTTP/2 over TLS, beside HTTP/1.1.
    H2Tls,
    /// HTTP/2 over TLS, alone.
    H2Only,
}

pub const CARRIERS: [Carrier; 5] = [Carrier::H1, Carrier::H1Tls, Carrier::H2c, Carrier::H2Tls, Carrier::H2Only];

/// A connection.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The protocol that ALPN chose.
    pub fn alpn(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }
}

impl Stream {
    /// Leaves without a word: the peer gets a TCP reset (RFC 9293 §3.10.4).
    pub fn abort(self) {
        let socket = match &self {
            Self::Plain(stream) => socket2::SockRef::from(stream),
            Self::Tls(stream) => socket2::SockRef::from(stream.get_ref().0),
        };
        socket.set_linger(Some(std::time::Duration::ZERO)).expect("an option");
    }
}

impl Carrier {
    pub fn listener(self) -> &'static str {
        match self {
            Self::H1 | Self::H2c => "http",
            Self::H1Tls | Self::H2Tls => "https",
            Self::H2Only => "h2",
        }
    }

    pub fn is_h2(self) -> bool {
        matches!(self, Self::H2c | Self::H2Tls | Self::H2Only)
    }

    pub fn scheme(self) -> &'static str {
        if matches!(self, Self::H1 | Self::H2c) { "http" } else { "https" }
    }
}

/// Connects to the server as this carrier needs.
pub async fn connect(server: &Server, carrier: Carrier) -> Stream {
    let port = server.port(carrier.listener());
    match carrier {
        Carrier::H1 | Carrier::H2c => Stream::Plain(connect_tcp(port).await),
        Carrier::H1Tls => connect_tls(port, &[b"http/1.1"]).await.expect("a handshake"),
        Carrier::H2Tls => connect_tls(port, &[b"h2", b"http/1.1"]).await.expect("a handshake"),
        Carrier::H2Only => connect_tls(port, &[b"h2"]).await.expect("a handshake"),
    }
}

pub async fn connect_tcp(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// Connects by TLS, offering these protocols by ALPN.
pub async fn connect_tls(port: u16, alpn: &[&[u8]]) -> std::io::Result<Stream> {
    connect_tls_as(port, alpn, rustls::ALL_VERSIONS).await
}

/// Connects by one of these versions of TLS, offering these protocols by ALPN.
pub async fn connect_tls_as(
    port: u16,
    alpn: &[&[u8]],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> std::io::Result<Stream> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots().clone())
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, connect_tcp(port).await).await?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// Connects by TLS to whoever has a certificate of this name from these authorities.
pub async fn connect_tls_to(name: &'static str, port: u16, roots: RootCertStore) -> std::io::Result<Stream> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, connect_tcp(port).await).await?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// The local authority, as the one that a client trusts.
pub fn roots() -> &'static Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let pem = std::fs::read(ca_path()).expect("the authority's certificate");
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.expect("a certificate")).expect("a certificate");
        }
        Arc::new(roots)
    })
}

/// Where the local authority's certificate is, as the program itself says.
pub fn ca_path() -> std::path::PathBuf {
    let output = server::binary().arg("ca").arg("--state-dir").arg(server::state_dir()).output().expect("the binary");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a path").trim().into()
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
