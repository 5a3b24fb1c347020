//! How connections end: by the peer, by the server, by deadlines.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    sync::{Semaphore, mpsc},
};

use super::support::*;
use crate::{
    exchange::{ContentError, Exchange, FieldSection, WriteError},
    http2::{Fault, Settings},
};

const INITIAL_WINDOW_SIZE: u16 = 4;

#[tokio::test]
async fn handlers_are_told_that_the_client_left_and_run_on() {
    let (told, mut outcome) = mpsc::unbounded_channel();
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let handler = answer(move |mut exchange: Exchange| {
        let (told, gate) = (told.clone(), Arc::clone(&gate));
        async move {
            let error = read(&mut exchange).await.expect_err("the client leaves");
            told.send((error, exchange.response.peer_gone().await)).expect("the test listens");
            let _permit = gate.acquire().await;
            told.send((error, None)).expect("the test listens");
        }
    });
    let (server, mut client) = greet(handler, Settings::default(), &[]).await;
    client.post(1).await;
    // Its answer says that the request has been seen.
    client.send(crate::wire::FrameKind::PRIORITY, 0, 3, &[0, 0, 0, 3, 0]).await;
    client.expect(&["3 RST_STREAM 1"]).await;
    drop(client);
    assert_eq!(outcome.recv().await, Some((ContentError::Reset(None), None)));
    assert!(!server.task.is_finished(), "the handler runs on");
    go.add_permits(1);
    server.task.await.expect("no panic").expect("a clean end");
    assert!(outcome.recv().await.is_some());
}

#[tokio::test]
async fn dropping_the_connection_abandons_its_handlers() {
    let (told, mut outcome) = mpsc::unbounded_channel::<()>();
    let handler = answer(move |exchange: Exchange| {
        let told = told.clone();
        async move {
            let _held = (exchange, told);
            std::future::pending::<()>().await;
        }
    });
    let (server, mut client) = greet(handler, Settings::default(), &[]).await;
    client.get(1, "/").await;
    client.send(crate::wire::FrameKind::PRIORITY, 0, 3, &[0, 0, 0, 3, 0]).await;
    client.expect(&["3 RST_STREAM 1"]).await;
    server.task.abort();
    assert!(outcome.recv().await.is_none(), "the handler was dropped with its last sender");
    client.expect(&["CLOSED"]).await;
}

#[tokio::test]
async fn streams_over_the_limit_are_refused_and_later_ones_served() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let handler = answer(move |mut exchange: Exchange| {
        let gate = Arc::clone(&gate);
        async move {
            let _permit = gate.acquire().await;
            let path = String::from_utf8_lossy(exchange.head.path()).into_owned();
            respond(&mut exchange.response, &path).await;
        }
    });
    let (_server, mut client) = greet(handler, Settings::default(), &[]).await;
    for stream in (1..=513).step_by(2) {
        client.get(stream, &format!("/{stream}")).await;
    }
    client.expect(&["513 RST_STREAM 7"]).await;
    go.add_permits(1_000);
    let mut answered = BTreeSet::new();
    while answered.len() < 256 {
        if let Some((stream, path)) = client.next().await.split_once(". DATA /") {
            assert_eq!(stream, path);
            answered.insert(stream.to_owned());
        }
    }
    client.get(515, "/515").await;
    client.expect(&["515 HEADERS :status=200", "515. DATA /515"]).await;
}

#[tokio::test]
async fn a_drain_sends_goaway_and_lets_streams_finish() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let handler = answer(move |mut exchange: Exchange| {
        let gate = Arc::clone(&gate);
        async move {
            let _permit = gate.acquire().await;
            respond(&mut exchange.response, "done").await;
        }
    });
    let (server, mut client) = greet(handler, Settings::default(), &[]).await;
    client.get(1, "/").await;
    client.send(crate::wire::FrameKind::PRIORITY, 0, 3, &[0, 0, 0, 3, 0]).await;
    client.expect(&["3 RST_STREAM 1"]).await;
    server.drain.drain();
    client.expect(&["GOAWAY soon", "GOAWAY 0 after 1"]).await;
    go.add_permits(1);
    client.expect(&["1 HEADERS :status=200", "1. DATA done"]).await;
    client.expect(&["CLOSED"]).await;
    server.task.await.expect("no panic").expect("a clean end");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_preface_is_left_at_the_deadline() {
    let settings = Settings::default();
    let deadline = settings.preface_deadline;
    let (server, mut io) = start(answer(|_| async {}), settings, 1_024);
    io.write_all(b"PRI * HTTP").await.expect("the server reads");
    let fault = server.task.await.expect("no panic").expect_err("a fault");
    assert!(matches!(fault, Fault::PrefaceDeadline(waited) if waited == deadline), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_gets_goaway() {
    let (server, mut client) = serving(|mut exchange: Exchange| async move {
        respond(&mut exchange.response, "x").await;
    })
    .await;
    client.patience = Duration::from_secs(1_000);
    client.get(1, "/").await;
    client.expect(&["1 HEADERS :status=200", "1. DATA x", "GOAWAY soon", "GOAWAY 0 after 1", "CLOSED"]).await;
    server.task.await.expect("no panic").expect("a clean end");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_opens_no_window_loses_the_stream_and_keeps_the_connection() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let handler = answer(move |mut exchange: Exchange| {
        let told = told.clone();
        async move {
            let large = exchange.head.path_and_query.as_ref() == b"/large";
            let response = &mut exchange.response;
            response.send_head(200, &FieldSection::new(), false).await.expect("the head");
            let octets = bytes::Bytes::from(vec![b'x'; if large { 4 } else { 0 }]);
            told.send(response.send_data(octets, true).await).expect("listened to");
        }
    });
    let (_server, mut client) = greet(handler, Settings::default(), &[(INITIAL_WINDOW_SIZE, 0)]).await;
    client.patience = Duration::from_secs(119);
    client.get(1, "/large").await;
    client.expect(&["1 HEADERS :status=200"]).await;
    client.patience = Duration::from_secs(2);
    tokio::time::sleep(Duration::from_secs(119)).await;
    client.expect(&["1 RST_STREAM 8"]).await;
    assert_eq!(heard.recv().await, Some(Err(WriteError::PeerGone(None))));
    client.get(3, "/small").await;
    client.expect(&["3 HEADERS :status=200", "3. DATA "]).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_after_goaway_is_left() {
    let handler = answer(|mut exchange: Exchange| async move {
        respond(&mut exchange.response, &"x".repeat(50_000)).await;
    });
    let (server, io) = start(handler, Settings::default(), 8_192);
    let mut client = Client::over(io, &[]).await;
    client.get(1, "/").await;
    let fault = server.task.await.expect("no panic").expect_err("a fault");
    assert!(matches!(fault, Fault::Stalled(_)), "{fault}");
}
