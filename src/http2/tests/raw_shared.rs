//! The raw door over HTTP/2 on connections that several exchanges share, or whose client takes nothing or goes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::{io::AsyncWriteExt, sync::Notify, time::timeout};

use super::{
    raw::{after, data, headers, literal, ok, raw, send},
    support::*,
};
use crate::{
    exchange::{AfterRaw, Body, HoldEnd, Indexing, Leave, RawError, RawFrame, RawSection},
    http2::{Fault, Settings},
    wire::{FrameKind, flags},
};

/// What handlers told a test.
type Told = Arc<Mutex<Vec<String>>>;

fn tell(told: &Told, what: &impl ToString) {
    told.lock().expect("no panic").push(what.to_string());
}

/// A head whose field block goes on.
pub(super) fn open_head() -> RawFrame {
    let block = vec![literal(":status", "200", Indexing::Without)];
    let fields = RawSection { block, split: vec![], padding: None, end_headers: false };
    raw(Body::Headers { fields, priority: None, end_stream: false })
}

fn continuation() -> RawFrame {
    raw(Body::Continuation { block: vec![literal("a", "b", Indexing::Without)], end_headers: true })
}

fn large(octets: usize) -> RawFrame {
    raw(Body::Data { octets: Bytes::from(vec![b'r'; octets]), padding: None, end_stream: true })
}

pub(super) fn stalling(seconds: u64) -> Settings {
    Settings { stall_deadline: Duration::from_secs(seconds), ..Settings::default() }
}

#[tokio::test]
async fn a_raw_frame_follows_its_exchange_s_content_among_many_busy_streams() {
    let handler = |mut exchange: crate::exchange::Exchange| async move {
        let response = &mut exchange.response;
        response.send_head(200, &fields(&[]), false).await.expect("a head");
        if exchange.head.path_and_query != b"/raw"[..] {
            response.send_data(Bytes::from(vec![b'b'; 150_000]), true).await.expect("data");
            return;
        }
        after(response, AfterRaw::Keep);
        for _ in 0..5 {
            response.send_data(Bytes::from(vec![b'p'; 20_000]), false).await.expect("data");
            send(response, vec![data("raw", false)]).await;
        }
        send(response, vec![data("", true)]).await;
    };
    let (_server, mut client) = greet(answer(handler), Settings::default(), &[(4, 1 << 20)]).await;
    client.window(0, 16 << 20).await;
    for stream in (1..40).step_by(2) {
        client.get(stream, if stream == 21 { "/raw" } else { "/" }).await;
    }
    let (mut content, mut ended) = (Vec::new(), 0);
    while ended < 20 {
        let (header, payload) = client.raw().await.expect("a frame");
        ended += u32::from(header.kind == FrameKind::DATA && header.has(flags::END_STREAM));
        if (header.stream, header.kind) == (21, FrameKind::DATA) {
            content.extend(payload);
        }
    }
    let expected = [&[b'p'; 20_000][..], b"raw"].concat().repeat(5);
    assert!(
        content == expected,
        "{} octets, raw at {:?}",
        content.len(),
        content.iter().position(|octet| *octet == b'r')
    );
}

#[tokio::test]
async fn the_last_frames_of_an_exchange_keep_their_shape() {
    let (_server, mut client) = serving(|mut exchange| async move {
        let response = &mut exchange.response;
        response.send_head(200, &fields(&[]), false).await.expect("a head");
        if exchange.head.path_and_query == b"/padded"[..] {
            response.send_data_frame(Bytes::from_static(b"x"), Some(2), true).await.expect("a frame");
        } else {
            response.split_fields(2).expect("HTTP/2");
            response.send_trailers(&fields(&[("c", "d")])).await.expect("trailers");
        }
    })
    .await;
    client.get(1, "/padded").await;
    client.get(3, "/split").await;
    let (mut padded, mut split) = (Vec::new(), Vec::new());
    while split.last() != Some(&(FrameKind::CONTINUATION, END_HEADERS)) || padded.len() < 2 {
        let (header, payload) = client.raw().await.expect("a frame");
        match header.stream {
            1 => padded.push((header.flags, payload)),
            3 => split.push((header.kind, header.flags)),
            _ => {}
        }
    }
    assert_eq!(padded[1], (flags::END_STREAM | flags::PADDED, vec![2, b'x', 0, 0]));
    assert_eq!(split[1], (FrameKind::HEADERS, flags::END_STREAM), "{split:?}");
}

#[tokio::test]
async fn two_open_field_blocks_follow_each_other() {
    let ready = Arc::new(Notify::new());
    let handler = {
        let ready = Arc::clone(&ready);
        move |mut exchange: crate::exchange::Exchange| {
            let ready = Arc::clone(&ready);
            async move {
                let response = &mut exchange.response;
                after(response, AfterRaw::Keep);
                match &exchange.head.path_and_query[..] {
                    b"/first" => {
                        send(response, vec![open_head()]).await;
                        ready.notified().await;
                        // The other has asked, and waits.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        send(response, vec![continuation(), data("1", true)]).await;
                    }
                    b"/second" => {
                        ready.notify_one();
                        send(response, vec![open_head()]).await;
                        send(response, vec![continuation(), data("2", true)]).await;
                    }
                    _ => respond(response, "polite").await,
                }
            }
        }
    };
    let (_server, mut client) = serving(handler).await;
    client.get(1, "/first").await;
    while client.raw().await.is_some_and(|(header, _)| header.stream != 1) {}
    client.get(3, "/second").await;
    client.get(5, "/polite").await;
    let mut frames = Vec::new();
    while frames.len() < 7 {
        let (header, _) = client.raw().await.expect("a frame");
        if matches!(header.kind, FrameKind::HEADERS | FrameKind::CONTINUATION | FrameKind::DATA) {
            frames.push((header.stream, header.kind.0));
        }
    }
    assert_eq!(frames[0], (1, 9), "{frames:?}");
    let second = frames.iter().position(|frame| *frame == (3, 1)).expect("the second block");
    assert_eq!(frames[second + 1], (3, 9), "{frames:?}");
    client.get(7, "/polite").await;
    client.expect(&["7 HEADERS :status=200"]).await;
}

#[tokio::test]
async fn what_a_dead_exchange_had_in_line_never_leaves() {
    let (server, mut client) = serving(|mut exchange| async move {
        let response = &mut exchange.response;
        after(response, AfterRaw::Keep);
        if exchange.head.path_and_query == b"/holder"[..] {
            response.raw().expect("a wire").hold(Duration::from_secs(5), 100_000).await.expect("held");
            send(response, vec![ok()]).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            // The other has closed the connection meanwhile.
            let _ = response.send_raw_frames(vec![data("held", true)], 0).await;
        } else {
            let waiting = response.send_raw_frames(vec![open_head()], 0);
            timeout(Duration::from_millis(50), waiting).await.expect_err("another holds the connection");
        }
    })
    .await;
    client.get(1, "/holder").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    client.get(3, "/dies").await;
    // That one wanted to leave a field block open: the connection closes, and the block has not begun.
    loop {
        match &client.next().await[..] {
            "CLOSED" => break,
            frame => assert!(!frame.starts_with('3'), "{frame}"),
        }
    }
    timeout(Duration::from_secs(5), server.task).await.expect("closes").expect("no panic").expect("a good end");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_loses_the_connection_and_whoever_waits_is_told() {
    let told = Told::default();
    let handler = {
        let told = Arc::clone(&told);
        move |mut exchange: crate::exchange::Exchange| {
            let told = Arc::clone(&told);
            async move {
                let response = &mut exchange.response;
                match response.send_raw_frames(vec![ok(), large(16 << 20)], 0).await {
                    Ok(()) => tell(&told, &"sent"),
                    Err(error) => tell(&told, &error),
                }
                let closed = response.raw().expect("a wire").close(Leave::HalfClose).await;
                tell(&told, &(closed == Err(RawError::Gone)));
            }
        }
    };
    let (server, io) = start(answer(handler), stalling(3), 32 << 10);
    let mut client = Client::over(io, &[]).await;
    for stream in [1, 3, 5] {
        client.get(stream, "/").await;
    }
    let began = tokio::time::Instant::now();
    let end = server.task.await.expect("no panic");
    assert!(matches!(end, Err(Fault::Io(_))), "{end:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let told = told.lock().expect("no panic").clone();
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(!told.contains(&"sent".to_owned()) && !told.contains(&"false".to_owned()), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_no_stall() {
    let (server, io) = start(
        answer(|mut exchange: crate::exchange::Exchange| async move {
            after(&mut exchange.response, AfterRaw::Keep);
            send(&mut exchange.response, vec![ok(), large(60_000)]).await;
        }),
        stalling(3),
        4 << 10,
    );
    let mut client = Client::over(io, &[]).await;
    client.get(1, "/").await;
    let mut left = 60_000 + 2 * 9 + 14 + 9;
    let mut buffer = [0; 2_000];
    while left > 2_000 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        left -= tokio::io::AsyncReadExt::read(&mut client.io, &mut buffer).await.expect("octets");
    }
    drop(client);
    server.task.await.expect("no panic").expect("a good end");
}

#[tokio::test(start_paused = true)]
async fn a_hold_renewed_for_ever_ends_after_ten_seconds() {
    let told = Told::default();
    let handler = {
        let told = Arc::clone(&told);
        move |mut exchange: crate::exchange::Exchange| {
            let told = Arc::clone(&told);
            async move {
                let response = &mut exchange.response;
                after(response, AfterRaw::Keep);
                if exchange.head.path_and_query != b"/holder"[..] {
                    return respond(response, "other").await;
                }
                send(response, vec![ok()]).await;
                let began = tokio::time::Instant::now();
                loop {
                    response.raw().expect("a wire").hold(Duration::from_secs(10), 100_000).await.expect("held");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    if began.elapsed() > Duration::from_secs(30) {
                        break;
                    }
                }
                tell(&told, &(response.raw().expect("a wire").release() == HoldEnd::Released));
            }
        }
    };
    let (_server, mut client) = serving(handler).await;
    client.patience = Duration::from_secs(60);
    client.get(1, "/holder").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    client.get(3, "/other").await;
    let began = tokio::time::Instant::now();
    client.expect(&["3 HEADERS :status=200", "3. DATA other"]).await;
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(8) && waited < Duration::from_secs(12), "{waited:?}");
}

#[tokio::test]
async fn a_client_that_half_closes_while_raw_frames_wait_leaves_nobody_waiting() {
    let told = Told::default();
    let handler = {
        let told = Arc::clone(&told);
        move |mut exchange: crate::exchange::Exchange| {
            let told = Arc::clone(&told);
            async move {
                let response = &mut exchange.response;
                if exchange.head.path_and_query == b"/holder"[..] {
                    response.raw().expect("a wire").hold(Duration::from_secs(9), 100_000).await.expect("held");
                    send(response, vec![ok()]).await;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                } else if exchange.head.path_and_query == b"/second"[..] {
                    let hold = response.raw().expect("a wire").hold(Duration::from_secs(9), 100_000).await;
                    tell(&told, &format!("{hold:?}"));
                } else {
                    response.send_head(200, &fields(&[]), false).await.expect("a head");
                    tell(&told, &format!("{:?}", response.send_raw_frames(vec![data("x", true)], 0).await));
                }
            }
        }
    };
    let (server, mut client) = serving(handler).await;
    client.get(1, "/holder").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    client.get(3, "/waits").await;
    client.get(5, "/second").await;
    client.send(FrameKind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]).await;
    client.send(FrameKind::GOAWAY, 0, 0, &[0; 8]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.io.shutdown().await.expect("half-closed");
    let end = timeout(Duration::from_secs(5), server.task).await.expect("an end").expect("no panic");
    let told = told.lock().expect("no panic").clone();
    assert!(told.len() == 2 && told.contains(&"Err(Gone)".to_owned()), "{told:?}, {end:?}");
}

#[tokio::test]
async fn a_reset_of_the_connection_waits_for_nobody() {
    let (server, mut client) = serving(|mut exchange| async move {
        let response = &mut exchange.response;
        if exchange.head.path_and_query == b"/holder"[..] {
            response.raw().expect("a wire").hold(Duration::from_secs(9), 100_000).await.expect("held");
            send(response, vec![headers(vec![literal(":status", "200", Indexing::Never)], false)]).await;
            let end = response.send_raw_frames(vec![large(1 << 20)], 0).await;
            assert_eq!(end, Err(RawError::Gone.into()));
        } else {
            response.raw().expect("a wire").close(Leave::Reset).await.expect("reset");
        }
    })
    .await;
    client.get(1, "/holder").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    client.get(3, "/resets").await;
    let end = timeout(Duration::from_secs(2), server.task).await.expect("at once").expect("no panic");
    assert!(matches!(end, Err(Fault::Io(_))), "{end:?}");
}

#[tokio::test]
async fn a_polite_promise_skips_streams_promised_raw_and_gives_up_on_far_ones() {
    let handler = |mut exchange: crate::exchange::Exchange| async move {
        let response = &mut exchange.response;
        after(response, AfterRaw::Keep);
        let far = exchange.head.path_and_query == b"/far"[..];
        let mut told = Vec::new();
        for promised in if far { [20_000_u32, 4] } else { [2, 10] } {
            let block = block(&[(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")]);
            let payload = [&promised.to_be_bytes()[..], &block].concat().into();
            let flags = flags::END_HEADERS;
            send(response, vec![raw(Body::Other { kind: 5, flags, reserved: false, payload, declared: None })]).await;
            let request = crate::exchange::PushedRequest {
                method: b"GET",
                scheme: b"http",
                authority: b"h",
                path_and_query: b"/pushed",
                fields: &fields(&[]),
            };
            match response.push(&request) {
                Ok(mut pushed) => {
                    pushed.send_head(204, &fields(&[]), true).await.expect("a head");
                    told.push("promised".to_owned());
                }
                Err(error) => told.push(format!("{error:?}")),
            }
        }
        respond(response, &told.join(" ")).await;
    };
    for (path, promised, pushed, told) in [
        ("/near", &[2, 4, 10, 12][..], &[4, 12][..], "promised promised"),
        ("/far", &[20_000, 4], &[], "Refused Refused"),
    ] {
        let (_server, mut client) = serving(handler).await;
        client.get(1, path).await;
        let (mut promises, mut heads, mut content) = (Vec::new(), Vec::new(), Vec::new());
        while content.is_empty() || heads.len() < pushed.len() {
            let (header, payload) = client.raw().await.expect("a frame");
            match header.kind {
                FrameKind::PUSH_PROMISE => {
                    promises.push(u32::from_be_bytes(payload[..4].try_into().expect("a stream")))
                }
                FrameKind::HEADERS if header.stream != 1 => heads.push(header.stream),
                FrameKind::DATA => content.extend(payload),
                _ => {}
            }
        }
        heads.sort_unstable();
        assert_eq!((&promises[..], &heads[..]), (promised, pushed), "{path}");
        assert_eq!(String::from_utf8_lossy(&content), told, "{path}");
    }
}
