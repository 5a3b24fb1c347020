//! Malformed and truncated HTTP/1.x requests: a table of clause, octets and status, over the wire.

use crate::support::{Builder, Carrier, Server, Site, connect, h1::Connection};

fn server() -> Server {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("misbehaving.handler.wasm", "rust/misbehaving");
    Builder::new(site).start()
}

const HELLO: &str = "/hello.handler.wasm";
/// Reads all content, answers how that went, and logs it.
const READ: &str = "/misbehaving.handler.wasm?do=read&summary";

/// RFC 9112 unless another is named; what stands behind the target; the status.
const MALFORMED: &[(&str, &str, u16)] = &[
    ("§2.2: white space before the first field", " HTTP/1.1\r\n Host: h\r\n\r\n", 400),
    ("§2.2: bare CR in a field", " HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 400),
    ("§2.3: version in lower case", " http/1.1\r\nHost: h\r\n\r\n", 400),
    ("§2.3: version with two digits", " HTTP/1.10\r\nHost: h\r\n\r\n", 400),
    ("§2.3: HTTP/1.2", " HTTP/1.2\r\nHost: h\r\n\r\n", 505),
    ("§2.3: HTTP/2.0", " HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    ("§2.3: HTTP/0.9", " HTTP/0.9\r\n\r\n", 505),
    ("§3: no version", "\r\nHost: h\r\n\r\n", 400),
    ("§3: space behind the version", " HTTP/1.1 \r\nHost: h\r\n\r\n", 400),
    ("§3.2: space in the target", " and more HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("§3.2: control in the target", "\u{1} HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("§3.2: no Host", " HTTP/1.1\r\n\r\n", 400),
    ("§3.2: two Hosts", " HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
    ("§3.2: a Host that is none", " HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("§5: no colon", " HTTP/1.1\r\nHost: h\r\nField\r\n\r\n", 400),
    ("§5.1: space before the colon", " HTTP/1.1\r\nHost: h\r\nField : v\r\n\r\n", 400),
    ("§5.2: obs-fold", " HTTP/1.1\r\nHost: h\r\nField: v\r\n w\r\n\r\n", 400),
    ("9110 §5.1: empty name", " HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n", 400),
    ("9110 §5.1: name that is no token", " HTTP/1.1\r\nHost: h\r\nF(: v\r\n\r\n", 400),
    ("9110 §5.5: NUL in a value", " HTTP/1.1\r\nHost: h\r\nF: a\0b\r\n\r\n", 400),
    ("§6.1: Transfer-Encoding in HTTP/1.0", " HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("§6.1: a coding that we don't know", " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("§6.1: chunked twice", " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
    (
        "§6.1: both lengths",
        " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("§6.3: chunked not last", " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
    ("§6.3: no number", " HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400),
    ("§6.3: a sign", " HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\nx", 400),
    ("§6.3: two lengths", " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
    ("§6.3: a length beyond 64 bits", " HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n", 400),
];

#[tokio::test]
async fn malformed_heads_are_refused_by_clause_and_the_connection_closes() {
    let server = server();
    for carrier in [Carrier::H1, Carrier::H1Tls] {
        for (clause, rest, status) in MALFORMED {
            let mut connection = Connection::new(connect(&server, carrier).await);
            connection.send(format!("GET {HELLO}{rest}")).await;
            let response = connection.response("GET").await;
            assert_eq!(response.status, *status, "{clause}: {response:?}");
            assert_eq!(response.all("connection"), ["close"], "{clause}");
            assert!(connection.is_closed().await, "{clause}");
        }
    }
}

#[tokio::test]
async fn heads_over_the_limits_are_refused_with_the_status_that_says_so() {
    let server = server();
    let long = |octets: usize| "x".repeat(octets);
    for (limit, octets, status) in [
        ("9110 §15.5.15: request line", format!("GET /{} HTTP/1.1\r\n\r\n", long(33 << 10)), 414),
        ("9110 §15.5.15: a line without end", format!("GET /{}", long(33 << 10)), 414),
        ("6585 §5: one field", format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", long(65 << 10)), 431),
        ("6585 §5: a head without end", format!("GET {HELLO} HTTP/1.1\r\nA: {}", long(65 << 10)), 431),
        ("6585 §5: lines", format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\n{}\r\n", "a: b\r\n".repeat(512)), 431),
        ("largest number of lines", format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\n{}\r\n", "a: b\r\n".repeat(511)), 200),
        ("large, but not too large", format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", long(60 << 10)), 200),
    ] {
        let mut connection = Connection::new(connect(&server, Carrier::H1).await);
        connection.send(octets).await;
        assert_eq!(connection.response("GET").await.status, status, "{limit}");
    }
}

#[tokio::test]
async fn malformed_chunks_are_told_to_the_handler_and_the_connection_closes() {
    let server = server();
    for (clause, content) in [
        ("§7.1: no size", "\r\n"),
        ("§7.1: no hexadecimal", "xyz\r\n"),
        ("§7.1: sign", "-1\r\n"),
        ("§7.1: size beyond 64 bits", "fffffffffffffffff\r\n"),
        ("§7.1: LF alone behind the size", "1\na\r\n0\r\n\r\n"),
        ("§7.1: data longer than its size", "1\r\nab\r\n0\r\n\r\n"),
        ("§7.1.1: no extension", "1 x\r\na\r\n0\r\n\r\n"),
        ("§7.1.2: a trailer without colon", "0\r\nbad\r\n\r\n"),
        ("§5.2: a folded trailer", "0\r\na: b\r\n c\r\n\r\n"),
    ] {
        let mut connection = Connection::new(connect(&server, Carrier::H1).await);
        let head = format!("POST {READ} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.send(format!("{head}{content}")).await;
        let response = connection.response("POST").await;
        assert_eq!((response.status, response.all("connection")), (200, vec!["close"]), "{clause}");
        assert!(response.text().starts_with("malformed\n"), "{clause}: {response:?}");
        assert!(response.text().ends_with("once more: malformed\n"), "{clause}: {response:?}");
        assert!(connection.is_closed().await, "{clause}");
    }
}

#[tokio::test]
async fn truncated_heads_are_refused_and_nothing_at_all_is_no_fault() {
    let server = server();
    let head = format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\n\r\n");
    for end in [1, 3, 4, 10, head.len() - 4, head.len() - 2, head.len() - 1] {
        let mut connection = Connection::new(connect(&server, Carrier::H1).await);
        connection.send(&head[..end]).await;
        tokio::io::AsyncWriteExt::shutdown(&mut connection.stream).await.expect("a shutdown");
        assert_eq!(connection.response("GET").await.status, 400, "after {end} octets");
        assert!(connection.is_closed().await);
    }
    let mut connection = Connection::new(connect(&server, Carrier::H1).await);
    tokio::io::AsyncWriteExt::shutdown(&mut connection.stream).await.expect("a shutdown");
    assert!(connection.is_closed().await, "no request, no response");
}

#[tokio::test]
async fn truncated_content_is_told_to_the_handler() {
    let server = server();
    for framing in [
        "Content-Length: 10\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let mut connection = Connection::new(connect(&server, Carrier::H1).await);
        connection.send(format!("POST {READ} HTTP/1.1\r\nHost: h\r\n{framing}")).await;
        tokio::io::AsyncWriteExt::shutdown(&mut connection.stream).await.expect("a shutdown");
        // The client has only ended its own direction, so it may still hear of it.
        let response = connection.response("POST").await;
        assert_eq!(response.text(), "reset(none)\n3 octets\nonce more: reset(none)\n", "{framing:?}");
    }
}
