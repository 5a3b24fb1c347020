//! The raw door: octets as the handler wrote them, and what becomes of the connection.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
    time::Instant,
};

use super::*;
use crate::exchange::{HoldEnd, Leave, RawError};

#[tokio::test(start_paused = true)]
async fn octets_leave_verbatim_with_nothing_added_and_the_connection_closes() {
    let table: &[(&str, &[&str])] = &[
        ("RFC 9112 §4: no such status line", &["HTTP/9.9 2OO Well...\r\n\r\n"]),
        ("RFC 9112 §4: no status line at all", &["<html>"]),
        ("RFC 9112 §2.2: bare LF", &["HTTP/1.1 200 OK\nContent-Length: 1\n\nx"]),
        ("RFC 9112 §6.3: two lengths", &["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"]),
        (
            "RFC 9112 §7.1: chunks",
            &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "2;x=y\r\nab\r\n", "zz\r\n"],
        ),
        ("RFC 9112 §8: early close", &["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab"]),
        ("RFC 9112 §6.3: octets after the end", &["HTTP/1.1 204 No Content\r\n\r\n", "surplus"]),
        ("RFC 9110 §15.2: 1xx without end", &["HTTP/1.1 103 \r\n\r\n"; 20]),
        ("RFC 9110 §5.5: NUL in a value", &["HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n"]),
        ("nothing", &[""]),
    ];
    for (clause, calls) in table {
        for rule in [None, Some(AfterRaw::Close)] {
            for width in [3, WIDTH] {
                let mut client = Client::connect_through(width, Settings::default(), verbatim(calls, rule));
                client.send(GET).await;
                client.send(GET).await;
                assert_eq!(client.rest().await, calls.concat(), "{clause}");
                assert_eq!(client.served().await, Ok(()), "{clause}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn polite_steps_and_raw_octets_leave_in_the_order_of_the_calls() {
    let mut client = Client::connect(answer(|mut exchange| async move {
        let response = &mut exchange.response;
        response.send_informational(103, &fields(&[("Link", "<a>")])).await.expect("103");
        octets(response, "HTTP/1.1 102 By Hand\n\n").await;
        response.send_informational(103, &fields(&[])).await.expect("103");
        response.send_head(200, &fields(&[("A", "1")]), false).await.expect("head");
        octets(response, "<between>").await;
        response.send_data(Bytes::from_static(b"abc"), false).await.expect("content");
        octets(response, "5\r\nab").await;
    }));
    client.send(GET).await;
    let expected = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 102 By Hand\n\nHTTP/1.1 103 Early Hints\r\n\r\n\
                    HTTP/1.1 200 OK\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n<between>3\r\nabc\r\n5\r\nab";
    assert_eq!(client.rest().await, expected, "and the last chunk is nobody's business");
}

/// A stream that notes what each write held, and how it was left: never for good, if it is stuck.
struct Noting {
    io: DuplexStream,
    notes: mpsc::UnboundedSender<Vec<u8>>,
    stuck: bool,
}

impl AsyncRead for Noting {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Noting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        self.notes.send(buf.to_vec()).expect("the test waits");
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Transport for Noting {
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.stuck {
            return Poll::Pending;
        }
        self.notes.send(format!("{how:?}").into_bytes()).expect("the test waits");
        self.io.poll_leave(how, cx)
    }
}

/// What a stream noted while it carried one exchange.
async fn noted(dispatch: Arc<dyn Dispatch>) -> Vec<Vec<u8>> {
    let (near, io) = duplex(WIDTH);
    let (notes, mut noted) = mpsc::unbounded_channel();
    let mut client = Client::over(near, Noting { io, notes, stuck: false }, Settings::default(), dispatch);
    client.send(GET).await;
    client.rest().await;
    client.served().await.expect("the end");
    let mut all = Vec::new();
    while let Some(note) = noted.recv().await {
        all.push(note);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_left_once_and_as_it_was_asked() {
    for how in [Leave::HalfClose, Leave::WithoutCloseNotify, Leave::Reset] {
        let notes = noted(answer(move |mut exchange| async move {
            octets(&mut exchange.response, "a").await;
            door(&mut exchange.response).close(how).await.expect("left");
        }));
        assert_eq!(notes.await, [b"a".to_vec(), format!("{how:?}").into_bytes()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_departure_that_comes_to_nothing_ends_at_the_deadline() {
    let start = Instant::now();
    let (told, mut outcome) = mpsc::unbounded_channel();
    let dispatch = answer(move |mut exchange| {
        let told = told.clone();
        async move {
            let left = door(&mut exchange.response).close(Leave::HalfClose).await;
            told.send(left).expect("the test waits");
        }
    });
    let (near, io) = duplex(WIDTH);
    let (notes, _noted) = mpsc::unbounded_channel();
    let mut client = Client::over(near, Noting { io, notes, stuck: true }, Settings::default(), dispatch);
    client.send(GET).await;
    let left = timeout(FOREVER, outcome.recv()).await.expect("an answer in time");
    assert_eq!(left, Some(Err(RawError::Gone)));
    assert_eq!(start.elapsed(), Settings::default().stall_deadline);
}

#[tokio::test(start_paused = true)]
async fn each_call_is_one_write_of_its_own() {
    const LARGE: usize = 20_000;
    let dispatch = answer(|mut exchange| async move {
        let response = &mut exchange.response;
        response.send_informational(103, &fields(&[])).await.expect("103");
        for call in ["a", "bc", "", "d"] {
            octets(response, call).await;
        }
        door(response).send_octets(Bytes::from(vec![b'x'; LARGE])).await.expect("sent");
        octets(response, "e").await;
    });
    let writes = noted(dispatch).await;
    let large = vec![b'x'; LARGE];
    let expected: [&[u8]; 7] = [b"HTTP/1.1 103 Early Hints\r\n\r\n", b"a", b"bc", b"d", &large, b"e", b"HalfClose"];
    assert!(writes == expected, "{:?}", writes.iter().map(|write| String::from_utf8_lossy(write)).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_serves_the_next_request_politely() {
    let mixed = |rule: Option<AfterRaw>| {
        answer(move |mut exchange| async move {
            if exchange.head.method == "POST" {
                octets(&mut exchange.response, "HTTP/1.1 2oo\n\n").await;
                if let Some(rule) = rule {
                    door(&mut exchange.response).after(rule);
                }
            } else {
                exchange.response.send_head(200, &fields(&[]), true).await.expect("head");
            }
        })
    };
    let keeping = Settings { after_raw: AfterRaw::Keep, ..Settings::default() };
    for (clause, settings, rule, kept) in [
        ("the handler says so", Settings::default(), Some(AfterRaw::Keep), true),
        ("the operator does", keeping.clone(), None, true),
        ("the handler has the last word", keeping.clone(), Some(AfterRaw::Close), false),
        ("nobody does", Settings::default(), None, false),
    ] {
        let mut client = Client::connect_through(WIDTH, settings, mixed(rule));
        for _ in 0..2 {
            // What is left of the request content is not taken for a request.
            client.send([POST, "GET / XYZ", GET].concat()).await;
            client.expect("HTTP/1.1 2oo\n\n").await;
            if !kept {
                client.expect_end().await;
                break;
            }
            client.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
        if kept {
            client.send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
            assert_eq!(client.rest().await, "HTTP/1.1 2oo\n\n", "{clause}: the client wants it closed");
        }
        assert_eq!(client.served().await, Ok(()), "{clause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_half_closes_gets_the_raw_responses_to_all_it_asked() {
    for rule in [AfterRaw::Keep, AfterRaw::Close] {
        let handler = move |mut exchange: Exchange| async move {
            door(&mut exchange.response).after(rule);
            for call in ["HTTP/1.1 200 OK\n", "Content-Length: 2\n\n", "a", "b"] {
                tokio::time::sleep(Duration::from_secs(1)).await;
                octets(&mut exchange.response, call).await;
            }
        };
        let mut client = Client::connect(answer(handler));
        client.send([GET, GET].concat()).await;
        client.end().await;
        let one = "HTTP/1.1 200 OK\nContent-Length: 2\n\nab";
        let expected = if rule == AfterRaw::Keep { one.repeat(2) } else { one.to_owned() };
        assert_eq!(client.rest().await, expected, "{rule:?}");
        assert_eq!(client.served().await, Ok(()), "{rule:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn raw_calls_for_a_client_that_is_gone_are_refused() {
    let (told, mut heard) = mpsc::unbounded_channel();
    let mut client = Client::connect(answer(move |mut exchange| {
        let told = told.clone();
        async move {
            octets(&mut exchange.response, "HTTP/1.1 200 OK\n\n").await;
            let mut sent = Ok(());
            while sent.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                sent = door(&mut exchange.response).send_octets(Bytes::from_static(b"more")).await;
            }
            let door = door(&mut exchange.response);
            let rest = [door.flush().await, door.close(Leave::HalfClose).await, door.close(Leave::Reset).await];
            told.send((sent, rest)).expect("the test waits");
        }
    }));
    client.send(GET).await;
    client.expect("HTTP/1.1 200 OK\n\n").await;
    // However it ends, it does.
    let _ = client.served().await;
    let gone = Err(RawError::Gone);
    assert_eq!(heard.recv().await, Some((gone, [gone; 3])));
}

#[tokio::test(start_paused = true)]
async fn a_polite_response_after_which_the_connection_should_close_says_so() {
    for (rule, expected) in [
        (AfterRaw::Close, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        (AfterRaw::Keep, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let mut client = Client::connect(answer(move |mut exchange| async move {
            door(&mut exchange.response).after(rule);
            exchange.response.send_head(200, &fields(&[]), true).await.expect("head");
        }));
        client.send(GET).await;
        client.expect(expected).await;
        match rule {
            AfterRaw::Close => client.expect_end().await,
            AfterRaw::Keep => client.expect_silence().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_100_continue_is_added_and_a_client_left_waiting_for_it_is_not_kept() {
    const HEAD: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    let dispatch = answer(|mut exchange| async move {
        octets(&mut exchange.response, "HTTP/1.1 100 Go\n\n").await;
        door(&mut exchange.response).after(AfterRaw::Keep);
        assert_eq!(read_all(&mut exchange.content).await.as_deref(), Ok("abc"));
        octets(&mut exchange.response, "thanks").await;
    });
    let mut client = Client::connect(dispatch);
    for _ in 0..2 {
        client.send(HEAD).await;
        client.expect("HTTP/1.1 100 Go\n\n").await;
        client.expect_silence().await;
        client.send("abc").await;
        client.expect("thanks").await;
    }
    // Its next octets may be content or a request: nobody can tell.
    let mut client = Client::connect(verbatim(&["HTTP/1.1 417 No\n\n"], Some(AfterRaw::Keep)));
    client.send(HEAD).await;
    client.expect("HTTP/1.1 417 No\n\n").await;
    client.send(GET).await;
    client.expect_end().await;
}

#[tokio::test(start_paused = true)]
async fn flushing_touches_nothing_and_waits_for_the_socket() {
    const CONTENT: usize = 60_000;
    let (told, mut flushed) = mpsc::unbounded_channel();
    let dispatch = answer(move |mut exchange| {
        let told = told.clone();
        async move {
            let response = &mut exchange.response;
            response.send_head(200, &fields(&[("Content-Length", "60000")]), false).await.expect("head");
            response.send_data(vec![b'x'; CONTENT].into(), true).await.expect("content");
            door(response).flush().await.expect("flushed");
            assert!(!response.is_raw());
            told.send(()).expect("the test waits");
        }
    });
    let mut client = Client::connect_through(1_000, Settings::default(), dispatch);
    client.send(GET).await;
    client.expect("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n").await;
    client.expect("x".repeat(CONTENT - 2_000)).await;
    assert!(flushed.try_recv().is_err(), "octets still wait for the pipe");
    client.expect("x".repeat(2_000)).await;
    flushed.recv().await.expect("told");
    client.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_http_2_is_refused() {
    let mut client = Client::connect(answer(|mut exchange| async move {
        let door = door(&mut exchange.response);
        assert_eq!(door.send_frames(Vec::new()).await, Err(RawError::WrongProtocol));
        assert_eq!(door.hold(Duration::from_secs(1), 100).await, Err(RawError::WrongProtocol));
        assert_eq!(door.release(), HoldEnd::None);
        assert_eq!(door.absorb(2), Err(RawError::WrongProtocol));
        assert!(!exchange.response.is_raw(), "a refused call touches nothing");
        exchange.response.send_head(200, &fields(&[]), true).await.expect("head");
    }));
    client.send(GET).await;
    client.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_sees_the_head_exactly_as_it_came() {
    for head in [
        GET,
        "GET /a HTTP/1.0\n\n",
        "OPTIONS * HTTP/1.1\r\nhOST:h\nX:\t a \t\r\nx:\r\nX-e: \u{e9}\r\n\n",
        "GET http://Other:1/?q HTTP/1.1\r\nHost:    h\r\n\r\n",
    ] {
        let mut client = Client::connect(answer(|mut exchange| async move {
            let head = exchange.head.verbatim.clone();
            door(&mut exchange.response).send_octets(head).await.expect("sent");
        }));
        // Empty lines before the head are no part of it (RFC 9112 §2.2).
        client.send(["\r\n", head, "surplus"].concat()).await;
        assert_eq!(client.rest().await, head);
    }
}
