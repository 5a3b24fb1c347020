//! Handlers that fail or do wrong, and peers that leave: what the client sees, what the handler is told, what is logged.

use crate::support::{
    Builder, Carrier, Client, Server, Site, connect,
    frames::{self, End},
    h1,
};

const ODD: &str = "/misbehaving.handler.wasm";
/// RFC 9113 §7.
const INTERNAL_ERROR: u32 = 0x2;

fn start(config: &str) -> Server {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("misbehaving.handler.wasm", "rust/misbehaving");
    Builder::new(site).config(config).start()
}

async fn h1(server: &Server) -> h1::Connection {
    h1::Connection::new(connect(server, Carrier::H1).await)
}

async fn h2(server: &Server) -> frames::Connection {
    frames::Connection::new(connect(server, Carrier::H2c).await, &[]).await
}

#[tokio::test]
async fn a_trap_before_the_head_is_answered_500_and_logged_with_a_wasm_backtrace() {
    let server = start("");
    for how in ["unreachable", "panic", "stack", "memory"] {
        for at in ["start", "informational"] {
            for carrier in [Carrier::H1, Carrier::H2c] {
                let mut client = Client::connect(&server, carrier).await;
                let answer = client.get(&format!("{ODD}?do=trap&how={how}&at={at}")).await;
                assert_eq!(answer.head.status, 500, "{how} at {at}");
                assert_eq!(answer.informational.len(), usize::from(at == "informational"));
                let text = answer.text();
                let id = text.split("exchange ").nth(1).and_then(|rest| rest.split(',').next()).expect("an id");
                let line = server.log_line(&["WARN", "handler failed", &format!("exchange={id}")]);
                assert!(line.contains("wasm"), "{line}");
                assert_eq!(client.get("/hello.handler.wasm").await.text(), "Hello, world!\n");
            }
        }
    }
    for line in ["wasm backtrace", "misbehaving.wasm", "asked to", "out of bounds memory access"] {
        assert!(server.log().contains(line), "{line:?} in the log:\n{}", server.log());
    }
}

#[tokio::test]
async fn a_trap_after_the_head_resets_the_stream_or_closes_the_connection() {
    let server = start("");
    for (at, content) in [("head", ""), ("data", "so far so good\n")] {
        let target = format!("{ODD}?do=trap&at={at}");
        let mut connection = h2(&server).await;
        connection.get(1, &target).await;
        let response = connection.response(1).await;
        assert_eq!(
            (response.status, response.text(), response.end.clone()),
            (200, content, End::Reset(INTERNAL_ERROR))
        );
        connection.get(3, "/hello.handler.wasm").await;
        assert_eq!(connection.response(3).await.status, 200);

        let mut connection = h1(&server).await;
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert!(connection.head().await.starts_with("HTTP/1.1 200 OK\n"));
        assert!(!connection.rest().await.ends_with(b"0\r\n\r\n"), "at {at}");
        server.log_line(&["WARN", "handler failed"]);
    }
}

#[tokio::test]
async fn returning_early_is_completed_politely() {
    let server = start("");
    for carrier in [Carrier::H1, Carrier::H2c] {
        for (at, status, content) in [
            ("start", 500, "500: the handler returned without a response\n"),
            ("informational", 500, "500: the handler returned without a response\n"),
            ("head", 200, ""),
            ("data", 200, "so far so good\n"),
        ] {
            let mut client = Client::connect(&server, carrier).await;
            let answer = client.get(&format!("{ODD}?do=return&at={at}")).await;
            assert_eq!(answer.head.status, status, "{carrier:?}, {at}");
            assert!(answer.text().starts_with(content), "{carrier:?}, {at}: {:?}", answer.text());
            if status == 200 {
                assert_eq!(answer.text(), content);
            }
            assert_eq!(client.get("/hello.handler.wasm").await.head.status, 200, "the connection goes on");
        }
    }
    server.log_line(&["WARN", "the handler returned without a response"]);
}

#[tokio::test]
async fn steps_out_of_order_are_typed_errors_and_send_nothing() {
    let server = start("");
    for carrier in [Carrier::H1, Carrier::H2c] {
        let answer = Client::connect(&server, carrier).await.get(&format!("{ODD}?do=steps")).await;
        let expected = "data before head: out-of-order(head)\n\
                        empty data before head: out-of-order(head)\n\
                        trailers before head: out-of-order(head)\n\
                        end before head: out-of-order(head)\n\
                        informational 101: invalid-status\n\
                        informational 99: invalid-status\n\
                        informational 200: invalid-status\n\
                        head 0: invalid-status\n\
                        head 103: invalid-status\n\
                        head 199: invalid-status\n\
                        head 1000: invalid-status\n\
                        head 200: ok\n\
                        head after head: out-of-order(content)\n\
                        informational after head: out-of-order(content)\n";
        assert_eq!(answer.text(), expected, "{carrier:?}");
        assert!(answer.informational.is_empty());
        for step in ["data", "trailers", "end", "head", "informational", "reset"] {
            server.log_line(&[&format!("{step} after end: out-of-order(closed)")]);
        }
    }
}

#[tokio::test]
async fn invalid_fields_are_typed_errors_that_name_the_field() {
    let server = start("");
    for carrier in [Carrier::H1, Carrier::H2c] {
        let answer = Client::connect(&server, carrier).await.get(&format!("{ODD}?do=fields")).await;
        let text = answer.text();
        assert_eq!(text.lines().count(), 2 * 13 + 1, "{text}");
        for line in text.lines() {
            let expected = match (line.split(':').next(), carrier) {
                (Some("upper-case name"), Carrier::H1) => "ok",
                _ => "invalid-field(1)",
            };
            // The first of two Content-Lengths is refused in a 1xx (RFC 9110 §8.6), the second in a head.
            let also = line == "two content-lengths: invalid-field(0)";
            assert!(line.ends_with(expected) || also, "{carrier:?}: {line}");
        }
        // Upper case alone is a matter of the protocol: HTTP/1.1 sends it.
        let sent = usize::from(carrier == Carrier::H1);
        assert_eq!(answer.informational.len(), sent, "{:?}", answer.informational);
    }
}

#[tokio::test]
async fn invalid_trailers_are_typed_errors_and_valid_ones_leave_afterwards() {
    let server = start("");
    for carrier in [Carrier::H1, Carrier::H2c] {
        let answer = Client::connect(&server, carrier).await.get(&format!("{ODD}?do=trailers")).await;
        for line in answer.text().lines() {
            let expected = ["invalid-field(1)", "invalid-field(0)"];
            assert!(expected.iter().any(|expected| line.ends_with(expected)), "{carrier:?}: {line}");
        }
        assert_eq!(answer.trailers, crate::support::client::fields(&[("x-done", "yes")]));
    }
}

#[tokio::test]
async fn content_that_disagrees_with_its_length_is_a_typed_error() {
    let server = start("");
    for carrier in [Carrier::H1, Carrier::H2c] {
        let answer = Client::connect(&server, carrier).await.get(&format!("{ODD}?do=length")).await;
        assert_eq!(answer.text(), "length-mismatch\n", "{carrier:?}");
    }
}

#[tokio::test]
async fn returning_with_less_content_than_announced_is_no_complete_response() {
    let server = start("");
    let target = format!("{ODD}?do=say&lines=content-length:5&content=ab");
    let mut connection = h2(&server).await;
    connection.get(1, &target).await;
    let response = connection.response(1).await;
    assert_eq!((response.status, response.end.clone()), (200, End::Reset(INTERNAL_ERROR)));
    let mut connection = h1(&server).await;
    connection.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    assert!(connection.head().await.contains("content-length: 5\n"));
    assert!(connection.is_closed().await, "a refused step sends nothing");
    server.log_line(&["WARN", "before the content had its Content-Length"]);
}

#[tokio::test]
async fn responses_that_cannot_have_content_are_complete_with_their_head() {
    let server = start("");
    for (carrier, code) in [(Carrier::H1, 204), (Carrier::H2c, 204), (Carrier::H1, 304), (Carrier::H2c, 304)] {
        let mut client = Client::connect(&server, carrier).await;
        assert_eq!(client.get(&format!("{ODD}?do=status&code={code}")).await.head.status, code);
        assert_eq!(client.get("/hello.handler.wasm").await.head.status, 200);
    }
    for step in ["data", "trailers", "end"] {
        server.log_line(&[&format!("INFO  {step}: out-of-order(closed)")]);
    }
}

#[tokio::test]
async fn a_handler_whose_client_left_is_told_and_runs_on() {
    let server = start("");
    let mut connection = h1(&server).await;
    connection.send(format!("GET {ODD}?do=peer-gone&delay=1&linger=20 HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    connection.head().await;
    drop(connection);
    for line in [
        "data: peer-gone(none)",
        "again: peer-gone(none)",
        "end: peer-gone(none)",
        "window: 0, phase: closed",
        "returned",
    ] {
        server.log_line(&[line]);
    }
    server.log_line(&["do=peer-gone", "cause=\"the peer left first\""]);
    assert!(!server.log().contains("handler failed"));
}

#[tokio::test]
async fn a_handler_may_be_cancelled_when_its_client_leaves() {
    let server = start("[sandbox]\non_disconnect = \"cancel\"");
    for target in ["?do=peer-gone&delay=1", "?do=wait&at=head", "?do=wait&at=head&on=content"] {
        let mut connection = h2(&server).await;
        connection.post(1, &format!("{ODD}{target}")).await;
        assert_eq!(connection.head(1).await.status, 200);
        connection.reset(1, 8).await;
        server.log_line(&[&format!("{target} HTTP/2"), "on_disconnect"]);

        // Without content to wait for there is nothing to cancel.
        if target.ends_with("content") {
            continue;
        }
        let mut connection = h1(&server).await;
        connection.send(format!("GET {ODD}{target}&h1 HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        connection.head().await;
        // A FIN alone might come from a client that still reads.
        connection.stream.abort();
        server.log_line(&[&format!("{target}&h1"), "on_disconnect"]);
    }
    assert!(!server.log().contains("returned exchange"), "nobody ran on");
}
