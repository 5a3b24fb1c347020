//! Streams that end before their time: reset by the handler, by the client, by the connection's end.

use crate::support::{
    Builder, Carrier, Server, Site, connect,
    frames::{Connection, End},
};

const ODD: &str = "/misbehaving.handler.wasm";

fn server() -> Server {
    let site = Site::new();
    site.handler("misbehaving.handler.wasm", "rust/misbehaving").handler("hello.handler.wasm", "rust/hello");
    Builder::new(site).start()
}

async fn open(server: &Server) -> Connection {
    Connection::new(connect(server, Carrier::H2c).await, &[]).await
}

#[tokio::test]
async fn the_client_sees_the_code_of_the_handlers_reset_and_what_came_before() {
    let server = server();
    let mut connection = open(&server).await;
    let mut stream = 1;
    for (at, status, content) in
        [("start", 0, ""), ("informational", 0, ""), ("head", 200, ""), ("data", 200, "so far so good\n")]
    {
        for code in [0, 2, 8, 0xb, 0xdead_beef_u32] {
            connection.get(stream, &format!("{ODD}?do=reset&at={at}&code={code}")).await;
            let response = connection.response(stream).await;
            assert_eq!(response.end, End::Reset(code), "{at}: {response:?}");
            assert_eq!((response.status, response.text()), (status, content), "{at}, {code}");
            assert_eq!(response.informational.len(), usize::from(at == "informational"), "{at}, {code}");
            stream += 2;
        }
    }
    connection.get(stream, "/hello.handler.wasm").await;
    assert_eq!(connection.response(stream).await.status, 200, "the connection goes on");
}

#[tokio::test]
async fn the_handler_sees_the_code_of_the_clients_reset_while_it_sends_and_runs_on() {
    let server = server();
    let mut connection = open(&server).await;
    connection.open_window(0, 1 << 20).await;
    for (stream, code) in [(1, 8_u32), (3, 0), (5, 0xb), (7, 0xdead_beef)] {
        connection.post(stream, &format!("{ODD}?do=peer-gone&n={code}&linger=10")).await;
        assert_eq!(connection.head(stream).await.status, 200);
        connection.reset(stream, code).await;
        for line in [
            format!("data: peer-gone({code})"),
            format!("again: peer-gone({code})"),
            format!("end: peer-gone({code})"),
            format!("read: reset({code})"),
        ] {
            server.log_line(&[&line]);
        }
        server.log_line(&[&format!("n={code}&"), "cause=\"the peer left first\""]);
    }
    server.log_line(&["window: 0, phase: closed"]);
    server.log_line(&["returned"]);
    connection.get(9, "/hello.handler.wasm").await;
    assert_eq!(connection.response(9).await.status, 200, "the connection goes on");
}

#[tokio::test]
async fn the_handler_sees_the_code_of_the_clients_reset_while_it_reads() {
    let server = server();
    let mut connection = open(&server).await;
    for (stream, code) in [(1, 5_u32), (3, 0x1234_5678)] {
        connection.post(stream, &format!("{ODD}?do=read")).await;
        connection.content(stream, b"abc", false).await;
        server.log_line(&["data 3"]);
        connection.reset(stream, code).await;
        server.log_line(&[&format!("reset({code})")]);
    }
}

#[tokio::test]
async fn the_handler_sees_that_the_connection_is_gone() {
    let server = server();
    let mut connection = open(&server).await;
    connection.post(1, &format!("{ODD}?do=peer-gone")).await;
    assert_eq!(connection.head(1).await.status, 200);
    drop(connection);
    server.log_line(&["data: peer-gone("]);
    server.log_line(&["read: reset("]);
    server.log_line(&["returned"]);

    let mut connection = open(&server).await;
    connection.post(1, &format!("{ODD}?do=read")).await;
    connection.content(1, b"ab", false).await;
    server.log_line(&["data 2"]);
    drop(connection);
    server.log_line(&["INFO  reset("]);
}

#[tokio::test]
async fn a_whole_response_before_the_end_of_the_request_resets_the_rest_of_it() {
    let server = server();
    let mut connection = open(&server).await;
    connection.post(1, "/hello.handler.wasm").await;
    let response = connection.response(1).await;
    assert_eq!((response.status, response.text()), (200, "Hello, world!\n"));
    assert_eq!(response.end, End::Complete);
    // RFC 9113 §8.1: NO_ERROR says that the response is whole and the rest of the request is not wanted.
    let reset = connection.next_on(1).await.expect("a reset");
    assert_eq!((reset.header.kind, reset.number(0)), (framewright::wire::FrameKind::RST_STREAM, 0));
    connection.get(3, "/hello.handler.wasm").await;
    assert_eq!(connection.response(3).await.status, 200);
}
