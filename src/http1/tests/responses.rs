//! What each step of a response becomes on the wire.

use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn requests_follow_each_other_on_one_connection() {
    for width in [1, 7, WIDTH] {
        let mut client = Client::connect_through(width, Settings::default(), targets());
        for target in ["/", "/a?b=c", "/\u{e9}{}|"] {
            client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
            client.expect(ok(target)).await;
        }
        client.end().await;
        client.expect_end().await;
        assert_eq!(client.served().await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let mut client = Client::connect(digest());
    client
        .send(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none\
             POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n\r\n\
             GET / HTTP/1.1\r\nHost: h\r\n\r\n\
             GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n\
             GET /never HTTP/1.1\r\n",
        )
        .await;
    client.expect(ok("one") + &ok("two") + &ok("") + &ok_close("")).await;
    client.expect_end().await;
}

/// (clause, version, method, status, fields, content, trailers) and the octets of the response.
type Row<'a> = (&'a str, &'a str, &'a str, u16, &'a [(&'a str, &'a str)], Content<'a>, &'a str);

#[derive(Clone, Copy)]
enum Content<'a> {
    /// The head ends the response.
    None,
    /// Pieces, the last of which ends the response.
    Pieces(&'a [&'a str]),
    /// Pieces, then the end by itself.
    ThenEnd(&'a [&'a str]),
    /// Pieces, then trailers.
    ThenTrailers(&'a [&'a str], &'a [(&'a str, &'a str)]),
}

const RESPONSES: &[Row<'static>] = &[
    ("9112 §6.3: no content", "1.1", "GET", 200, &[], Content::None, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    (
        "9110 §8.6: given length",
        "1.1",
        "GET",
        404,
        &[("content-length", "0")],
        Content::None,
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    ),
    (
        "9110 §5.3: order, case, duplicates",
        "1.1",
        "GET",
        299,
        &[("b", "1"), ("A", ""), ("B", "2"), ("b", "1")],
        Content::None,
        "HTTP/1.1 299 \r\nb: 1\r\nA: \r\nB: 2\r\nb: 1\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "9112 §6.2: known length",
        "1.1",
        "GET",
        200,
        &[("Content-Length", "3")],
        Content::ThenEnd(&["a", "bc"]),
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    ),
    (
        "9112 §7.1: unknown length",
        "1.1",
        "GET",
        200,
        &[("x", "y")],
        Content::Pieces(&["a", "0123456789abcdef"]),
        "HTTP/1.1 200 OK\r\nx: y\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
    ),
    (
        "9112 §7.1: no piece",
        "1.1",
        "GET",
        200,
        &[],
        Content::ThenEnd(&[]),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "9112 §7.1.2: trailers",
        "1.1",
        "GET",
        200,
        &[],
        Content::ThenTrailers(&["a"], &[("T", "1"), ("t", "2")]),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: 1\r\nt: 2\r\n\r\n",
    ),
    (
        "9112 §9.6: the handler closes",
        "1.1",
        "GET",
        200,
        &[("connection", "Close")],
        Content::None,
        "HTTP/1.1 200 OK\r\nconnection: Close\r\nContent-Length: 0\r\n\r\n|",
    ),
    (
        "9110 §9.3.2: HEAD",
        "1.1",
        "HEAD",
        200,
        &[("Content-Length", "3")],
        Content::Pieces(&["abc"]),
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    ),
    ("9110 §9.3.2: HEAD, unknown", "1.1", "HEAD", 200, &[], Content::Pieces(&["abc"]), "HTTP/1.1 200 OK\r\n\r\n"),
    ("9110 §15.3.5: 204", "1.1", "GET", 204, &[], Content::None, "HTTP/1.1 204 No Content\r\n\r\n"),
    (
        "9110 §15.4.5: 304",
        "1.1",
        "GET",
        304,
        &[("Content-Length", "7")],
        Content::None,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
    ),
    (
        "9112 §6.3: HTTP/1.0, known length",
        "1.0",
        "GET",
        200,
        &[("Content-Length", "1")],
        Content::Pieces(&["a"]),
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na|",
    ),
    (
        "9112 §6.3: HTTP/1.0, unknown length",
        "1.0",
        "GET",
        200,
        &[],
        Content::Pieces(&["a", "bc"]),
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc|",
    ),
    (
        "9112 §9.3: HTTP/1.0 that stays",
        "1.0\r\nConnection: keep-alive",
        "GET",
        200,
        &[],
        Content::None,
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    ),
    (
        "9112 §9.3: HTTP/1.0 that would stay, unknown length",
        "1.0\r\nConnection: keep-alive",
        "GET",
        200,
        &[],
        Content::Pieces(&["a"]),
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na|",
    ),
];

/// `|` at the end of the expected octets stands for the end of the connection.
#[tokio::test(start_paused = true)]
async fn responses_by_clause() {
    for (clause, version, method, status, given, content, expected) in RESPONSES {
        for width in [3, WIDTH] {
            let dispatch = answer(move |mut exchange| async move {
                let response = &mut exchange.response;
                response.send_head(*status, &fields(given), matches!(content, Content::None)).await.expect("head");
                let (Content::Pieces(pieces) | Content::ThenEnd(pieces) | Content::ThenTrailers(pieces, _)) = content
                else {
                    return;
                };
                for (index, piece) in pieces.iter().enumerate() {
                    let end = matches!(content, Content::Pieces(_)) && index + 1 == pieces.len();
                    response.send_data(Bytes::from_static(piece.as_bytes()), end).await.expect("content");
                }
                match content {
                    Content::ThenEnd(_) => response.end_stream().await.expect("end"),
                    Content::ThenTrailers(_, trailers) => {
                        response.send_trailers(&fields(trailers)).await.expect("trailers");
                    }
                    Content::None | Content::Pieces(_) => {}
                }
            });
            println!("{clause}, width {width}");
            let mut client = Client::connect_through(width, Settings::default(), dispatch);
            let request = format!("{method} / HTTP/{version}\r\nHost: h\r\n\r\n");
            client.send(&request).await;
            match expected.strip_suffix('|') {
                Some(expected) => {
                    client.expect(expected).await;
                    client.expect_end().await;
                }
                None => {
                    client.expect(expected).await;
                    client.send(&request).await;
                    client.expect(expected).await;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn informational_responses_go_first_and_never_to_http10() {
    let dispatch = answer(|mut exchange| async move {
        let response = &mut exchange.response;
        response.send_informational(103, &fields(&[("Link", "</a>"), ("link", "</b>")])).await.expect("103");
        response.send_informational(199, &fields(&[])).await.expect("199");
        response.send_head(200, &fields(&[]), true).await.expect("head");
    });
    let mut client = Client::connect(Arc::clone(&dispatch));
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.expect("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\nHTTP/1.1 199 \r\n\r\n").await;
    client.expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;

    let mut client = Client::connect(dispatch);
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(client.rest().await, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn every_step_arrives_without_a_later_one() {
    let (step, steps) = tokio::sync::mpsc::unbounded_channel::<()>();
    let steps = Arc::new(tokio::sync::Mutex::new(steps));
    let dispatch = answer(move |mut exchange| {
        let steps = Arc::clone(&steps);
        async move {
            let mut steps = steps.lock().await;
            let response = &mut exchange.response;
            response.send_informational(103, &fields(&[])).await.expect("103");
            steps.recv().await;
            response.send_head(200, &fields(&[]), false).await.expect("head");
            steps.recv().await;
            response.send_data(Bytes::from_static(b"a"), false).await.expect("content");
            steps.recv().await;
            response.end_stream().await.expect("end");
            steps.recv().await;
        }
    });
    let mut client = Client::connect(dispatch);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    for expected in [
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1\r\na\r\n",
        "0\r\n\r\n",
    ] {
        client.expect(expected).await;
        client.expect_silence().await;
        step.send(()).expect("the handler waits");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_of_http10_ends_with_the_connection_though_the_handler_goes_on() {
    let dispatch = answer(|mut exchange| async move {
        exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
        exchange.response.send_data(Bytes::from_static(b"a"), true).await.expect("content");
        std::future::pending::<()>().await;
    });
    let mut client = Client::connect(dispatch);
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(client.rest().await, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_suspends_the_handler_and_loses_nothing() {
    const PIECE: usize = 10_000;
    const PIECES: usize = 100;
    let accepted = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&accepted);
    let dispatch = answer(move |mut exchange| {
        let counter = Arc::clone(&counter);
        async move {
            let window = exchange.response.open_window();
            let length = (PIECE * PIECES).to_string();
            exchange.response.send_head(200, &fields(&[("Content-Length", &length)]), false).await.expect("head");
            assert!(exchange.response.open_window() < window);
            for piece in 0..PIECES {
                let letter = b'a' + u8::try_from(piece % 26).expect("small");
                let octets = Bytes::from(vec![letter; PIECE]);
                exchange.response.send_data(octets, piece + 1 == PIECES).await.expect("content");
                counter.fetch_add(PIECE, std::sync::atomic::Ordering::Relaxed);
            }
        }
    });
    let mut client = Client::connect_through(100, Settings::default(), dispatch);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waiting = accepted.load(std::sync::atomic::Ordering::Relaxed);
    assert!((PIECE..=super::super::settings::OUTBOX_OCTETS + 100).contains(&waiting), "{waiting} octets accepted");
    client.expect(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PIECE * PIECES)).await;
    for piece in 0..PIECES {
        client.expect(vec![b'a' + u8::try_from(piece % 26).expect("small"); PIECE]).await;
    }
    client.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_piece_larger_than_the_outbox_goes_at_once_if_the_socket_takes_it() {
    let octets = Bytes::from(vec![b'x'; 300_000]);
    let piece = octets.clone();
    let dispatch = answer(move |mut exchange| {
        let piece = piece.clone();
        async move {
            exchange.response.send_head(200, &fields(&[("Content-Length", "600000")]), false).await.expect("head");
            exchange.response.send_data(piece.clone(), false).await.expect("content");
            exchange.response.send_data(piece, true).await.expect("content");
        }
    });
    let start = tokio::time::Instant::now();
    let mut client = Client::connect_through(1_000_000, Settings::default(), dispatch);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.expect("HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n").await;
    client.expect(&octets).await;
    client.expect(&octets).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "no deadline helped");
}

#[tokio::test(start_paused = true)]
async fn the_next_request_waits_for_the_handler() {
    let start = Instant::now();
    let mut client = Client::connect(answer(|mut exchange| async move {
        exchange.response.send_head(200, &fields(&[]), true).await.expect("head");
        tokio::time::sleep(Duration::from_secs(5)).await;
    }));
    client.send([GET, GET].concat()).await;
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    client.expect(response).await;
    assert_eq!(start.elapsed().as_secs(), 0);
    client.expect(response).await;
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_head_of_the_callers_own_making_leaves_as_it_is() {
    const HEAD: &[u8] = b"HTTP/1.1 299 What\nX: \x80\r\nContent-Length: 3\r\n\r\n";
    let answer = |exchange: &mut Exchange| {
        let closes = exchange.head.path() == b"/close";
        if closes { Extent::UntilClose } else { Extent::Delimited }
    };
    let mut client = Client::connect(Arc::new(move |mut exchange: Exchange| -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let extent = answer(&mut exchange);
            let head = Bytes::from_static(HEAD);
            exchange.response.send_head_verbatim(Some(299), head, extent).await.expect("it is sent");
            exchange.response.send_data("a".into(), false).await.expect("it is sent");
            // Nobody compares it with what the head says.
            exchange.response.send_data("bc\0d".into(), true).await.expect("it is sent");
        })
    }));
    let expected = [HEAD, b"abc\0d"].concat();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.expect(&expected).await;
    client.send("GET /close HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.expect(&expected).await;
    client.expect_end().await;
}
