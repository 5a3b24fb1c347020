//! From the ready line to the exit code: start, drain, abort.

use std::{net::TcpListener, process::Output};

use framewright::wire::FrameKind;
use serde_json::{Value, json};

use crate::support::{
    Builder, CARRIERS, Carrier, Client, Server, Site, Stream, connect,
    frames::{Connection, End},
    h1, server,
};

const ODD: &str = "/misbehaving.handler.wasm";
const HELLO: &str = "/hello.handler.wasm";

fn site() -> Site {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("misbehaving.handler.wasm", "rust/misbehaving");
    site
}

fn start(config: &str) -> Server {
    Builder::new(site()).config(config).start()
}

async fn h1(server: &Server) -> h1::Connection {
    h1::Connection::new(connect(server, Carrier::H1).await)
}

async fn h2(server: &Server) -> Connection {
    Connection::new(connect(server, Carrier::H2Tls).await, &[]).await
}

/// Name, protocols and TLS of each listener on 127.0.0.1.
fn listeners(ready: &Value) -> Vec<Value> {
    let all = ready["listeners"].as_array().expect("listeners").iter();
    let ours = all.filter(|listener| listener["address"] == "127.0.0.1");
    ours.map(|listener| json!([listener["name"], listener["protocols"], listener["tls"]])).collect()
}

#[tokio::test]
async fn one_line_of_json_says_where_it_listens() {
    let server = start("");
    let ready = &server.ready;
    assert_eq!((&ready["event"], &ready["version"]), (&json!("ready"), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(ready.as_object().map(serde_json::Map::len), Some(3));
    let expected = [
        json!(["http", ["http/1.1", "h2"], false]),
        json!(["https", ["http/1.1", "h2"], true]),
        json!(["h2", ["h2"], true]),
    ];
    assert_eq!(listeners(ready), expected);
    for listener in ready["listeners"].as_array().expect("listeners") {
        assert_eq!(listener.as_object().map(serde_json::Map::len), Some(5));
        assert!(["127.0.0.1", "::1"].contains(&listener["address"].as_str().expect("text")));
        let address = (listener["address"].as_str().expect("text"), listener["port"].as_u64().expect("a port"));
        let port = u16::try_from(address.1).expect("a port");
        tokio::net::TcpStream::connect((address.0, port)).await.expect("a connection");
    }
    for carrier in CARRIERS {
        assert_eq!(Client::connect(&server, carrier).await.get(HELLO).await.head.status, 200);
    }
}

#[tokio::test]
async fn port_flags_repeat_replace_the_defaults_and_switch_listeners_off() {
    for (flags, expected) in [
        (&["--http", "0", "--http", "0"][..], vec!["http", "http-2"]),
        (&["--https", "0"], vec!["https"]),
        (&["--http", "none", "--h2", "0"], vec!["h2"]),
        (&["--h2", "0", "--http", "0"], vec!["http", "h2"]),
    ] {
        let mut builder = Builder::new(site()).own_listeners();
        for flag in flags {
            builder = builder.argument(flag);
        }
        // Flags beat the file.
        let server = builder.config("[[listener]]\nname = \"own\"\nport = 0\n").start();
        let names: Vec<_> = listeners(&server.ready).iter().map(|listener| listener[0].clone()).collect();
        assert_eq!(names, expected, "{flags:?}");
    }
    let server = Builder::new(site()).own_listeners().config("[[listener]]\nname = \"own\"\nport = 0\n").start();
    assert_eq!(listeners(&server.ready), [json!(["own", ["http/1.1", "h2"], false])]);
    let server = Builder::new(site()).argument("--bind").argument("127.0.0.1").start();
    assert_eq!(server.ready["listeners"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_signal_lets_exchanges_finish_and_tells_clients_to_go_elsewhere() {
    for signal in ["TERM", "INT"] {
        let mut server = start("");
        let mut idle = h1(&server).await;
        assert_eq!(idle.get(HELLO).await.status, 200);
        let mut first = h1(&server).await;
        first.send(format!("POST {ODD}?do=read HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab")).await;
        let mut second = h2(&server).await;
        second.post(1, &format!("{ODD}?do=read")).await;
        second.content(1, b"abc", false).await;
        server.log_line(&["data 2"]);
        server.log_line(&["data 3"]);

        server.signal(signal);
        server.log_line(&["stopping"]);
        assert!(idle.is_closed().await, "nothing is in flight there");
        let goaway = second.find(FrameKind::GOAWAY).await.expect("GOAWAY");
        assert_eq!(goaway.number(4), 0, "NO_ERROR");

        first.send("c").await;
        let response = first.response("POST").await;
        assert_eq!((response.status, response.all("connection")), (200, vec!["close"]));
        assert!(first.is_closed().await);
        second.content(1, b"d", true).await;
        let response = second.response(1).await;
        assert_eq!((response.status, response.end.clone()), (200, End::Complete));
        assert_eq!(server.exit().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn nobody_new_is_served_while_it_drains() {
    let mut server = start("");
    let mut busy = h1(&server).await;
    busy.send(format!("POST {ODD}?do=read HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabc")).await;
    server.log_line(&["data 3"]);
    let port = server.port("http");
    server.signal("TERM");
    server.log_line(&["stopping"]);
    // The listener closes a moment after the line is logged.
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        tokio::task::yield_now().await;
    }
    busy.send("x").await;
    assert_eq!(busy.response("POST").await.status, 200);
    assert_eq!(server.exit().code(), Some(0));
}

#[tokio::test]
async fn what_still_runs_at_the_deadline_is_cut_off() {
    let mut server = start("[limits]\ndrain_s = 1");
    let mut first = h1(&server).await;
    first.send(format!("GET {ODD}?do=wait&at=head HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    first.head().await;
    let mut second = h2(&server).await;
    second.get(1, &format!("{ODD}?do=wait&at=head")).await;
    second.head(1).await;
    server.signal("TERM");
    assert_eq!(server.exit().code(), Some(1));
    server.log_line(&["stopped: connections were cut off"]);
    assert!(!first.rest().await.ends_with(b"0\r\n\r\n"));
    while second.next().await.is_some() {}
}

#[tokio::test]
async fn a_second_signal_aborts_at_once() {
    let mut server = start("[limits]\ndrain_s = 3600");
    let mut connection = h1(&server).await;
    connection.send(format!("GET {ODD}?do=wait&at=head HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    connection.head().await;
    server.signal("INT");
    server.log_line(&["stopping"]);
    server.signal("TERM");
    assert_eq!(server.exit().code(), Some(1));
}

fn run(arguments: &[&str]) -> Output {
    server::binary().args(arguments).output().expect("the binary")
}

#[test]
fn faults_of_usage_leave_with_64() {
    for arguments in [
        &[][..],
        &["serve", "--unknown"],
        &["serve", "--http", "x"],
        &["serve", "--http", "65536"],
        &["serve", "--bind", "localhost"],
        &["serve", "--cert", "c.pem"],
        &["serve", "--http", "none"],
        &["serve", "--log-level", "loud"],
        &["serve", "--log-format", "xml"],
        &["serve", "/no/such/folder"],
        &["serve", "--config", "/no/such/file"],
        &["call"],
        &["call", "/x", "--h1", "--h2"],
        &["call", "/x", "--header", "no colon"],
        &["nothing"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [&["--version"][..], &["--help"], &["serve", "--help"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_port_in_use_is_named_and_leaves_with_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = Builder::new(Site::new()).own_listeners().argument("--http").argument(&port).fails();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&port) && text.contains("127.0.0.1"), "{text}");
    assert!(output.stdout.is_empty());
}

#[tokio::test]
async fn json_logs_are_json_line_by_line() {
    let server = Builder::new(site()).argument("--log-format").argument("json").start();
    assert_eq!(h1(&server).await.get(&format!("{ODD}?do=trap")).await.status, 500);
    let warning: Value = serde_json::from_str(&server.log_line(&["WARN", "handler failed"])).expect("JSON");
    let access: Value = serde_json::from_str(&server.log_line(&["framewright::access"])).expect("JSON");
    let id = |line: &Value| line["fields"]["exchange"].as_str().or(line["exchange"].as_str()).map(str::to_owned);
    assert_eq!(id(&warning), id(&access), "{warning} {access}");
    assert!(id(&access).is_some(), "{access}");
}

#[tokio::test]
async fn without_descriptors_accepting_rests_and_goes_on_when_some_are_given_back() {
    const DESCRIPTORS: u32 = 128;
    let server = Builder::new(site()).argument("--http").argument("0").descriptors(DESCRIPTORS).start();
    // The kernel makes these connections; the server cannot take all of them in.
    let mut waiting = Vec::new();
    for _ in 0..DESCRIPTORS {
        waiting.push(h1(&server).await);
    }
    server.log_line(&["WARN", "no connection can be accepted; trying again"]);
    let (mut last, first) = (waiting.pop().expect("one"), waiting.split_off(8));
    last.send(format!("GET {HELLO} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    drop(first);
    assert_eq!(last.response("GET").await.status, 200, "it waited in the system's queue");
    assert_eq!(h1(&server).await.get(HELLO).await.status, 200);
    let warnings = server.log().matches("no connection can be accepted").count();
    assert_eq!(warnings, 1, "one each ten seconds, however often it is tried");
}

#[tokio::test]
async fn a_certificate_near_its_end_is_replaced_at_the_next_start_and_its_authority_is_kept() {
    use framewright::tls::{CertificateSource, Identity, Settings, ca_path};

    let state = tempfile::tempdir().expect("a folder");
    let certificate = CertificateSource::Local { state_dir: state.path().to_owned(), names: Vec::new() };
    let settings = Settings { certificate, key_log: None };
    let hash_from = |days: i64| {
        let then = time::OffsetDateTime::now_utc() - time::Duration::days(days);
        Identity::load(&settings, then).expect("an identity").spki_hash().to_owned()
    };
    // Issued so long ago that it still holds, but not for 30 days more.
    let old = hash_from(380);
    let authority = std::fs::read(ca_path(state.path())).expect("an authority");
    let folder = state.path().to_str().expect("text");
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let server = Builder::new(site()).argument("--state-dir").argument(folder).start();
        let line = server.log_line(&["--ignore-certificate-errors-spki-list="]);
        hashes.push(line.split_once('=').expect("a hash").1.to_owned());
    }
    assert_ne!(hashes[0], old, "replaced");
    assert_eq!(hashes[0], hashes[1], "and then kept");
    assert_eq!(std::fs::read(ca_path(state.path())).expect("an authority"), authority);
}

#[tokio::test]
async fn requests_come_over_ipv6() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        let server = Builder::new(site()).start();
        assert!(!server.ready.to_string().contains("::1"), "left out where the machine has none");
        return;
    }
    let site = Site::new();
    site.handler("echo.handler.wasm", "rust/echo");
    let server = Builder::new(site).start();
    let address = (std::net::Ipv6Addr::LOCALHOST, server.port("http"));
    let stream = || async { Stream::Plain(tokio::net::TcpStream::connect(address).await.expect("a connection")) };
    let seen = |octets: &[u8]| {
        let facts: Value = serde_json::from_slice(octets).expect("JSON");
        (facts["connection"]["peer"]["address"].clone(), facts["connection"]["local"]["address"].clone())
    };
    let answer = h1::Connection::new(stream().await).get("/echo.handler.wasm").await;
    assert_eq!(seen(&answer.content), (json!("::1"), json!("::1")));
    let mut connection = Connection::new(stream().await, &[]).await;
    connection.get(1, "/echo.handler.wasm").await;
    assert_eq!(seen(&connection.response(1).await.content), (json!("::1"), json!("::1")));
}
