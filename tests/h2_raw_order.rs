//! The raw door over HTTP/2 where several exchanges share a connection: whose frames leave when, and who pays for what
//! the engine does not know.

use framewright::wire::{FrameKind, flags};

use crate::support::{
    Builder, Carrier, Server, Site, connect,
    frames::{Connection, End, Frame, block},
};

const DRIVER: &str = "/rawdriver.handler.wasm";
const HELLO: &str = "/hello.handler.wasm";
const KEEP: &str = "[raw]\nafter = \"keep\"\n";

fn server(config: &str) -> Server {
    let site = Site::new();
    site.handler("rawdriver.handler.wasm", "rust/rawdriver").handler("hello.handler.wasm", "rust/hello");
    Builder::new(site).config(config).start()
}

async fn open(server: &Server) -> Connection {
    Connection::new(connect(server, Carrier::H2Tls).await, &[]).await
}

/// Steps for the driver on a new stream, whose request goes on.
async fn begin(connection: &mut Connection, stream: u32, steps: &[&str]) {
    connection.post(stream, DRIVER).await;
    more(connection, stream, steps, false).await;
}

async fn more(connection: &mut Connection, stream: u32, steps: &[&str], end: bool) {
    let script: String = steps.iter().map(|step| format!("{step}\n")).collect();
    connection.content(stream, script.as_bytes(), end).await;
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn is_of_response(frame: &Frame) -> bool {
    matches!(
        frame.header.kind,
        FrameKind::HEADERS | FrameKind::DATA | FrameKind::CONTINUATION | FrameKind::PUSH_PROMISE
    )
}

/// The next frames of responses, as stream and type.
async fn next_frames(connection: &mut Connection, count: usize) -> Vec<(u32, FrameKind)> {
    let mut frames = Vec::new();
    while frames.len() < count {
        let frame = connection.next().await.expect("a frame");
        if is_of_response(&frame) {
            frames.push((frame.header.stream, frame.header.kind));
        }
    }
    frames
}

/// Has stream 1 spend all but `left` octets of the connection's window, unknown to the engine.
async fn spend_window(connection: &mut Connection, left: usize) {
    let content = format!("frame - 0 1 {}", hex(&vec![b'r'; 65_535 - left]));
    begin(connection, 1, &["frame - 1 4 88"]).await;
    more(connection, 1, &[&content], true).await;
    while !connection.next_on(1).await.expect("a frame").header.has(flags::END_STREAM) {}
}

#[tokio::test]
async fn a_raw_frame_follows_the_polite_content_that_waits_for_the_window() {
    let server = server(KEEP);
    let mut connection = open(&server).await;
    spend_window(&mut connection, 2).await;
    let trailers = format!("frame - 1 5 {}", hex(&block(&[(b"raw", b"yes")])));
    begin(&mut connection, 3, &["head 200", "data polite", &trailers]).await;
    connection.round_trip().await;
    connection.open_window(0, 10_000).await;
    let response = connection.response(3).await;
    assert_eq!((response.status, response.text(), &response.end), (200, "polite", &End::Complete));
    assert_eq!(response.trailers, [(b"raw".to_vec(), b"yes".to_vec())]);
}

#[tokio::test]
async fn a_raw_frame_follows_the_polite_ones_that_another_exchange_holds_back() {
    let server = server(KEEP);
    let mut connection = open(&server).await;
    begin(&mut connection, 1, &["hold 5000 100000", "frame - 1 4 88"]).await;
    assert_eq!(next_frames(&mut connection, 1).await, [(1, FrameKind::HEADERS)]);
    begin(&mut connection, 3, &["head 200", "data polite", "note ready", "frame - 0 1 72"]).await;
    server.log_line(&["step 3: ready"]);
    more(&mut connection, 1, &["sleep 100", "release", "frame - 0 1 -"], true).await;
    let response = connection.response(3).await;
    assert_eq!((response.text(), &response.end), ("politer", &End::Complete));
}

#[tokio::test]
async fn a_close_in_good_order_ends_holds_and_loses_nothing() {
    let server = server(KEEP);
    for how in ["half", "silent"] {
        let mut connection = open(&server).await;
        begin(&mut connection, 1, &["hold 9000 100000", "frame - 1 4 88"]).await;
        assert_eq!(next_frames(&mut connection, 1).await, [(1, FrameKind::HEADERS)]);
        begin(&mut connection, 3, &["head 200", "data polite"]).await;
        begin(&mut connection, 5, &["head 200", "data closer", &format!("close {how}")]).await;
        let expected = [(3, FrameKind::HEADERS), (3, FrameKind::DATA), (5, FrameKind::HEADERS), (5, FrameKind::DATA)];
        assert_eq!(next_frames(&mut connection, 4).await, expected, "{how}");
        assert!(connection.next().await.is_none(), "{how}: the end");
    }
}

#[tokio::test]
async fn a_flush_waits_until_a_hold_has_let_everything_leave() {
    let server = server(KEEP);
    let mut connection = open(&server).await;
    begin(&mut connection, 1, &["hold 5000 100000", "frame - 1 4 88"]).await;
    assert_eq!(next_frames(&mut connection, 1).await, [(1, FrameKind::HEADERS)]);
    begin(&mut connection, 3, &["head 200", "data x", "note before", "flush", "note flushed"]).await;
    server.log_line(&["step 3: before"]);
    more(&mut connection, 1, &["sleep 200", "note release", "release"], true).await;
    server.log_line(&["step 5: flushed"]);
    let log = server.log();
    assert!(log.find("note release").or(log.find(": release")) < log.find("step 5: flushed"), "{log}");
}

#[tokio::test]
async fn a_polite_promise_takes_no_stream_that_was_promised_raw() {
    let server = server(KEEP);
    let mut connection = open(&server).await;
    let request = block(&[(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"h"), (b":path", b"/r")]);
    let promise = |stream: u32| format!("frame - 5 4 {}{}", hex(&stream.to_be_bytes()), hex(&request));
    begin(&mut connection, 1, &[&promise(2), "push /4", &promise(10), "push /12", "head 200", "end"]).await;
    // What was promised first may be answered before the next promise.
    let (mut promised, mut answered) = (Vec::new(), Vec::new());
    while promised.len() < 4 || answered.len() < 2 {
        let frame = connection.next().await.expect("a frame");
        match frame.header.kind {
            FrameKind::PUSH_PROMISE => promised.push(frame.number(0)),
            FrameKind::DATA if !frame.payload.is_empty() => {
                answered.push((frame.header.stream, String::from_utf8(frame.payload.to_vec()).expect("text")));
            }
            _ => {}
        }
    }
    assert_eq!(promised, [2, 4, 10, 12]);
    answered.sort();
    assert_eq!(answered, [(4, "/4".to_owned()), (12, "/12".to_owned())]);
    connection.get(3, HELLO).await;
    assert_eq!(connection.response(3).await.status, 200);

    // Too far away to skip all streams before it.
    let mut connection = open(&server).await;
    begin(&mut connection, 1, &[&promise(2_000_000), "push /none", "head 204"]).await;
    assert_eq!(connection.response(1).await.status, 204);
    server.log_line(&["WARN", "step 2: refused"]);
}

#[tokio::test]
async fn to_wait_for_another_exchange_is_no_stall_of_the_client() {
    let server = server("[raw]\nafter = \"keep\"\n[limits]\nstall_s = 1");
    let mut connection = open(&server).await;
    begin(&mut connection, 1, &["hold 9000 100000", "frame - 1 4 88"]).await;
    assert_eq!(next_frames(&mut connection, 1).await, [(1, FrameKind::HEADERS)]);
    begin(&mut connection, 3, &["frame - 1 5 88"]).await;
    more(&mut connection, 1, &["sleep 1500", "release", "frame - 0 1 -"], true).await;
    assert_eq!(connection.response(3).await.status, 200);
    connection.get(5, HELLO).await;
    assert_eq!(connection.response(5).await.status, 200);
}

#[tokio::test]
async fn a_second_hold_waits_for_the_first_and_both_are_whole() {
    let server = server(KEEP);
    let mut connection = open(&server).await;
    begin(&mut connection, 1, &["hold 5000 100000", "frame - 1 4 88"]).await;
    assert_eq!(next_frames(&mut connection, 1).await, [(1, FrameKind::HEADERS)]);
    begin(&mut connection, 3, &["note ask", "hold 5000 100000", "frame - 1 4 88", "frame - 0 1 62", "release"]).await;
    server.log_line(&["step 1: ask"]);
    more(&mut connection, 1, &["sleep 100", "frame - 0 1 61", "release"], true).await;
    let expected = [(1, FrameKind::DATA), (3, FrameKind::HEADERS), (3, FrameKind::DATA)];
    assert_eq!(next_frames(&mut connection, 3).await, expected);
    server.log_line(&["step 5: released"]);
    assert!(!server.log().contains(": none") && !server.log().contains(": lost"), "{}", server.log());
}

#[tokio::test]
async fn a_reset_of_a_stream_that_is_idle_suppresses_no_later_reset_of_the_server() {
    let server = server(KEEP);
    let mut connection = open(&server).await;
    begin(&mut connection, 1, &["frame 3 3 0 00000008", "head 204"]).await;
    assert_eq!(connection.response(1).await.status, 204);
    while connection.next_on(3).await.is_none_or(|frame| frame.header.kind != FrameKind::RST_STREAM) {}
    begin(&mut connection, 3, &["head 200", "trap"]).await;
    assert_eq!(connection.response(3).await.end, End::Reset(2));
}

#[tokio::test]
async fn to_end_another_exchange_s_stream_closes_the_connection() {
    let server = server(KEEP);
    for end in ["frame 3 3 0 00000008", "frame 3 0 1 -", "frame 3 1 5 88"] {
        let mut connection = open(&server).await;
        begin(&mut connection, 3, &["head 200", "note open"]).await;
        assert_eq!(next_frames(&mut connection, 1).await, [(3, FrameKind::HEADERS)]);
        begin(&mut connection, 5, &[]).await;
        more(&mut connection, 5, &[end, "frame - 1 5 88"], true).await;
        while connection.next().await.is_some() {}
    }
}

#[tokio::test]
async fn raw_content_on_another_exchange_s_stream_counts_in_that_stream_s_window() {
    let server = server(KEEP);
    let mut connection = Connection::new(connect(&server, Carrier::H2Tls).await, &[(4, 10)]).await;
    begin(&mut connection, 3, &["head 200"]).await;
    assert_eq!(next_frames(&mut connection, 1).await, [(3, FrameKind::HEADERS)]);
    begin(&mut connection, 5, &[]).await;
    more(&mut connection, 5, &["frame 3 0 0 7272727272727272", "frame - 1 5 88"], true).await;
    assert_eq!(connection.response(5).await.status, 200);
    more(&mut connection, 3, &["data polite", "end"], true).await;
    let mut content = 0;
    while content < 10 {
        let frame = connection.next_on(3).await.expect("a frame");
        content += frame.header.length;
        assert!(content <= 10, "the window holds ten octets: {frame:?}");
    }
    connection.open_window(3, 100).await;
    assert_eq!(connection.next_on(3).await.map(|frame| frame.header.length), Some(4));
}
