//! HTTP/1.x (RFC 9112) to the octet: what handlers send and how it stands on the wire.

use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::support::{
    Builder, Carrier, Server, Site, connect,
    h1::{Connection, Response},
};

fn server() -> Server {
    let site = Site::new();
    for name in ["hello", "echo", "trailers", "duplex", "misbehaving", "digest"] {
        site.handler(&format!("{name}.wasm").replace(".wasm", ".handler.wasm"), &format!("rust/{name}"));
    }
    Builder::new(site).start()
}

async fn open(server: &Server) -> Connection {
    Connection::new(connect(server, Carrier::H1).await)
}

/// Sends these octets and gives all that comes back until the close, on both kinds of connection.
async fn transcript(server: &Server, octets: &str) -> String {
    let mut both = Vec::new();
    for carrier in [Carrier::H1, Carrier::H1Tls] {
        let mut connection = Connection::new(connect(server, carrier).await);
        connection.send(octets).await;
        both.push(String::from_utf8(connection.rest().await).expect("text"));
    }
    assert_eq!(both[0], both[1], "cleartext and TLS");
    both.swap_remove(0)
}

const CLOSE: &str = "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn fields_leave_with_order_case_and_duplicates_kept_and_nothing_added() {
    let server = server();
    let target =
        "/misbehaving.handler.wasm?do=say&lines=X-B:1%0Ax-a:2%0AX-b:3%0Ax-B:1%0AContent-Length:2%0AEmpty:&content=ok";
    assert_eq!(
        transcript(&server, &format!("GET {target} {CLOSE}")).await,
        "HTTP/1.1 200 OK\r\nX-B: 1\r\nx-a: 2\r\nX-b: 3\r\nx-B: 1\r\nContent-Length: 2\r\nEmpty: \r\n\
         Connection: close\r\n\r\nok"
    );
}

#[tokio::test]
async fn statuses_have_their_registered_reason_or_none() {
    let server = server();
    for (status, line) in
        [(200, "200 OK"), (404, "404 Not Found"), (299, "299 "), (418, "418 I'm a teapot"), (999, "999 ")]
    {
        let target =
            format!("/misbehaving.handler.wasm?do=say&status={status}&lines=Connection:close%0Acontent-length:0");
        assert_eq!(
            transcript(&server, &format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await,
            format!("HTTP/1.1 {line}\r\nConnection: close\r\ncontent-length: 0\r\n\r\n")
        );
    }
}

#[tokio::test]
async fn informational_responses_stand_before_the_head() {
    let server = server();
    let expected = "HTTP/1.1 103 Early Hints\r\nx-number: 0\r\n\r\nHTTP/1.1 103 Early Hints\r\nx-number: 1\r\n\r\n\
                    HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9\r\nConnection: close\r\n\r\n\
                    informed\n";
    let target = "/misbehaving.handler.wasm?do=informational&n=2";
    assert_eq!(transcript(&server, &format!("GET {target} {CLOSE}")).await, expected);
    let target = "/misbehaving.handler.wasm?do=informational&status=199";
    let seen = transcript(&server, &format!("GET {target} {CLOSE}")).await;
    assert!(seen.starts_with("HTTP/1.1 199 \r\nx-number: 0\r\n\r\nHTTP/1.1 200 OK\r\n"), "{seen}");
}

#[tokio::test]
async fn content_of_unknown_length_is_chunked_and_trailers_follow_the_last_chunk() {
    let server = server();
    assert_eq!(
        transcript(&server, &format!("GET /trailers.handler.wasm {CLOSE}")).await,
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntrailer: x-octets, x-note\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n15\r\nThe trailers follow.\n\r\n0\r\nx-octets: 21\r\nx-note: first\r\n\
         x-note: second\r\n\r\n"
    );
    assert_eq!(
        transcript(&server, &format!("GET /misbehaving.handler.wasm?do=send&octets=3&chunk=2 {CLOSE}")).await,
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n2\r\n\0\u{1}\r\n1\r\n\u{2}\r\n0\r\n\r\n"
    );
    assert_eq!(
        transcript(&server, &format!("GET /misbehaving.handler.wasm?do=send&octets=3&chunk=2&declare {CLOSE}")).await,
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: 3\r\nConnection: close\r\n\r\n\
         \0\u{1}\u{2}"
    );
}

#[tokio::test]
async fn responses_without_content_have_none_on_the_wire() {
    let server = server();
    for (request, expected) in [
        (
            format!("HEAD /hello.handler.wasm {CLOSE}"),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 14\r\nConnection: close\r\n\r\n",
        ),
        (
            format!("HEAD /trailers.handler.wasm {CLOSE}"),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntrailer: x-octets, x-note\r\nConnection: close\r\n\r\n",
        ),
        (
            format!("GET /misbehaving.handler.wasm?do=status&code=204 {CLOSE}"),
            "HTTP/1.1 204 No Content\r\nx-status: 204\r\nConnection: close\r\n\r\n",
        ),
        (
            format!("GET /misbehaving.handler.wasm?do=status&code=304 {CLOSE}"),
            "HTTP/1.1 304 Not Modified\r\nx-status: 304\r\nConnection: close\r\n\r\n",
        ),
        (
            format!("GET /misbehaving.handler.wasm?do=send&octets=0 {CLOSE}"),
            "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
    ] {
        assert_eq!(transcript(&server, &request).await, expected, "{request:?}");
    }
}

#[tokio::test]
async fn http_1_0_gets_no_chunks_no_1xx_and_a_close_unless_it_asks_to_be_kept() {
    let server = server();
    for (request, expected) in [
        (
            "GET /misbehaving.handler.wasm?do=send&octets=2 HTTP/1.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\nConnection: close\r\n\r\n\0\u{1}",
        ),
        (
            "GET /misbehaving.handler.wasm?do=informational HTTP/1.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9\r\nConnection: close\r\n\r\ninformed\n",
        ),
        (
            "GET /trailers.handler.wasm HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntrailer: x-octets, x-note\r\nConnection: close\r\n\r\n\
             The trailers follow.\n",
        ),
        (
            "GET /hello.handler.wasm HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello.handler.wasm HTTP/1.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 14\r\n\
             Connection: keep-alive\r\n\r\nHello, world!\n\
             HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 14\r\n\
             Connection: close\r\n\r\nHello, world!\n",
        ),
    ] {
        assert_eq!(transcript(&server, request).await, expected, "{request:?}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = server();
    let mut connection = open(&server).await;
    let post = |path: &str, content: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{content}", content.len())
    };
    let mut octets = String::new();
    for number in 0..20 {
        octets += &post("/echo.handler.wasm", &format!("number {number}"));
        // Content that nobody reads stands between two requests.
        octets += &post("/hello.handler.wasm", "GET /forged HTTP/1.1\r\n\r\n");
    }
    connection.send(octets).await;
    for number in 0..20 {
        let seen: Value = serde_json::from_str(connection.response("POST").await.text()).expect("JSON");
        assert_eq!(seen["content"], format!("number {number}"));
        assert_eq!(connection.response("POST").await.text(), "Hello, world!\n");
    }
}

#[tokio::test]
async fn a_request_may_come_octet_by_octet() {
    let server = server();
    let mut connection = open(&server).await;
    for octet in
        b"POST /echo.handler.wasm HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: y\r\n\r\n"
    {
        connection.send([*octet]).await;
    }
    let seen: Value = serde_json::from_str(connection.response("POST").await.text()).expect("JSON");
    assert_eq!((&seen["content"], &seen["trailers"][0][1]), (&"ab".into(), &"y".into()));
}

#[tokio::test]
async fn the_first_read_asks_for_content_that_waits_to_be_asked_for() {
    let server = server();
    let mut connection = open(&server).await;
    connection
        .send("POST /echo.handler.wasm HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(connection.head().await, "HTTP/1.1 100 Continue\n");
    connection.send("abc").await;
    let response = connection.response("POST").await;
    assert!(response.text().contains(r#""content":"abc""#), "{response:?}");
    // RFC 9110 §10.1.1: content that is there already needs no asking.
    let with_content =
        "POST /echo.handler.wasm HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
    connection.send(with_content).await;
    assert_eq!(connection.response("POST").await.status, 200);
    // Who answers without reading does not want the content, and the connection closes.
    connection
        .send("POST /hello.handler.wasm HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        .await;
    let response = connection.response("POST").await;
    assert_eq!((response.status, response.all("connection")), (200, vec!["close"]));
    assert!(connection.is_closed().await);
    let old = "POST /echo.handler.wasm HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
    assert!(transcript_one(&server, old).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

async fn transcript_one(server: &Server, octets: &str) -> String {
    let mut connection = open(server).await;
    connection.send(octets).await;
    String::from_utf8(connection.rest().await).expect("text")
}

#[tokio::test]
async fn an_early_response_leaves_while_the_upload_goes_on() {
    let server = server();
    let mut connection = open(&server).await;
    connection.send("POST /hello.handler.wasm HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nthe beginning").await;
    assert_eq!(connection.response("POST").await.text(), "Hello, world!\n", "long before the content is complete");
    // What little is left is skipped, and the connection lives on.
    connection.send([b'x'; 1000 - 13]).await;
    assert_eq!(connection.get("/hello.handler.wasm").await.status, 200);
    // An upload too large to be skipped ends the connection behind the response.
    connection.send("POST /hello.handler.wasm HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n").await;
    assert_eq!(connection.response("POST").await.status, 200);
    while connection.stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
}

#[tokio::test]
async fn connections_live_until_either_side_wants_them_closed() {
    let server = server();
    let mut connection = open(&server).await;
    for _ in 0..50 {
        let response = connection.get("/hello.handler.wasm").await;
        assert_eq!((response.text(), response.all("connection")), ("Hello, world!\n", vec![]));
    }
    connection.send("GET /hello.handler.wasm HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n").await;
    assert_eq!(connection.response("GET").await.all("connection"), ["close"]);
    assert!(connection.is_closed().await);

    let mut connection = open(&server).await;
    let own = connection.get("/misbehaving.handler.wasm?do=say&lines=Connection:close%0Acontent-length:0").await;
    assert_eq!(own.all("connection"), ["close"], "the handler's own, once");
    assert!(connection.is_closed().await);

    let mut connection = open(&server).await;
    connection.get("/hello.handler.wasm").await;
    connection.stream.shutdown().await.expect("a shutdown");
    assert!(connection.is_closed().await, "the client is done");
}

#[tokio::test]
async fn targets_reach_the_handler_as_sent() {
    let server = server();
    let mut connection = open(&server).await;
    for (target, authority, path, scheme) in [
        ("/echo.handler.wasm?a b".replace(' ', "%20"), "h", "/echo.handler.wasm?a%20b", "http"),
        ("http://Other:1/echo.handler.wasm?q".into(), "Other:1", "/echo.handler.wasm?q", "http"),
        ("HTTPS://other/echo.handler.wasm".into(), "other", "/echo.handler.wasm", "https"),
        ("/echo.handler%2ewasm".into(), "h", "/echo.handler%2ewasm", "http"),
        ("/echo.handler.wasm?\"<>#^`{}|\\%zz%00".into(), "h", "/echo.handler.wasm?\"<>#^`{}|\\%zz%00", "http"),
    ] {
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        let response: Response = connection.response("GET").await;
        let seen: Value = serde_json::from_str(response.text()).expect("JSON");
        assert_eq!((&seen["authority"], &seen["path"]), (&authority.into(), &path.into()), "{target}");
        assert_eq!(seen["scheme"], scheme, "{target}");
    }
}

#[tokio::test]
async fn fields_reach_the_handler_with_order_case_and_duplicates_kept() {
    let server = server();
    let mut connection = open(&server).await;
    connection
        .send("GET /echo.handler.wasm HTTP/1.1\r\nX-b: 1\r\nhOST:h\r\nx-B:\t2 \r\nX-A: a:b\r\nx-b: 1\r\n\r\n")
        .await;
    let seen: Value = serde_json::from_str(connection.response("GET").await.text()).expect("JSON");
    let expected = serde_json::json!([["X-b", "1"], ["hOST", "h"], ["x-B", "2"], ["X-A", "a:b"], ["x-b", "1"]]);
    assert_eq!(seen["fields"], expected);
}
