//! The raw door over HTTP/2, on real sockets and through TLS: what leaves, to the octet, and what becomes of the others
//! on the connection.

use framewright::wire::{FrameHeader, FrameKind, HEADER_OCTETS, flags};
use tokio::io::AsyncReadExt;

use crate::support::{
    Builder, Carrier, Client, Server, Site, connect,
    frames::{Connection, End, block, frame},
    soon,
};

const BOTH: [Carrier; 2] = [Carrier::H2Tls, Carrier::H2c];
const DRIVER: &str = "/rawdriver.handler.wasm";
const HELLO: &str = "/hello.handler.wasm";

fn server(config: &str) -> Server {
    let site = Site::new();
    site.handler("rawdriver.handler.wasm", "rust/rawdriver").handler("hello.handler.wasm", "rust/hello");
    Builder::new(site).config(config).start()
}

async fn open(server: &Server, carrier: Carrier) -> Connection {
    Connection::new(connect(server, carrier).await, &[]).await
}

/// Steps for the driver on this stream; the request ends with them if `end` is set.
async fn drive(connection: &mut Connection, stream: u32, steps: &[&str], end: bool) {
    connection.post(stream, DRIVER).await;
    more(connection, stream, steps, end).await;
}

async fn more(connection: &mut Connection, stream: u32, steps: &[&str], end: bool) {
    let script: String = steps.iter().map(|step| format!("{step}\n")).collect();
    connection.content(stream, script.as_bytes(), end).await;
}

/// The octets of the next frames on this stream, each frame by itself.
async fn octets_on(connection: &mut Connection, stream: u32, frames: usize) -> Vec<u8> {
    let (mut octets, mut seen) = (Vec::new(), 0);
    while seen < frames {
        let mut header = [0; HEADER_OCTETS];
        soon("a frame", connection.stream.read_exact(&mut header)).await.expect("a frame");
        let FrameHeader { length, stream: of, .. } = FrameHeader::decode(header);
        let mut payload = vec![0; length as usize];
        soon("a payload", connection.stream.read_exact(&mut payload)).await.expect("a payload");
        if of == stream {
            octets.extend(header);
            octets.extend(payload);
            seen += 1;
        }
    }
    octets
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A clause, the driver's steps, and the frames that arrive.
type Row = (&'static str, Vec<String>, Vec<Vec<u8>>);

#[tokio::test]
async fn frames_arrive_octet_for_octet() {
    let status = block(&[(b":status", b"200")]);
    let bad = block(&[(b"X-Upper", b"a\0\r\nb"), (b":status", b"200"), (b"x", b"")]);
    let rows: Vec<Row> = vec![
        (
            "head and content",
            vec![format!("frame - 1 4 {}", hex(&status)), "frame - 0 1 616263".into()],
            vec![frame(FrameKind::HEADERS, 4, 1, &status), frame(FrameKind::DATA, 1, 1, b"abc")],
        ),
        (
            "RFC 9113 §8.2.1, §8.3: any field, anywhere",
            vec![format!("frame - 1 5 {}", hex(&bad))],
            vec![frame(FrameKind::HEADERS, 5, 1, &bad)],
        ),
        (
            "RFC 9113 §6.10: continued",
            vec![format!("frame - 1 1 {}", hex(&status[..3])), format!("frame - 9 4 {}", hex(&status[3..]))],
            vec![frame(FrameKind::HEADERS, 1, 1, &status[..3]), frame(FrameKind::CONTINUATION, 4, 1, &status[3..])],
        ),
        (
            "RFC 9113 §5.5: an unknown type",
            vec!["frame - 254 255 00ff".into()],
            vec![frame(FrameKind(0xfe), 0xff, 1, [0, 0xff])],
        ),
        ("RFC 9113 §6.4", vec!["frame - 3 0 00000007".into()], vec![frame(FrameKind::RST_STREAM, 0, 1, [0, 0, 0, 7])]),
        (
            "a polite head with a raw end",
            vec!["head 204".into(), "frame - 0 1 -".into()],
            vec![frame(FrameKind::HEADERS, 5, 1, [0x89])],
        ),
    ];
    let server = server("");
    for carrier in BOTH {
        for (clause, steps, expected) in &rows {
            let mut connection = open(&server, carrier).await;
            let steps: Vec<&str> = ["after keep"].into_iter().chain(steps.iter().map(String::as_str)).collect();
            drive(&mut connection, 1, &steps, true).await;
            let received = octets_on(&mut connection, 1, expected.len()).await;
            assert_eq!(hex(&received), hex(&expected.concat()), "{clause}, {carrier:?}");
        }
    }
}

#[tokio::test]
async fn a_frame_longer_than_it_says_and_octets_outside_frames_arrive_too() {
    let server = server("");
    for carrier in BOTH {
        let mut connection = open(&server, carrier).await;
        let short = frame(FrameKind::DATA, 0, 1, b"abc");
        let surplus = format!("octets {}", hex(b"surplus"));
        drive(&mut connection, 1, &["frame - 0 0 616263646566 3", &surplus], true).await;
        let first = connection.next_on(1).await.expect("a frame");
        assert_eq!([&first.header.encode()[..], &first.payload].concat(), short);
        // What follows makes no frames any more: it has to be read as octets.
        let mut rest = [0; 10];
        soon("octets", connection.stream.read_exact(&mut rest)).await.expect("octets");
        assert_eq!(&rest, b"defsurplus");
    }
}

#[tokio::test]
async fn the_rule_decides_whether_a_polite_request_can_follow() {
    let raw = "frame - 1 5 88";
    for (config, steps, kept) in [
        ("", vec![raw], false),
        ("", vec!["after keep", raw], true),
        ("[raw]\nafter = \"keep\"", vec![raw], true),
        ("[raw]\nafter = \"keep\"", vec!["after close", raw], false),
        // Whatever the rule: SETTINGS, a dynamic table entry, a length that is not the payload's.
        ("[raw]\nafter = \"keep\"", vec!["frame 0 4 0 -", raw], false),
        ("[raw]\nafter = \"keep\"", vec!["frame - 0 0 61 0", raw], false),
    ] {
        let server = server(config);
        for carrier in BOTH {
            let mut connection = open(&server, carrier).await;
            drive(&mut connection, 1, &steps, true).await;
            if kept {
                assert_eq!(connection.response(1).await.status, 200);
                connection.get(3, HELLO).await;
                assert_eq!(connection.response(3).await.text(), "Hello, world!\n", "{steps:?}, {carrier:?}");
            } else {
                // The end of the connection, however it is said.
                while connection.next().await.is_some() {}
            }
        }
    }
}

#[tokio::test]
async fn polite_streams_survive_raw_content_that_breaks_no_rule() {
    let server = server("[raw]\nafter = \"keep\"");
    let one = format!("frame - 0 0 {}", hex(&[b'r'; 1000]));
    for carrier in BOTH {
        let mut connection = open(&server, carrier).await;
        for round in 0..50_u32 {
            let (raw, polite) = (4 * round + 1, 4 * round + 3);
            let steps = ["frame - 1 4 88", &one, &one, &one, "frame - 0 1 -"];
            drive(&mut connection, raw, &steps, true).await;
            connection.get(polite, HELLO).await;
            assert_eq!(connection.response(polite).await.text(), "Hello, world!\n", "round {round}, {carrier:?}");
            let response = connection.response(raw).await;
            assert_eq!((response.content.len(), response.end), (3000, End::Complete), "round {round}, {carrier:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_frames_among_500_streams_disturb_nobody() {
    let server = server("[raw]\nafter = \"keep\"\n[limits]\nh2_streams = 1000");
    let mut connection = open(&server, Carrier::H2Tls).await;
    for index in 0..500_u32 {
        let stream = 2 * index + 1;
        if index % 5 == 0 {
            let wait = format!("sleep {}", index % 7);
            let steps = ["frame - 1 4 88", &wait, "frame 0 6 0 0102030405060708", "frame - 0 0 6162", "frame - 0 1 63"];
            drive(&mut connection, stream, &steps, true).await;
        } else {
            connection.get(stream, HELLO).await;
        }
    }
    for index in 0..500_u32 {
        let response = connection.response(2 * index + 1).await;
        let expected = if index % 5 == 0 { "abc" } else { "Hello, world!\n" };
        assert_eq!((response.text(), &response.end), (expected, &End::Complete), "stream {}", 2 * index + 1);
    }
}

#[tokio::test]
async fn while_an_exchange_holds_the_connection_others_wait() {
    let server = server("[raw]\nafter = \"keep\"");
    let mut connection = open(&server, Carrier::H2Tls).await;
    drive(&mut connection, 1, &["hold 5000 100000", "frame - 1 4 88"], false).await;
    assert_eq!(connection.next().await.map(|frame| frame.header.stream), Some(1));
    connection.get(3, HELLO).await;
    more(&mut connection, 1, &["sleep 100", "frame - 0 0 61", "frame - 0 1 62", "release"], true).await;
    let mut order = Vec::new();
    while order.len() < 4 {
        let frame = connection.next().await.expect("a frame");
        if matches!(frame.header.kind, FrameKind::HEADERS | FrameKind::DATA) {
            order.push(frame.header.stream);
        }
    }
    assert_eq!(order, [1, 1, 3, 3]);
    server.log_line(&["step 6: released"]);
}

#[tokio::test]
async fn every_way_to_leave_looks_as_it_should() {
    use std::io::ErrorKind;
    let server = server("");
    for (how, carrier, expected) in [
        ("half", Carrier::H2Tls, None),
        ("half", Carrier::H2c, None),
        ("silent", Carrier::H2Tls, Some(ErrorKind::UnexpectedEof)),
        ("silent", Carrier::H2c, None),
        ("reset", Carrier::H2Tls, Some(ErrorKind::ConnectionReset)),
        ("reset", Carrier::H2c, Some(ErrorKind::ConnectionReset)),
    ] {
        let mut connection = open(&server, carrier).await;
        drive(&mut connection, 1, &["frame - 1 4 88"], false).await;
        assert_eq!(connection.next_on(1).await.map(|frame| frame.header.kind), Some(FrameKind::HEADERS));
        more(&mut connection, 1, &[&format!("close {how}")], false).await;
        let mut rest = Vec::new();
        let end = soon("the end", connection.stream.read_to_end(&mut rest)).await;
        assert_eq!(end.err().map(|error| error.kind()), expected, "{how}, {carrier:?}");
        assert_eq!(Client::connect(&server, carrier).await.get(HELLO).await.head.status, 200);
    }
}

#[tokio::test]
async fn what_the_client_sends_is_seen_frame_by_frame() {
    let server = server("[raw]\nafter = \"keep\"");
    let mut connection = open(&server, Carrier::H2Tls).await;
    connection.post(1, DRIVER).await;
    let script = b"events 2 2000\nhead 200\nreport\nend\n";
    connection.frame(FrameKind::DATA, flags::PADDED, 1, [&[2_u8][..], script, &[0, 0]].concat()).await;
    connection.frame(FrameKind::PRIORITY, 0, 1, [0, 0, 0, 0, 9]).await;
    connection.frame(FrameKind::DATA, flags::END_STREAM, 1, []).await;
    let told = connection.response(1).await;
    let lines: Vec<&str> = told.text().lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[tokio::test]
async fn the_same_scenario_gives_the_same_octets_in_every_language() {
    let site = Site::new();
    site.handler("rust.handler.wasm", "rust/raw").handler("c.handler.wasm", "c/raw");
    site.file("script.frames", include_str!("frames/same.frames"));
    site.file("script.py", include_str!("python/site/same.py"));
    let server = Builder::new(site).config("[site]\npython = true").start();
    let status = [b"\0".as_slice(), b"\x07:status\x03200"];
    let frames = [
        frame(FrameKind::HEADERS, 0, 1, status[0]),
        frame(FrameKind::CONTINUATION, 4, 1, status[1]),
        frame(FrameKind::DATA, 8, 1, b"\x03one\0\0\0"),
        frame(FrameKind::DATA, 1, 1, b"two"),
    ];
    let octets = b"HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n\none";
    for path in ["/rust.handler.wasm", "/c.handler.wasm", "/script.frames", "/script.py"] {
        for carrier in BOTH {
            let mut connection = open(&server, carrier).await;
            connection.get(1, path).await;
            assert_eq!(hex(&octets_on(&mut connection, 1, 4).await), hex(&frames.concat()), "{path}, {carrier:?}");
        }
        for carrier in [Carrier::H1, Carrier::H1Tls] {
            let mut connection = crate::support::h1::Connection::new(connect(&server, carrier).await);
            connection.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
            assert_eq!(connection.rest().await, octets, "{path}, {carrier:?}");
        }
    }
}

#[tokio::test]
async fn without_the_grant_nothing_is_sent() {
    let server = server("[grant.\"/*\"]\nraw = false");
    let mut connection = open(&server, Carrier::H2Tls).await;
    drive(&mut connection, 1, &["frame - 1 5 88"], true).await;
    assert_eq!(connection.response(1).await.status, 500);
    server.log_line(&["WARN", "imports framewright:handler/raw", "`raw = true`"]);
}

#[tokio::test]
async fn a_trap_after_raw_frames_resets_the_stream() {
    let server = server("[raw]\nafter = \"keep\"");
    let mut connection = open(&server, Carrier::H2Tls).await;
    drive(&mut connection, 1, &["frame - 1 4 88", "trap"], true).await;
    assert_eq!(connection.response(1).await.end, End::Reset(2));
    server.log_line(&["WARN", "handler failed", "rawdriver"]);
}

#[tokio::test]
async fn a_push_is_made_or_refused() {
    let server = server("");
    let mut connection = open(&server, Carrier::H2Tls).await;
    drive(&mut connection, 1, &["push /pushed", "head 200", "end"], true).await;
    assert_eq!(connection.response(1).await.status, 200);
    let pushed = connection.response(2).await;
    assert_eq!((pushed.status, pushed.text()), (200, "/pushed"));

    let mut connection = Connection::new(connect(&server, Carrier::H2Tls).await, &[(2, 0)]).await;
    drive(&mut connection, 1, &["push /pushed", "head 200", "end"], true).await;
    assert_eq!(connection.response(1).await.status, 200);
    server.log_line(&["WARN", "step 1: disabled"]);
}
