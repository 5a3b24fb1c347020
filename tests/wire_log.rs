//! The wire log: what a run leaves in the file, and what `framewright wire` makes of it.

use std::{
    path::Path,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Builder, Carrier, Server, Site, connect, frames, h1::Connection, server};

const HINTS: &str = "/early-hints.handler.wasm?delay=0";

fn start(log: &Path) -> Server {
    let site = Site::new();
    for name in ["duplex", "early-hints", "echo", "rawdriver"] {
        site.handler(&format!("{name}.handler.wasm"), &format!("rust/{name}"));
    }
    Builder::new(site).argument("--wire-log").argument(log.to_str().expect("text")).start()
}

/// The records of a log whose server has left.
fn records(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).expect("a wire log");
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn stop(mut server: Server) {
    server.signal("TERM");
    assert_eq!(server.exit().code(), Some(0));
}

fn wire(log: &Path, arguments: &[&str]) -> Output {
    server::binary().arg("wire").arg(log).args(arguments).output().expect("the binary")
}

/// Direction, start line, and names with values of a head.
fn head(record: &Value) -> Value {
    let fields = record["fields"].as_array().expect("fields").iter();
    let fields: Vec<_> = fields.map(|field| json!([field["name"], field["value"]])).collect();
    json!([record["direction"], record["start"], fields])
}

/// A log of one connection with two requests, and one with a malformed request.
async fn recorded(log: &Path) {
    let server = start(log);
    for carrier in [Carrier::H1, Carrier::H1Tls] {
        let mut connection = Connection::new(connect(&server, carrier).await);
        connection.send(format!("GET {HINTS} HTTP/1.1\r\nHost: h\r\nX-A:  \u{e9}\\\r\nx-a: 2\r\n\r\n")).await;
        assert_eq!(connection.response("GET").await.status, 103);
        assert_eq!(connection.response("GET").await.status, 200);
        connection
            .send("POST /echo.handler.wasm HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
            .await;
        assert_eq!(connection.response("POST").await.status, 100);
        connection.send("x").await;
        assert_eq!(connection.response("POST").await.status, 200);
    }
    let mut malformed = Connection::new(connect(&server, Carrier::H1).await);
    malformed.send(b"GET / HTTP/1.1\r\nHost: h\r\nF\xff(: \x1b\r\n\r\n").await;
    assert_eq!(malformed.response("GET").await.status, 400);
    stop(server);
}

#[tokio::test]
async fn heads_of_both_directions_are_recorded_as_they_stood_on_the_wire() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("wire.jsonl");
    recorded(&log).await;
    let records = records(&log);
    for connection in [1, 2] {
        let of_it: Vec<_> = records.iter().filter(|record| record["connection"] == connection).collect();
        let heads: Vec<_> = of_it.iter().map(|record| head(record)).collect();
        let request = json!(["in", format!("GET {HINTS} HTTP/1.1"), [["Host", "h"], ["X-A", "é\\\\"], ["x-a", "2"]]]);
        assert_eq!(heads[0], request);
        let hints = json!(["out", "HTTP/1.1 103 Early Hints", [["link", "</style.css>; rel=preload; as=style"]]]);
        assert_eq!(heads[1], hints);
        assert_eq!((&heads[2][0], &heads[2][1]), (&json!("out"), &json!("HTTP/1.1 200 OK")));
        assert_eq!(heads[3][1], "POST /echo.handler.wasm HTTP/1.1");
        assert_eq!(heads[4], json!(["out", "HTTP/1.1 100 Continue", []]));
        assert_eq!(heads[5][1], "HTTP/1.1 200 OK");
        assert_eq!(heads.len(), 6);
        assert_eq!(of_it[4]["length"], "HTTP/1.1 100 Continue\r\n\r\n".len());
        assert!(of_it.iter().all(|record| record["record"] == "head" && record["raw"] == false));
        assert!(of_it.windows(2).all(|pair| pair[0]["time"].as_str() <= pair[1]["time"].as_str()));
    }
    let [octets, answer] = &records[12..] else { panic!("{records:?}") };
    assert_eq!(octets["octets"], "GET / HTTP/1.1\r\nHost: h\r\nF\\xff(: \u{1b}\r\n\r\n");
    assert_eq!((&octets["record"], &octets["refused"]), (&json!("octets"), &json!("a field line is malformed")));
    assert_eq!(head(answer)[1], "HTTP/1.1 400 Bad Request");
}

#[tokio::test]
async fn trailer_sections_of_both_directions_are_recorded_and_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("wire.jsonl");
    let server = start(&log);
    let chunks = "1\r\nx\r\n0\r\nX-A:  \u{e9}\\\r\nx-a: 2\r\n\r\n";
    for (carrier, path) in [(Carrier::H1, "/duplex.handler.wasm"), (Carrier::H1Tls, HINTS)] {
        let mut connection = Connection::new(connect(&server, carrier).await);
        let head = format!("POST {path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.send(format!("{head}{chunks}")).await;
        while connection.response("POST").await.status != 200 {}
        // RFC 9112 §7.1.2: an empty section is none.
        connection.send(format!("{head}0\r\n\r\n")).await;
        while connection.response("POST").await.status != 200 {}
    }
    stop(server);
    let sections: Vec<_> = records(&log)
        .into_iter()
        .filter(|record| record["record"] == "trailers")
        .map(|record| json!([record["connection"], record["direction"], record["fields"]]))
        .collect();
    let fields = json!([{"name": "X-A", "value": "é\\\\"}, {"name": "x-a", "value": "2"}]);
    let expected = [json!([1, "in", fields]), json!([1, "out", fields]), json!([2, "in", fields])];
    assert_eq!(
        sections, expected,
        "the second handler takes no content, so its trailers are skipped on the connection"
    );
    let printed = wire(&log, &["--connection", "1"]);
    let printed = String::from_utf8(printed.stdout).expect("text");
    for arrow in [">", "<"] {
        let section = format!(" #1 {arrow} trailers\n    X-A: \\xc3\\xa9\\\\\n    x-a: 2\n");
        assert_eq!(printed.matches(&section).count(), 1, "{section:?} in {printed}");
    }
}

#[tokio::test]
async fn frames_of_both_directions_are_recorded_decoded_and_printed_by_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("wire.jsonl");
    let server = start(&log);
    for carrier in [Carrier::H2c, Carrier::H2Tls] {
        let mut connection = frames::Connection::new(connect(&server, carrier).await, &[]).await;
        for stream in [1, 3] {
            connection.get(stream, HINTS).await;
            assert_eq!(connection.response(stream).await.status, 200);
        }
        // RFC 9113 §8.3.1: no path.
        connection.fields(5, &[(b":method", b"GET"), (b":scheme", b"http")], true).await;
        assert_eq!(connection.response(5).await.end, frames::End::Reset(1));
    }
    stop(server);
    let records = records(&log);
    for connection in [1, 2] {
        let of_it = records.iter().filter(|record| record["connection"] == connection);
        let of = |stream: u32| of_it.clone().filter(move |record| record["stream"] == stream);
        let words = |record: &Value| format!("{} {}", record["direction"], record["type"]).replace('"', "");
        for stream in [1, 3] {
            let frames: Vec<_> = of(stream).map(words).collect();
            assert_eq!(frames[..4], ["in HEADERS", "out HEADERS", "out HEADERS", "out DATA"], "stream {stream}");
            let statuses: Vec<_> = of(stream).skip(1).take(2).map(|record| &record["fields"][0]["value"]).collect();
            assert_eq!(statuses, ["103", "200"]);
            let request = of(stream).next().expect("a request");
            let path = request["fields"].as_array().expect("fields").iter().find(|field| field["name"] == ":path");
            assert_eq!(path.expect("a path")["value"], HINTS);
        }
        assert_eq!(of(5).map(words).collect::<Vec<_>>(), ["in HEADERS", "out RST_STREAM"], "it reached no handler");
        assert!(of(0).map(words).any(|frame| frame == "in SETTINGS"));
    }
    let printed = wire(&log, &["--connection", "2", "--stream", "5"]);
    let printed = String::from_utf8(printed.stdout).expect("text");
    let heads: Vec<_> = printed.lines().filter_map(|line| line.split_once(" #2 5 ")).map(|(_, head)| head).collect();
    assert_eq!(heads.len(), 2, "{printed}");
    assert!(heads[0].starts_with("> HEADERS END_STREAM END_HEADERS, "), "{printed}");
    assert_eq!(heads[1], "< RST_STREAM, 4 octets");
    assert!(printed.ends_with("    error code 1\n"), "{printed}");
}

#[tokio::test]
async fn octets_that_a_handler_wrote_raw_are_marked() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("wire.jsonl");
    let server = start(&log);
    let mut connection = Connection::new(connect(&server, Carrier::H1).await);
    let steps = "octets 48545450ff0a\noctets 0a\n";
    let length = steps.len();
    connection
        .send(format!("POST /rawdriver.handler.wasm HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{steps}"))
        .await;
    assert_eq!(connection.rest().await, b"HTTP\xff\n\n");
    stop(server);
    let records = records(&log);
    let raw: Vec<_> = records.iter().filter(|record| record["raw"] == true).collect();
    let octets: Vec<_> = raw.iter().map(|record| json!([record["direction"], record["octets"]])).collect();
    assert_eq!(octets, [json!(["out", "HTTP\\xff\n"]), json!(["out", "\n"])]);
    assert_eq!(records.len(), 3, "and the request: {records:?}");
    let printed = wire(&log, &[]);
    assert!(String::from_utf8_lossy(&printed.stdout).contains(" #1 < octets, 6 octets, raw\n    HTTP\\xff\\n\n"));
}

#[tokio::test]
async fn a_malformed_request_stands_in_the_log_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("wire.jsonl");
    let mut server = Builder::new(Site::new()).argument("--wire-log").argument(log.to_str().expect("a path")).start();
    let mut connection =
        crate::support::frames::Connection::new(crate::support::connect(&server, Carrier::H2c).await, &[]).await;
    connection
        .fields(1, &[(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b"te", b"gzip")], true)
        .await;
    assert_eq!(connection.response(1).await.end, crate::support::frames::End::Reset(1));
    connection.frame(framewright::wire::FrameKind::PING, 0, 3, [0; 8]).await;
    assert_eq!(connection.goaway().await, Some(1));
    server.signal("TERM");
    server.exit();
    let refused: Vec<_> = records(&log)
        .into_iter()
        .filter(|record| record["refused"].is_string())
        .map(|record| (record["type"].clone(), record["stream"].clone()))
        .collect();
    assert_eq!(refused, [(json!("RST_STREAM"), json!(1)), (json!("GOAWAY"), json!(0))]);
}

#[tokio::test]
async fn the_log_is_printed_filtered_and_coloured_and_damage_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("wire.jsonl");
    recorded(&log).await;

    let plain = wire(&log, &["--connection", "3"]);
    let text = String::from_utf8(plain.stdout).expect("text");
    let lines: Vec<_> = text.lines().map(|line| line.split_once(" #3 ").map_or(line, |(_, rest)| rest)).collect();
    assert_eq!(
        lines[..6],
        [
            "> octets, 35 octets",
            "    refused: a field line is malformed",
            "    GET / HTTP/1.1\\r\\n",
            "    Host: h\\r\\n",
            "    F\\xff(: \\x1b\\r\\n",
            "    \\r\\n",
        ]
    );
    assert!(lines[6].starts_with("< HTTP/1.1 400 Bad Request, "), "{text}");
    assert!(plain.status.success() && plain.stderr.is_empty());
    assert_eq!(wire(&log, &["--stream", "1"]).stdout, b"", "HTTP/1.1 has no streams");

    let colored = wire(&log, &["--color", "always"]);
    assert!(String::from_utf8_lossy(&colored.stdout).contains("\x1b[36m> GET "));
    for never in [wire(&log, &[]), wire(&log, &["--color", "never"])] {
        assert!(!never.stdout.is_empty() && !never.stdout.contains(&0x1b));
    }

    let sound = std::fs::read(&log).expect("a log");
    std::fs::write(&log, [b"nonsense\n", &sound[..], b"{\"time\":\"2026"].concat()).expect("a damaged log");
    let damaged = wire(&log, &[]);
    let faults = String::from_utf8(damaged.stderr).expect("text");
    let last = 2 + sound.iter().filter(|octet| **octet == b'\n').count();
    assert!(faults.starts_with(&format!("{}:1: expected ident\n", log.display())), "{faults}");
    assert!(faults.contains(&format!("{}:{last}: EOF while parsing", log.display())), "{faults}");
    assert_eq!(faults.lines().count(), 2, "{faults}");
    assert_eq!((damaged.status.code(), damaged.stdout), (Some(0), wire_of(&sound, folder.path())));
}

/// What `wire` prints of these octets.
fn wire_of(octets: &[u8], folder: &Path) -> Vec<u8> {
    let log = folder.join("other.jsonl");
    std::fs::write(&log, octets).expect("a log");
    wire(&log, &[]).stdout
}

#[test]
fn a_reader_that_has_had_enough_is_no_fault_and_a_file_that_is_missing_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("wire.jsonl");
    let line = r#"{"time":"2026-07-01T10:20:30.000456Z","record":"lost","records":1}"#;
    std::fs::write(&log, format!("{line}\n").repeat(100_000)).expect("a log");
    let mut command = server::binary();
    let mut child =
        command.arg("wire").arg(&log).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the child");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));

    let missing = wire(&folder.path().join("none"), &[]);
    assert!(missing.status.code().is_some_and(|code| code > 0));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("none: No such file"));
}

#[test]
fn a_wire_log_that_cannot_be_made_fails_before_anything_is_bound() {
    let output = Builder::new(Site::new()).argument("--wire-log").argument("/no/such/folder/wire.jsonl").fails();
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("--wire-log: /no/such/folder/wire.jsonl: No such file"), "{text}");
    assert!(output.stdout.is_empty());
}
