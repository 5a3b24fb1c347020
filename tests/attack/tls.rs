//! Handshakes that do not end, or are too many.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{Arena, Attack};
use crate::support::stream::{connect_tcp, connect_tls};

/// A record header that announces a ClientHello of 512 octets (RFC 8446 §4, §5.1), of which little comes.
const BEGUN: &[u8] = &[0x16, 3, 1, 2, 4, 1, 0, 2, 0, 3, 3, 7, 7, 7];

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack::new("TLS: half handshakes", half).quick(),
        Attack::new("TLS: handshakes for names of nobody", nobody),
        Attack::new("TLS: octets that are no record", garbage).quick(),
        Attack::new("TLS: alerts and empty records without end", empty_records),
    ]
}

async fn half(arena: Arc<Arena>) -> String {
    let mut connections = Vec::new();
    for _ in 0..300 {
        let mut stream = tls_port(&arena).await;
        stream.write_all(BEGUN).await.expect("a write");
        connections.push(stream);
    }
    let started = Instant::now();
    for stream in &mut connections {
        closes(stream).await;
    }
    format!("300 closed within {:.1} s (handshake_s)", started.elapsed().as_secs_f64())
}

/// Whole ClientHellos, as fast as they go.
async fn nobody(arena: Arc<Arena>) -> String {
    let port = arena.server.port("https");
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        clients.spawn(async move {
            let started = Instant::now();
            let mut count = 0;
            while started.elapsed() < Duration::from_secs(4) {
                assert!(connect_tls(port, &[b"h2"]).await.is_err(), "`localhost` is no tenant");
                count += 1;
            }
            count
        });
    }
    let count: u32 = clients.join_all().await.into_iter().sum();
    format!("{count} handshakes in 4 s, each refused by an alert")
}

async fn garbage(arena: Arc<Arena>) -> String {
    for octets in [&[0; 4096][..], &[0xff; 4096], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", &[0x16, 3, 1, 0xff, 0xff]] {
        for _ in 0..20 {
            let mut stream = tls_port(&arena).await;
            let _ = stream.write_all(octets).await;
            closes(&mut stream).await;
        }
    }
    "each closed".to_owned()
}

async fn empty_records(arena: Arc<Arena>) -> String {
    for record in [[0x16, 3, 3, 0, 0], [0x15, 3, 3, 0, 0]] {
        let mut stream = tls_port(&arena).await;
        let flood = record.repeat(4096);
        let mut sent = 0;
        while let Ok(Ok(())) = timeout(Duration::from_secs(3), stream.write_all(&flood)).await {
            sent += flood.len();
            assert!(sent < 64 << 20, "it goes on");
        }
    }
    "each closed".to_owned()
}

async fn tls_port(arena: &Arena) -> TcpStream {
    connect_tcp(arena.server.port("https")).await
}

/// Waits for the end; an alert may come before.
async fn closes(stream: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while let Ok(1..) = stream.read(&mut buffer).await {}
}
