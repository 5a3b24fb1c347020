//! Floods of frames on one HTTP/2 connection, each of them once published as a vulnerability of several servers.

use std::{sync::Arc, time::Duration};

use framewright::wire::FrameKind;
use tokio::time::{Instant, timeout};

use super::{Arena, Attack, arena::HOSTILE};
use crate::support::frames::{Connection, block, frame};

/// Octets of frames that a flood sends at most.
const MOST_OCTETS: usize = 48 << 20;

/// A server that takes nothing for so long waits for its answers to be taken.
const STALL: Duration = Duration::from_secs(1);

/// Longest time that a flood goes on.
const FLOOD: Duration = Duration::from_secs(6);

/// What a flood must come to.
#[derive(Clone, Copy)]
enum Fate {
    /// The connection ends.
    Ends,
    /// It may go on as long as it costs little: the checks of memory and of the good tenant say whether it does.
    Bounded,
}

pub(super) fn attacks() -> Vec<Attack> {
    let waiting = || post(1, "/odd.handler.wasm?do=wait");
    let empty = |kind, stream| frame(kind, 0, stream, []).repeat(200);
    let ping = frame(FrameKind::PING, 0, 0, [7; 8]).repeat(1000);
    let settings = frame(FrameKind::SETTINGS, 0, 0, [0, 3, 0, 0, 0, 9]).repeat(1000);
    let line = block(&[(b"x", &[b'x'; 1000])]);
    vec![
        flood("CVE-2019-9512: PING flood", Vec::new(), move |_| ping.clone(), Fate::Bounded),
        flood("CVE-2019-9513: resource loop of PRIORITY frames", Vec::new(), |_| priorities(), Fate::Bounded),
        flood("CVE-2019-9514: reset flood by malformed requests", Vec::new(), malformed, Fate::Ends).quick(),
        flood("CVE-2019-9515: SETTINGS flood", Vec::new(), move |_| settings.clone(), Fate::Bounded),
        flood("CVE-2019-9516: fields of no octets", Vec::new(), nameless, Fate::Ends).quick(),
        flood("CVE-2019-9518: empty DATA frames", waiting(), move |_| empty(FrameKind::DATA, 1), Fate::Ends).quick(),
        flood(
            "CVE-2019-9518: empty CONTINUATION frames",
            begun(),
            move |_| empty(FrameKind::CONTINUATION, 1),
            Fate::Ends,
        )
        .quick(),
        flood("CVE-2019-9518: empty HEADERS frames", waiting(), move |_| empty(FrameKind::HEADERS, 1), Fate::Ends),
        flood("CVE-2019-9518: PUSH_PROMISE from a client", Vec::new(), move |_| empty(FrameKind(5), 1), Fate::Ends),
        flood("CVE-2023-44487: rapid reset", Vec::new(), rapid_resets, Fate::Bounded).quick(),
        flood(
            "CVE-2024-27316: CONTINUATION flood",
            begun(),
            move |_| frame(FrameKind::CONTINUATION, 0, 1, &line).repeat(16),
            Fate::Ends,
        )
        .quick(),
        flood("CVE-2025-8671: MadeYouReset by WINDOW_UPDATE of 0", Vec::new(), made_to_reset, Fate::Ends).quick(),
        flood("CVE-2025-8671: MadeYouReset by an overflown window", Vec::new(), overflown, Fate::Ends),
        flood("header-count flood: 4,000 lines of one octet each", Vec::new(), many_lines, Fate::Bounded).quick(),
        flood("HPACK bomb: one long entry named 4,000 times", Vec::new(), bomb, Fate::Bounded).quick(),
        flood("small DATA frames that nobody reads", waiting(), |_| small(), Fate::Ends).quick(),
        flood("unknown frames", Vec::new(), |_| frame(FrameKind(0xbb), 0, 0, [0; 100]).repeat(200), Fate::Bounded),
        flood("WINDOW_UPDATE frames of one octet", Vec::new(), |_| updates(), Fate::Bounded),
    ]
}

fn flood(name: &str, before: Vec<u8>, octets: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static, fate: Fate) -> Attack {
    let octets = Arc::new(octets);
    Attack::new(name, move |arena| pour(arena, before.clone(), octets.clone(), fate))
}

/// Sends again and again without reading, then looks how the connection fared.
async fn pour(
    arena: Arc<Arena>,
    before: Vec<u8>,
    octets: Arc<impl Fn(u32) -> Vec<u8> + Send + Sync>,
    fate: Fate,
) -> String {
    let mut attacker = arena.h2(&[]).await;
    attacker.octets(before).await;
    let started = Instant::now();
    let (mut sent, mut round) = (0, 0);
    while sent < MOST_OCTETS && started.elapsed() < FLOOD {
        let octets = octets(round);
        match timeout(STALL, attacker.try_octets(&octets)).await {
            Ok(true) => sent += octets.len(),
            Ok(false) => return ended(&mut attacker, sent).await,
            Err(_) => {
                assert!(matches!(fate, Fate::Bounded), "the connection hangs after {} KiB", sent >> 10);
                return format!("not read on until its answers are taken, after {} KiB", sent >> 10);
            }
        }
        round += 1;
    }
    match fate {
        Fate::Ends => ended(&mut attacker, sent).await,
        Fate::Bounded => format!("served, {} KiB in {:.1} s", sent >> 10, started.elapsed().as_secs_f64()),
    }
}

/// How the connection was ended; panics if it was not.
async fn ended(attacker: &mut Connection, sent: usize) -> String {
    let end = timeout(FLOOD, attacker.goaway()).await.unwrap_or_else(|_| panic!("it goes on after {} KiB", sent >> 10));
    match end {
        Some(code) => format!("GOAWAY {code:#x} after {} KiB", sent >> 10),
        None => format!("closed after {} KiB", sent >> 10),
    }
}

/// A request's head for the hostile tenant.
pub(super) fn head(method: &str, target: &str) -> Vec<u8> {
    block(&[
        (b":method", method.as_bytes()),
        (b":scheme", b"http"),
        (b":authority", HOSTILE.as_bytes()),
        (b":path", target.as_bytes()),
    ])
}

pub(super) fn get(stream: u32, target: &str) -> Vec<u8> {
    frame(FrameKind::HEADERS, 5, stream, head("GET", target))
}

pub(super) fn post(stream: u32, target: &str) -> Vec<u8> {
    frame(FrameKind::HEADERS, 4, stream, head("POST", target))
}

/// A field block that has not ended.
fn begun() -> Vec<u8> {
    frame(FrameKind::HEADERS, 0, 1, head("GET", "/hello.handler.wasm"))
}

/// The stream with this index in this round of so many.
fn stream(round: u32, index: u32, each: u32) -> u32 {
    1 + 2 * (round * each + index)
}

fn priorities() -> Vec<u8> {
    let on =
        |stream: u32, parent: u32| frame(FrameKind::PRIORITY, 0, stream, [&parent.to_be_bytes()[..], &[9]].concat());
    (0..200).flat_map(|index| on(3 + 2 * index, 3 + 2 * ((index + 7) % 200))).collect()
}

/// Requests that RFC 9113 §8.1.1 makes us reset, as a name has a capital letter.
fn malformed(round: u32) -> Vec<u8> {
    let head = [head("GET", "/hello.handler.wasm"), block(&[(b"X", b"y")])].concat();
    (0..50).flat_map(|index| frame(FrameKind::HEADERS, 5, stream(round, index, 50), &head)).collect()
}

fn nameless(round: u32) -> Vec<u8> {
    let head = [head("GET", "/hello.handler.wasm"), block(&[(b"", b"")]).repeat(400)].concat();
    (0..20).flat_map(|index| frame(FrameKind::HEADERS, 5, stream(round, index, 20), &head)).collect()
}

fn rapid_resets(round: u32) -> Vec<u8> {
    let pair = |stream| [get(stream, "/hello.handler.wasm"), frame(FrameKind::RST_STREAM, 0, stream, [0, 0, 0, 8])];
    (0..100).flat_map(|index| pair(stream(round, index, 100)).concat()).collect()
}

/// RFC 9113 §6.9: an increment of 0 is a stream error, which we send.
fn made_to_reset(round: u32) -> Vec<u8> {
    let update = |stream| frame(FrameKind::WINDOW_UPDATE, 0, stream, [0; 4]);
    let pair = |stream| [post(stream, "/odd.handler.wasm?do=read"), update(stream)].concat();
    (0..50).flat_map(|index| pair(stream(round, index, 50))).collect()
}

/// RFC 9113 §6.9.1: so is a window beyond 2³¹ − 1 octets.
fn overflown(round: u32) -> Vec<u8> {
    let update = |stream| frame(FrameKind::WINDOW_UPDATE, 0, stream, [0x7f, 0xff, 0xff, 0xff]);
    let pair = |stream| [post(stream, "/odd.handler.wasm?do=read"), update(stream)].concat();
    (0..50).flat_map(|index| pair(stream(round, index, 50))).collect()
}

fn many_lines(round: u32) -> Vec<u8> {
    let head = [head("GET", "/hello.handler.wasm"), block(&[(b"a", b"")]).repeat(4000)].concat();
    frame(FrameKind::HEADERS, 5, stream(round, 0, 1), &head[..head.len().min(16_384)])
}

/// RFC 7541 §6.2.1 adds an entry of 4,000 octets; §6.1 then names it by one octet.
fn bomb(round: u32) -> Vec<u8> {
    let long = [vec![0x40, 1, b'a', 0x7f], vec![0xa1, 0x1e], vec![b'x'; 4000]].concat();
    let head = [head("GET", "/hello.handler.wasm"), long, vec![0xbe; 4000]].concat();
    frame(FrameKind::HEADERS, 5, stream(round, 0, 1), head)
}

fn small() -> Vec<u8> {
    frame(FrameKind::DATA, 0, 1, b"x").repeat(1000)
}

fn updates() -> Vec<u8> {
    frame(FrameKind::WINDOW_UPDATE, 0, 0, [0, 0, 0, 1]).repeat(1000)
}
