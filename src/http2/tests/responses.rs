//! Responses as clients see them.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::support::*;
use crate::{
    exchange::{ContentEvent, Exchange, FieldSection, WriteError},
    wire::flags,
};

#[tokio::test]
async fn fields_leave_in_order_of_first_occurrence_with_duplicates_side_by_side() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        let section = fields(&[("b", "1"), ("a", "2"), ("b", "3"), ("server", "x"), ("a", "4")]);
        exchange.response.send_head(299, &section, true).await.expect("the head");
    })
    .await;
    client.get(1, "/").await;
    client.expect(&["1. HEADERS :status=299 b=1 b=3 a=2 a=4 server=x"]).await;
}

#[tokio::test]
async fn fields_that_cannot_be_sent_are_refused_and_the_response_goes_on() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        let long = "n".repeat(65_536);
        let many: Vec<String> = (0..16_385).map(|number| format!("n{number}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
        let rows: [(&[(&str, &str)], usize); 6] = [
            (&[("a", ""), ("B", "")], 1),
            (&[("a", "\u{1}")], 0),
            (&[("a", "\u{7f}")], 0),
            (&[("te", "trailers")], 0),
            (&[(&long, "")], 0),
            (&many, 16_384),
        ];
        for (lines, index) in rows {
            let refused = exchange.response.send_head(200, &fields(lines), true).await;
            assert_eq!(refused, Err(WriteError::InvalidField(index)));
        }
        let section = fields(&[("a", "tab\there"), ("b", "\u{e9}")]);
        exchange.response.send_head(200, &section, true).await.expect("the head");
    })
    .await;
    client.get(1, "/").await;
    client.expect(&["1. HEADERS :status=200 a=tab\there b=\u{e9}"]).await;
}

#[tokio::test]
async fn any_number_of_informational_responses_then_head_content_and_trailers() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        let response = &mut exchange.response;
        for _ in 0..100 {
            response.send_informational(103, &fields(&[("link", "x")])).await.expect("a 103");
        }
        response.send_head(200, &FieldSection::new(), false).await.expect("the head");
        response.send_data(Bytes::from_static(b"content"), false).await.expect("the content");
        response.send_trailers(&fields(&[("t", "1"), ("t", "2")])).await.expect("the trailers");
    })
    .await;
    client.get(1, "/").await;
    for _ in 0..100 {
        client.expect(&["1 HEADERS :status=103 link=x"]).await;
    }
    client.expect(&["1 HEADERS :status=200", "1 DATA content", "1. HEADERS t=1 t=2"]).await;
}

#[tokio::test]
async fn informational_responses_suspend_while_the_client_does_not_read() {
    let (sent, mut count) = mpsc::unbounded_channel();
    let handler = answer(move |mut exchange: Exchange| {
        let sent = sent.clone();
        async move {
            // Too large for the peer's table, so that each takes room.
            let section = fields(&[("link", &"x".repeat(5_000))]);
            while exchange.response.send_informational(103, &section).await.is_ok() {
                sent.send(()).expect("the test listens");
            }
        }
    });
    let (_server, io) = start(handler, crate::http2::Settings::default(), 4_096);
    let mut client = Client::over(io, &[]).await;
    client.get(1, "/").await;
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert!((10..100).contains(&count.len()), "{} were taken", count.len());
    client.reset(1, 8).await;
    while count.recv().await.is_some() && !count.is_empty() {}
}

#[tokio::test]
async fn a_response_may_end_before_the_request_content_does() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        respond(&mut exchange.response, "early").await;
    })
    .await;
    client.post(1).await;
    client.data(0, 1, b"some").await;
    client.expect(&["1 HEADERS :status=200", "1. DATA early", "1 RST_STREAM 0"]).await;
}

#[tokio::test]
async fn content_flows_both_ways_at_once() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        exchange.response.send_head(200, &FieldSection::new(), false).await.expect("the head");
        while let Ok(ContentEvent::Data(octets)) = read(&mut exchange).await {
            exchange.response.send_data(octets, false).await.expect("the echo");
        }
        exchange.response.end_stream().await.expect("the end");
    })
    .await;
    client.post(1).await;
    client.expect(&["1 HEADERS :status=200"]).await;
    for piece in ["one", "two", "three"] {
        client.data(0, 1, piece.as_bytes()).await;
        client.expect(&[&format!("1 DATA {piece}")]).await;
    }
    client.data(flags::END_STREAM, 1, b"").await;
    client.expect(&["1. DATA "]).await;
}

#[tokio::test]
async fn the_answer_to_head_has_no_content() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        respond(&mut exchange.response, "measured, not sent").await;
    })
    .await;
    client.head(END, 1, &[(":method", "HEAD"), (":scheme", "http"), (":path", "/")]).await;
    client.expect(&["1. HEADERS :status=200"]).await;
}

#[tokio::test]
async fn handlers_reset_with_any_code_at_any_phase_and_a_vanished_one_with_internal_error() {
    let (_server, mut client) = serving(|mut exchange: Exchange| async move {
        let response = &mut exchange.response;
        match exchange.head.path() {
            b"/vanish" => return,
            b"/informational" => response.send_informational(103, &FieldSection::new()).await.expect("the 103"),
            b"/content" => {
                response.send_head(200, &FieldSection::new(), false).await.expect("the head");
                response.send_data(Bytes::from_static(b"content"), false).await.expect("the content");
            }
            _ => {}
        }
        response.reset(0x1234_5678).expect("the reset");
    })
    .await;
    client.get(1, "/head").await;
    client.expect(&["1 RST_STREAM 305419896"]).await;
    client.get(3, "/informational").await;
    client.expect(&["3 HEADERS :status=103", "3 RST_STREAM 305419896"]).await;
    client.get(5, "/content").await;
    client.expect(&["5 HEADERS :status=200", "5 DATA content", "5 RST_STREAM 305419896"]).await;
    client.get(7, "/vanish").await;
    client.expect(&["7 RST_STREAM 2"]).await;
}
