//! HTTP/2: what handlers do to frames.

use framewright::wire::{FrameKind, flags};
use tokio::io::AsyncReadExt;

use super::{GRANTED, serve};
use crate::support::{
    Carrier, Client, Server,
    client::Request,
    connect,
    frames::{Connection, End, block, frame},
    soon,
};

const BOTH: [Carrier; 2] = [Carrier::H2c, Carrier::H2Tls];

async fn open(server: &Server, carrier: Carrier) -> Connection {
    Connection::new(connect(server, carrier).await, &[]).await
}

#[tokio::test]
async fn early_hints_come_first_without_a_grant_and_the_connection_is_kept() {
    let server = serve("[site]\npython = true\n[grant.\"/*\"]\nraw = false\n");
    for carrier in BOTH {
        let mut client = Client::connect(&server, carrier).await;
        for _ in 0..2 {
            let answer = client.get("/h2/early_hints.py").await;
            let hints: Vec<_> = answer.informational.iter().map(|head| (head.status, head.all("link"))).collect();
            assert_eq!(hints, [(103, vec!["</style.css>; rel=preload; as=style".to_owned()])], "{carrier:?}");
            assert_eq!((answer.head.status, answer.text()), (200, "the end".to_owned()));
        }
    }
}

#[tokio::test]
async fn data_frames_are_answered_one_by_one_as_they_come() {
    let server = serve(GRANTED);
    for carrier in BOTH {
        let mut connection = open(&server, carrier).await;
        connection.post(1, "/h2/content.py").await;
        let head = connection.head(1).await;
        for piece in [b"one".as_slice(), b"two"] {
            connection.content(1, piece, false).await;
            assert_eq!(connection.find(FrameKind::DATA).await.expect("a frame").payload, piece, "{carrier:?}");
        }
        connection.content(1, b"end", true).await;
        let response = connection.rest(1, head).await;
        assert_eq!((response.content.as_slice(), response.end), (&b"end"[..], End::Complete));
    }
}

#[tokio::test]
async fn functions_see_the_frames_in_their_order() {
    let server = serve(GRANTED);
    let mut connection = open(&server, Carrier::H2c).await;
    connection.post(1, "/h2/order.py").await;
    connection.octets(frame(FrameKind::DATA, flags::PADDED | flags::END_STREAM, 1, b"\x02abc\0\0")).await;
    let response = connection.response(1).await;
    let text = String::from_utf8(response.content).expect("text");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("frame SETTINGS")).collect();
    assert!(lines[0].starts_with("frame HEADERS 1 0x4 "), "{lines:?}");
    assert_eq!(
        lines[1..],
        [
            "headers RequestReceived 1 (':method', 'POST') 1",
            "frame DATA 1 0x9 6",
            "data b'abc' 6",
            "main b'abc' ['RequestReceived', 'DataReceived', 'StreamEnded']",
        ]
    );
}

#[tokio::test]
async fn fields_keep_their_order_duplicates_and_pseudo_names() {
    let server = serve(GRANTED);
    let mut connection = open(&server, Carrier::H2c).await;
    let fields: [(&[u8], &[u8]); 9] = [
        (b":method", b"GET"),
        (b":scheme", b"http"),
        (b":authority", b"localhost"),
        (b":path", b"/h2/facts.py"),
        (b"x-a", b"1"),
        (b"cookie", b"a=1"),
        (b"x-b", b"\xe9"),
        (b"x-a", b"2"),
        (b"cookie", b"b=2"),
    ];
    connection.fields(1, &fields, true).await;
    let response = connection.response(1).await;
    let text = String::from_utf8(response.content).expect("text");
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "'HTTP/2.0'",
            "1",
            "''",
            "'http2'",
            "'/h2/facts.py'",
            "[(b'authority', [b'localhost']), (b'cookie', [b'a=1; b=2']), (b'method', [b'GET']), \
             (b'path', [b'/h2/facts.py']), (b'scheme', [b'http']), (b'x-a', [b'2']), (b'x-b', [b'\\xe9'])]",
            "[(':method', 'GET'), (':scheme', 'http'), (':authority', 'localhost'), (':path', '/h2/facts.py'), \
             ('x-a', '1'), ('cookie', 'a=1'), ('x-b', '\u{e9}'), ('x-a', '2'), ('cookie', 'b=2')]",
            "True",
        ]
    );
}

#[tokio::test]
async fn raw_frames_arrive_octet_for_octet() {
    let server = serve(GRANTED);
    let status = block(&[(b":status", b"200")]);
    let rows: [(&str, Vec<Vec<u8>>); 4] = [
        (
            "frames",
            vec![
                frame(FrameKind::HEADERS, 4, 1, block(&[(b":status", b"200"), (b"X-Upper", b"a\0\r\nb")])),
                frame(FrameKind::DATA, 8, 1, b"\x02one\0\0"),
                frame(FrameKind(0x42), 0xff, 1, b"unknown"),
                frame(FrameKind::DATA, 1, 1, b"end"),
            ],
        ),
        (
            "continued",
            vec![
                frame(FrameKind::HEADERS, 0, 1, &status),
                frame(FrameKind::CONTINUATION, 4, 1, block(&[(b"a", b"b")])),
                frame(FrameKind::DATA, 1, 1, b"text"),
            ],
        ),
        ("octets", vec![b"\0\0\x08\x06\0\0\0\0\0abcdefgh".to_vec()]),
        // Issue 36953 of web-platform-tests: what its own server refuses to send.
        (
            "unvalidated",
            vec![
                frame(FrameKind::HEADERS, 4, 1, block(&[(b":status", b"200"), (b":abc", b"test")])),
                frame(FrameKind::DATA, 1, 1, b"x"),
            ],
        ),
    ];
    for carrier in BOTH {
        for (case, frames) in &rows {
            let mut connection = open(&server, carrier).await;
            connection.get(1, &format!("/h2/wire.py?do={case}")).await;
            let expected = frames.concat();
            let mut octets = Vec::new();
            while !octets.windows(expected.len()).any(|window| window == expected) {
                let mut piece = [0; 4096];
                let count = soon("octets", connection.stream.read(&mut piece)).await.unwrap_or(0);
                assert!(count > 0, "{carrier:?} {case}: {expected:x?} is not in {octets:x?}");
                octets.extend_from_slice(&piece[..count]);
            }
        }
    }
}

#[tokio::test]
async fn polite_fields_are_those_that_the_original_sends() {
    let server = serve(GRANTED);
    let mut client = Client::connect(&server, Carrier::H2c).await;
    let lowered = client.get("/h2/wire.py?do=lowered").await;
    assert_eq!(lowered.head.all("x-upper"), ["trimmed"]);
    assert_eq!((lowered.head.all("connection").len(), lowered.head.all("transfer-encoding").len()), (0, 0));
    let hinted = client.get("/h2/wire.py?do=informational").await;
    assert_eq!(hinted.informational.iter().map(|head| head.status).collect::<Vec<_>>(), [103, 103]);
    for case in ["refused", "only_http1"] {
        let answer = client.get(&format!("/h2/wire.py?do={case}")).await;
        assert_eq!(answer.head.status, 500, "{case}");
        assert!(answer.text().contains("\"code\": 500"), "{case}: {}", answer.text());
    }
}

/// A site that behaves as the original does, with these lines more in its configuration.
fn serve_as_original(more: &str) -> Server {
    serve(&format!("[site]\nbehaviour = \"wptserve\"\n[grant.\"/*\"]\nraw = true\nfiles = true\n[wptserve]\n{more}"))
}

#[tokio::test]
async fn urls_fields_and_content_are_the_originals_or_mended() {
    let target = b"/request.py?show=url&show=get_list&show=body".as_slice();
    let fields: [(&[u8], &[u8]); 2] = [(b"x-a", b"1"), (b"x-a", b"2")];
    const MENDED: &str = "http2_url = true\nrequest_duplicates = true\n";
    for (more, list, body) in [
        ("http2_content = false\n", "[b'2']", "b''"),
        ("", "[b'2']", "b'content'"),
        (MENDED, "[b'1', b'2']", "b'content'"),
    ] {
        let server = serve_as_original(more);
        for carrier in BOTH {
            let url = if more == MENDED {
                format!("{}://localhost:PORT", carrier.scheme())
            } else {
                "http2://127.0.0.1:PORT".to_owned()
            };
            let mut client = Client::connect(&server, carrier).await;
            client.begin(&Request { method: "POST", target, fields: &fields }, true).await;
            client.send(b"content").await;
            client.end(&[]).await;
            let expected = format!(
                "url: '{url}{}'\nget_list: ({list}, [])\nbody: ({body}, {body})\n",
                String::from_utf8_lossy(target)
            );
            assert_eq!(client.answer("POST").await.text(), expected, "{more}, {carrier:?}");
        }
    }
}

#[tokio::test]
async fn data_frames_are_handed_over_whatever_is_mended() {
    let server = serve_as_original("http2_content = false\n");
    let mut connection = open(&server, Carrier::H2c).await;
    connection.post(1, "/h2/content.py").await;
    let head = connection.head(1).await;
    connection.content(1, b"frame", true).await;
    assert_eq!(connection.rest(1, head).await.content, b"frame");
}
