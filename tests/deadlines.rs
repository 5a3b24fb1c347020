//! Connections that do nothing, and too many of them.

use crate::support::{
    Builder, CARRIERS, Carrier, Client, Server, Site, Stream, connect, frames, h1::Connection, stream::connect_tcp,
};

const HELLO: &str = "/hello.handler.wasm";

fn start(limits: &str) -> Server {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("misbehaving.handler.wasm", "rust/misbehaving");
    Builder::new(site).config(&format!("[limits]\n{limits}")).start()
}

#[tokio::test]
async fn a_head_that_does_not_end_is_answered_408() {
    let server = start("header_s = 1");
    for carrier in [Carrier::H1, Carrier::H1Tls] {
        let mut connection = Connection::new(connect(&server, carrier).await);
        connection.send(format!("GET {HELLO} HTTP/1.1\r\nHost: ")).await;
        let response = connection.response("GET").await;
        assert_eq!((response.status, response.all("connection")), (408, vec!["close"]));
        assert!(connection.is_closed().await);
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = start("header_s = 1\nhandshake_s = 1");
    for listener in ["http", "https", "h2"] {
        let mut silent = Connection::new(Stream::Plain(connect_tcp(server.port(listener)).await));
        assert!(silent.is_closed().await, "{listener}");
    }
    let mut half = Connection::new(Stream::Plain(connect_tcp(server.port("http")).await));
    half.send(&frames::PREFACE[..10]).await;
    assert!(half.is_closed().await, "half a preface");
    for carrier in CARRIERS {
        assert_eq!(Client::connect(&server, carrier).await.get(HELLO).await.head.status, 200);
    }
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let server = start("idle_s = 1");
    let mut idle = Connection::new(connect(&server, Carrier::H1).await);
    assert_eq!(idle.get(HELLO).await.status, 200);
    assert!(idle.is_closed().await);
    let mut idle = frames::Connection::new(connect(&server, Carrier::H2c).await, &[]).await;
    idle.get(1, HELLO).await;
    assert_eq!(idle.response(1).await.status, 200);
    assert_eq!(idle.goaway().await, Some(0), "NO_ERROR");
    while idle.next().await.is_some() {}
}

#[tokio::test]
async fn a_connection_whose_handler_takes_its_time_is_not_idle() {
    let server = start("idle_s = 1\nheader_s = 1");
    for carrier in CARRIERS {
        let mut client = Client::connect(&server, carrier).await;
        assert_eq!(client.get("/misbehaving.handler.wasm?do=wait&ms=2500").await.text(), "waited\n");
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait_until_another_ends() {
    let server = start("connections = 2");
    let mut first = Connection::new(connect(&server, Carrier::H1).await);
    let mut second = Connection::new(connect(&server, Carrier::H1).await);
    assert_eq!((first.get(HELLO).await.status, second.get(HELLO).await.status), (200, 200));
    let mut third = Connection::new(connect(&server, Carrier::H1).await);
    third.send(format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    // The first two are still served; the third is not.
    for _ in 0..20 {
        assert_eq!((first.get(HELLO).await.status, second.get(HELLO).await.status), (200, 200));
    }
    let mut octet = [0];
    let waiting = tokio::io::AsyncReadExt::read(&mut third.stream, &mut octet);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), waiting).await.is_err());
    drop(first);
    assert_eq!(third.response("GET").await.status, 200);
}
