//! The raw door over HTTP/2: what leaves, what the client is let do, and what becomes of the connection.

use std::time::Duration;

use super::support::*;
use crate::exchange::{
    AfterRaw, Body, HoldEnd, Indexing, Instruction, Leave, RawError, RawFrame, RawSection, ResponseWriter,
};
use crate::wire::FrameKind;
use bytes::Bytes;

pub(super) fn raw(body: Body) -> RawFrame {
    RawFrame { stream: None, body }
}

pub(super) fn literal(name: &str, value: &str, indexing: Indexing) -> Instruction {
    Instruction::Literal {
        name: Bytes::copy_from_slice(name.as_bytes()),
        value: Bytes::copy_from_slice(value.as_bytes()),
        indexing,
        huffman: false,
    }
}

pub(super) fn headers(block: Vec<Instruction>, end_stream: bool) -> RawFrame {
    let fields = RawSection { block, split: vec![], padding: None, end_headers: true };
    raw(Body::Headers { fields, priority: None, end_stream })
}

pub(super) fn ok() -> RawFrame {
    headers(vec![literal(":status", "200", Indexing::Without)], false)
}

pub(super) fn data(octets: &'static str, end_stream: bool) -> RawFrame {
    raw(Body::Data { octets: Bytes::from_static(octets.as_bytes()), padding: None, end_stream })
}

pub(super) async fn send(response: &mut ResponseWriter, frames: Vec<RawFrame>) {
    response.send_raw_frames(frames, 0).await.expect("sent");
}

pub(super) fn after(response: &mut ResponseWriter, rule: AfterRaw) {
    response.raw().expect("a wire").after(rule);
}

#[tokio::test]
async fn frames_leave_as_given_and_the_server_adds_nothing() {
    let (_server, mut client) = serving(|mut exchange| async move {
        after(&mut exchange.response, AfterRaw::Keep);
        let fields = vec![literal("B", "\0", Indexing::Never), literal(":status", "200", Indexing::Without)];
        send(&mut exchange.response, vec![headers(fields, false), data("x", false), data("y", true)]).await;
    })
    .await;
    for stream in [1, 3] {
        client.get(stream, "/").await;
        let head = format!("{stream} HEADERS B=\0 :status=200");
        let frames = [head, format!("{stream} DATA x"), format!("{stream}. DATA y")];
        client.expect(&frames.each_ref().map(String::as_str)).await;
    }
}

#[tokio::test]
async fn raw_frames_follow_what_was_sent_politely() {
    let (_server, mut client) = serving(|mut exchange| async move {
        after(&mut exchange.response, AfterRaw::Keep);
        exchange.response.send_head(200, &fields(&[("a", "b")]), false).await.expect("a head");
        exchange.response.send_data(Bytes::from_static(b"polite"), false).await.expect("data");
        send(&mut exchange.response, vec![data("raw", false)]).await;
        exchange.response.send_data(Bytes::from_static(b"again"), true).await.expect("data");
    })
    .await;
    client.get(1, "/").await;
    client.expect(&["1 HEADERS :status=200 a=b", "1 DATA polite", "1 DATA raw", "1. DATA again"]).await;
}

#[tokio::test]
async fn the_connection_closes_after_raw_use_unless_told_otherwise() {
    let (server, mut client) = serving(|mut exchange| async move {
        send(&mut exchange.response, vec![ok(), data("x", true)]).await;
    })
    .await;
    client.get(1, "/").await;
    client.expect(&["1 HEADERS :status=200", "1. DATA x", "GOAWAY soon", "GOAWAY 0 after 1", "CLOSED"]).await;
    server.task.await.expect("no panic").expect("a good end");
}

#[tokio::test]
async fn what_spoils_the_connection_closes_it_whatever_the_rule() {
    let spoiling: [fn() -> RawFrame; 4] = [
        || raw(Body::Settings { ack: false, settings: vec![(4, 1)] }),
        || headers(vec![literal(":status", "200", Indexing::Incremental)], true),
        || raw(Body::Other { kind: 0xfe, flags: 0, reserved: false, payload: Bytes::new(), declared: Some(1) }),
        || raw(Body::Continuation { block: vec![Instruction::SizeUpdate(0)], end_headers: true }),
    ];
    for spoil in spoiling {
        let (server, mut client) = serving(move |mut exchange| async move {
            after(&mut exchange.response, AfterRaw::Keep);
            send(&mut exchange.response, vec![spoil()]).await;
        })
        .await;
        client.get(1, "/").await;
        let ended = tokio::time::timeout(Duration::from_secs(5), server.task).await;
        ended.expect("closes").expect("no panic").expect("a good end");
    }
}

#[tokio::test]
async fn a_goaway_of_the_handler_is_the_only_one() {
    let (server, mut client) = serving(|mut exchange| async move {
        let goaway = Body::Goaway { last_stream: 0, code: 0xd, debug: Bytes::from_static(b"why") };
        send(&mut exchange.response, vec![raw(goaway)]).await;
    })
    .await;
    client.get(1, "/").await;
    // The handler has not touched its stream: the server completes the response, and closes without a word.
    client.expect(&["GOAWAY 13 after 0"]).await;
    drop(client);
    server.task.await.expect("no panic").expect("a good end");
}

#[tokio::test]
async fn a_stream_left_open_stays_open() {
    let (_server, mut client) = serving(|mut exchange| async move {
        after(&mut exchange.response, AfterRaw::Keep);
        send(&mut exchange.response, vec![ok()]).await;
    })
    .await;
    client.get(1, "/").await;
    client.get(3, "/").await;
    client.expect(&["1 HEADERS :status=200", "3 HEADERS :status=200"]).await;
    let silence = tokio::time::timeout(Duration::from_millis(200), client.next()).await;
    assert!(silence.is_err(), "no RST_STREAM follows");
}

#[tokio::test]
async fn raw_content_counts_against_the_connection_s_window_of_others() {
    let (_server, mut client) = greet(
        answer(|mut exchange| async move {
            if exchange.head.path_and_query == b"/raw"[..] {
                after(&mut exchange.response, AfterRaw::Keep);
                let octets = Bytes::from(vec![b'r'; 60_000]);
                send(&mut exchange.response, vec![ok(), raw(Body::Data { octets, padding: None, end_stream: true })])
                    .await;
            } else {
                exchange.response.send_head(200, &fields(&[]), false).await.expect("a head");
                exchange.response.send_data(Bytes::from(vec![b'p'; 10_000]), true).await.expect("data");
            }
        }),
        crate::http2::Settings::default(),
        &[],
    )
    .await;
    client.get(1, "/raw").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    assert_eq!(client.next().await.len(), "1. DATA ".len() + 60_000);
    client.get(3, "/polite").await;
    client.expect(&["3 HEADERS :status=200"]).await;
    // 5,535 octets are left, which h2 does not know.
    assert_eq!(client.next().await.len(), "3 DATA ".len() + 5_535);
    client.send(FrameKind::PING, 0, 0, b"12345678").await;
    assert!(tokio::time::timeout(Duration::from_millis(200), client.next()).await.is_err(), "no window, no content");
    client.window(0, 60_000).await;
    assert_eq!(client.next().await.len(), "3. DATA ".len() + 4_465);
    // What paid for the raw octets is not credited twice: 55,535 are left.
    client.get(5, "/raw").await;
    client.expect(&["5 HEADERS :status=200"]).await;
}

#[tokio::test]
async fn frames_of_the_client_for_a_raw_promise_are_no_error() {
    let (_server, mut client) = serving(|mut exchange| async move {
        after(&mut exchange.response, AfterRaw::Keep);
        let fields = RawSection {
            block: vec![literal(":method", "GET", Indexing::Without), literal(":path", "/", Indexing::Without)],
            split: vec![],
            padding: None,
            end_headers: true,
        };
        send(&mut exchange.response, vec![raw(Body::PushPromise { promised: 2, fields })]).await;
        exchange.response.send_head(204, &super::support::fields(&[]), true).await.expect("a head");
    })
    .await;
    client.get(1, "/").await;
    client.expect(&["1. HEADERS :status=204"]).await;
    client.window(2, 100).await;
    client.reset(2, 8).await;
    client.get(3, "/").await;
    client.expect(&["3. HEADERS :status=204"]).await;
}

#[tokio::test]
async fn a_hold_keeps_others_waiting_and_ends_by_itself() {
    let (_server, mut client) = serving(|mut exchange| async move {
        let response = &mut exchange.response;
        match &exchange.head.path_and_query[..] {
            b"/other" => {
                response.send_head(200, &fields(&[]), false).await.expect("a head");
                response.send_data(Bytes::from_static(b"other"), true).await.expect("data");
            }
            path => {
                after(response, AfterRaw::Keep);
                let time = Duration::from_millis(if path == b"/short" { 1 } else { 400 });
                response.raw().expect("a wire").hold(time, 1000).await.expect("held");
                send(response, vec![ok(), data("a", false)]).await;
                tokio::time::sleep(Duration::from_millis(150)).await;
                send(response, vec![data("b", false)]).await;
                let end = response.raw().expect("a wire").release();
                let end = if end == HoldEnd::Released { "released" } else { "lost" };
                send(response, vec![data(end, true)]).await;
            }
        }
    })
    .await;
    client.get(1, "/long").await;
    client.expect(&["1 HEADERS :status=200", "1 DATA a"]).await;
    client.get(3, "/other").await;
    let mut rest = Vec::new();
    for _ in 0..4 {
        rest.push(client.next().await);
    }
    assert_eq!(rest[0], "1 DATA b", "{rest:?}");
    assert!(rest.contains(&"1. DATA released".to_owned()), "{rest:?}");
    client.get(5, "/short").await;
    client.expect(&["5 HEADERS :status=200", "5 DATA a"]).await;
    client.get(7, "/other").await;
    client.expect(&["7 HEADERS :status=200", "7. DATA other", "5 DATA b", "5. DATA lost"]).await;
}

#[tokio::test]
async fn polite_frames_are_padded_and_split_on_demand() {
    let (_server, mut client) = serving(|mut exchange| async move {
        let response = &mut exchange.response;
        response.split_fields(3).expect("HTTP/2");
        response.send_head(200, &fields(&[("a", "b")]), false).await.expect("a head");
        response.send_data_frame(Bytes::from_static(b"one"), Some(2), false).await.expect("a frame");
        response.send_data_frame(Bytes::new(), None, false).await.expect("an empty frame");
        response.send_data_frame(Bytes::from_static(b"two"), None, false).await.expect("a frame");
        let long = Bytes::from(vec![0; 16_384]);
        let refused = response.send_data_frame(long.clone(), Some(0), false).await;
        assert_eq!(refused, Err(crate::exchange::WriteError::FrameTooLarge(16_384)));
        response.split_fields(0).expect("HTTP/2");
        response.send_trailers(&fields(&[("c", "d")])).await.expect("trailers");
    })
    .await;
    client.get(1, "/").await;
    let mut frames = Vec::new();
    while frames
        .last()
        .is_none_or(|(kind, flags, _): &(FrameKind, u8, usize)| (*kind, flags & 1) != (FrameKind::HEADERS, 1))
    {
        let (header, payload) = client.raw().await.expect("a frame");
        if header.stream == 1 {
            frames.push((header.kind, header.flags, payload.len()));
        }
    }
    let split = frames.iter().position(|(kind, ..)| *kind == FrameKind::DATA).expect("data");
    let (head, rest) = frames.split_at(split);
    assert_eq!(head.first().map(|frame| (frame.0, frame.1)), Some((FrameKind::HEADERS, 0)));
    assert!(head.iter().all(|(_, _, length)| *length <= 3) && head.len() > 1, "{head:?}");
    assert_eq!(head.last().map(|frame| (frame.0, frame.1)), Some((FrameKind::CONTINUATION, END_HEADERS)));
    assert_eq!(rest[..3], [(FrameKind::DATA, 8, 6), (FrameKind::DATA, 0, 0), (FrameKind::DATA, 0, 3)]);
    assert_eq!((rest[3].0, rest[3].1), (FrameKind::HEADERS, END));
}

#[tokio::test]
async fn after_leaving_every_call_is_refused() {
    for how in [Leave::HalfClose, Leave::WithoutCloseNotify] {
        let (server, mut client) = serving(move |mut exchange| async move {
            send(&mut exchange.response, vec![ok()]).await;
            exchange.response.raw().expect("a wire").close(how).await.expect("left");
            let refused = exchange.response.send_raw_frames(vec![data("x", true)], 0).await;
            assert_eq!(refused, Err(RawError::Gone.into()));
        })
        .await;
        client.get(1, "/").await;
        client.expect(&["1 HEADERS :status=200", "CLOSED"]).await;
        drop(client);
        server.task.await.expect("no panic").expect("a good end");
    }
}

#[tokio::test]
async fn promises_are_made_politely_unless_the_client_refuses_them() {
    let handler = |mut exchange: crate::exchange::Exchange| async move {
        let request = crate::exchange::PushedRequest {
            method: b"GET",
            scheme: b"http",
            authority: b"localhost",
            path_and_query: b"/pushed?x",
            fields: &fields(&[("accept", "*/*")]),
        };
        let text = match exchange.response.push(&request) {
            Ok(mut pushed) => {
                pushed.send_head(200, &fields(&[]), false).await.expect("a head");
                pushed.send_data(Bytes::from_static(b"pushed"), true).await.expect("data");
                "promised"
            }
            Err(_) => "disabled",
        };
        respond(&mut exchange.response, text).await;
    };
    let (_server, mut client) = greet(answer(handler), crate::http2::Settings::default(), &[(2, 0)]).await;
    client.get(1, "/").await;
    client.expect(&["1 HEADERS :status=200", "1. DATA disabled"]).await;

    let (_server, mut client) = greet(answer(handler), crate::http2::Settings::default(), &[]).await;
    client.get(1, "/").await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(client.next().await);
    }
    assert!(all.contains(&"2. DATA pushed".to_owned()) && all.contains(&"1. DATA promised".to_owned()), "{all:?}");
}

#[tokio::test]
async fn every_frame_of_the_client_is_seen() {
    let (_server, mut client) = serving(|mut exchange| async move {
        let mut seen = Vec::new();
        let mut after = 0;
        while seen.len() < 3 {
            let frame = std::future::poll_fn(|cx| exchange.wire.poll_frame(after, Some(1), cx)).await.expect("a frame");
            after = frame.number;
            seen.push(format!("{}:{}:{:?}", frame.kind, frame.length, frame.padding));
        }
        let settings = exchange.wire.frames(0, Some(0)).first().map(|frame| frame.payload.to_vec());
        respond(&mut exchange.response, &format!("{} {settings:?}", seen.join(" "))).await;
    })
    .await;
    client.post(1).await;
    client.data(8, 1, &[1, b'x', 0]).await;
    client.window(1, 5).await;
    client.expect(&["1 HEADERS :status=200"]).await;
    let told = client.next().await;
    assert!(told.ends_with("0:3:Some(1) 8:4:None Some([])"), "{told}");
}
