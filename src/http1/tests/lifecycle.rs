//! How connections and exchanges end: deadlines, drain, resets, peers that leave, handlers that go on.

use std::{
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, oneshot},
    time::Instant,
};

use super::*;
use crate::exchange::{Leave, WriteError};

#[tokio::test(start_paused = true)]
async fn waiting_connections_close_in_silence_and_half_heads_are_told() {
    let Settings { head_deadline, idle_deadline, .. } = Settings::default();
    for (clause, sent, deadline, told) in [
        ("nothing arrived", "", head_deadline, false),
        ("an empty line arrived", "\r\n", head_deadline, false),
        ("part of a head arrived", "GET / HTTP/1.1\r\nHo", head_deadline, true),
    ] {
        let start = Instant::now();
        let mut client = Client::connect(targets());
        client.send(sent).await;
        let response = client.rest().await;
        assert_eq!(start.elapsed().as_secs(), deadline.as_secs(), "{clause}");
        assert_eq!(response.starts_with("HTTP/1.1 408 Request Timeout\r\n"), told, "{clause}: {response}");
        assert_eq!(client.served().await.is_err(), told, "{clause}");
    }
    for (clause, sent, deadline) in [("idle", "", idle_deadline), ("part of the next head", "GET", head_deadline)] {
        let mut client = Client::connect(targets());
        client.send(GET).await;
        client.expect(ok("/")).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let start = Instant::now();
        client.send(sent).await;
        client.rest().await;
        let since = if sent.is_empty() { 10 } else { 0 };
        assert_eq!(start.elapsed().as_secs() + since, deadline.as_secs(), "{clause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_for_too_long_counts_as_gone() {
    let (told, outcome) = oneshot::channel();
    let told = Mutex::new(Some(told));
    let dispatch = answer(move |mut exchange| {
        let told = told.lock().expect("one user").take().expect("one exchange");
        async move {
            exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
            let outcome = exchange.response.send_data(Bytes::from(vec![0; 1_000_000]), true).await;
            told.send(outcome).expect("the test waits");
        }
    });
    let start = Instant::now();
    let mut client = Client::connect_through(1000, Settings::default(), dispatch);
    client.send(GET).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    client.expect("HTTP/1.1 200 OK\r\n").await;
    assert_eq!(outcome.await, Ok(Err(WriteError::PeerGone(None))));
    assert_eq!(start.elapsed(), Duration::from_secs(100) + Settings::default().stall_deadline);
}

#[tokio::test(start_paused = true)]
async fn a_draining_server_closes_waiting_connections_at_once() {
    let start = Instant::now();
    for sent in ["", GET] {
        let mut client = Client::connect(targets());
        client.send(sent).await;
        if !sent.is_empty() {
            client.expect(ok("/")).await;
        }
        client.expect_silence().await;
        client.drain.take();
        client.expect_end().await;
        assert_eq!(client.served().await, Ok(()));
    }
    assert!(start.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_draining_server_finishes_running_exchanges() {
    let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waits = (Arc::clone(&first), Arc::clone(&second));
    let dispatch = answer(move |mut exchange| {
        let (first, second) = waits.clone();
        async move {
            first.notified().await;
            exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
            second.notified().await;
            exchange.response.end_stream().await.expect("end");
        }
    });
    // The head has not left when the drain begins.
    let mut client = Client::connect(Arc::clone(&dispatch));
    client.send(GET).await;
    client.expect_silence().await;
    client.drain.take();
    client.expect_silence().await;
    first.notify_one();
    second.notify_one();
    let rest = client.rest().await;
    assert_eq!(rest, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n");

    // It has: the connection closes after the response all the same.
    let mut client = Client::connect(dispatch);
    client.send(GET).await;
    first.notify_one();
    client.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.drain.take();
    client.expect_silence().await;
    second.notify_one();
    assert_eq!(client.rest().await, "0\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_connection_still_gets_its_response() {
    let mut client = Client::connect(answer(|mut exchange| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        exchange.response.send_head(200, &fields(&[]), true).await.expect("head");
    }));
    client.send(GET).await;
    client.end().await;
    assert_eq!(client.rest().await, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_response_is_cut_where_it_stands_while_the_handler_goes_on() {
    for (after_head, expected) in
        [(false, ""), (true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")]
    {
        for explicit in [true, false] {
            let done = Arc::new(Notify::new());
            let handler_done = Arc::clone(&done);
            let dispatch = answer(move |mut exchange| {
                let done = Arc::clone(&handler_done);
                async move {
                    if after_head {
                        exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
                        exchange.response.send_data(Bytes::from_static(b"a"), false).await.expect("content");
                    }
                    if explicit {
                        exchange.response.reset(7).expect("a reset");
                    } else {
                        drop(exchange.response);
                    }
                    assert_eq!(read_all(&mut exchange.content).await, Err(ContentError::Reset(None)));
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    done.notify_one();
                }
            });
            let start = Instant::now();
            let mut client = Client::connect_through(4, Settings::default(), dispatch);
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n").await;
            assert_eq!(client.rest().await, expected);
            assert!(start.elapsed() < Duration::from_secs(1), "the handler is not waited for");
            done.notified().await;
            assert_eq!(client.served().await, Ok(()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_answers_nothing_closes_the_connection() {
    let mut client = Client::connect(answer(|_| async {}));
    client.send(GET).await;
    client.expect_end().await;
}

/// A stream whose end is a reset.
struct Resetting(DuplexStream);

impl AsyncRead for Resetting {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(cx, buf))?;
        if buf.filled().len() == before {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Resetting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Transport for Resetting {
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.0.poll_leave(how, cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_told_at_once_and_the_handler_goes_on() {
    let (told, outcome) = oneshot::channel();
    let told = Mutex::new(Some(told));
    let dispatch = answer(move |mut exchange| {
        let told = told.lock().expect("one user").take().expect("one exchange");
        async move {
            let gone = exchange.response.peer_gone().await;
            let read = read_all(&mut exchange.content).await;
            let sent = exchange.response.send_head(200, &fields(&[]), true).await;
            let window = exchange.response.open_window();
            tokio::time::sleep(Duration::from_secs(60)).await;
            told.send((gone, read, sent, window)).expect("the test waits");
        }
    });
    let (near, far) = duplex(WIDTH);
    let mut client = Client::over(near, Resetting(far), Settings::default(), dispatch);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc").await;
    client.expect_silence().await;
    assert_eq!(client.served().await, Ok(()));
    let expected = (None, Err(ContentError::Reset(None)), Err(WriteError::PeerGone(None)), 0);
    assert_eq!(outcome.await, Ok(expected));
}

#[tokio::test(start_paused = true)]
async fn waiting_reads_and_writes_learn_of_a_reset() {
    let (told, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    let dispatch = answer(move |mut exchange| {
        let told = told.clone();
        async move {
            if exchange.head.method == "POST" {
                told.send(read_all(&mut exchange.content).await.map_err(|_| ()).map(drop)).expect("the test waits");
            } else {
                exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
                let sent = exchange.response.send_data(Bytes::from(vec![0; 1_000_000]), true).await;
                told.send(sent.map_err(|_| ())).expect("the test waits");
            }
        }
    });
    for request in ["POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", GET] {
        let (near, far) = duplex(100);
        let mut client = Client::over(near, Resetting(far), Settings::default(), Arc::clone(&dispatch));
        client.send(request).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(client.served().await, Ok(()));
        assert_eq!(outcomes.recv().await, Some(Err(())), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_connection_abandons_the_exchange() {
    let (told, outcome) = oneshot::channel::<()>();
    let told = Mutex::new(Some(told));
    let dispatch = answer(move |exchange| {
        let told = told.lock().expect("one user").take();
        async move {
            let _kept = (exchange, told);
            std::future::pending::<()>().await;
        }
    });
    let mut client = Client::connect(dispatch);
    client.send(GET).await;
    client.expect_silence().await;
    client.served.abort();
    client.expect_end().await;
    assert!(outcome.await.is_err(), "the exchange is dropped");
}

#[tokio::test(start_paused = true)]
async fn an_exchange_may_be_answered_from_another_task() {
    let dispatch = answer(|mut exchange| async move {
        let task = tokio::spawn(async move {
            let mut all = 0;
            exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
            while let ContentEvent::Data(octets) = next(&mut exchange.content).await.expect("content") {
                all += octets.len();
                exchange.response.send_data(octets, false).await.expect("content");
            }
            exchange.response.end_stream().await.expect("end");
            all
        });
        assert_eq!(task.await.expect("no panic"), 100_000);
    });
    for width in [64, WIDTH] {
        let client = Client::connect_through(width, Settings::default(), Arc::clone(&dispatch));
        let (mut read, mut write) = tokio::io::split(client.io);
        let send = async {
            write.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n").await.expect("sent");
            write.write_all(&vec![b'x'; 100_000]).await.expect("sent");
            write.shutdown().await.expect("shut down");
        };
        let mut received = Vec::new();
        let (read, ()) = tokio::join!(timeout(FOREVER, read.read_to_end(&mut received)), send);
        read.expect("in time").expect("read");
        assert!(received.ends_with(b"\r\n0\r\n\r\n"), "width {width}");
        assert_eq!(received.iter().filter(|&&octet| octet == b'x').count(), 100_000, "width {width}");
    }
}

#[tokio::test(start_paused = true)]
async fn handles_that_outlive_their_exchange_cannot_touch_the_next_one() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let dispatch = answer(move |mut exchange| {
        let kept = Arc::clone(&keep);
        async move {
            exchange.response.send_head(200, &fields(&[]), true).await.expect("head");
            kept.lock().expect("one user").push(exchange);
        }
    });
    let mut client = Client::connect(dispatch);
    let request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    for _ in 0..3 {
        client.send(request).await;
        client.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    }
    client.expect_silence().await;
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n").await;
    client.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let mut contents: Vec<_> = kept.lock().expect("one user").drain(..).map(|exchange| exchange.content).collect();
    client.send("abc").await;
    for content in &mut contents {
        assert_eq!(read_all(content).await, Err(ContentError::Reset(None)));
    }
    client.send(request).await;
    client.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
}
