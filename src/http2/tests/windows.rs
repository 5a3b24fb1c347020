//! Flow control both ways (RFC 9113 §5.2), and resets that meet a waiting handler.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};

use super::support::*;
use crate::{
    exchange::{ContentError, ContentEvent, Exchange, FieldSection, WriteError},
    http2::Settings,
};

const INITIAL_WINDOW_SIZE: u16 = 4;

#[tokio::test]
async fn content_leaves_only_as_the_window_opens() {
    let handler = answer(|mut exchange: Exchange| async move {
        let response = &mut exchange.response;
        assert_eq!(response.open_window(), 3);
        response.send_head(200, &FieldSection::new(), false).await.expect("the head");
        response.send_data(Bytes::from_static(b"ab"), false).await.expect("content");
        assert_eq!(response.open_window(), 1);
        response.send_data(Bytes::from_static(b"cdefghijkl"), true).await.expect("content");
    });
    let (_server, mut client) = greet(handler, Settings::default(), &[(INITIAL_WINDOW_SIZE, 3)]).await;
    client.get(1, "/").await;
    client.expect(&["1 HEADERS :status=200", "1 DATA ab", "1 DATA c"]).await;
    client.window(1, 4).await;
    client.expect(&["1 DATA defg"]).await;
    client.window(1, 100).await;
    client.expect(&["1. DATA hijkl"]).await;
}

#[tokio::test]
async fn a_large_response_waits_for_the_window_piece_by_piece() {
    let (taken, mut count) = mpsc::unbounded_channel();
    let handler = answer(move |mut exchange: Exchange| {
        let taken = taken.clone();
        async move {
            exchange.response.send_head(200, &FieldSection::new(), false).await.expect("the head");
            for _ in 0..100 {
                let piece = Bytes::from_static(&[b'x'; 10_000]);
                exchange.response.send_data(piece, false).await.expect("content");
                taken.send(()).expect("the test listens");
            }
            exchange.response.end_stream().await.expect("the end");
        }
    });
    let (_server, mut client) = greet(handler, Settings::default(), &[]).await;
    client.get(1, "/").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    let mut got = 0;
    while got < 65_535 {
        got += client.next().await.len() - "1 DATA ".len();
    }
    assert_eq!((got, count.len()), (65_535, 6), "the handler waits at the window's end");
    loop {
        client.window(0, 20_000).await;
        client.window(1, 20_000).await;
        let frame = client.next().await;
        if frame.starts_with("1. ") {
            break;
        }
        got += frame.len() - "1 DATA ".len();
    }
    assert_eq!(got, 1_000_000);
    count.close();
}

#[tokio::test]
async fn the_peers_window_opens_as_the_handler_reads() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let handler = answer(move |mut exchange: Exchange| {
        let gate = Arc::clone(&gate);
        async move {
            if exchange.stream_id == Some(1) {
                let _permit = gate.acquire().await;
            }
            let content = read_all(&mut exchange).await;
            respond(&mut exchange.response, &content.len().to_string()).await;
        }
    });
    let settings = Settings { stream_window: 16, ..Settings::default() };
    let (_server, mut client) = greet(handler, settings, &[]).await;
    client.post(1).await;
    client.data(0, 1, &[b'x'; 16]).await;
    // The other answer shows that the server has seen it and did not open the window.
    client.get(3, "/").await;
    client.expect(&["3 HEADERS :status=200", "3. DATA 0"]).await;
    go.add_permits(1);
    client.expect(&["1 WINDOW_UPDATE 16"]).await;
    client.data(1, 1, &[b'x'; 16]).await;
    client.expect(&["1 HEADERS :status=200", "1. DATA 32"]).await;
}

#[tokio::test]
async fn a_reset_wakes_writers_and_readers_with_its_code() {
    let (told, mut outcome) = mpsc::unbounded_channel();
    let handler = answer(move |mut exchange: Exchange| {
        let told = told.clone();
        async move {
            exchange.response.send_head(200, &FieldSection::new(), false).await.expect("the head");
            let written = exchange.response.send_data(Bytes::from_static(b"abc"), false).await;
            let again = exchange.response.send_data(Bytes::from_static(b"abc"), false).await;
            let window = exchange.response.open_window();
            told.send((written, again, window, read(&mut exchange).await.expect_err("a reset"))).expect("listened to");
        }
    });
    let (_server, mut client) = greet(handler, Settings::default(), &[(INITIAL_WINDOW_SIZE, 1)]).await;
    client.post(1).await;
    client.expect(&["1 HEADERS :status=200", "1 DATA a"]).await;
    client.reset(1, 0xdead_beef).await;
    let gone = Err(WriteError::PeerGone(Some(0xdead_beef)));
    let outcome = outcome.recv().await.expect("the handler goes on");
    assert_eq!(outcome, (gone, gone, 0, ContentError::Reset(Some(0xdead_beef))));
}

#[tokio::test]
async fn a_reset_before_the_head_is_seen_by_who_waits_for_it() {
    let (told, mut outcome) = mpsc::unbounded_channel();
    let handler = answer(move |mut exchange: Exchange| {
        let told = told.clone();
        async move {
            assert!(matches!(read(&mut exchange).await, Ok(ContentEvent::Data(_))));
            let code = exchange.response.peer_gone().await;
            let head = exchange.response.send_head(200, &FieldSection::new(), true).await;
            told.send((code, head)).expect("the test listens");
        }
    });
    let (_server, mut client) = greet(handler, Settings::default(), &[]).await;
    client.post(1).await;
    client.data(0, 1, b"x").await;
    client.reset(1, 8).await;
    assert_eq!(outcome.recv().await, Some((Some(8), Err(WriteError::PeerGone(Some(8))))));
}
