//! The stash, through a handler that makes the calls: what outlives an exchange, its bounds, and the lock.

use crate::support::{Builder, CARRIERS, Carrier, Client, Server, Site, client::Request, connect, frames, h1};

const STASH: &str = "/stash.handler.wasm";

fn site() -> Site {
    let site = Site::new();
    site.handler("stash.handler.wasm", "rust/stash").handler("b/stash.handler.wasm", "rust/stash");
    site
}

fn start(config: &str) -> Server {
    Builder::new(site()).config(config).start()
}

/// What the handler at `/stash.handler.wasm` reports for this query.
async fn report(client: &mut Client, query: &str) -> String {
    client.get(&format!("{STASH}?{query}")).await.text()
}

/// Waits until a handler that sends its head first has sent it: what stands before `head` in its list is done.
async fn reaches_head(client: &mut Client, query: &str, has_content: bool) {
    let target = format!("{STASH}?{query}");
    client.begin(&Request { method: "POST", target: target.as_bytes(), fields: &[] }, has_content).await;
    assert_eq!(client.head().await.1.status, 200);
}

#[tokio::test]
async fn a_value_outlives_its_exchange_and_is_taken_once_over_any_listener() {
    let server = start("");
    for (index, from) in CARRIERS.into_iter().enumerate() {
        let to = CARRIERS[(index + 1) % CARRIERS.len()];
        let (mut from, mut to) = (Client::connect(&server, from).await, Client::connect(&server, to).await);
        let query = |calls: &str| format!("do={calls}&key=k{index}&value=v{index}");
        assert_eq!(report(&mut from, &query("put")).await, "put: ok\n");
        assert_eq!(report(&mut to, &query("put")).await, "put: occupied\n");
        let expected = format!("peek: some(v{index})\npeek: some(v{index})\ntake: some(v{index})\ntake: none\n");
        assert_eq!(report(&mut to, &query("peek+peek+take+take")).await, expected);
        assert_eq!(report(&mut from, &query("peek+take")).await, "peek: none\ntake: none\n");
    }
}

#[tokio::test]
async fn the_path_of_the_request_without_its_query_is_the_default() {
    let server = start("");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(report(&mut client, "do=put&key=k&value=mine").await, "put: ok\n");
    let other = client.get("/b/stash.handler.wasm?do=peek&key=k").await;
    assert_eq!(other.text(), "peek: none\n", "another path, another place");
    let other = client.get(&format!("/b/stash.handler.wasm?do=take&key=k&path={STASH}")).await;
    assert_eq!(other.text(), "take: some(mine)\n", "unless it is named");
}

#[tokio::test]
async fn each_bound_is_a_typed_refusal() {
    let server = start("[limits]\nstash_keys = 2\nstash_mib = 1\nstash_value_kib = 1000");
    let mut client = Client::connect(&server, Carrier::H2c).await;
    let long = "k".repeat(257);
    for (query, expected) in [
        ("do=put&key=large&octets=1024001".to_owned(), "put: value-too-large(1024000)\n"),
        (format!("do=put+take+peek&key={long}"), "put: key-too-long\ntake: key-too-long\npeek: key-too-long\n"),
        ("do=put&key=a&octets=1024000".to_owned(), "put: ok\n"),
        ("do=put&key=b&octets=24576".to_owned(), "put: full(stash_mib)\n"),
        ("do=put&key=b&octets=1000".to_owned(), "put: ok\n"),
        ("do=put&key=c".to_owned(), "put: full(stash_keys)\n"),
        ("do=put&key=a".to_owned(), "put: occupied\n"),
    ] {
        assert_eq!(report(&mut client, &query).await, expected, "{}", &query[..query.len().min(40)]);
    }
    let path = "p".repeat(4097);
    assert_eq!(report(&mut client, &format!("do=take&key=a&path={path}")).await, "take: key-too-long\n");
}

#[tokio::test]
async fn values_that_nobody_takes_expire() {
    let server = start("[limits]\nstash_age_s = 1\nstash_keys = 1");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(report(&mut client, "do=put&key=a").await, "put: ok\n");
    // The bound makes the moment visible: there is no room before it.
    let put = async {
        loop {
            match &*report(&mut client, "do=put&key=b").await {
                "put: full(stash_keys)\n" => {}
                other => return other.to_owned(),
            }
        }
    };
    assert_eq!(crate::support::soon("the expiry", put).await, "put: ok\n");
    assert_eq!(report(&mut client, "do=take&key=a").await, "take: none\n");
}

#[tokio::test]
async fn the_lock_serialises_exchanges_of_all_listeners() {
    let server = start("");
    for carrier in CARRIERS {
        let mut first = Client::connect(&server, Carrier::H2Tls).await;
        reaches_head(&mut first, "do=lock+head+content+put+unlock&key=k&value=first", true).await;
        // In line behind the first, so that it finds what that one put.
        let mut second = Client::connect(&server, carrier).await;
        reaches_head(&mut second, "do=head+lock+take+unlock&key=k", false).await;
        first.end(&[]).await;
        assert_eq!(first.piece().await.expect("content"), b"lock: ok\nput: ok\nunlock: ok\n", "{carrier:?}");
        assert_eq!(second.piece().await.expect("content"), b"lock: ok\ntake: some(first)\nunlock: ok\n", "{carrier:?}");
    }
}

#[tokio::test]
async fn the_lock_is_not_reentrant_and_only_its_holder_unlocks_it() {
    let server = start("");
    let mut client = Client::connect(&server, Carrier::H1).await;
    let expected =
        "unlock: not-reentrant\nlock: ok\nlock: not-reentrant\nunlock: ok\nunlock: not-reentrant\nlock: ok\n";
    assert_eq!(report(&mut client, "do=unlock+lock+lock+unlock+unlock+lock").await, expected);
    assert_eq!(report(&mut client, "do=lock").await, "lock: ok\n", "the end of an exchange releases it");
}

#[tokio::test]
async fn a_trap_and_a_limit_release_the_lock() {
    let server = start("[limits]\nwall_s = 1");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get(&format!("{STASH}?do=lock+trap")).await.head.status, 500);
    assert_eq!(report(&mut client, "do=lock").await, "lock: ok\n");

    let mut waiter = Client::connect(&server, Carrier::H2c).await;
    reaches_head(&mut waiter, "do=lock+head+content", true).await;
    server.log_line(&["WARN", "handler failed", "wall_s"]);
    assert_eq!(report(&mut client, "do=lock").await, "lock: ok\n");
}

#[tokio::test]
async fn a_peer_that_leaves_releases_the_lock() {
    for (policy, config) in [("tell", ""), ("cancel", "[sandbox]\non_disconnect = \"cancel\"")] {
        let server = start(config);
        let mut client = Client::connect(&server, Carrier::H1).await;
        let target = format!("{STASH}?do=lock+head+content");

        let mut h1 = h1::Connection::new(connect(&server, Carrier::H1Tls).await);
        h1.send(format!("POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")).await;
        assert!(h1.head().await.starts_with("HTTP/1.1 200 OK\n"), "{policy}");
        drop(h1);
        assert_eq!(report(&mut client, "do=lock").await, "lock: ok\n", "{policy}: a closed connection");

        let mut h2 = frames::Connection::new(connect(&server, Carrier::H2c).await, &[]).await;
        h2.post(1, &target).await;
        assert_eq!(h2.head(1).await.status, 200, "{policy}");
        h2.reset(1, 8).await;
        assert_eq!(report(&mut client, "do=lock").await, "lock: ok\n", "{policy}: a reset stream");
    }
}

#[tokio::test]
async fn without_the_grant_a_component_does_not_load() {
    let server = start("[grant.\"/b/*\"]\nstash = false");
    let mut client = Client::connect(&server, Carrier::H1).await;
    let answer = client.get("/b/stash.handler.wasm?do=peek&key=k").await;
    assert_eq!(answer.head.status, 500);
    assert!(answer.text().contains("`stash = true`"), "{}", answer.text());
    assert_eq!(report(&mut client, "do=peek&key=k").await, "peek: none\n");
}
