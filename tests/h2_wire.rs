//! HTTP/2 (RFC 9113) frame by frame: flow control, full duplex, resets, 1xx, trailers, the order of fields.

use framewright::wire::{FrameKind, flags};
use serde_json::{Value, json};

use crate::support::{
    Builder, Carrier, Server, Site,
    client::fields,
    connect,
    frames::{Connection, End, INITIAL_WINDOW_SIZE, WINDOW},
    h2c,
};

const ODD: &str = "/misbehaving.handler.wasm";

fn server() -> Server {
    let site = Site::new();
    for name in ["hello", "echo", "trailers", "duplex", "misbehaving"] {
        site.handler(&format!("{name}.handler.wasm"), &format!("rust/{name}"));
    }
    Builder::new(site).start()
}

async fn open(server: &Server, settings: &[(u16, u32)]) -> Connection {
    Connection::new(connect(server, Carrier::H2c).await, settings).await
}

/// The octets of content that came in by now on this stream, and whether it ended.
async fn arrived(connection: &mut Connection, stream: u32, at_least: usize) -> (Vec<u8>, bool) {
    let (mut octets, mut ended) = (Vec::new(), false);
    while octets.len() < at_least {
        let frame = connection.next_on(stream).await.expect("more content");
        assert_eq!(frame.header.kind, FrameKind::DATA, "{frame:?}");
        ended |= frame.header.has(flags::END_STREAM);
        octets.extend(frame.payload);
    }
    // Whatever was on its way is here after a round trip, or two as the handler needs a turn.
    for _ in 0..2 {
        connection.round_trip().await;
    }
    let late: Vec<_> = connection.kept().filter(|frame| frame.header.stream == stream).cloned().collect();
    assert!(late.is_empty(), "more than was asked for: {late:?}");
    (octets, ended)
}

/// What `do=send` sends.
fn pattern(octets: std::ops::Range<usize>) -> Vec<u8> {
    octets.map(|position| u8::try_from(position % 251).expect("below 256")).collect()
}

#[tokio::test]
async fn no_more_than_the_streams_window_arrives() {
    let server = server();
    let mut connection = open(&server, &[(INITIAL_WINDOW_SIZE, 10)]).await;
    connection.get(1, &format!("{ODD}?do=send&octets=100&chunk=30")).await;
    assert_eq!(connection.head(1).await.status, 200);
    assert_eq!(arrived(&mut connection, 1, 10).await, (pattern(0..10), false));
    connection.open_window(1, 1).await;
    assert_eq!(arrived(&mut connection, 1, 1).await, (pattern(10..11), false));
    connection.open_window(1, 50).await;
    assert_eq!(arrived(&mut connection, 1, 50).await, (pattern(11..61), false));
    assert!(!server.log().contains("octets=100"), "the handler is suspended: no access line yet");
    // Another stream has a window of its own.
    connection.get(3, "/hello.handler.wasm").await;
    assert_eq!(connection.head(3).await.status, 200);
    assert_eq!(arrived(&mut connection, 3, 10).await.0, b"Hello, wor");
    // RFC 9113 §6.9.2: a new initial window changes those of open streams.
    connection.settings(&[(INITIAL_WINDOW_SIZE, 20)]).await;
    assert_eq!(arrived(&mut connection, 1, 10).await, (pattern(61..71), false));
    connection.open_window(1, 1000).await;
    assert_eq!(arrived(&mut connection, 1, 29).await, (pattern(71..100), true));
    server.log_line(&["octets=100", "200 100 octets"]);
}

#[tokio::test]
async fn no_more_than_the_connections_window_arrives() {
    let server = server();
    let mut connection = open(&server, &[(INITIAL_WINDOW_SIZE, 1 << 30)]).await;
    connection.get(1, &format!("{ODD}?do=send&octets=100000")).await;
    assert_eq!(connection.head(1).await.status, 200);
    let window = usize::try_from(WINDOW).expect("positive");
    assert_eq!(arrived(&mut connection, 1, window).await, (pattern(0..window), false));
    connection.open_window(0, 1).await;
    assert_eq!(arrived(&mut connection, 1, 1).await, (pattern(window..window + 1), false));
    connection.open_window(0, 100_000).await;
    assert_eq!(arrived(&mut connection, 1, 100_000 - window - 1).await, (pattern(window + 1..100_000), true));
}

#[tokio::test]
async fn a_negative_window_is_paid_back_first() {
    let server = server();
    let mut connection = open(&server, &[(INITIAL_WINDOW_SIZE, 30)]).await;
    connection.get(1, &format!("{ODD}?do=send&octets=50")).await;
    assert_eq!(connection.head(1).await.status, 200);
    assert_eq!(arrived(&mut connection, 1, 30).await.0.len(), 30);
    connection.settings(&[(INITIAL_WINDOW_SIZE, 5)]).await;
    connection.open_window(1, 25).await;
    assert_eq!(arrived(&mut connection, 1, 0).await, (vec![], false), "the window is at 0");
    connection.open_window(1, 20).await;
    assert_eq!(arrived(&mut connection, 1, 20).await, (pattern(30..50), true));
}

#[tokio::test]
async fn the_handler_sees_how_far_the_window_is_open() {
    let server = server();
    let mut connection = open(&server, &[(INITIAL_WINDOW_SIZE, 2000)]).await;
    connection.get(1, &format!("{ODD}?do=window&octets=500")).await;
    let response = connection.response(1).await;
    assert!(response.text().ends_with("\n2000 2000 1500\n"), "{:?}", &response.text()[500..]);
}

#[tokio::test]
async fn an_upload_that_nobody_reads_keeps_the_window_shut() {
    let server = server();
    let mut connection = open(&server, &[]).await;
    connection.post(1, &format!("{ODD}?do=wait")).await;
    connection.round_trip().await;
    let window = usize::try_from(connection.room(1)).expect("positive");
    connection.content(1, &vec![b'x'; window], false).await;
    for _ in 0..3 {
        connection.round_trip().await;
    }
    assert_eq!(connection.room(1), 0);
    // It shuts nobody else out.
    connection.post(3, "/echo.handler.wasm").await;
    connection.content(3, b"content", true).await;
    assert!(connection.response(3).await.text().contains(r#""content":"content""#));
    connection.reset(1, 8).await;
}

#[tokio::test]
async fn a_slow_reader_opens_the_window_as_it_reads() {
    let server = server();
    let mut connection = open(&server, &[]).await;
    connection.post(1, &format!("{ODD}?do=read&summary&max=10000&pause=1")).await;
    connection.content(1, &vec![b'x'; 300_000], true).await;
    assert_eq!(connection.response(1).await.text(), "end\n300000 octets\nonce more: end\n");
}

#[tokio::test]
async fn both_directions_flow_at_the_same_time_through_tiny_windows() {
    let server = server();
    let mut connection = open(&server, &[(INITIAL_WINDOW_SIZE, 3)]).await;
    connection.post(1, "/duplex.handler.wasm").await;
    let head = connection.head(1).await;
    assert_eq!(head.status, 200, "before any content");
    connection.content(1, b"0123456789", false).await;
    let mut back = Vec::new();
    for window in [3, 2, 2, 3] {
        back.extend(arrived(&mut connection, 1, window).await.0);
        connection.open_window(1, if back.len() == 7 { 3 } else { 2 }).await;
    }
    assert_eq!(back, b"0123456789");
    connection.fields(1, &[(b"x-t", b"1")], true).await;
    let response = connection.rest(1, head).await;
    assert_eq!((response.trailers, response.end), (fields(&[("x-t", "1")]), End::Complete));
}

#[tokio::test]
async fn informational_responses_come_before_the_head() {
    let server = server();
    let mut connection = open(&server, &[]).await;
    // More than are let out in one go.
    connection.get(1, &format!("{ODD}?do=informational&n=40")).await;
    let response = connection.response(1).await;
    assert_eq!(response.informational.len(), 40);
    for (number, (status, lines)) in response.informational.iter().enumerate() {
        assert_eq!((*status, lines), (103, &fields(&[("x-number", &number.to_string())])));
    }
    assert_eq!((response.status, response.text(), response.end.clone()), (200, "informed\n", End::Complete));
}

#[tokio::test]
async fn trailers_end_the_stream_in_order() {
    let server = server();
    let mut connection = open(&server, &[]).await;
    connection.get(1, "/trailers.handler.wasm").await;
    let response = connection.response(1).await;
    assert_eq!(response.trailers, fields(&[("x-octets", "21"), ("x-note", "first"), ("x-note", "second")]));
    assert_eq!(response.end, End::Complete);
}

#[tokio::test]
async fn fields_keep_the_order_of_first_occurrence_and_stand_together_by_name() {
    let server = server();
    let mut connection = open(&server, &[]).await;
    connection.get(1, &format!("{ODD}?do=say&lines=z:1%0Aa:2%0Az:3%0Ab:%FF%0Aa:1%0Aset-cookie:x%0Az:3")).await;
    let response = connection.response(1).await;
    let expected = [("z", "1"), ("z", "3"), ("z", "3"), ("a", "2"), ("a", "1"), ("b", "\u{fffd}"), ("set-cookie", "x")];
    assert_eq!(response.fields, fields(&expected));
}

#[tokio::test]
async fn request_fields_reach_the_handler_in_wire_order_pseudo_fields_in_place() {
    let server = server();
    let mut connection = open(&server, &[]).await;
    let sent: [(&[u8], &[u8]); 9] = [
        (b":path", b"/echo.handler.wasm?%00"),
        (b":method", b"PURGE"),
        (b":authority", b"a.test:1"),
        (b":scheme", b"http"),
        (b"cookie", b"a=1"),
        (b"x-b", b"\xff"),
        (b"cookie", b"b=2"),
        (b"host", b"a.test:1"),
        (b"cookie", b"a=1"),
    ];
    connection.fields(1, &sent, true).await;
    let response = connection.response(1).await;
    let seen: Value = serde_json::from_str(response.text()).expect("JSON");
    let text = |octets: &[u8]| octets.iter().copied().map(char::from).collect::<String>();
    let expected: Vec<_> = sent.iter().map(|(name, value)| json!([text(name), text(value)])).collect();
    assert_eq!(seen["fields"], json!(expected));
    assert_eq!((&seen["authority"], &seen["method"]), (&json!("a.test:1"), &json!("PURGE")));
}

#[tokio::test]
async fn responses_without_content_end_with_their_head() {
    let server = server();
    let mut connection = open(&server, &[]).await;
    for (number, (method, target, status)) in [
        ("HEAD", "/hello.handler.wasm".to_owned(), 200),
        ("HEAD", "/trailers.handler.wasm".to_owned(), 200),
        ("GET", format!("{ODD}?do=status&code=204"), 204),
        ("GET", format!("{ODD}?do=status&code=304"), 304),
        ("GET", format!("{ODD}?do=send&octets=0"), 200),
    ]
    .iter()
    .enumerate()
    {
        let stream = 1 + 2 * u32::try_from(number).expect("few");
        connection.fields(stream, &crate::support::frames::head(method, target), true).await;
        let head = connection.head(stream).await;
        assert_eq!((head.status, head.end), (*status, End::Complete), "{method} {target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_agrees() {
    let server = server();
    let mut connection = h2c::Connection::new(connect(&server, Carrier::H2Only).await).await;
    let hello = connection.get("/hello.handler.wasm").await;
    assert_eq!((hello.status, hello.content.as_slice()), (200, b"Hello, world!\n".as_slice()));
    assert_eq!(hello.fields["content-length"], "14");
    let request = http::Request::post("https://localhost/echo.handler.wasm").body(()).expect("a request");
    let response = connection.call(request, vec![b'x'; 500_000]).await.expect("a response");
    let seen: Value = serde_json::from_slice(&response.content).expect("JSON");
    assert_eq!(seen["content_octets"], 500_000);
    let trailers = connection.get("/trailers.handler.wasm").await.trailers.expect("trailers");
    assert_eq!(trailers["x-octets"], "21");
    connection.end().await.expect("a good end");
}
