//! One request at a time: is the response right, and what exactly is it?

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::load::Carrier;

/// Longest wait for one response.
const PATIENCE: Duration = Duration::from_secs(60);

/// A whole response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Response {
    /// The status.
    pub(crate) status: u16,
    /// Names in lower case, and values, in order; same names side by side.
    pub(crate) fields: Vec<(String, String)>,
    /// The content.
    pub(crate) content: Bytes,
}

/// Asks for `path` once, on a connection of its own.
///
/// # Errors
/// No connection, no response, or not within a minute.
pub(crate) async fn get(carrier: Carrier, port: u16, path: &str) -> anyhow::Result<Response> {
    timeout(PATIENCE, get_patiently(carrier, port, path))
        .await
        .context("no response within a minute")?
        .with_context(|| format!("asking port {port} for {path} ({carrier:?})"))
}

async fn get_patiently(carrier: Carrier, port: u16, path: &str) -> anyhow::Result<Response> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let scheme = if carrier.is_cleartext() { "http" } else { "https" };
    let request = http::Request::get(format!("{scheme}://127.0.0.1:{port}{path}"));
    match carrier {
        Carrier::Http2 => {
            let stream = shake_hands(stream, b"h2").await?;
            let (mut client, connection) = h2::client::Builder::new()
                .initial_window_size(4 << 20)
                .initial_connection_window_size(4 << 20)
                .handshake::<_, Bytes>(stream)
                .await?;
            let response = async {
                let (response, _) = client.send_request(request.body(())?, true)?;
                drop(client);
                let (head, mut body) = response.await?.into_parts();
                let mut content = Vec::new();
                while let Some(data) = body.data().await {
                    content.extend_from_slice(&data?);
                }
                whole(&head, content.into())
            };
            tokio::select! {
                response = response => response,
                Err(error) = connection => Err(error.into()),
            }
        }
        Carrier::Http1 | Carrier::Http1Reconnecting => get_by_http1(stream, path, port).await,
        Carrier::Http1Tls => get_by_http1(shake_hands(stream, b"http/1.1").await?, path, port).await,
    }
}

async fn get_by_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
    port: u16,
) -> anyhow::Result<Response> {
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = http::Request::get(path).header("host", format!("127.0.0.1:{port}")).body(Empty::<Bytes>::new())?;
    let response = async {
        let (head, body) = client.send_request(request).await?.into_parts();
        whole(&head, body.collect().await?.to_bytes())
    };
    tokio::select! {
        biased;
        response = response => response,
        Err(error) = connection => Err(error.into()),
    }
}

fn whole(head: &http::response::Parts, content: Bytes) -> anyhow::Result<Response> {
    let mut fields = Vec::new();
    for (name, value) in &head.headers {
        fields.push((name.as_str().to_owned(), value.to_str()?.to_owned()));
    }
    Ok(Response { status: head.status.as_u16(), fields, content })
}

async fn shake_hands(stream: TcpStream, protocol: &[u8]) -> anyhow::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut settings = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    settings.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost")?;
    let stream = TlsConnector::from(Arc::new(settings)).connect(name, stream).await.context("shaking hands")?;
    ensure!(stream.get_ref().1.alpn_protocol() == Some(protocol), "ALPN agreed on another protocol");
    Ok(stream)
}

/// Trusts whoever listens: the servers are our own children, on this machine.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
