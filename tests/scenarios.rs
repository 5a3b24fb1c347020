//! What each handler does: one list, run for every language that implements it, over every carrier.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    CARRIERS, Carrier, Client, Server, Site,
    client::{Head, Request, fields},
};

/// Each handler of the demo, and the languages that implement it.
const SCENARIOS: &[(&str, &[&str])] = &[
    ("hello", &["rust", "c"]),
    ("echo", &["rust", "c"]),
    ("trickle", &["rust"]),
    ("digest", &["rust"]),
    ("trailers", &["rust"]),
    ("early-hints", &["rust"]),
    ("duplex", &["rust"]),
];

/// Handlers that only other tests use, and which those are.
const FIXTURES: &[(&str, &str, &str)] = &[
    ("misbehaving", "rust", "limits, faults, …"),
    ("rawdriver", "rust", "h1_raw, h2_raw"),
    ("script-fixture", "rust", "units of the sandbox"),
    ("stash", "rust", "stash"),
    ("surroundings", "c", "wasi"),
    ("raw", "rust", "raw"),
    ("raw", "c", "raw"),
    ("frames", "rust", "its own, frames"),
    ("wptserve", "python", "its own, python"),
];

/// Folders that hold what handlers share.
const HELPERS: &[(&str, &str)] = &[("guest", "rust"), ("include", "c")];

/// One run of a scenario.
struct Run<'a> {
    server: &'a Server,
    carrier: Carrier,
    language: &'a str,
    client: Client,
}

impl Run<'_> {
    fn path(&self, name: &str) -> String {
        format!("/{}/{name}.handler.wasm", self.language)
    }
}

/// Runs a scenario for every language and carrier, on one server and a connection each.
async fn scenario(name: &str, run: impl AsyncFn(Run<'_>)) {
    let (_, languages) = SCENARIOS.iter().find(|(own, _)| *own == name).expect("a line in the list");
    let site = Site::new();
    for language in *languages {
        site.handler(&format!("{language}/{name}.handler.wasm"), &format!("{language}/{name}"));
    }
    let server = crate::support::Builder::new(site).start();
    for language in *languages {
        for carrier in CARRIERS {
            eprintln!("{language}/{name} over {carrier:?}");
            let client = Client::connect(&server, carrier).await;
            run(Run { server: &server, carrier, language, client }).await;
        }
    }
}

#[test]
fn every_handler_folder_has_a_scenario() {
    let mut missing = folders();
    let listed =
        SCENARIOS.iter().flat_map(|(name, languages)| languages.iter().map(move |language| (*name, *language)));
    let others = FIXTURES.iter().map(|(name, language, _)| (*name, *language)).chain(HELPERS.iter().copied());
    for (name, language) in listed.chain(others) {
        assert!(missing.remove(&format!("{language}/{name}")), "handlers/{language}/{name} is listed but not there");
    }
    assert!(missing.is_empty(), "no scenario for {missing:?}");
}

/// The folders `handlers/LANGUAGE/NAME`; what turns modules into components is no language.
fn folders() -> BTreeSet<String> {
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let folders = entries.filter(|entry| entry.path().is_dir());
        folders.map(|entry| entry.file_name().into_string().expect("text")).collect()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("handlers");
    let languages = names(&root).into_iter().filter(|language| language != "componentize");
    languages
        .flat_map(|language| names(&root.join(&language)).into_iter().map(move |name| format!("{language}/{name}")))
        .filter(|folder| !folder.contains("/src") && !folder.contains("/target"))
        .collect()
}

#[tokio::test]
async fn hello_says_hello() {
    scenario("hello", async |mut run| {
        let path = run.path("hello");
        let answer = run.client.get(&path).await;
        let expected = [("content-type", "text/plain; charset=utf-8"), ("content-length", "14")];
        assert_eq!(answer.head, Head { status: 200, fields: fields(&expected) });
        assert_eq!(answer.text(), "Hello, world!\n");
        assert!(answer.informational.is_empty() && answer.trailers.is_empty());

        run.client.begin(&Request { method: "HEAD", target: path.as_bytes(), fields: &[] }, false).await;
        let head = run.client.answer("HEAD").await;
        assert_eq!(head.head, answer.head);
        assert_eq!(run.client.post(&path, b"nobody reads this").await.text(), "Hello, world!\n");
    })
    .await;
}

#[tokio::test]
async fn echo_shows_what_arrived() {
    scenario("echo", async |mut run| {
        // h2 ends a connection whose `:path` is no UTF-8: see `h2_malformed`.
        let odd: &[u8] = if run.carrier.is_h2() { b"?q=%00&{}|\\" } else { b"?q=%00&\xe9&{}|\\" };
        let target = [run.path("echo").as_bytes(), odd].concat();
        let sent: [(&[u8], &[u8]); 5] =
            [(b"x-b", b"1"), (b"x-a", b"\xff\x80 \"\\"), (b"x-b", b"2"), (b"x-empty", b""), (b"x-b", b"1")];
        run.client.begin(&Request { method: "POST", target: &target, fields: &sent }, true).await;
        run.client.send(b"\0\xff\"content\"").await;
        run.client.send(b" goes on").await;
        run.client.end(&[(b"x-t", b"1"), (b"x-s", b"\xfe"), (b"x-t", b"2")]).await;
        let answer = run.client.answer("POST").await;
        assert_eq!(answer.head.status, 200);
        let seen: Value = serde_json::from_str(&answer.text()).expect("JSON");

        let version = if run.carrier.is_h2() { "HTTP/2" } else { "HTTP/1.1" };
        for (key, expected) in [
            ("method", json!("POST")),
            ("scheme", json!(run.carrier.scheme())),
            ("authority", json!("localhost")),
            ("path", json!(isomorphic(&target))),
            ("version", json!(version)),
            ("content", json!("\0\u{ff}\"content\" goes on")),
            ("content_octets", json!(19)),
            ("trailers", json!([["x-t", "1"], ["x-s", "\u{fe}"], ["x-t", "2"]])),
        ] {
            assert_eq!(seen[key], expected, "{key}");
        }
        let own: Vec<Value> = sent.iter().map(|(name, value)| json!([isomorphic(name), isomorphic(value)])).collect();
        let path = isomorphic(&target);
        let others = if run.carrier.is_h2() {
            [
                json!([":method", "POST"]),
                json!([":scheme", run.carrier.scheme()]),
                json!([":authority", "localhost"]),
                json!([":path", path]),
            ]
            .into_iter()
            .chain(own)
            .collect::<Vec<_>>()
        } else {
            let host = std::iter::once(json!(["Host", "localhost"]));
            host.chain(own).chain([json!(["Transfer-Encoding", "chunked"])]).collect()
        };
        assert_eq!(seen["fields"], json!(others));
    })
    .await;
}

#[tokio::test]
async fn echo_tells_the_facts_of_the_connection() {
    scenario("echo", async |mut run| {
        let path = run.path("echo");
        let mut ask = async || -> Value {
            let answer = run.client.get(&path).await;
            serde_json::from_str::<Value>(&answer.text()).expect("JSON")["connection"].take()
        };
        let (first, second) = (ask().await, ask().await);
        assert_eq!(first["id"], second["id"], "both exchanges share a connection");
        assert_eq!(first["peer"], second["peer"]);
        assert_eq!(first["peer"]["address"], "127.0.0.1");
        let port = run.server.port(run.carrier.listener());
        assert_eq!(first["local"], json!({"address": "127.0.0.1", "port": port}));
        let streams = if run.carrier.is_h2() { [json!(1), json!(3)] } else { [Value::Null, Value::Null] };
        assert_eq!([&first["stream"], &second["stream"]], [&streams[0], &streams[1]]);
        let tls = |alpn: &str| json!({"version": "TLSv1.3", "alpn": alpn, "sni": "localhost"});
        let expected = match run.carrier {
            Carrier::H1 | Carrier::H2c => Value::Null,
            Carrier::H1Tls => tls("http/1.1"),
            Carrier::H2Tls | Carrier::H2Only => tls("h2"),
        };
        assert_eq!(first["tls"], expected);
    })
    .await;
}

#[tokio::test]
async fn echo_shows_a_mebibyte_and_counts_the_rest() {
    scenario("echo", async |mut run| {
        let content = vec![b'm'; (1 << 20) + 1000];
        let answer = run.client.post(&run.path("echo"), &content).await;
        let seen: Value = serde_json::from_str(&answer.text()).expect("JSON");
        assert_eq!(seen["content_octets"], (1 << 20) + 1000);
        assert_eq!(seen["content"].as_str().map(str::len), Some(1 << 20));
    })
    .await;
}

#[tokio::test]
async fn trickle_sends_each_piece_by_itself() {
    scenario("trickle", async |mut run| {
        let answer = run.client.get(&format!("{}?n=4&delay=20&size=10", run.path("trickle"))).await;
        let pieces: Vec<_> = answer.pieces.iter().map(|piece| String::from_utf8_lossy(piece)).collect();
        assert_eq!(pieces, ["piece 0..\n", "piece 1..\n", "piece 2..\n", "piece 3..\n"]);
        assert_eq!(run.client.get(&format!("{}?n=0", run.path("trickle"))).await.text(), "");
    })
    .await;
}

#[tokio::test]
async fn trickle_sends_a_piece_before_the_next_is_due() {
    scenario("trickle", async |mut run| {
        // The second piece is due long after this test has given up.
        let target = format!("{}?n=2&delay=3600000", run.path("trickle"));
        run.client.begin(&Request { method: "GET", target: target.as_bytes(), fields: &[] }, false).await;
        assert_eq!(run.client.head().await.1.status, 200);
        assert_eq!(run.client.piece().await.expect("a piece"), b"piece 0\n");
    })
    .await;
}

#[tokio::test]
async fn digest_hashes_uploads_of_megabytes() {
    scenario("digest", async |mut run| {
        let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        let expected: String = Sha256::digest(&content).iter().map(|octet| format!("{octet:02x}")).collect();
        let answer = run.client.post(&run.path("digest"), &content).await;
        assert_eq!(answer.text(), format!("{{\"sha256\":\"{expected}\",\"octets\":3000000}}\n"));
    })
    .await;
}

#[tokio::test]
async fn trailers_follow_the_content_in_order() {
    scenario("trailers", async |mut run| {
        let answer = run.client.get(&run.path("trailers")).await;
        assert_eq!(answer.head.all("trailer"), ["x-octets, x-note"]);
        assert_eq!(answer.text(), "The trailers follow.\n");
        assert_eq!(answer.trailers, fields(&[("x-octets", "21"), ("x-note", "first"), ("x-note", "second")]));
    })
    .await;
}

#[tokio::test]
async fn early_hints_come_before_the_answer() {
    scenario("early-hints", async |mut run| {
        let answer = run.client.get(&format!("{}?delay=10", run.path("early-hints"))).await;
        let link = "</style.css>; rel=preload; as=style";
        assert_eq!(answer.informational, [Head { status: 103, fields: fields(&[("link", link)]) }]);
        assert_eq!((answer.head.status, answer.head.all("link")), (200, vec![link.to_owned()]));
        assert_eq!(answer.text(), "A 103 with a Link field went before this.\n");
    })
    .await;
}

#[tokio::test]
async fn duplex_answers_while_the_request_goes_on() {
    scenario("duplex", async |mut run| {
        let target = run.path("duplex");
        run.client.begin(&Request { method: "POST", target: target.as_bytes(), fields: &[] }, true).await;
        assert_eq!(run.client.head().await.1.status, 200, "before any content has been sent");
        for piece in [b"one".as_slice(), b"two", &[b'x'; 1000]] {
            run.client.send(piece).await;
            let mut back = Vec::new();
            while back.len() < piece.len() {
                back.extend(run.client.piece().await.expect("what was sent"));
            }
            assert_eq!(back, piece);
        }
        run.client.end(&[(b"x-a", b"1"), (b"x-b", b"2")]).await;
        assert_eq!(run.client.piece().await, Err(fields(&[("x-a", "1"), ("x-b", "2")])));
    })
    .await;
}

/// The code points with the octets' numbers.
fn isomorphic(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}
