//! Handlers that do harm on purpose: what the fixtures can be asked for, and the words in the log that name what met
//! them.

use std::{sync::Arc, time::Duration};

use framewright::wire::FrameKind;
use tokio::{task::JoinSet, time::timeout};

use super::{
    Arena, Attack,
    arena::HOSTILE,
    http2::{get, post},
};
use crate::support::{frames::frame, h1::Connection};

/// What becomes of one behaviour.
#[derive(Clone, Copy)]
enum Meets {
    /// The log has a line of the hostile tenant with this.
    Log(&'static str),
    /// It is told so itself, or harms nobody: it answers.
    Nothing,
}

use Meets::{Log, Nothing};

const TRAPPED: Meets = Log("trapped");

/// Name, target, what it meets.
const VARIANTS: &[(&str, &str, Meets)] = &[
    ("aborts at once", "odd.handler.wasm?do=trap", TRAPPED),
    ("aborts after a 103", "odd.handler.wasm?do=trap&at=informational", TRAPPED),
    ("aborts after the head", "odd.handler.wasm?do=trap&at=head", TRAPPED),
    ("aborts in the content", "odd.handler.wasm?do=trap&at=data", TRAPPED),
    ("panics at once", "odd.handler.wasm?do=trap&how=panic", TRAPPED),
    ("panics in the content", "odd.handler.wasm?do=trap&how=panic&at=data", TRAPPED),
    ("recurses without end", "odd.handler.wasm?do=trap&how=stack", TRAPPED),
    ("reads out of its memory", "odd.handler.wasm?do=trap&how=memory", TRAPPED),
    ("loops without a call at once", "odd.handler.wasm?do=spin", Log("cpu_ms")),
    ("loops without a call after a 103", "odd.handler.wasm?do=spin&at=informational", Log("cpu_ms")),
    ("loops without a call after the head", "odd.handler.wasm?do=spin&at=head", Log("cpu_ms")),
    ("loops without a call in the content", "odd.handler.wasm?do=spin&at=data", Log("cpu_ms")),
    ("loops calling the clock", "odd.handler.wasm?do=spin&ms=60000", Log("cpu_ms")),
    ("grows memory page by page", "odd.handler.wasm?do=allocate", Log("memory_mib")),
    ("grows memory by 1 GiB at once", "odd.handler.wasm?do=allocate&step=1048576", Log("memory_mib")),
    ("grows memory in the content", "odd.handler.wasm?do=allocate&at=data", Log("memory_mib")),
    ("never returns", "odd.handler.wasm?do=wait", Log("wall_s")),
    ("never finishes its content", "odd.handler.wasm?do=wait&at=data", Log("wall_s")),
    ("returns without an answer", "odd.handler.wasm?do=return", Log("without a response")),
    ("resets with an odd code", "odd.handler.wasm?do=reset&code=4294967295", Nothing),
    ("logs 100,000 lines", "odd.handler.wasm?do=log&n=100000", Log("log_kib")),
    ("logs lines of 1 MiB", "odd.handler.wasm?do=log&n=20&size=1048576", Log("log_kib")),
    ("logs terminal escapes and forged lines", "odd.handler.wasm?do=log&n=3&escapes", Nothing),
    ("sends without end", "odd.handler.wasm?do=send&octets=1000000000000", Log("sent_mib")),
    ("sends 1,000,000 tiny pieces", "odd.handler.wasm?do=send&octets=1000000&chunk=1", Nothing),
    ("sends one piece of 1 GiB", "odd.handler.wasm?do=send&octets=1073741824&chunk=1073741824", Log("sent_mib")),
    ("sends 100,000 informational responses", "odd.handler.wasm?do=informational&n=100000", Nothing),
    ("answers with 100,000 fields", "odd.handler.wasm?do=head&n=100000&size=1", Nothing),
    ("answers with a field of 16 MiB", "odd.handler.wasm?do=head&n=1&size=16777216", Nothing),
    ("offers fields that split responses", "odd.handler.wasm?do=fields", Nothing),
    ("offers trailers that frame", "odd.handler.wasm?do=trailers", Nothing),
    ("calls everything out of order", "odd.handler.wasm?do=steps", Nothing),
    ("lies about its length", "odd.handler.wasm?do=length", Nothing),
    ("says Transfer-Encoding itself", "odd.handler.wasm?do=say&lines=transfer-encoding:chunked&content=0", Nothing),
    ("uses the wire without a grant", "raw.handler.wasm", Log("raw")),
    ("uses the stash without a grant", "stash.handler.wasm?do=put&key=k&value=v", Log("stash")),
    ("puts a value of 16 MiB into the stash", "granted/stash.handler.wasm?do=put&key=k&octets=16777216", Nothing),
    ("keeps the stash locked and traps", "granted/stash.handler.wasm?do=lock+trap", TRAPPED),
    ("looks for files, arguments and variables", "wasi.handler.wasm", Nothing),
    ("leaves by WASI's exit", "wasi.handler.wasm?exit", Nothing),
    ("asks for paths above its folder", "..%2f..%2f..%2fetc%2fpasswd", Nothing),
    ("asks for another tenant's folder", "../good.test/hello.handler.wasm", Nothing),
    ("asks for a NUL in a path", "odd%00.handler.wasm", Nothing),
];

/// What the ordinary suite leaves out: these wait for a deadline or send much.
const SLOW: &[&str] = &["never", "clock", "without end", "in the content", "100,000", "1,000,000", "1 MiB", "after"];

pub(super) fn attacks() -> Vec<Attack> {
    let single = VARIANTS.iter().map(|(name, target, meets)| {
        let attack = Attack::new(&format!("handler {name}"), move |arena| call(arena, target, *meets));
        if SLOW.iter().any(|part| name.contains(part)) { attack } else { attack.quick() }
    });
    let floods = [
        Attack::new("32 handlers that loop without a call", |arena| many(arena, "/odd.handler.wasm?do=spin")),
        Attack::new("32 handlers that grow memory", |arena| many(arena, "/odd.handler.wasm?do=allocate&mib=60")),
        Attack::new("32 handlers that log", |arena| many(arena, "/odd.handler.wasm?do=log&n=100000")),
        Attack::new("1,000 keys for the stash", full_stash),
        Attack::new("raw frames for other streams", raw_frames).quick(),
        Attack::new("raw octets without end", raw_octets),
        Attack::new("a hold that is never released", hold),
    ];
    single.chain(floods).collect()
}

/// Asks for it, and looks for what must be in the log.
async fn call(arena: Arc<Arena>, target: &str, meets: Meets) -> String {
    let before = arena.server.log().len();
    let mut connection = arena.h1().await;
    connection.send(format!("GET /{target} HTTP/1.1\r\nHost: {HOSTILE}\r\nConnection: close\r\n\r\n")).await;
    let answer = connection.rest().await;
    let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned();
    let Log(part) = meets else { return format!("{status}, {} octets", answer.len()) };
    let line = timeout(Duration::from_secs(5), arena.logged(before, part)).await;
    line.unwrap_or_else(|_| panic!("{part} is not in the log; it got {status}, {} octets", answer.len()));
    format!("{status}; `{part}` in the log")
}

/// The same from many clients at once, three times each.
async fn many(arena: Arc<Arena>, target: &'static str) -> String {
    let mut clients = JoinSet::new();
    for _ in 0..32 {
        let arena = arena.clone();
        clients.spawn(async move { timeout(Duration::from_secs(12), arena.get(target)).await.map(|got| got.status) });
    }
    let mut statuses: Vec<u16> = clients.join_all().await.into_iter().map(|status| status.unwrap_or(0)).collect();
    statuses.sort_unstable();
    let counted = statuses.chunk_by(|one, other| one == other).map(|same| match same[0] {
        0 => format!("{} still waiting", same.len()),
        status => format!("{status}: {}", same.len()),
    });
    counted.collect::<Vec<_>>().join(", ")
}

async fn full_stash(arena: Arc<Arena>) -> String {
    let mut connection = arena.h1().await;
    for key in 0..1000 {
        let target = format!("/granted/stash.handler.wasm?do=put&key={key}&value=v");
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: {HOSTILE}\r\n\r\n")).await;
        let response = connection.response("GET").await;
        if response.text().contains("full(stash_keys)") {
            return format!("full(stash_keys) after {key} keys");
        }
    }
    panic!("1,000 keys were taken");
}

/// Steps for the driver of the raw door, then what a neighbour on the same connection gets.
async fn raw_frames(arena: Arc<Arena>) -> String {
    let mut connection = arena.h2(&[]).await;
    let steps = b"after keep\nframe 3 3 0 00000008\nframe 0 7 0 0000000000000000\nframe 5 0 1 78\nframe - 9 0 00\n";
    connection.octets(post(1, "/granted/raw.handler.wasm")).await;
    connection.octets(get(3, "/odd.handler.wasm?do=wait&ms=500")).await;
    connection.octets(frame(FrameKind::DATA, 1, 1, steps)).await;
    let mut frames = 0;
    while let Ok(Some(_)) = timeout(Duration::from_secs(2), connection.next()).await {
        frames += 1;
    }
    format!("{frames} frames on its own connection alone")
}

async fn raw_octets(arena: Arc<Arena>) -> String {
    let mut connection = arena.h1().await;
    let steps = format!("octets {}\n", "00".repeat(16_384)).repeat(40);
    raw(&mut connection, &steps).await;
    let octets = connection.rest().await;
    assert!(!octets.starts_with(b"HTTP/1.1 500"), "the driver did not run");
    let octets = octets.len();
    format!("{octets} octets on its own connection alone")
}

async fn hold(arena: Arc<Arena>) -> String {
    let before = arena.server.log().len();
    let mut connection = arena.h1().await;
    raw(&mut connection, "head 200\nhold 60000 65536\ndata x\nsleep 60000\n").await;
    let octets = connection.rest().await.len();
    arena.logged(before, "wall_s").await;
    format!("ended by wall_s after {octets} octets")
}

async fn raw(connection: &mut Connection, steps: &str) {
    let head = format!("POST /granted/raw.handler.wasm HTTP/1.1\r\nHost: {HOSTILE}\r\nContent-Length: {}", steps.len());
    connection.send(format!("{head}\r\nConnection: close\r\n\r\n{steps}")).await;
}
