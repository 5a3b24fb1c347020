//! Which protocol a connection speaks: ALPN (RFC 7301), HTTP/2 with prior knowledge (RFC 9113 §3.3), and refusals.

use rustls::{AlertDescription, version};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::{
    Builder, CARRIERS, Carrier, Client, Server, Site, Stream, connect,
    frames::{self, End},
    h1, soon,
    stream::{connect_tcp, connect_tls, connect_tls_as, connect_tls_to},
};

const HELLO: &str = "/hello.handler.wasm";

fn site() -> Site {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("echo.handler.wasm", "rust/echo");
    site
}

/// A server with the usual three listeners and `h1`, which speaks HTTP/1.1 over TLS alone.
fn server() -> Server {
    let mut config = String::new();
    for (name, tls, protocols) in [
        ("http", false, r#""http/1.1", "h2""#),
        ("https", true, r#""http/1.1", "h2""#),
        ("h2", true, r#""h2""#),
        ("h1", true, r#""http/1.1""#),
    ] {
        config += &format!(
            "[[listener]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\nport = 0\ntls = {tls}\nprotocols = [{protocols}]\n"
        );
    }
    Builder::new(site()).own_listeners().config(&config).start()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spoken {
    H1,
    H2,
    Refused,
}

#[tokio::test]
async fn alpn_chooses_or_refuses_by_listener() {
    use Spoken::{H1, H2, Refused};
    let server = server();
    let table: &[(&str, &[&str], Option<&str>, Spoken)] = &[
        ("https", &[], None, H1),
        ("https", &["h2"], Some("h2"), H2),
        ("https", &["http/1.1"], Some("http/1.1"), H1),
        ("https", &["h2", "http/1.1"], Some("h2"), H2),
        ("https", &["http/1.1", "h2"], Some("h2"), H2),
        ("https", &["unknown", "http/1.1"], Some("http/1.1"), H1),
        ("https", &["unknown"], None, Refused),
        ("https", &["http/1.0"], None, Refused),
        ("https", &["H2"], None, Refused),
        ("h2", &[], None, H2),
        ("h2", &["h2"], Some("h2"), H2),
        ("h2", &["http/1.1", "h2"], Some("h2"), H2),
        ("h2", &["http/1.1"], None, Refused),
        ("h1", &[], None, H1),
        ("h1", &["http/1.1"], Some("http/1.1"), H1),
        ("h1", &["h2", "http/1.1"], Some("http/1.1"), H1),
        ("h1", &["h2"], None, Refused),
    ];
    for version in [&version::TLS12, &version::TLS13] {
        for (listener, offered, chosen, spoken) in table {
            eprintln!("{listener}, {offered:?}, {version:?}");
            let offered: Vec<_> = offered.iter().map(|name| name.as_bytes()).collect();
            match connect_tls_as(server.port(listener), &offered, &[version]).await {
                Ok(stream) => {
                    assert_eq!(stream.alpn(), chosen.map(str::as_bytes));
                    assert_eq!(speak(stream, *spoken).await, "Hello, world!\n");
                }
                Err(error) => {
                    assert_eq!(*spoken, Refused, "{error}");
                    assert_eq!(alert(&error), Some(AlertDescription::NoApplicationProtocol), "{error}");
                }
            }
        }
    }
}

/// Says hello by this protocol.
async fn speak(stream: Stream, spoken: Spoken) -> String {
    match spoken {
        Spoken::H1 => h1::Connection::new(stream).get(HELLO).await.text().to_owned(),
        Spoken::H2 => {
            let mut connection = frames::Connection::new(stream, &[]).await;
            connection.get(1, HELLO).await;
            connection.response(1).await.text().to_owned()
        }
        Spoken::Refused => panic!("the handshake should have failed"),
    }
}

fn alert(error: &std::io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

#[tokio::test]
async fn handlers_see_the_version_of_tls() {
    let server = server();
    for (version, name) in [(&version::TLS12, "TLSv1.2"), (&version::TLS13, "TLSv1.3")] {
        let stream = connect_tls_as(server.port("https"), &[], &[version]).await.expect("a handshake");
        let answer = h1::Connection::new(stream).get("/echo.handler.wasm").await;
        let seen: Value = serde_json::from_str(answer.text()).expect("JSON");
        assert_eq!(seen["connection"]["tls"]["version"], name);
        assert_eq!(seen["connection"]["tls"]["alpn"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_serve_many_connections_side_by_side() {
    let server = std::sync::Arc::new(server());
    let mut clients = JoinSet::new();
    for number in 0..60 {
        let server = server.clone();
        clients.spawn(async move {
            let mut client = Client::connect(&server, CARRIERS[number % CARRIERS.len()]).await;
            for round in 0..10 {
                let content = format!("client {number}, round {round}");
                let answer = client.post("/echo.handler.wasm", content.as_bytes()).await;
                let seen: Value = serde_json::from_str(&answer.text()).expect("JSON");
                assert_eq!(seen["content"], content);
            }
        });
    }
    while let Some(end) = soon("the clients", clients.join_next()).await {
        end.expect("a client");
    }
}

#[tokio::test]
async fn prior_knowledge_is_seen_however_the_preface_is_cut() {
    let server = server();
    for cut in [1, 3, 4, 14, 16, 18, 23, 24] {
        let mut stream = Stream::Plain(connect_tcp(server.port("http")).await);
        tokio::io::AsyncWriteExt::write_all(&mut stream, &frames::PREFACE[..cut]).await.expect("a write");
        tokio::task::yield_now().await;
        let mut connection = frames::Connection::resume(stream, cut, &[]).await;
        connection.get(1, HELLO).await;
        let response = connection.response(1).await;
        assert_eq!((response.status, response.end), (200, End::Complete), "cut after {cut}");
    }
}

#[tokio::test]
async fn what_only_looks_like_the_preface_is_http_1() {
    let server = server();
    for (octets, status) in [
        ("PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n", 505),
        ("PRI / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        ("PRO / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        ("P / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    ] {
        let mut connection = h1::Connection::new(connect(&server, CARRIERS[0]).await);
        connection.send(octets).await;
        assert_eq!(connection.response("GET").await.status, status, "{octets:?}");
    }
}

#[tokio::test]
async fn cleartext_at_a_tls_port_and_tls_at_a_cleartext_port_are_refused_and_harm_nobody() {
    let server = server();
    for listener in ["https", "h2"] {
        let mut connection = h1::Connection::new(Stream::Plain(connect_tcp(server.port(listener)).await));
        connection.send(format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert!(!connection.rest().await.starts_with(b"HTTP"), "an alert at most");
    }
    assert!(soon("a refusal", connect_tls(server.port("http"), &[])).await.is_err());
    for carrier in CARRIERS {
        assert_eq!(Client::connect(&server, carrier).await.get(HELLO).await.text(), "Hello, world!\n");
    }
}

#[tokio::test]
async fn http_1_at_a_port_for_http_2_alone_is_told_so_in_frames() {
    let server = server();
    let stream = connect_tls(server.port("h2"), &[]).await.expect("a handshake");
    let mut connection = h1::Connection::new(stream);
    connection.send(format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    assert!(!connection.rest().await.starts_with(b"HTTP"));
}

#[tokio::test]
async fn sslkeylogfile_gets_the_secrets_and_the_log_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys");
    let server = Builder::new(site()).environment("SSLKEYLOGFILE", file.to_str().expect("text")).start();
    server.log_line(&["WARN", "SSLKEYLOGFILE"]);
    let stream = connect(&server, Carrier::H1Tls).await;
    assert_eq!(h1::Connection::new(stream).get(HELLO).await.text(), "Hello, world!\n");
    let secrets = std::fs::read_to_string(&file).expect("the key log");
    for label in ["CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "] {
        assert!(secrets.lines().any(|line| line.starts_with(label)), "{label}: {secrets}");
    }
}

#[tokio::test]
async fn tls_secrets_are_written_only_where_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys.txt");
    let server = Builder::new(site()).environment("SSLKEYLOGFILE", keys.to_str().expect("text")).start();
    let stream = connect_tls(server.port("https"), &[]).await.expect("a handshake");
    assert_eq!(speak(stream, Spoken::H1).await, "Hello, world!\n");
    let text = std::fs::read_to_string(&keys).expect("a file");
    assert!(text.contains("SERVER_TRAFFIC_SECRET_0 "), "{text}");
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_served() {
    let own = tempfile::tempdir().expect("a folder");
    let path = |name: &str| own.path().join(name).to_str().expect("text").to_owned();
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(vec!["own.test".to_owned()])
        .and_then(|parameters| parameters.self_signed(&key))
        .expect("a certificate");
    std::fs::write(path("cert.pem"), certificate.pem()).expect("a file");
    std::fs::write(path("key.pem"), key.serialize_pem()).expect("a file");
    let mut builder = Builder::new(site());
    for argument in ["--cert", &path("cert.pem"), "--key", &path("key.pem")] {
        builder = builder.argument(argument);
    }
    let server = builder.start();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    let stream = connect_tls_to("own.test", server.port("https"), roots).await.expect("a handshake");
    assert_eq!(speak(stream, Spoken::H1).await, "Hello, world!\n");
    assert!(connect_tls(server.port("https"), &[]).await.is_err(), "the local authority has not signed it");
}
