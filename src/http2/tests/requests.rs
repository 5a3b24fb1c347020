//! Requests as exchanges see them.

use super::support::*;
use crate::{
    exchange::{Exchange, Representation, Version},
    http2::Settings,
    wire::{FrameKind, flags},
};

/// Answers with the request head in words.
async fn mirror(mut exchange: Exchange) {
    let head = &exchange.head;
    assert_eq!(head.version, Version::Http2);
    let text_of = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let head = format!(
        "{} {}://{}{} {} | {}",
        text_of(&head.method),
        text_of(&head.scheme),
        head.authority.as_deref().map_or("-".into(), text_of),
        text_of(&head.path_and_query),
        exchange.stream_id.expect("a stream"),
        text(&head.fields),
    );
    let content = read_all(&mut exchange).await;
    respond(&mut exchange.response, &format!("{head} | {content}")).await;
}

#[tokio::test]
async fn fields_keep_order_and_duplicates_with_pseudo_fields_in_place() {
    let (_server, mut client) = serving(mirror).await;
    let lines = [
        (":path", "/a%20b?c"),
        (":scheme", "http"),
        (":method", "GET"),
        (":authority", "h:1"),
        ("b", "1"),
        ("a", "2"),
        ("b", "3"),
        ("cookie", "x"),
        ("a", ""),
    ];
    client.head(END, 1, &lines).await;
    client
        .expect(&[
            "1 HEADERS :status=200",
            "1. DATA GET http://h:1/a%20b?c 1 | :path=/a%20b?c :scheme=http :method=GET :authority=h:1 b=1 a=2 b=3 \
             cookie=x a= | ",
        ])
        .await;
}

#[tokio::test]
async fn authority_is_host_where_there_is_no_other_and_connect_has_no_path() {
    let (_server, mut client) = serving(mirror).await;
    client.head(END, 1, &[(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), ("host", "h")]).await;
    client
        .expect(&[
            "1 HEADERS :status=200",
            "1. DATA OPTIONS http://h* 1 | :method=OPTIONS :scheme=http :path=* host=h | ",
        ])
        .await;
    client.head(END, 3, &[(":method", "CONNECT"), (":authority", "h:2")]).await;
    client
        .expect(&["3 HEADERS :status=200", "3. DATA CONNECT http://h:2h:2 3 | :method=CONNECT :authority=h:2 | "])
        .await;
}

#[tokio::test]
async fn representations_and_table_entries_come_through() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        let all: Vec<_> = exchange.head.fields.iter().map(|field| field.representation).collect();
        use Representation::{Incremental, Indexed, NeverIndexed, WithoutIndexing};
        if exchange.stream_id == Some(1) {
            assert_eq!(all, [Indexed, Indexed, Indexed, Incremental, WithoutIndexing, NeverIndexed]);
        } else {
            assert_eq!(all, [Indexed; 4]);
        }
        respond(&mut exchange.response, &text(&exchange.head.fields)).await;
    })
    .await;
    let first = b"\x82\x86\x84\x40\x01a\x01b\x00\x01c\x01d\x10\x01e\x01f";
    client.send(FrameKind::HEADERS, END, 1, first).await;
    client.expect(&["1 HEADERS :status=200", "1. DATA :method=GET :scheme=http :path=/ a=b c=d e=f"]).await;
    client.send(FrameKind::HEADERS, END, 3, b"\x82\x86\x84\xbe").await;
    client.expect(&["3 HEADERS :status=200", "3. DATA :method=GET :scheme=http :path=/ a=b"]).await;
}

#[tokio::test]
async fn content_and_trailers_arrive_in_order() {
    let (_server, mut client) = serving(mirror).await;
    client.post(1).await;
    for (flags, octets) in [(0, "con"), (0, ""), (flags::PADDED, "\u{1}tent\0")] {
        client.data(flags, 1, octets.as_bytes()).await;
    }
    client.head(END, 1, &[("b", "1"), ("a", "2"), ("b", "3")]).await;
    let head = "1. DATA POST http://-/ 1 | :method=POST :scheme=http :path=/ | content[b=1 a=2 b=3]";
    client.expect(&["1 HEADERS :status=200", head]).await;
}

#[tokio::test]
async fn a_pseudo_field_in_trailers_is_a_stream_error_that_the_reader_learns_of() {
    for before_reading in [false, true] {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let (_server, mut client) = serving(move |mut exchange: Exchange| {
            let tell = tell.clone();
            async move {
                if before_reading {
                    exchange.response.send_head(200, &fields(&[]), false).await.expect("the head");
                }
                let read = read_all(&mut exchange).await;
                let answered = if before_reading {
                    exchange.response.send_data("x".into(), true).await
                } else {
                    exchange.response.send_head(200, &fields(&[]), true).await
                };
                tell.send((read, answered.is_err())).expect("the test listens");
            }
        })
        .await;
        client.post(1).await;
        client.data(0, 1, b"content").await;
        client.head(END, 1, &[(":path", "/"), ("a", "1")]).await;
        if before_reading {
            client.expect(&["1 HEADERS :status=200"]).await;
        }
        client.expect(&["1 RST_STREAM 1"]).await;
        let (read, refused) = told.recv().await.expect("an answer");
        assert_eq!((read.as_str(), refused), ("content!the peer reset the stream with code 1", true));
    }
}

#[tokio::test]
async fn a_head_split_at_every_octet_padded_and_with_priority_is_the_same() {
    let (_server, mut client) = serving(mirror).await;
    let lines = [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("a", "1"), ("a", "2")];
    let block = block(&lines);
    for (split, stream) in (0..=block.len()).zip((1..).step_by(2)) {
        let first = [&[4, 0, 0, 0, 0, 7][..], &block[..split], &[0; 4]].concat();
        let flags = flags::END_STREAM | flags::PADDED | flags::PRIORITY;
        client.send(FrameKind::HEADERS, flags, stream, &first).await;
        client.send(FrameKind::CONTINUATION, flags::END_HEADERS, stream, &block[split..]).await;
        client
            .expect(&[
                &format!("{stream} HEADERS :status=200"),
                &format!("{stream}. DATA GET http://-/ {stream} | :method=GET :scheme=http :path=/ a=1 a=2 | "),
            ])
            .await;
    }
}

#[tokio::test]
async fn too_many_and_too_large_fields_are_answered_431_and_the_next_request_is_served() {
    let settings = Settings { section_lines: 5, section_octets: 1_000, ..Settings::default() };
    let (_server, mut client) = greet(answer(mirror), settings, &[]).await;
    let many = [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("a", ""), ("a", ""), ("a", "")];
    client.head(END, 1, &many).await;
    client.expect(&["1. HEADERS :status=431"]).await;
    let large = "x".repeat(1_000);
    client.head(END, 3, &[many[0], many[1], many[2], ("a", &large)]).await;
    client.expect(&["3. HEADERS :status=431"]).await;
    client.head(END, 5, &many[..5]).await;
    client
        .expect(&["5 HEADERS :status=200", "5. DATA GET http://-/ 5 | :method=GET :scheme=http :path=/ a= a= | "])
        .await;
}

#[tokio::test]
async fn trailers_of_too_many_lines_end_the_content() {
    let settings = Settings { section_lines: 3, ..Settings::default() };
    let (_server, mut client) = greet(answer(mirror), settings, &[]).await;
    client.post(1).await;
    client.head(END, 1, &[("a", ""), ("a", ""), ("a", ""), ("a", "")]).await;
    client
        .expect(&[
            "1 HEADERS :status=200",
            "1. DATA POST http://-/ 1 | :method=POST :scheme=http :path=/ | !the peer reset the stream with code 11",
        ])
        .await;
}

#[tokio::test]
async fn malformed_requests_reach_nobody_and_others_keep_their_fields() {
    let (_server, mut client) = serving(mirror).await;
    let rows: [(&str, &[(&str, &str)]); 6] = [
        ("§8.5: no authority", &[(":method", "CONNECT")]),
        ("§8.3.1: no path", &[(":method", "GET"), (":scheme", "http")]),
        ("§8.3: a pseudo-field behind a field", &[(":method", "GET"), ("a", ""), (":scheme", "http"), (":path", "/")]),
        ("§8.2.2: connection-specific", &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("upgrade", "x")]),
        ("§8.3.1: twice", &[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":path", "/")]),
        ("§8.3.1: an empty path", &[(":method", "GET"), (":scheme", "http"), (":path", "")]),
    ];
    for ((clause, lines), stream) in rows.iter().zip((1..).step_by(4)) {
        client.head(END, stream, lines).await;
        assert_eq!(client.next().await, format!("{stream} RST_STREAM 1"), "{clause}");
        client.get(stream + 2, "/ok").await;
        let data = format!("{0}. DATA GET http://-/ok {0} | :method=GET :scheme=http :path=/ok | ", stream + 2);
        client.expect(&[&format!("{} HEADERS :status=200", stream + 2), &data]).await;
    }
}

#[tokio::test]
async fn broken_compression_ends_the_connection() {
    let (server, mut client) = serving(mirror).await;
    client.send(FrameKind::HEADERS, END, 1, &[0x80]).await;
    assert_eq!(client.next().await, "GOAWAY 1 after 0");
    assert!(server.task.await.expect("no panic").is_err());
}
