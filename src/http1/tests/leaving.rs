//! The ways to leave through the raw door, and how a connection ends that went through it.

use std::sync::Mutex;

use tokio::{sync::oneshot, time::Instant};

use super::*;
use crate::exchange::{Leave, RawError};

#[tokio::test(start_paused = true)]
async fn after_a_departure_nothing_can_be_sent_and_content_can_be_read() {
    for how in [Leave::HalfClose, Leave::WithoutCloseNotify] {
        let (told, outcome) = oneshot::channel();
        let told = Mutex::new(Some(told));
        let dispatch = answer(move |mut exchange| {
            let told = told.lock().expect("one user").take().expect("one exchange");
            async move {
                let response = &mut exchange.response;
                octets(response, "HTTP/1.1 200 OK\r\n\r\n").await;
                door(response).close(how).await.expect("left");
                let raw = door(response).send_octets(Bytes::from_static(b"late")).await;
                let again = door(response).close(Leave::Reset).await;
                let flush = door(response).flush().await;
                let window = response.open_window();
                let polite = response.send_head(200, &fields(&[]), true).await.is_err();
                let content = read_all(&mut exchange.content).await;
                told.send((raw, again, flush, window, polite, content)).expect("the test waits");
            }
        });
        let mut client = Client::connect_through(5, Settings::default(), dispatch);
        client.send(POST).await;
        assert_eq!(client.rest().await, "HTTP/1.1 200 OK\r\n\r\n", "{how:?}");
        client.send("123456789").await;
        let gone = Err(RawError::Gone);
        assert_eq!(outcome.await, Ok((gone, gone, gone, 0, true, Ok("123456789".into()))), "{how:?}");
        assert_eq!(client.served().await, Ok(()), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_ends_the_connection_while_the_handler_goes_on() {
    let (told, outcome) = oneshot::channel();
    let told = Mutex::new(Some(told));
    let dispatch = answer(move |mut exchange| {
        let told = told.lock().expect("one user").take().expect("one exchange");
        async move {
            let response = &mut exchange.response;
            response.send_head(200, &fields(&[]), false).await.expect("head");
            let left = door(response).close(Leave::Reset).await;
            let content = read_all(&mut exchange.content).await;
            let raw = door(response).send_octets(Bytes::from_static(b"late")).await;
            let blamed = timeout(Duration::from_secs(60), response.peer_gone()).await.is_ok();
            told.send((left, content, raw, blamed)).expect("the test waits");
        }
    });
    let start = Instant::now();
    let mut client = Client::connect(dispatch);
    client.send(POST).await;
    assert_eq!(client.rest().await, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(start.elapsed() < Duration::from_secs(1), "the handler is not waited for");
    let expected = (Ok(()), Err(ContentError::Reset(None)), Err(RawError::Gone), false);
    assert_eq!(outcome.await, Ok(expected));
    assert_eq!(client.served().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_handler_cut_off_inside_a_call_closes_the_connection_after_what_it_had_sent() {
    const OCTETS: usize = 1_000;
    let stopped = answer(|mut exchange| async move {
        door(&mut exchange.response).after(AfterRaw::Keep);
        let mut response = exchange.response;
        let call = async {
            octets(&mut response, "raw").await;
            door(&mut response).send_octets(vec![b'x'; OCTETS].into()).await
        };
        timeout(Duration::from_secs(1), call).await.expect_err("the pipe is full");
    });
    let mut client = Client::connect_through(100, Settings::default(), stopped);
    client.send([GET, GET].concat()).await;
    client.expect("raw").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(client.rest().await.len(), OCTETS);
}

#[tokio::test(start_paused = true)]
async fn a_failed_handler_closes_what_it_had_taken_over() {
    let mut client = Client::connect(answer(|mut exchange| async move {
        octets(&mut exchange.response, "HTTP/1.1 2").await;
        door(&mut exchange.response).after(AfterRaw::Keep);
        assert!(exchange.response.is_raw());
        exchange.response.reset(2).expect("a reset");
    }));
    client.send(GET).await;
    assert_eq!(client.rest().await, "HTTP/1.1 2");
}

#[tokio::test(start_paused = true)]
async fn raw_octets_to_a_peer_that_takes_nothing_fail_at_the_deadline() {
    for leaves in [false, true] {
        let (told, outcome) = oneshot::channel();
        let told = Mutex::new(Some(told));
        let dispatch = answer(move |mut exchange| {
            let told = told.lock().expect("one user").take().expect("one exchange");
            async move {
                let response = &mut exchange.response;
                let sent = if leaves {
                    response.send_informational(103, &fields(&[])).await.expect("103");
                    door(response).close(Leave::HalfClose).await
                } else {
                    door(response).send_octets(vec![0; 100_000].into()).await
                };
                told.send(sent).expect("the test waits");
            }
        });
        let start = Instant::now();
        let mut client = Client::connect_through(20, Settings::default(), dispatch);
        client.send(GET).await;
        assert_eq!(outcome.await, Ok(Err(RawError::Gone)));
        assert_eq!(start.elapsed(), Settings::default().stall_deadline);
    }
}

#[tokio::test(start_paused = true)]
async fn a_draining_server_closes_a_kept_connection() {
    let mut client = Client::connect(verbatim(&["raw"], Some(AfterRaw::Keep)));
    client.send(GET).await;
    client.expect("raw").await;
    client.expect_silence().await;
    client.drain.take();
    client.expect_end().await;
}
