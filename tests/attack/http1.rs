//! HTTP/1.1 clients that are slow, large or in a hurry.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, timeout},
};

use super::{Arena, Attack, arena::HOSTILE};
use crate::support::h1::Connection;

/// Connections of one attack: fewer than the tenant's quota, so that it is the deadline that is met.
const CONNECTIONS: usize = 100;

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack::new("slow heads", slow_heads).quick(),
        Attack::new("slow content", slow_content),
        Attack::new("huge heads", huge_heads).quick(),
        Attack::new("a chunk extension without end", endless_extension).quick(),
        Attack::new("a trailer section without end", endless_trailers).quick(),
        Attack::new("pipelining flood without reading", pipelining).quick(),
        Attack::new("half-open connections", half_open),
        Attack::new("connections that never ask, above the quota", many_connections),
    ]
}

/// One octet of a head now and then.
async fn slow_heads(arena: Arc<Arena>) -> String {
    let head = format!("GET /hello.handler.wasm HTTP/1.1\r\nHost: {HOSTILE}\r\nX: ");
    dribble(&arena, &head).await;
    "closed by header_s".to_owned()
}

async fn slow_content(arena: Arc<Arena>) -> String {
    let before = arena.server.log().len();
    let target = "/odd.handler.wasm?do=read&deadline=60000";
    let head = format!("POST {target} HTTP/1.1\r\nHost: {HOSTILE}\r\nContent-Length: 100000\r\n\r\n");
    dribble(&arena, &head).await;
    arena.logged(before, "wall_s").await;
    "500 and a close by wall_s".to_owned()
}

/// Sends this on many connections and then an octet every 50 ms, until all are closed.
async fn dribble(arena: &Arena, head: &str) {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = arena.tcp().await;
        connection.write_all(head.as_bytes()).await.expect("a write");
        connections.push(connection);
    }
    while !connections.is_empty() {
        let mut open = Vec::new();
        for mut connection in connections {
            if connection.write_all(b"a").await.is_ok() {
                open.push(connection);
            }
        }
        connections = open;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn huge_heads(arena: Arc<Arena>) -> String {
    let mut statuses = Vec::new();
    for rest in [
        format!("/{} HTTP/1.1\r\nHost: {HOSTILE}\r\n\r\n", "x".repeat(1 << 20)),
        format!("/ HTTP/1.1\r\nHost: {HOSTILE}\r\nX: {}\r\n\r\n", "x".repeat(1 << 20)),
        format!("/ HTTP/1.1\r\nHost: {HOSTILE}\r\n{}\r\n", "a:\r\n".repeat(100_000)),
    ] {
        let mut connection = arena.tcp().await;
        // The server may have refused it and be gone before all is sent.
        let _ = connection.write_all(format!("GET {rest}").as_bytes()).await;
        let mut connection = Connection::new(crate::support::Stream::Plain(connection));
        let text = String::from_utf8_lossy(&connection.rest().await).into_owned();
        let status = text.get(9..12).unwrap_or("closed").to_owned();
        assert!(["414", "431", "closed"].contains(&status.as_str()), "{text}");
        statuses.push(status);
    }
    statuses.join(", ")
}

async fn endless_extension(arena: Arc<Arena>) -> String {
    endless(&arena, "1;", "x").await
}

async fn endless_trailers(arena: Arc<Arena>) -> String {
    endless(&arena, "0\r\n", "a: b\r\n").await
}

/// Chunked content that begins so and goes on with this for ever.
async fn endless(arena: &Arena, begin: &str, more: &str) -> String {
    let mut connection = arena.tcp().await;
    let target = "/odd.handler.wasm?do=read&deadline=60000&summary";
    let head = format!("POST {target} HTTP/1.1\r\nHost: {HOSTILE}\r\nTransfer-Encoding: chunked\r\n\r\n{begin}");
    connection.write_all(head.as_bytes()).await.expect("a write");
    let more = more.repeat(4096);
    let mut sent = 0;
    while connection.write_all(more.as_bytes()).await.is_ok() {
        sent += more.len();
        assert!(sent < 32 << 20, "it is read on after {sent} octets");
    }
    format!("closed after {} KiB", sent >> 10)
}

/// Requests behind one another whose answers nobody takes.
async fn pipelining(arena: Arc<Arena>) -> String {
    let mut connection = arena.tcp().await;
    let request = format!("GET /hello.handler.wasm HTTP/1.1\r\nHost: {HOSTILE}\r\n\r\n").repeat(1000);
    let started = Instant::now();
    for round in 0..200 {
        match timeout(Duration::from_secs(1), connection.write_all(request.as_bytes())).await {
            Ok(Ok(())) if started.elapsed() < Duration::from_secs(8) => {}
            Ok(Ok(())) => return format!("answered one by one: {round},000 requests in 8 s"),
            Ok(Err(_)) => return format!("closed after {round},000 requests"),
            Err(_) => return format!("not read on until answers are taken, after {round},000 requests"),
        }
    }
    "200,000 requests taken".to_owned()
}

/// Connections on which nothing ever comes.
async fn half_open(arena: Arc<Arena>) -> String {
    let mut connections = Vec::new();
    for _ in 0..500 {
        connections.push(arena.h1().await);
    }
    let started = Instant::now();
    for connection in &mut connections {
        assert!(connection.is_closed().await, "something was said");
    }
    format!("500 closed within {:.1} s (header_s)", started.elapsed().as_secs_f64())
}

/// Connections that are the tenant's by their first request and then stay.
async fn many_connections(arena: Arc<Arena>) -> String {
    let before = arena.refusals("connections").await;
    let mut connections = Vec::new();
    let mut refused = 0;
    for _ in 0..230 {
        let mut connection = arena.h1().await;
        connection.send(format!("GET /hello.handler.wasm HTTP/1.1\r\nHost: {HOSTILE}\r\n\r\n")).await;
        match connection.response("GET").await.status {
            200 => connections.push(connection),
            503 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused > 0, "230 connections, and no quota was met");
    assert!(arena.refusals("connections").await > before, "the refusals are not counted");
    format!("503 and a close for {refused} of 230 (connections)")
}
