//! Strangers' sites on one server: who is served under which name, and what nobody gets of another.

mod admin;
mod compiling;
mod grants;
mod names;
mod quotas;
mod sessions;

use std::sync::Arc;

use rustls::{ClientConfig, client::Resumption, pki_types::ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{
    Builder, Server, Site, Stream, frames,
    h1::{self, Response},
    stream::{connect_tcp, roots},
};

/// Two tenants, `a.test` and `b.test`, each with its name in `/who`.
fn two() -> Site {
    let site = Site::new();
    site.file("a.test/who", "a.test").file("b.test/who", "b.test");
    site
}

fn serve(site: Site, config: &str) -> Server {
    Builder::new(site).tenants().config(config).start()
}

/// A cleartext connection for HTTP/1.1.
async fn h1(server: &Server) -> h1::Connection {
    h1::Connection::new(Stream::Plain(connect_tcp(server.port("http")).await))
}

/// A cleartext connection for HTTP/2.
async fn h2(server: &Server) -> frames::Connection {
    frames::Connection::new(Stream::Plain(connect_tcp(server.port("http")).await), &[]).await
}

/// A GET over HTTP/1.1 for this authority.
async fn get(connection: &mut h1::Connection, authority: &str, target: &str) -> Response {
    connection.send(format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n")).await;
    connection.response("GET").await
}

/// A GET over a new cleartext connection.
async fn get_once(server: &Server, authority: &str, target: &str) -> Response {
    get(&mut h1(server).await, authority, target).await
}

/// Status and content of a GET over HTTP/2 for this authority.
async fn get_h2(connection: &mut frames::Connection, stream: u32, authority: &str, target: &str) -> (u16, String) {
    let fields: [(&[u8], &[u8]); 4] = [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", authority.as_bytes()),
        (b":path", target.as_bytes()),
    ];
    connection.fields(stream, &fields, true).await;
    let response = connection.response(stream).await;
    (response.status, String::from_utf8_lossy(&response.content).into_owned())
}

/// A client that trusts our authority and offers these protocols.
fn client(alpn: &[&str]) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots().clone())
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.resumption = Resumption::disabled();
    config
}

/// Shakes hands on the `https` listener, asking for this name.
async fn shake(
    server: &Server,
    config: &Arc<ClientConfig>,
    name: &str,
) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    TlsConnector::from(Arc::clone(config)).connect(name, connect_tcp(server.port("https")).await).await
}

async fn h1_tls(server: &Server, name: &str) -> h1::Connection {
    let stream = shake(server, &Arc::new(client(&["http/1.1"])), name).await.expect("a handshake");
    h1::Connection::new(Stream::Tls(Box::new(stream)))
}

async fn h2_tls(server: &Server, name: &str) -> frames::Connection {
    let stream = shake(server, &Arc::new(client(&["h2"])), name).await.expect("a handshake");
    frames::Connection::new(Stream::Tls(Box::new(stream)), &[]).await
}
