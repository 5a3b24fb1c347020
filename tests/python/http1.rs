//! HTTP/1.1: the octets are the original's.

use serde::Deserialize;

use super::{GRANTED, folder, serve};
use crate::support::{CARRIERS, Carrier, Client, Server, connect, h1};

/// What the original answered, by `tests/python/record.py`.
#[derive(Deserialize)]
struct Row {
    name: String,
    request: String,
    response: String,
    closed: bool,
}

/// Rows whose answers differ on purpose, and why.
const DIFFER: &[(&str, &str)] = &[
    ("returns 304", "content that fails on its way: the original leaves the connection open for ever"),
    ("no file", "nothing ran: the Server field is that of files"),
];

/// The site behaves as the original does, and so runs handlers without being told to.
const CHECKOUT: &str = "[site]\nbehaviour = \"wptserve\"\n[grant.\"/*\"]\nfiles = true\n";

/// Asked after each answer on a connection that is kept: everything up to its own answer is the row's.
const PROBE: &str = "GET /returns.py?as=bytes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const PROBED: &str =
    "HTTP/1.1 200 OK\r\nX-Before: kept\r\nServer: SERVER\r\nDate: DATE\r\nContent-Length: 6\r\n\r\noctets";

#[tokio::test]
async fn answers_are_those_of_the_original() {
    let server = serve(CHECKOUT);
    let text = std::fs::read_to_string(folder().join("original.json")).expect("the recording");
    let rows: Vec<Row> = serde_json::from_str(&text).expect("rows");
    let port = server.port("http").to_string();
    let mut faults = Vec::new();
    for row in rows.iter().filter(|row| !DIFFER.iter().any(|(name, _)| *name == row.name)) {
        let request = row.request.replace("PORT", &port);
        let answer = exchange(&server, &latin1(&request), row.closed).await;
        let answer = normal(&answer, &port);
        if answer != row.response {
            faults.push(format!("{}:\n  ours   {answer:?}\n  theirs {:?}", row.name, row.response));
        }
    }
    assert!(faults.is_empty(), "{} of {} rows\n{}", faults.len(), rows.len(), faults.join("\n"));
}

/// The octets of an answer. A connection that is to be kept proves it by answering once more.
async fn exchange(server: &Server, request: &[u8], is_closed: bool) -> Vec<u8> {
    let mut connection = h1::Connection::new(connect(server, Carrier::H1).await);
    connection.send(request).await;
    if is_closed {
        return connection.rest().await;
    }
    connection.send(PROBE).await;
    let octets = connection.rest().await;
    let probed = octets.windows(9).rposition(|window| window == b"HTTP/1.1 ").expect("an answer");
    let (answer, probed) = octets.split_at(probed);
    let probed = normal(probed, "no port");
    let request = String::from_utf8_lossy(request);
    assert_eq!(probed, PROBED, "the connection was not kept: {request:?}");
    answer.to_vec()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("an octet")).collect()
}

/// An answer without what differs from one to the next, as `record.py` has it.
fn normal(octets: &[u8], port: &str) -> String {
    let text: String = octets.iter().map(|&octet| char::from(octet)).collect();
    let is_failure = text.starts_with("HTTP/1.1 500");
    let line = |line: &str| match line.split_once(": ") {
        Some(("Date", date)) if date.ends_with(" GMT") => "Date: DATE".to_owned(),
        Some(("Server", name)) if name.starts_with("Framewright/") => "Server: SERVER".to_owned(),
        Some(("Content-Length", _)) if is_failure => "Content-Length: N".to_owned(),
        Some(("Set-Cookie", cookie)) => format!("Set-Cookie: {}", without_time(cookie)),
        _ => line.to_owned(),
    };
    let text = with_port(&text, port).split("\r\n").map(line).collect::<Vec<_>>().join("\r\n");
    match text.split_once("\"message\": ") {
        Some((before, _)) if is_failure => format!("{before}\"message\": CAUSE}}}}").replace("CAUSE", "\"CAUSE\""),
        _ => text,
    }
}

/// The port's digits replaced, and a Content-Length that was right made right again.
fn with_port(text: &str, port: &str) -> String {
    let replaced = text.replace(port, "PORT");
    let (Some((_, old)), Some((head, new))) = (text.split_once("\r\n\r\n"), replaced.split_once("\r\n\r\n")) else {
        return replaced;
    };
    let length = |content: &str| format!("Content-Length: {}\r\n", content.chars().count());
    format!("{}\r\n{new}", format!("{head}\r\n").replace(&length(old), &length(new)))
}

/// A cookie whose expiry is near has that time taken out.
fn without_time(cookie: &str) -> String {
    let attribute = |attribute: &str| match attribute.strip_prefix("expires=") {
        Some(time) if !time.contains("2030") => "expires=TIME".to_owned(),
        _ => attribute.to_owned(),
    };
    cookie.split("; ").map(attribute).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn handlers_answer_over_every_carrier() {
    let server = serve(GRANTED);
    for carrier in CARRIERS {
        let mut client = Client::connect(&server, carrier).await;
        let answer = client.get("/returns.py?as=pair").await;
        assert_eq!((answer.head.status, answer.text()), (200, "pair".to_owned()), "{carrier:?}");
        assert_eq!(answer.head.all("x-a"), ["1", "2"]);
        let posted = client.post("/request.py?show=body", b"some content").await;
        assert!(posted.text().starts_with("body: (b'some content'"), "{carrier:?}: {}", posted.text());
    }
}

#[tokio::test]
async fn without_the_grant_responses_are_framed_by_the_server() {
    let server = serve("[site]\npython = true\n[grant.\"/*\"]\nraw = false\nfiles = true\n");
    let mut client = Client::connect(&server, Carrier::H1).await;
    let answer = client.get("/returns.py?as=generator").await;
    assert_eq!((answer.head.status, answer.text()), (200, "one called three".to_owned()));
    assert_eq!(answer.head.all("transfer-encoding"), ["chunked"]);
    assert_eq!(answer.head.all("x-before"), ["kept"]);
    let refused = client.get("/writing.py?do=writer-raw").await;
    assert_eq!(refused.head.status, 500);
    assert!(refused.text().contains("only a handler with the grant `raw`"), "{}", refused.text());
}

#[tokio::test]
async fn python_files_are_files_where_the_site_does_not_say_otherwise() {
    let server = serve("");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get("/helper.py").await.text(), "VALUE = \"helper\"\n");
}

#[tokio::test]
async fn sources_and_the_modules_that_they_import_count_as_they_are_now() {
    let server = serve(GRANTED);
    let mut client = Client::connect(&server, Carrier::H1).await;
    for _ in 0..3 {
        assert_eq!(client.get("/counts.py").await.text(), "1 helper+");
    }
    server.site.file("helper.py", "VALUE = 'changed'");
    assert_eq!(client.get("/counts.py").await.text(), "1 changed+");
    let text = std::fs::read_to_string(server.site.path().join("counts.py")).expect("the handler");
    server.site.file("counts.py", text.replace("{COUNT}", "count {COUNT}"));
    assert_eq!(client.get("/counts.py").await.text(), "count 1 changed+");
}

#[tokio::test]
async fn what_handlers_print_is_in_the_log_while_they_run() {
    let server = serve(GRANTED);
    server.site.file("prints.py", "import time\ndef main(request, response):\n print('seen')\n time.sleep(600)\n");
    let mut connection = h1::Connection::new(connect(&server, Carrier::H1).await);
    connection.send("GET /prints.py HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    server.log_line(&["INFO", "seen", "/prints.py"]);
}

#[tokio::test]
async fn objects_of_the_snapshot_are_immortal_and_a_request_s_own_are_not() {
    let server = serve(CHECKOUT);
    let source = "import json, sys\n\n\
                  def main(request, response):\n\
                  \x20   kept = json.dumps, json.dumps.__code__, sys.modules, type(request)\n\
                  \x20   return repr([sys.getrefcount(one) >= 1 << 30 for one in (*kept, request)])\n";
    std::fs::write(server.site.path().join("immortal.py"), source).expect("a handler");
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get("/immortal.py").await.text(), "[True, True, True, True, False]");
}

#[tokio::test]
async fn handlers_that_sleep_hold_no_thread() {
    let server = serve(GRANTED);
    server.site.file("sleeps.py", "import time\ndef main(request, response):\n print('asleep')\n time.sleep(600)\n");
    let threads = || std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("the server").count();
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get("/counts.py").await.text(), "1 helper+");
    let before = threads();
    let mut sleeping = Vec::new();
    for count in 1..=60 {
        let mut connection = h1::Connection::new(connect(&server, Carrier::H1).await);
        connection.send("GET /sleeps.py HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        server.log_lines(&["asleep", "/sleeps.py"], count);
        sleeping.push(connection);
    }
    assert!(threads() < before + 30, "{before} threads, and now {}", threads());
    assert_eq!(client.get("/counts.py").await.text(), "1 helper+");
}

/// Puts a value with octets in it, and takes what the other handler left.
const TYPES: &str = r#"
def main(request, response):
    stash, key = request.server.stash, request.GET.first(b"key").decode()
    if b"put" in request.GET:
        stash.put(key, {"a": [b"\xff", 1]})
        return "put"
    return repr(stash.take(key, path="/stash.handler.wasm"))
"#;

#[tokio::test]
async fn a_component_finds_what_python_left_in_the_stash_and_the_other_way_round() {
    let server = serve(GRANTED);
    server.site.file("types.py", TYPES).handler("stash.handler.wasm", "rust/stash");
    let mut client = Client::connect(&server, Carrier::H1).await;
    let key = "key=9e5b0000-0000-4000-8000-000000000001";
    assert_eq!(client.get(&format!("/types.py?put&{key}")).await.text(), "put");
    let found = client.get(&format!("/stash.handler.wasm?do=take&path=/types.py&{key}")).await.text();
    assert_eq!(found, "take: some(\0json:{\"a\": [{\"$bytes\": \"\u{ff}\"}, 1]})\n");
    assert_eq!(client.get(&format!("/stash.handler.wasm?do=put&value=plain&{key}")).await.text(), "put: ok\n");
    assert_eq!(client.get(&format!("/types.py?{key}")).await.text(), "b'plain'");
}
