//! Raw frames stand behind content that the engine can't write, as the client has made its window smaller since it was
//! handed over (RFC 9113 §6.9.2).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use super::{
    raw::{after, data},
    raw_shared::stalling,
    raw_waiting::{hear, hears_nothing, told},
    support::*,
};
use crate::{
    exchange::{AfterRaw, Exchange},
    http2::{Fault, Settings},
    wire::FrameKind,
};

const INITIAL_WINDOW_SIZE: u16 = 4;

/// Has the initial window shrink to this (RFC 9113 §6.9.2), and reads what fills the connection; answers what came with it.
async fn shrink(client: &mut Client, initial_window: u8) -> Vec<String> {
    let mut others = Vec::new();
    client.send(FrameKind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, initial_window]).await;
    client.window(3, 200_000).await;
    loop {
        match client.next().await {
            frame if frame.starts_with("3 DATA") => {}
            frame if frame.starts_with("3. DATA") => return others,
            frame => others.push(frame),
        }
    }
}

/// A connection whose socket is full, with an exchange on stream 1 that has handed over ten octets of content, and
/// goes on to send `raw` behind them.
async fn blocked_amid_content(settings: Settings) -> (Server, Client, mpsc::UnboundedReceiver<String>) {
    let (tell, mut heard) = told();
    let go = Arc::new(Notify::new());
    let handler = {
        let go = Arc::clone(&go);
        move |mut exchange: Exchange| {
            let (tell, go) = (tell.clone(), Arc::clone(&go));
            async move {
                let response = &mut exchange.response;
                after(response, AfterRaw::Keep);
                response.send_head(200, &fields(&[]), false).await.expect("a head");
                if exchange.stream_id == Some(3) {
                    response.send_data(Bytes::from(vec![b'f'; 150_000]), true).await.expect("content");
                    return;
                }
                // From here on the tap counts what leaves.
                response.raw().expect("a wire").flush().await.expect("flushed");
                tell.send("begun".to_owned()).expect("the test listens");
                go.notified().await;
                response.send_data(Bytes::from_static(b"0123456789"), false).await.expect("content");
                tell.send("handed over".to_owned()).expect("the test listens");
                let sent = response.send_raw_frames(vec![data("raw", true)], 0).await;
                tell.send(format!("{sent:?}")).expect("the test listens");
            }
        }
    };
    let (server, io) = start(answer(handler), settings, 1_024);
    // Stream 3 fills what lies between the engine and the client, so that the engine writes nothing of stream 1.
    let mut client = Client::over(io, &[(INITIAL_WINDOW_SIZE, 200_000)]).await;
    client.window(0, 1 << 20).await;
    client.get(1, "/").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    assert_eq!(hear(&mut heard).await, "begun");
    client.get(3, "/").await;
    client.expect(&["3 HEADERS :status=200"]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    go.notify_one();
    assert_eq!(hear(&mut heard).await, "handed over");
    (server, client, heard)
}

#[tokio::test]
async fn raw_frames_stay_behind_content_that_a_smaller_initial_window_has_caught() {
    let (_server, mut client, mut heard) = blocked_amid_content(Settings::default()).await;
    // Nine octets more than the window holds are with the engine.
    assert_eq!(shrink(&mut client, 1).await, ["1 DATA 0"]);
    assert!(timeout(Duration::from_millis(200), client.next()).await.is_err(), "nothing passes what waits");
    assert!(hears_nothing(&mut heard).await);
    client.window(1, 4).await;
    client.expect(&["1 DATA 1234"]).await;
    assert!(timeout(Duration::from_millis(200), client.next()).await.is_err(), "nothing passes what waits");
    client.window(1, 100).await;
    client.expect(&["1 DATA 56789", "1. DATA raw"]).await;
    assert_eq!(hear(&mut heard).await, "Ok(())");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_opens_the_window_of_such_content_has_lost_the_connection() {
    let (server, mut client, mut heard) = blocked_amid_content(stalling(3)).await;
    assert!(shrink(&mut client, 0).await.is_empty());
    let began = tokio::time::Instant::now();
    assert_eq!(hear(&mut heard).await, "Err(Refused(Gone))");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(matches!(server.task.await.expect("no panic"), Err(Fault::Io(_))));
}

#[tokio::test]
async fn a_client_that_resets_such_content_sets_the_raw_frames_free() {
    let (_server, mut client, mut heard) = blocked_amid_content(Settings::default()).await;
    assert!(shrink(&mut client, 0).await.is_empty());
    assert!(hears_nothing(&mut heard).await);
    client.reset(1, 8).await;
    client.expect(&["1. DATA raw"]).await;
    assert_eq!(hear(&mut heard).await, "Ok(())");
}
