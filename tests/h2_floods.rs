//! Too much of anything on an HTTP/2 connection: the server answers others meanwhile, and what it holds is bounded.

use std::{sync::Arc, time::Duration};

use framewright::wire::FrameKind;

use crate::support::{
    Builder, CARRIERS, Carrier, Client, Server, Site, connect,
    frames::{Connection, End, MAX_CONCURRENT_STREAMS, block, frame, head},
    soon,
};

const HELLO: &str = "/hello.handler.wasm";

/// RFC 9113 §7.
const REFUSED_STREAM: u32 = 0x7;
const ENHANCE_YOUR_CALM: u32 = 0xb;

fn site() -> Site {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello")
        .handler("misbehaving.handler.wasm", "rust/misbehaving")
        .handler("rawdriver.handler.wasm", "rust/rawdriver");
    site
}

async fn open(server: &Server) -> Connection {
    Connection::new(connect(server, Carrier::H2c).await, &[]).await
}

/// Memory that one attacker may cost, in KiB, with what the allocator keeps of what was freed: some 30 MiB when frames come
/// by the million, however many they are.
const MOST_KIB: u64 = 48 << 10;

/// A server that takes nothing for so long waits for its answers to be taken.
const STALL: Duration = Duration::from_secs(2);

/// Sends `octets` again and again, at most `rounds` times and without reading, while others are served. Then says how
/// the connection ended: `Complete` if it did not, none if the server reads no more of it until its answers are taken.
async fn flood(before: Vec<u8>, octets: impl Fn(u32) -> Vec<u8> + Send + 'static, rounds: u32) -> Option<End> {
    let server = Arc::new(Builder::new(site()).start());
    for carrier in CARRIERS {
        assert_eq!(Client::connect(&server, carrier).await.get(HELLO).await.text(), "Hello, world!\n");
    }
    let resident = server.resident_kib();
    let mut attacker = open(&server).await;
    attacker.octets(before).await;
    let attack = tokio::spawn(async move {
        for round in 0..rounds {
            match tokio::time::timeout(STALL, attacker.try_octets(octets(round))).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => return None,
            }
        }
        Some(attacker)
    });
    for round in 0..20 {
        let mut other = Client::connect(&server, CARRIERS[round % CARRIERS.len()]).await;
        assert_eq!(soon("an answer beside the flood", other.get(HELLO)).await.text(), "Hello, world!\n");
    }
    let attacker = soon("the end of the flood", attack).await.expect("the attack");
    let grown = server.resident_kib().saturating_sub(resident);
    assert!(grown < MOST_KIB, "{grown} KiB more");
    // Is it still served?
    let mut attacker = attacker?;
    if attacker.try_octets(frame(FrameKind::HEADERS, 5, 0x7fff_ffff, block(&head("GET", HELLO)))).await {
        return Some(attacker.response(0x7fff_ffff).await.end);
    }
    Some(attacker.goaway().await.map_or(End::Closed, End::GoAway))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_block_without_end_ends_the_connection() {
    let begin = frame(FrameKind::HEADERS, 0, 1, block(&head("GET", HELLO)));
    let end = flood(begin, |_| frame(FrameKind::CONTINUATION, 0, 1, []).repeat(100), 1000).await;
    assert!(matches!(end, Some(End::GoAway(_) | End::Closed)), "{end:?}");
    let begin = frame(FrameKind::HEADERS, 0, 1, block(&head("GET", HELLO)));
    let line = block(&[(b"x", &[b'x'; 1000])]);
    let end = flood(begin, move |_| frame(FrameKind::CONTINUATION, 0, 1, &line).repeat(16), 1000).await;
    assert!(matches!(end, Some(End::GoAway(_) | End::Closed)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_data_frames_end_the_connection() {
    let begin = frame(FrameKind::HEADERS, 4, 1, block(&head("POST", "/misbehaving.handler.wasm?do=wait")));
    let end = flood(begin, |_| frame(FrameKind::DATA, 0, 1, []).repeat(100), 1000).await;
    assert!(matches!(end, Some(End::GoAway(ENHANCE_YOUR_CALM) | End::Closed)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rapid_resets_end_the_connection_or_cost_little() {
    let pair = |round: u32| {
        let mut octets = Vec::new();
        for number in 0..100 {
            let stream = 1 + 2 * (round * 100 + number);
            octets.extend(frame(
                FrameKind::HEADERS,
                5,
                stream,
                block(&head("GET", "/misbehaving.handler.wasm?do=wait&ms=1")),
            ));
            octets.extend(frame(FrameKind::RST_STREAM, 0, stream, 8_u32.to_be_bytes()));
        }
        octets
    };
    let end = flood(Vec::new(), pair, 100).await;
    assert!(matches!(end, Some(End::Complete | End::GoAway(ENHANCE_YOUR_CALM) | End::Closed)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_settings_or_pings_is_answered_no_faster_than_it_is_read() {
    let settings = frame(FrameKind::SETTINGS, 0, 0, []).repeat(1000);
    flood(Vec::new(), move |_| settings.clone(), 2000).await;
    let pings = frame(FrameKind::PING, 0, 0, [7; 8]).repeat(1000);
    flood(Vec::new(), move |_| pings.clone(), 2000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_priorities_and_unknown_frames_costs_nothing() {
    let frames = [frame(FrameKind::PRIORITY, 0, 3, [0, 0, 0, 0, 9]), frame(FrameKind(0xbb), 0, 0, [0; 100])].concat();
    let octets = frames.repeat(100);
    let end = flood(Vec::new(), move |_| octets.clone(), 300).await;
    assert_eq!(end, Some(End::Complete));
}

#[tokio::test]
async fn streams_above_the_limit_are_refused_and_may_be_tried_again() {
    let server = Builder::new(site()).config("[limits]\nh2_streams = 2").start();
    let mut connection = open(&server).await;
    for stream in [1, 3, 5] {
        connection.post(stream, "/misbehaving.handler.wasm?do=read").await;
    }
    assert_eq!(connection.response(5).await.end, End::Reset(REFUSED_STREAM));
    assert_eq!(connection.settings.get(&MAX_CONCURRENT_STREAMS), Some(&2));
    for stream in [1, 3] {
        connection.content(stream, b"x", true).await;
        assert_eq!(connection.response(stream).await.status, 200);
    }
    connection.get(7, HELLO).await;
    assert_eq!(connection.response(7).await.text(), "Hello, world!\n");
    assert!(!server.log().contains("stream=5"), "no handler saw it");
}

#[tokio::test]
async fn small_data_frames_that_nobody_reads_are_bounded() {
    let server = Builder::new(site()).start();
    let mut connection = open(&server).await;
    connection.post(1, "/misbehaving.handler.wasm?do=wait").await;
    let octets = frame(FrameKind::DATA, 0, 1, b"x").repeat(1000);
    for _ in 0..65 {
        if !connection.try_octets(&octets).await {
            break;
        }
    }
    let code = connection.goaway().await;
    assert!(matches!(code, Some(ENHANCE_YOUR_CALM) | None), "{code:?}");
    assert_eq!(Client::connect(&server, Carrier::H2c).await.get(HELLO).await.text(), "Hello, world!\n");
}

/// A raw handler that has its hand on the wire and sleeps.
fn in_hand() -> Vec<u8> {
    let steps = b"after keep\nframe - 1 4 88\nframe - 0 0 78\nsleep 20000\n";
    [
        frame(FrameKind::HEADERS, 4, 1, block(&head("POST", "/rawdriver.handler.wasm"))),
        frame(FrameKind::DATA, 0, 1, steps),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guards_hold_while_a_raw_handler_runs() {
    let begun = [in_hand(), frame(FrameKind::HEADERS, 0, 3, block(&head("GET", HELLO)))].concat();
    let end = flood(begun, |_| frame(FrameKind::CONTINUATION, 0, 3, []).repeat(100), 1000).await;
    assert!(matches!(end, Some(End::GoAway(_) | End::Closed)), "CONTINUATION: {end:?}");

    let post = frame(FrameKind::HEADERS, 4, 3, block(&head("POST", "/misbehaving.handler.wasm?do=wait")));
    let end = flood([in_hand(), post].concat(), |_| frame(FrameKind::DATA, 0, 3, []).repeat(100), 1000).await;
    assert!(matches!(end, Some(End::GoAway(ENHANCE_YOUR_CALM) | End::Closed)), "empty DATA: {end:?}");

    let settings = frame(FrameKind::SETTINGS, 0, 0, []).repeat(1000);
    flood(in_hand(), move |_| settings.clone(), 8000).await;
    let pings = frame(FrameKind::PING, 0, 0, [7; 8]).repeat(1000);
    flood(in_hand(), move |_| pings.clone(), 1000).await;
    let unknown = frame(FrameKind(0xbb), 0, 0, [0; 100]).repeat(200);
    flood(in_hand(), move |_| unknown.clone(), 300).await;
    let updates = frame(FrameKind::WINDOW_UPDATE, 0, 0, [0, 0, 0, 1]).repeat(1000);
    flood(in_hand(), move |_| updates.clone(), 300).await;
}
