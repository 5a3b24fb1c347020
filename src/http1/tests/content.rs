//! Request content: framing, trailers, 100-continue, full duplex, and what is left unread.

use super::{super::settings, *};

#[tokio::test(start_paused = true)]
async fn content_arrives_however_the_pipe_cuts_it() {
    for width in [1, 2, 11, WIDTH] {
        let mut client = Client::connect_through(width, Settings::default(), digest());
        for _ in 0..2 {
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nsome text").await;
            client.expect(ok("some text")).await;
            let chunks = "4;x=y\r\nsome\r\n5\r\n text\r\n0\r\nA: 1\r\na: 2\r\n\r\n";
            client.send(format!("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")).await;
            client.expect(ok("some textA=1;a=2;")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_chunks_are_told_and_close_the_connection() {
    let mut client = Client::connect(digest());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n").await;
    let told = ContentError::Malformed.to_string();
    assert_eq!(client.rest().await, ok_close(&told));
}

#[tokio::test(start_paused = true)]
async fn an_end_in_the_middle_of_content_is_a_reset_and_the_response_still_leaves() {
    for content in [
        "Content-Length: 3\r\n\r\n",
        "Content-Length: 3\r\n\r\nab",
        "Transfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n",
    ] {
        let mut client = Client::connect(digest());
        client.send(format!("POST / HTTP/1.1\r\nHost: h\r\n{content}")).await;
        client.end().await;
        assert_eq!(client.rest().await, ok(&ContentError::Reset(None).to_string()), "{content:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_handler_answers_while_content_arrives() {
    let dispatch = answer(|mut exchange| async move {
        exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
        while let ContentEvent::Data(octets) = next(&mut exchange.content).await.expect("content") {
            exchange.response.send_data(octets, false).await.expect("content");
        }
        exchange.response.end_stream().await.expect("end");
    });
    let mut client = Client::connect_through(8, Settings::default(), dispatch);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for letter in ["a", "b", "c"] {
        client.send(format!("1\r\n{letter}\r\n")).await;
        client.expect(format!("1\r\n{letter}\r\n")).await;
        client.expect_silence().await;
    }
    client.send("0\r\n\r\n").await;
    client.expect("0\r\n\r\n").await;
}

#[tokio::test(start_paused = true)]
async fn large_content_goes_both_ways_at_once() {
    const OCTETS: usize = 1_000_000;
    let dispatch = answer(|mut exchange| async move {
        exchange.response.send_head(200, &fields(&[("Content-Length", "1000000")]), false).await.expect("head");
        let mut left = OCTETS;
        while let ContentEvent::Data(octets) = next(&mut exchange.content).await.expect("content") {
            left -= octets.len();
            exchange.response.send_data(octets, left == 0).await.expect("content");
        }
    });
    let client = Client::connect_through(1000, Settings::default(), dispatch);
    let (mut read, mut write) = tokio::io::split(client.io);
    let send = async {
        write.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n").await.expect("sent");
        write.write_all(&vec![b'x'; OCTETS]).await.expect("sent");
    };
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let mut received = vec![0; head.len() + OCTETS];
    let (read, ()) = tokio::join!(timeout(FOREVER, read.read_exact(&mut received)), send);
    read.expect("in time").expect("read");
    assert!(received.starts_with(head) && received[head.len()..].iter().all(|&octet| octet == b'x'));
}

#[tokio::test(start_paused = true)]
async fn content_that_nobody_reads_stays_with_the_peer() {
    let dispatch = answer(|exchange| async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        drop(exchange);
    });
    let mut client = Client::connect_through(1000, Settings::default(), dispatch);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n").await;
    let mut sent = 0;
    while let Ok(written) = timeout(Duration::from_millis(1), client.io.write(&[0; 1000])).await {
        sent += written.expect("written");
    }
    let most = settings::READ_AHEAD_OCTETS + settings::READ_OCTETS + 1000;
    assert!((settings::READ_AHEAD_OCTETS..=most).contains(&sent), "{sent} octets taken");
}

const EXPECTING: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn the_first_read_asks_for_content() {
    let mut client = Client::connect(digest());
    for _ in 0..2 {
        client.send(EXPECTING).await;
        client.expect("HTTP/1.1 100 Continue\r\n\r\n").await;
        client.expect_silence().await;
        client.send("abc").await;
        client.expect(ok("abc")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_came_uninvited_needs_no_invitation() {
    let mut client = Client::connect(digest());
    client.send(format!("{EXPECTING}abc")).await;
    client.expect(ok("abc")).await;
    client.send(EXPECTING.replace("1.1\r\n", "1.0\r\n")).await;
    client.expect_silence().await;
    client.send("abc").await;
    client.expect(ok_close("abc")).await;
}

#[tokio::test(start_paused = true)]
async fn a_final_head_instead_of_100_closes() {
    let mut client = Client::connect(targets());
    client.send(EXPECTING).await;
    assert_eq!(client.rest().await, ok_close("/"));
    // RFC 9110 §10.1.1: no 100 after the head, and the content may come all the same.
    let mut client = Client::connect(answer(|mut exchange| async move {
        exchange.response.send_head(200, &fields(&[]), false).await.expect("head");
        let text = read_all(&mut exchange.content).await.expect("content");
        exchange.response.send_data(text.into(), true).await.expect("content");
    }));
    client.send(EXPECTING).await;
    client.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n").await;
    client.send("abc").await;
    assert_eq!(client.rest().await, "3\r\nabc\r\n0\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_little_unread_content_is_skipped() {
    let mut client = Client::connect(targets());
    let content = "x".repeat(settings::DISCARD_OCTETS / 2);
    client.send(format!("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", content.len())).await;
    client.expect(ok("/1")).await;
    client.send(content).await;
    client.send("POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nb: c\r\n\r\n").await;
    client.expect(ok("/2")).await;
    client.send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.expect(ok("/3")).await;
}

#[tokio::test(start_paused = true)]
async fn unread_content_that_is_too_much_too_slow_or_malformed_closes_without_losing_the_response() {
    let too_much = "x".repeat(settings::DISCARD_OCTETS + 100_000);
    for (clause, framing, content) in [
        ("too much", format!("Content-Length: {}", too_much.len() + 1), too_much.as_str()),
        ("too slow", "Content-Length: 9".into(), "x"),
        ("malformed", "Transfer-Encoding: chunked".into(), "x"),
    ] {
        let mut client = Client::connect(targets());
        client.send(format!("POST / HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n")).await;
        client.send(content).await;
        assert_eq!(client.rest().await, ok("/"), "{clause}");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_gives_a_large_upload_time_to_finish() {
    let mut client = Client::connect(answer(|mut exchange| async move {
        exchange.response.send_head(413, &fields(&[("Connection", "close")]), true).await.expect("head");
    }));
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n").await;
    for _ in 0..100 {
        client.send(vec![0; 100_000]).await;
    }
    let expected = "HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(client.rest().await, expected);
}
