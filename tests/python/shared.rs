//! `[python] shared`: handlers that keep what is in modules from one request to the next, and take turns.

use super::{GRANTED, serve};
use crate::support::{Builder, CARRIERS, Carrier, Client, Server, Site, connect, h1};

/// What the handlers below keep.
const STORE: &str = "visits = []\nhoard = []\ninside = 0\n";
const VISIT: &str = r#"
import os, time
import shared.store as store

def main(request, response):
    store.visits.append(request.GET.first(b"name", b"?").decode())
    store.inside += 1
    alone = store.inside == 1
    do = request.GET.first(b"do", b"")
    if do == b"raise":
        store.inside -= 1
        raise ValueError("as asked")
    if do == b"abort":
        os.abort()
    if do == b"spin":
        while True:
            pass
    if do == b"hoard":
        store.hoard.append(bytearray(os.urandom(1 << 10)) * (24 << 10))
    if do == b"half a line":
        print("half a line", end="", flush=True)
    if do == b"sleep":
        time.sleep(float(request.GET.first(b"for")))
    store.inside -= 1
    return ",".join(store.visits) if alone else "not alone"
"#;

/// What the log says when an instance has ended with its exchange.
const LOST: &str = "what shared scripts kept in modules is lost";

fn start(more: &str) -> Server {
    let config = format!("{GRANTED}[python]\nshared = [\"/shared/*\"]\n{more}");
    let server = serve(&config);
    server.site.file("shared/store.py", STORE).file("shared/visit.py", VISIT).file("apart/visit.py", VISIT);
    server
}

async fn visit(client: &mut Client, query: &str) -> (u16, String) {
    let answer = client.get(&format!("/shared/visit.py?{query}")).await;
    (answer.head.status, answer.text())
}

fn ok(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

#[tokio::test]
async fn modules_live_on_where_the_site_says_so_and_nowhere_else() {
    let server = start("");
    let mut so_far = Vec::new();
    for (number, carrier) in CARRIERS.into_iter().enumerate() {
        let mut client = Client::connect(&server, carrier).await;
        for round in 0..2 {
            so_far.push(format!("{number}.{round}"));
            assert_eq!(visit(&mut client, &format!("name={number}.{round}")).await, ok(&so_far.join(",")));
            assert_eq!(client.get("/apart/visit.py?name=x").await.text(), "x", "{carrier:?}");
        }
    }
    assert_eq!(server.log().matches("an instance for shared scripts begins").count(), 1);
}

#[tokio::test]
async fn the_handlers_own_file_counts_as_it_is_now() {
    let server = start("");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(visit(&mut client, "name=a").await, ok("a"));
    server.site.file("shared/visit.py", VISIT.replace("\",\".join", "\"+\".join"));
    assert_eq!(visit(&mut client, "name=b").await, ok("a+b"));
}

#[tokio::test]
async fn an_exception_loses_nothing() {
    let server = start("");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(visit(&mut client, "name=a&do=raise").await.0, 500);
    assert_eq!(visit(&mut client, "name=b").await, ok("a,b"));
}

#[tokio::test]
async fn a_trap_or_a_limit_ends_the_instance_and_the_next_request_begins_afresh() {
    let server = start("[limits]\ncpu_ms = 3000\nmemory_mib = 128\n");
    for (number, (carrier, what)) in [(Carrier::H1, "abort"), (Carrier::H2c, "spin")].into_iter().enumerate() {
        let mut client = Client::connect(&server, carrier).await;
        assert_eq!(visit(&mut client, "name=a").await, ok("a"));
        assert_eq!(visit(&mut client, &format!("name=b&do={what}")).await.0, 500, "{what}");
        let mut client = Client::connect(&server, carrier).await;
        assert_eq!(visit(&mut client, "name=c&do=abort").await.0, 500, "{what}: one after another");
        assert_eq!(server.log_lines(&[LOST], 2 * number + 2).len(), 2 * number + 2);
    }
    let mut client = Client::connect(&server, Carrier::H1).await;
    let mut hoarded = 0;
    while visit(&mut client, "name=h&do=hoard").await.0 == 200 {
        hoarded += 1;
        client = Client::connect(&server, Carrier::H1).await;
    }
    assert!((1..6).contains(&hoarded), "the memory is the instance's: {hoarded}");
    server.log_line(&["memory_mib", "/shared/visit.py"]);
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(visit(&mut client, "name=a").await, ok("a"));
}

#[tokio::test]
async fn they_take_turns_and_hold_up_nobody_else() {
    let server = start("");
    let tasks = (0..8).map(|number| {
        let query = format!("name={number}&do=sleep&for=0.02");
        let connecting = Client::connect(&server, CARRIERS[number % CARRIERS.len()]);
        async move { visit(&mut connecting.await, &query).await }
    });
    let mut lengths = Vec::new();
    for (status, text) in futures_util::future::join_all(tasks).await {
        assert_eq!(status, 200, "{text}");
        assert_ne!(text, "not alone");
        lengths.push(text.split(',').count());
    }
    lengths.sort_unstable();
    assert_eq!(lengths, Vec::from_iter(1..=8), "each saw those before it");

    let mut sleeping = h1::Connection::new(connect(&server, Carrier::H1).await);
    sleeping.send("GET /shared/visit.py?do=sleep&for=600 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut client = Client::connect(&server, Carrier::H2c).await;
    assert_eq!(client.get("/apart/visit.py?name=x").await.text(), "x");
}

#[tokio::test]
async fn who_waits_for_a_turn_longer_than_an_exchange_may_last_is_503() {
    let server = start("[limits]\nwall_s = 1\n");
    // The first sleeps for as long as it may, which is as long as the second has patience.
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(Client::connect(&server, Carrier::H1).await);
    }
    let visits = clients.iter_mut().map(|client| visit(client, "do=sleep&for=600"));
    let statuses: Vec<_> = futures_util::future::join_all(visits).await.into_iter().map(|(status, _)| status).collect();
    assert!(statuses.contains(&503), "{statuses:?}");
    server.log_line(&["the instance that the script shares stayed in use for 1 s (wall_s)"]);
}

#[tokio::test]
async fn each_line_of_the_log_is_its_own_exchanges() {
    let server = start("");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(visit(&mut client, "name=a&do=half+a+line").await, ok("a"));
    let number = |line: &str| line.split("exchange=").nth(1).map(|rest| rest[..8].to_owned());
    assert_eq!(visit(&mut client, "name=b&do=half+a+line").await, ok("a,b"));
    let lines = server.log_lines(&["half a line", "/shared/visit.py"], 2);
    assert_ne!(number(&lines[0]), number(&lines[1]), "{lines:?}");
}

#[test]
fn faults_of_the_setting_are_named_with_their_line() {
    for (config, words) in [
        ("[python]\nshared = [\"/a/*\"]\n", "2: `shared` counts only with `python = true` or"),
        ("[site]\npython = true\n[python]\nshared = [\"/a/*\"]\n[limits]\nslots = 1\n", "4: `shared` counts only with"),
        ("[site]\npython = true\n[python]\nshared = [\"a\"]\n", "4: bad path pattern \"a\": it must start with `/`"),
        ("[python]\nshares = []\n", "unknown field `shares`"),
    ] {
        let output = Builder::new(Site::new()).config(config).fails();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(64) && said.contains(words), "{config}: {said}");
    }
}
