//! HTTP/2 clients that ask and do not take.

use std::{sync::Arc, time::Duration};

use framewright::wire::FrameKind;
use tokio::time::timeout;

use super::{
    Arena, Attack,
    http2::{get, post},
};
use crate::support::frames::{INITIAL_WINDOW_SIZE, frame};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack::new("CVE-2019-9511: data dribble", dribble),
        Attack::new("CVE-2019-9517: internal data buffering", buffering),
        Attack::new("zero-window readers that pin instances", zero_window),
        Attack::new("streams that send no content", no_content),
        Attack::new("more streams than there may be", too_many).quick(),
    ]
}

/// Opens windows by one octet at a time.
async fn dribble(arena: Arc<Arena>) -> String {
    let mut attacker = arena.h2(&[(INITIAL_WINDOW_SIZE, 0)]).await;
    let streams: Vec<u32> = (0..80).map(|index| 1 + 2 * index).collect();
    for stream in &streams {
        attacker.octets(get(*stream, "/large")).await;
    }
    let updates: Vec<u8> =
        streams.iter().flat_map(|stream| frame(FrameKind::WINDOW_UPDATE, 0, *stream, [0, 0, 0, 1])).collect();
    let mut rounds = 0;
    while rounds < 200 && matches!(timeout(Duration::from_secs(1), attacker.try_octets(&updates)).await, Ok(true)) {
        rounds += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    format!("{rounds} rounds of one octet for each of 80 streams")
}

/// Opens every window and then reads nothing of what TCP brings.
async fn buffering(arena: Arc<Arena>) -> String {
    let mut attackers = Vec::new();
    for _ in 0..4 {
        let mut attacker = arena.h2(&[(INITIAL_WINDOW_SIZE, 0x7fff_ffff)]).await;
        attacker.octets(frame(FrameKind::WINDOW_UPDATE, 0, 0, 0x7fff_0000_u32.to_be_bytes())).await;
        for index in 0..40 {
            attacker.octets(get(1 + 2 * index, "/large")).await;
        }
        attackers.push(attacker);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let held = arena.server.resident_kib();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let exchanges = arena.refusals("exchanges").await;
    format!("160 answers of 4 MiB asked for, {} MiB resident in all, {exchanges} answered 503 (exchanges)", held >> 10)
}

/// Handlers that send to clients which never open a window, until the tenant has no exchange left.
async fn zero_window(arena: Arc<Arena>) -> String {
    let before = arena.refusals("exchanges").await;
    let mut attackers = Vec::new();
    for _ in 0..3 {
        let mut attacker = arena.h2(&[(INITIAL_WINDOW_SIZE, 0)]).await;
        for index in 0..50 {
            attacker.octets(get(1 + 2 * index, "/odd.handler.wasm?do=send")).await;
        }
        attackers.push(attacker);
    }
    let mut refused = 0;
    for _ in 0..50 {
        refused = arena.refusals("exchanges").await - before;
        if refused > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(refused > 0, "150 exchanges at once, and no quota was met");
    free_again(&arena).await;
    drop(attackers);
    format!("503 for {refused} of 150 (exchanges); the others ended by stall_s or wall_s")
}

/// Handlers that read what never comes.
async fn no_content(arena: Arc<Arena>) -> String {
    let before = arena.server.log().len();
    let mut attackers = Vec::new();
    for _ in 0..3 {
        let mut attacker = arena.h2(&[]).await;
        for index in 0..50 {
            attacker.octets(post(1 + 2 * index, "/odd.handler.wasm?do=wait&on=content")).await;
        }
        attackers.push(attacker);
    }
    arena.logged(before, "wall_s").await;
    free_again(&arena).await;
    drop(attackers);
    "wall_s, and 503 for what is above `exchanges`".to_owned()
}

/// Waits until the hostile tenant is served again while the attackers are still there.
async fn free_again(arena: &Arena) {
    loop {
        if arena.get("/hello.handler.wasm").await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Streams above SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2).
async fn too_many(arena: Arc<Arena>) -> String {
    let mut attacker = arena.h2(&[]).await;
    for index in 0..300 {
        attacker.octets(post(1 + 2 * index, "/odd.handler.wasm?do=wait")).await;
    }
    let last = attacker.response(599).await.end;
    assert_ne!(last, crate::support::frames::End::Complete, "the 300th stream was served");
    format!("{last:?}")
}
