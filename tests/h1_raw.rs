//! The raw door over HTTP/1.1, on real sockets and through TLS: what a handler sends and how it leaves, to the octet.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Builder, Carrier, Server, Site, connect, h1::Connection, soon, stream::connect_tls_as};

const BOTH: [Carrier; 2] = [Carrier::H1, Carrier::H1Tls];
const DRIVER: &str = "/rawdriver.handler.wasm";

fn server(config: &str) -> Server {
    let site = Site::new();
    site.handler("rawdriver.handler.wasm", "rust/rawdriver").handler("hello.handler.wasm", "rust/hello");
    Builder::new(site).config(config).start()
}

async fn open(server: &Server, carrier: Carrier) -> Connection {
    Connection::new(connect(server, carrier).await)
}

fn hex(text: &str) -> String {
    text.bytes().map(|octet| format!("{octet:02x}")).collect()
}

/// Steps for the driver; `octets` takes text here.
fn script(steps: &[&str]) -> String {
    let step = |step: &&str| match step.strip_prefix("octets ") {
        Some(text) => format!("octets {}\n", hex(text)),
        None => format!("{step}\n"),
    };
    steps.iter().map(step).collect()
}

/// A request for these steps.
fn request(steps: &[&str]) -> String {
    let script = script(steps);
    format!("POST {DRIVER} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{script}", script.len())
}

/// The head of such a request, its content still to come.
fn open_ended(octets: usize) -> String {
    format!("POST {DRIVER} HTTP/1.1\r\nHost: h\r\nContent-Length: {octets}\r\n\r\n")
}

#[tokio::test]
async fn octets_leave_as_they_are_and_the_connection_closes() {
    let server = server("");
    let table: &[(&str, &[&str], &str)] = &[
        ("a status line of no version", &["octets HTTP/0.0 xyz\r\n\r\n"], "HTTP/0.0 xyz\r\n\r\n"),
        ("bare LF", &["octets HTTP/1.1 200 OK\nA: 1\n\nx"], "HTTP/1.1 200 OK\nA: 1\n\nx"),
        (
            "two lengths",
            &["octets HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ),
        (
            "chunks of one's own, and an early close",
            &["head 200 a=b", "octets 3;x\r\nabc\r\n", "octets ffffffff\r\nd"],
            "HTTP/1.1 200 OK\r\na: b\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\nffffffff\r\nd",
        ),
        (
            "a polite 103, a raw one, a polite answer, and octets after its end",
            &["head 103 link=<a>", "octets HTTP/1.1 103\n\n", "head 200 content-length=2", "data ok", "octets surplus"],
            "HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 103\n\n\
             HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\noksurplus",
        ),
        ("silence", &["octets ", "sleep 20"], ""),
    ];
    for carrier in BOTH {
        for (clause, steps, expected) in table {
            let mut connection = open(&server, carrier).await;
            connection.send(request(steps)).await;
            let received = connection.rest().await;
            assert_eq!(String::from_utf8_lossy(&received), *expected, "{clause}, {carrier:?}");
        }
    }
    assert!(!server.log().contains("handler failed"), "{}", server.log());
}

#[tokio::test]
async fn each_call_arrives_before_the_next_is_made() {
    let server = server("");
    for carrier in BOTH {
        let mut connection = open(&server, carrier).await;
        connection.send(open_ended(1000)).await;
        for text in ["HTTP/1.1", " 200 ", "OK\r", "\n\r\n"] {
            connection.send(script(&[&format!("octets {text}")])).await;
            let mut buffer = [0; 100];
            let count = soon("octets", connection.stream.read(&mut buffer)).await.expect("octets");
            assert_eq!(String::from_utf8_lossy(&buffer[..count]), text, "{carrier:?}");
        }
    }
}

#[tokio::test]
async fn the_rule_decides_whether_a_polite_request_can_follow() {
    let raw = "HTTP/1.1 200 OK\nContent-Length: 0\n\n";
    for (config, rule, kept) in [
        ("", "", false),
        ("", "after keep", true),
        ("[raw]\nafter = \"keep\"", "", true),
        ("[raw]\nafter = \"keep\"", "after close", false),
        ("[raw]\nafter = \"close\"", "after keep", true),
    ] {
        let server = server(config);
        for carrier in BOTH {
            let mut connection = open(&server, carrier).await;
            for _ in 0..3 {
                let steps = [format!("octets {raw}"), rule.to_owned()];
                let steps: Vec<&str> = steps.iter().map(String::as_str).filter(|step| !step.is_empty()).collect();
                connection.send(request(&steps)).await;
                assert_eq!(connection.take(raw.len()).await, raw.as_bytes());
                if !kept {
                    assert!(connection.is_closed().await, "{config} {rule} {carrier:?}");
                    break;
                }
                let response = connection.get("/hello.handler.wasm").await;
                assert_eq!(
                    response.head,
                    "HTTP/1.1 200 OK\ncontent-type: text/plain; charset=utf-8\ncontent-length: 14\n"
                );
                assert_eq!(response.text(), "Hello, world!\n", "{config} {rule} {carrier:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_half_closed_connection_still_takes_the_upload() {
    let server = server("");
    for (carrier, how) in [(BOTH[0], "half"), (BOTH[0], "silent"), (BOTH[1], "half")] {
        let mut connection = open(&server, carrier).await;
        connection.send(open_ended(1000)).await;
        connection.send(script(&["octets bye", &format!("close {how}")])).await;
        // The FIN is here, and over TLS its close_notify was.
        let mut received = Vec::new();
        soon("an end", connection.stream.read_to_end(&mut received)).await.expect("an end in good order");
        assert_eq!(received, b"bye", "{carrier:?}, {how}");
        connection.send(script(&[&format!("note {carrier:?} {how} is read"), "octets x", "head 200"])).await;
        server.log_line(&["step 3: ", &format!("{carrier:?} {how} is read")]);
        server.log_line(&["WARN", "step 4: gone"]);
        server.log_line(&["WARN", "step 5: peer-gone"]);
    }
}

#[tokio::test]
async fn a_close_without_close_notify_is_seen_as_truncation() {
    let server = server("");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (how, expected) in [("silent", Some(ErrorKind::UnexpectedEof)), ("half", None)] {
            let stream = connect_tls_as(server.port("https"), &[b"http/1.1"], &[version]).await.expect("a handshake");
            let mut connection = Connection::new(stream);
            connection.send(request(&["head 200 content-length=9", "data cut", &format!("close {how}")])).await;
            let mut received = Vec::new();
            let end = soon("an end", connection.stream.read_to_end(&mut received)).await;
            assert_eq!(end.err().map(|error| error.kind()), expected, "{how}, {:?}", version.version);
            let expected = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut";
            assert_eq!(String::from_utf8_lossy(&received), expected, "{how}, {:?}", version.version);
        }
    }
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let server = server("");
    for carrier in BOTH {
        let mut connection = open(&server, carrier).await;
        connection.send(open_ended(1000)).await;
        connection.send(script(&["octets HTTP/1.1 200 OK\r\n"])).await;
        assert_eq!(connection.take(17).await, b"HTTP/1.1 200 OK\r\n");
        connection.send(script(&["close reset"])).await;
        let mut rest = Vec::new();
        let end = soon("a reset", connection.stream.read_to_end(&mut rest)).await.expect_err("a reset");
        assert_eq!((end.kind(), rest.len()), (ErrorKind::ConnectionReset, 0), "{carrier:?}");
    }
    // The handler did this itself: nobody left it.
    assert!(!server.log().contains("the peer left first"), "{}", server.log());
}

#[tokio::test]
async fn a_trap_after_raw_octets_closes_the_connection_with_nothing_added() {
    let server = server("");
    for carrier in BOTH {
        let mut connection = open(&server, carrier).await;
        connection.send(request(&["octets HTTP/1.1 2", "after keep", "trap"])).await;
        assert_eq!(String::from_utf8_lossy(&connection.rest().await), "HTTP/1.1 2", "{carrier:?}");
    }
    server.log_line(&["WARN", "handler failed", "rawdriver"]);
}

#[tokio::test]
async fn calls_for_http_2_are_refused_and_touch_nothing() {
    let server = server("");
    let mut connection = open(&server, Carrier::H1).await;
    let steps =
        ["frame - 0 0 00", "hold 100 100", "release", "absorb 2", "push /x", "split 5", "flush", "head 200", "end"];
    connection.send(request(&steps)).await;
    let response = connection.response("POST").await;
    assert_eq!((response.status, response.text()), (200, ""));
    for step in [1, 2, 4, 5] {
        server.log_line(&["WARN", &format!("step {step}: wrong-protocol")]);
    }
    server.log_line(&["INFO", "step 3: none"]);
    server.log_line(&["WARN", "step 6: not-allowed"]);
    assert_eq!(connection.get("/hello.handler.wasm").await.status, 200, "the connection is polite still");
}

#[tokio::test]
async fn the_head_and_the_handshake_are_seen_as_they_were() {
    let server = server("");
    let script = script(&["inspect", "head 200", "report", "end"]);
    let head = format!("POST {DRIVER}?x HTTP/1.1\nhOST:\th\r\nX-a: 1 \r\ncontent-LENGTH: {}\n\r\n", script.len());
    for carrier in BOTH {
        let mut connection = open(&server, carrier).await;
        connection.send([&head[..], &script].concat()).await;
        let response = connection.response("POST").await;
        let fields = format!("field text hOST h\nfield text X-a 1\nfield text content-LENGTH {}\n", script.len());
        let expected = format!("{fields}head {}\n", hex(&head));
        let (seen, tls) = response.text().split_at(expected.len());
        assert_eq!(seen, expected);
        let of_tls = "tls TLSv1.3 TLS_AES_256_GCM_SHA384 localhost http/1.1 false http/1.1\n";
        assert_eq!(tls, if carrier == Carrier::H1Tls { of_tls } else { "" });
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_loses_its_raw_response_at_the_deadline() {
    // More than the buffers of two sockets hold.
    let large = format!("octets {}", "x".repeat(2 << 20));
    let request = request(&[&large[..]; 16]);
    for carrier in BOTH {
        let server = server("[limits]\nstall_s = 1");
        let mut connection = open(&server, carrier).await;
        // While it waits to send, the handler does not read: so this ends with the connection.
        soon("the end", connection.stream.write_all(request.as_bytes())).await.expect_err("a lost connection");
        server.log_line(&["WARN", "rawdriver", "gone"]);
    }
}
