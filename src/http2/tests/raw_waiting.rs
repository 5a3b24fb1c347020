//! The raw door over HTTP/2 while octets wait: how many may, and who leaves before whom.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use super::{
    raw::{after, data, ok, raw, send},
    raw_shared::open_head,
    support::*,
};
use crate::exchange::{AfterRaw, Body, Exchange, Leave, RAW_OCTETS};

/// A channel on which handlers tell a test what came of their calls.
pub(super) fn told() -> (mpsc::UnboundedSender<String>, mpsc::UnboundedReceiver<String>) {
    mpsc::unbounded_channel()
}

pub(super) async fn hear(heard: &mut mpsc::UnboundedReceiver<String>) -> String {
    timeout(Duration::from_secs(5), heard.recv()).await.expect("told in time").expect("somebody tells")
}

pub(super) async fn hears_nothing(heard: &mut mpsc::UnboundedReceiver<String>) -> bool {
    timeout(Duration::from_millis(100), heard.recv()).await.is_err()
}

/// Whether this exchange is the one that begins a field block: then it goes on once it is told to.
async fn opens_a_block(exchange: &mut Exchange, go: &Notify) -> bool {
    let opens = exchange.head.path_and_query == b"/opens"[..];
    if opens {
        send(&mut exchange.response, vec![open_head()]).await;
        go.notified().await;
    }
    opens
}

#[tokio::test]
async fn all_exchanges_of_a_connection_have_four_of_the_longest_calls_waiting_and_an_open_field_block_one_more() {
    let (tell, mut heard) = told();
    let go = Arc::new(Notify::new());
    let handler = {
        let go = Arc::clone(&go);
        move |mut exchange: Exchange| {
            let (tell, go) = (tell.clone(), Arc::clone(&go));
            async move {
                opens_a_block(&mut exchange, &go).await;
                let result = exchange.response.send_raw_octets(Bytes::from(vec![0; RAW_OCTETS])).await;
                tell.send(result.map_or_else(|error| error.to_string(), |()| "sent".to_owned())).expect("listened to");
            }
        }
    };
    let (_server, mut client) = serving(handler).await;
    client.get(1, "/opens").await;
    while client.raw().await.is_some_and(|(header, _)| header.stream != 1) {}
    for stream in [3, 5, 7, 9] {
        client.get(stream, "/").await;
    }
    assert!(hears_nothing(&mut heard).await, "those of four exchanges wait");
    client.get(11, "/").await;
    assert_eq!(hear(&mut heard).await, "more than 67108900 octets of raw calls wait on the connection");
    go.notify_one();
    assert!(hears_nothing(&mut heard).await, "the one whom the others wait for goes on");
    drop(client);
    for _ in 0..5 {
        assert_eq!(hear(&mut heard).await, "the connection is gone");
    }
}

#[tokio::test]
async fn what_has_left_makes_room_for_other_calls() {
    let (tell, mut heard) = told();
    let handler = move |mut exchange: Exchange| {
        let tell = tell.clone();
        async move {
            let response = &mut exchange.response;
            after(response, AfterRaw::Keep);
            let payload = Bytes::from(vec![0; 9_000_000]);
            let unknown = raw(Body::Other { kind: 0xfe, flags: 0, reserved: false, payload, declared: None });
            let result = response.send_raw_frames(vec![unknown, ok(), data("", true)], 0).await;
            tell.send(format!("{result:?}")).expect("the test listens");
        }
    };
    let (_server, mut client) = serving(handler).await;
    for stream in (1..21).step_by(2) {
        client.get(stream, "/").await;
        client.expect(&[&format!("{stream} HEADERS :status=200"), &format!("{stream}. DATA ")]).await;
        assert_eq!(hear(&mut heard).await, "Ok(())");
    }
}

#[tokio::test]
async fn who_leaves_does_not_wait_for_the_open_field_block_of_another_who_leaves() {
    for how in [Leave::HalfClose, Leave::WithoutCloseNotify, Leave::Reset] {
        let (tell, mut heard) = told();
        let go = Arc::new(Notify::new());
        let handler = {
            let go = Arc::clone(&go);
            move |mut exchange: Exchange| {
                let (tell, go) = (tell.clone(), Arc::clone(&go));
                async move {
                    let opens = opens_a_block(&mut exchange, &go).await;
                    let response = &mut exchange.response;
                    if !opens {
                        response.send_head(200, &fields(&[]), true).await.expect("a head");
                    }
                    let how = if opens { how } else { Leave::HalfClose };
                    let left = response.raw().expect("a wire").close(how).await;
                    tell.send(format!("{left:?}")).expect("the test listens");
                }
            }
        };
        let (server, mut client) = serving(handler).await;
        client.get(1, "/opens").await;
        while client.raw().await.is_some_and(|(header, _)| header.stream != 1) {}
        client.get(3, "/waits").await;
        assert!(hears_nothing(&mut heard).await, "another's field block is waited for");
        go.notify_one();
        assert_eq!([hear(&mut heard).await, hear(&mut heard).await], ["Ok(())", "Ok(())"], "{how:?}");
        if how != Leave::Reset {
            client.expect(&["CLOSED"]).await;
        }
        drop(client);
        let end = server.task.await.expect("no panic");
        assert_eq!(end.is_err(), how == Leave::Reset, "{end:?}");
    }
}
