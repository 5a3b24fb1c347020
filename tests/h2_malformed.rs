//! Malformed HTTP/2 by raw frames: a table of clause, octets, and what the client gets.

use std::time::Duration;

use framewright::wire::{FrameKind, flags};

use crate::support::{
    Builder, Carrier, Server, Site, connect,
    frames::{Connection, End, FRAME_OCTETS, block, frame, head},
};

const HELLO: &str = "/hello.handler.wasm";

fn server() -> Server {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("misbehaving.handler.wasm", "rust/misbehaving");
    Builder::new(site).start()
}

async fn open(server: &Server) -> Connection {
    Connection::new(connect(server, Carrier::H2c).await, &[]).await
}

/// What the client gets on stream 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Status(u16),
    /// The stream is reset with this code, the connection lives on.
    Reset(u32),
    /// The connection ends with this code.
    GoAway(u32),
}

use Outcome::{GoAway, Reset, Status};

/// RFC 9113 §7.
const PROTOCOL_ERROR: u32 = 0x1;
const FLOW_CONTROL_ERROR: u32 = 0x3;
const STREAM_CLOSED: u32 = 0x5;
const FRAME_SIZE_ERROR: u32 = 0x6;
const COMPRESSION_ERROR: u32 = 0x9;

type Lines = &'static [(&'static [u8], &'static [u8])];

/// Requests made of these lines, END_STREAM included. Where h2 cannot make a `HeaderMap` of a section it ends the
/// connection, as RFC 9113 §5.4.1 leaves it free to.
fn requests() -> Vec<(&'static str, Lines, Outcome)> {
    const M: (&[u8], &[u8]) = (b":method", b"GET");
    const S: (&[u8], &[u8]) = (b":scheme", b"http");
    const A: (&[u8], &[u8]) = (b":authority", b"h");
    const P: (&[u8], &[u8]) = (b":path", b"/hello.handler.wasm");
    vec![
        ("§8.3.1: a whole request", &[M, S, A, P], Status(200)),
        ("§8.3.1: no authority", &[M, S, P], Status(200)),
        ("§8.3.1: no method", &[S, A, P], Reset(PROTOCOL_ERROR)),
        ("§8.3.1: no scheme", &[M, A, P], Reset(PROTOCOL_ERROR)),
        ("§8.3.1: no path", &[M, S, A], Reset(PROTOCOL_ERROR)),
        ("§8.3.1: empty path", &[M, S, A, (b":path", b"")], Reset(PROTOCOL_ERROR)),
        ("§8.3: pseudo-field behind a field", &[M, S, A, (b"x", b"y"), P], Reset(PROTOCOL_ERROR)),
        ("§8.3: pseudo-field twice", &[M, S, A, P, P], Reset(PROTOCOL_ERROR)),
        ("§8.3: method twice", &[M, M, S, A, P], Reset(PROTOCOL_ERROR)),
        ("§8.3: pseudo-field of responses", &[M, S, A, P, (b":status", b"200")], Reset(PROTOCOL_ERROR)),
        ("§8.3: unknown pseudo-field", &[M, S, A, P, (b":other", b"1")], GoAway(PROTOCOL_ERROR)),
        ("§8.2.1: upper case", &[M, S, A, P, (b"X-Up", b"1")], GoAway(PROTOCOL_ERROR)),
        ("§8.2.1: space in a name", &[M, S, A, P, (b"x y", b"1")], GoAway(PROTOCOL_ERROR)),
        ("§8.2.1: NUL in a value", &[M, S, A, P, (b"x", b"a\0b")], GoAway(PROTOCOL_ERROR)),
        ("§8.2.1: LF in a value", &[M, S, A, P, (b"x", b"a\nb")], GoAway(PROTOCOL_ERROR)),
        ("§8.2.1: CR in a value", &[M, S, A, P, (b"x", b"a\rb")], GoAway(PROTOCOL_ERROR)),
        ("§8.2.2: connection", &[M, S, A, P, (b"connection", b"close")], Reset(PROTOCOL_ERROR)),
        ("§8.2.2: transfer-encoding", &[M, S, A, P, (b"transfer-encoding", b"chunked")], Reset(PROTOCOL_ERROR)),
        ("§8.2.2: te", &[M, S, A, P, (b"te", b"gzip")], Reset(PROTOCOL_ERROR)),
        ("§8.2.2: te: trailers", &[M, S, A, P, (b"te", b"trailers")], Status(200)),
        ("§8.1.1: content-length without content", &[M, S, A, P, (b"content-length", b"5")], Reset(PROTOCOL_ERROR)),
        ("§8.1.1: content-length that is none", &[M, S, A, P, (b"content-length", b"x")], Reset(PROTOCOL_ERROR)),
        ("§8.2: empty name", &[M, S, A, P, (b"", b"1")], GoAway(PROTOCOL_ERROR)),
        ("§8.3.1: a path that is no UTF-8", &[M, S, A, (b":path", b"/\xe9")], GoAway(PROTOCOL_ERROR)),
        ("§8.3.1: a path with a backslash", &[M, S, A, (b":path", b"/a\\b")], Status(404)),
        ("§8.5: CONNECT", &[(b":method", b"CONNECT"), A], Status(501)),
        ("§8.5: CONNECT with a path", &[(b":method", b"CONNECT"), S, A, P], Reset(PROTOCOL_ERROR)),
        ("§8.5: CONNECT without authority", &[(b":method", b"CONNECT")], Reset(PROTOCOL_ERROR)),
    ]
}

#[tokio::test]
async fn malformed_requests_are_refused_by_clause() {
    let server = server();
    let mut faults = Vec::new();
    for (clause, lines, expected) in requests() {
        let seen = outcome(&server, vec![frame(FrameKind::HEADERS, 5, 1, block(lines))]).await;
        if seen != Some(expected) {
            faults.push(format!("{clause}: {seen:?} instead of {expected:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What stands behind the preface and the client's SETTINGS; what the RFC asks for, and what is known to come instead.
#[expect(clippy::too_many_lines, reason = "one table")]
fn sequences() -> Vec<(&'static str, Vec<Vec<u8>>, Outcome, Known)> {
    const WAIT: &str = "/misbehaving.handler.wasm?do=wait";
    let begun = |path: &str| frame(FrameKind::HEADERS, 4, 1, block(&head("POST", path)));
    let announced = |length: &'static [u8]| {
        frame(FrameKind::HEADERS, 4, 1, block(&[&head("POST", WAIT)[..], &[(b"content-length", length)]].concat()))
    };
    let trailers = |name: &'static [u8], end: u8| frame(FrameKind::HEADERS, 4 | end, 1, block(&[(name, b"/")]));
    let whole = |stream: u32| frame(FrameKind::HEADERS, 5, stream, block(&head("GET", HELLO)));
    let set =
        |id: u16, value: u32| frame(FrameKind::SETTINGS, 0, 0, [&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
    let data = |flags: u8, stream: u32, octets: &[u8]| frame(FrameKind::DATA, flags, stream, octets);
    let window = |stream: u32, octets: u32| frame(FrameKind::WINDOW_UPDATE, 0, stream, octets.to_be_bytes());
    let bare = |kind: FrameKind, stream: u32, octets: usize| frame(kind, 0, stream, vec![0; octets]);
    let large = vec![0; FRAME_OCTETS];
    let read = "/misbehaving.handler.wasm?do=read&summary";
    vec![
        ("§4.1: unknown types", vec![frame(FrameKind(0xfe), 0xff, 1, b"x"), whole(1)], Status(200), None),
        ("§6.5.2: unknown settings", vec![set(0xfefe, 1), whole(1)], Status(200), None),
        ("§5.1.1: even stream", vec![whole(2)], GoAway(PROTOCOL_ERROR), None),
        ("§5.1.1: HEADERS on stream 0", vec![whole(0)], GoAway(PROTOCOL_ERROR), None),
        ("§5.1: DATA on stream 0", vec![data(0, 0, b"x")], GoAway(PROTOCOL_ERROR), None),
        ("§5.1: DATA on an idle stream", vec![data(0, 1, b"x")], GoAway(PROTOCOL_ERROR), None),
        ("§5.1: WINDOW_UPDATE on an idle stream", vec![window(1, 1)], GoAway(PROTOCOL_ERROR), None),
        (
            "§5.1: DATA behind the end",
            vec![begun(WAIT), data(1, 1, b"x"), data(0, 1, b"x")],
            Reset(STREAM_CLOSED),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        ("§8.1: trailers without END_STREAM", vec![begun(WAIT), trailers(b"x", 0)], Reset(PROTOCOL_ERROR), None),
        ("§8.1: pseudo-field in trailers", vec![begun(read), trailers(b":path", 1)], Reset(PROTOCOL_ERROR), None),
        ("§4.2: frame too large", vec![begun(WAIT), bare(FrameKind::DATA, 1, 16_385)], GoAway(FRAME_SIZE_ERROR), None),
        ("§6.1: padding too long", vec![begun(WAIT), data(flags::PADDED, 1, &[9, 0])], GoAway(PROTOCOL_ERROR), None),
        (
            "§6.3: PRIORITY of 4",
            vec![bare(FrameKind::PRIORITY, 1, 4)],
            Reset(FRAME_SIZE_ERROR),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        (
            "§6.4: RST_STREAM of 3",
            vec![begun(WAIT), bare(FrameKind::RST_STREAM, 1, 3)],
            GoAway(FRAME_SIZE_ERROR),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        ("§6.4: RST_STREAM on stream 0", vec![bare(FrameKind::RST_STREAM, 0, 4)], GoAway(PROTOCOL_ERROR), None),
        ("§6.4: RST_STREAM on an idle stream", vec![bare(FrameKind::RST_STREAM, 1, 4)], GoAway(PROTOCOL_ERROR), None),
        (
            "§6.5: SETTINGS of 5",
            vec![bare(FrameKind::SETTINGS, 0, 5)],
            GoAway(FRAME_SIZE_ERROR),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        ("§6.5: SETTINGS on a stream", vec![bare(FrameKind::SETTINGS, 1, 0)], GoAway(PROTOCOL_ERROR), None),
        (
            "§6.5: acknowledgement with settings",
            vec![frame(FrameKind::SETTINGS, 1, 0, [0; 6])],
            GoAway(FRAME_SIZE_ERROR),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        ("§6.5.2: ENABLE_PUSH 2", vec![set(2, 2)], GoAway(PROTOCOL_ERROR), None),
        ("§6.5.2: INITIAL_WINDOW_SIZE 2³¹", vec![set(4, 1 << 31)], GoAway(FLOW_CONTROL_ERROR), H2_NAMES_PROTOCOL_ERROR),
        ("§6.5.2: MAX_FRAME_SIZE 100", vec![set(5, 100)], GoAway(PROTOCOL_ERROR), None),
        ("§6.6: PUSH_PROMISE", vec![begun(WAIT), bare(FrameKind::PUSH_PROMISE, 1, 4)], GoAway(PROTOCOL_ERROR), None),
        ("§6.7: PING of 7", vec![bare(FrameKind::PING, 0, 7)], GoAway(FRAME_SIZE_ERROR), H2_NAMES_PROTOCOL_ERROR),
        ("§6.7: PING on a stream", vec![bare(FrameKind::PING, 1, 8)], GoAway(PROTOCOL_ERROR), None),
        ("§6.8: GOAWAY on a stream", vec![bare(FrameKind::GOAWAY, 1, 8)], GoAway(PROTOCOL_ERROR), None),
        (
            "§6.9: WINDOW_UPDATE of 3",
            vec![bare(FrameKind::WINDOW_UPDATE, 0, 3)],
            GoAway(FRAME_SIZE_ERROR),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        ("§6.9: 0 octets for the connection", vec![window(0, 0)], GoAway(PROTOCOL_ERROR), None),
        ("§6.9: 0 octets for a stream", vec![begun(WAIT), window(1, 0)], Reset(PROTOCOL_ERROR), H2_ENDS_THE_CONNECTION),
        ("§6.9.1: above 2³¹ − 1, connection", vec![window(0, u32::MAX >> 1)], GoAway(FLOW_CONTROL_ERROR), None),
        ("§6.9.1: above 2³¹ − 1", vec![begun(WAIT), window(1, u32::MAX >> 1)], Reset(FLOW_CONTROL_ERROR), None),
        ("§6.10: CONTINUATION by itself", vec![bare(FrameKind::CONTINUATION, 1, 0)], GoAway(PROTOCOL_ERROR), None),
        (
            "§6.10: a frame inside a field block",
            vec![frame(FrameKind::HEADERS, 1, 1, []), bare(FrameKind::PING, 0, 8)],
            GoAway(PROTOCOL_ERROR),
            None,
        ),
        (
            "§6.10: another stream's CONTINUATION",
            vec![frame(FrameKind::HEADERS, 1, 1, []), bare(FrameKind::CONTINUATION, 3, 0)],
            GoAway(PROTOCOL_ERROR),
            None,
        ),
        (
            "§4.3: an index in no table",
            vec![frame(FrameKind::HEADERS, 5, 1, [0xff, 0x7f])],
            GoAway(COMPRESSION_ERROR),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        (
            "§4.3: a block that breaks off",
            vec![frame(FrameKind::HEADERS, 5, 1, [0, 5, b'a'])],
            GoAway(COMPRESSION_ERROR),
            H2_NAMES_PROTOCOL_ERROR,
        ),
        ("§8.1.1: too much content", vec![announced(b"1"), data(0, 1, b"xx")], Reset(PROTOCOL_ERROR), None),
        ("§8.1.1: too little content", vec![announced(b"3"), data(1, 1, b"xx")], Reset(PROTOCOL_ERROR), None),
        (
            "§5.2: more than the stream's window",
            [vec![begun(WAIT)], vec![data(0, 1, &large); 5]].concat(),
            Reset(FLOW_CONTROL_ERROR),
            Some((GoAway(FLOW_CONTROL_ERROR), "RFC 9113 §5.2.2 leaves h2 free to end the connection")),
        ),
    ]
}

/// What comes instead of what the RFC asks for, and why.
type Known = Option<(Outcome, &'static str)>;

const H2_NAMES_PROTOCOL_ERROR: Known =
    Some((GoAway(PROTOCOL_ERROR), "h2 has one code for all frames that it cannot decode"));
const H2_ENDS_THE_CONNECTION: Known =
    Some((GoAway(PROTOCOL_ERROR), "RFC 9113 §5.4.1 leaves h2 free to end the connection"));

#[tokio::test]
async fn malformed_sequences_are_refused_by_clause_and_harm_nobody_else() {
    let server = server();
    let mut faults = Vec::new();
    for (clause, octets, asked, known) in sequences() {
        let seen = outcome(&server, octets).await;
        let expected = known.map_or(asked, |(instead, _)| instead);
        if seen != Some(expected) {
            faults.push(format!("{clause}: {seen:?} instead of {expected:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut other = open(&server).await;
    other.get(1, HELLO).await;
    assert_eq!(other.response(1).await.text(), "Hello, world!\n");
}

/// Sends frames on a new connection and says what came of them; where the connection should live on, that it does.
async fn outcome(server: &Server, octets: Vec<Vec<u8>>) -> Option<Outcome> {
    let mut connection = open(server).await;
    connection.octets(octets.concat()).await;
    let Ok(response) = tokio::time::timeout(Duration::from_secs(15), connection.response(1)).await else { return None };
    let seen = match response.end {
        End::Complete => Status(response.status),
        End::Reset(code) => Reset(code),
        End::GoAway(code) => return Some(GoAway(code)),
        End::Closed => return None,
    };
    connection.get(101, HELLO).await;
    (connection.response(101).await.text() == "Hello, world!\n").then_some(seen)
}

#[tokio::test]
async fn a_connection_may_break_off_anywhere() {
    let server = server();
    let octets = [
        crate::support::frames::PREFACE,
        &frame(FrameKind::SETTINGS, 0, 0, []),
        &frame(FrameKind::HEADERS, 4, 1, block(&head("POST", "/misbehaving.handler.wasm?do=read"))),
        &frame(FrameKind::DATA, 0, 1, b"data"),
    ]
    .concat();
    for end in (0..octets.len()).step_by(7) {
        let mut stream = connect(&server, Carrier::H2c).await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, &octets[..end]).await.expect("a write");
    }
    let mut other = open(&server).await;
    other.get(1, HELLO).await;
    assert_eq!(other.response(1).await.text(), "Hello, world!\n");
}

#[tokio::test]
async fn a_field_section_over_the_limits_is_answered_431_and_one_far_over_them_ends_the_connection() {
    let server = server();
    let mut connection = open(&server).await;
    let long = vec![b'x'; 60 << 10];
    for (stream, count, octets, status) in
        [(1, 1, 60 << 10, 200), (3, 1, 64 << 10, 431), (5, 508, 1, 200), (7, 509, 1, 431), (9, 2, 40 << 10, 431)]
    {
        let value = if octets == 60 << 10 { long.clone() } else { vec![b'x'; octets] };
        let more = vec![(b"x".as_slice(), value.as_slice()); count];
        connection.fields(stream, &[&head("GET", HELLO)[..], &more].concat(), true).await;
        assert_eq!(connection.response(stream).await.status, status, "{count} lines of {octets}");
    }
    // With content to follow the stream is reset behind the response.
    connection.fields(11, &[&head("POST", HELLO)[..], &[(b"x", &[b'x'; 64 << 10])]].concat(), false).await;
    let response = connection.response(11).await;
    assert_eq!(response.status, 431);

    let mut connection = open(&server).await;
    let value = vec![b'x'; 300 << 10];
    let octets = block(&[&head("GET", HELLO)[..], &[(b"x", value.as_slice())]].concat());
    let mut pieces = octets.chunks(FRAME_OCTETS);
    let first = pieces.next().expect("one");
    connection.frame(FrameKind::HEADERS, flags::END_STREAM, 1, first).await;
    for piece in pieces {
        if !connection.try_octets(frame(FrameKind::CONTINUATION, 0, 1, piece)).await {
            break;
        }
    }
    assert!(matches!(connection.response(1).await.end, End::GoAway(_) | End::Closed));
}
