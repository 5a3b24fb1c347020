//! nghttp, which shows frames, and h2load, which sends many.

use serde_json::Value;

use super::{pattern, run, serve, text};
use crate::support::{Builder, Carrier, Server, Site};

/// A frame as `nghttp -v` prints it.
#[derive(Debug, Default)]
struct Frame {
    sent: bool,
    kind: String,
    stream: u32,
    length: usize,
    end_stream: bool,
    /// Of HEADERS that were received.
    fields: Vec<String>,
    /// The lines below it: flags, settings, codes.
    details: String,
}

const H2: [Carrier; 3] = [Carrier::H2c, Carrier::H2Tls, Carrier::H2Only];

fn url(server: &Server, carrier: Carrier, path: &str) -> String {
    format!("{}://localhost:{}{path}", carrier.scheme(), server.port(carrier.listener()))
}

/// What nghttp writes to standard output. It takes any certificate.
fn nghttp(arguments: &[&str]) -> String {
    let output = run("nghttp", &[&["--no-dep"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The frames of one run, in the order in which nghttp tells of them.
fn frames(arguments: &[&str]) -> Vec<Frame> {
    let transcript = nghttp(&[&["--null-out", "--verbose"], arguments].concat());
    let mut frames = Vec::new();
    let mut fields = Vec::new();
    for line in transcript.lines() {
        // `[  0.001] recv HEADERS frame <length=10, flags=0x04, stream_id=1>`
        let event = line.split_once("] ").map(|(_, event)| event).filter(|_| line.starts_with('['));
        match event {
            Some(event) if event.starts_with("recv (stream_id=") => {
                fields.push(event.split_once(") ").expect("a field").1.to_owned());
            }
            Some(event) if event.contains(" frame <length=") => {
                frames.push(Frame::parse(event, std::mem::take(&mut fields)))
            }
            None if line.starts_with(' ') => {
                if let Some(frame) = frames.last_mut() {
                    frame.details.push_str(line.trim());
                    frame.details.push('\n');
                }
            }
            Some(_) | None => {}
        }
    }
    frames
}

impl Frame {
    fn parse(event: &str, fields: Vec<String>) -> Self {
        let words: Vec<_> = event.split(' ').collect();
        let value = |name: &str| {
            let from = event.split_once(&format!("{name}=")).expect("a value").1;
            from[..from.find([',', '>']).expect("an end")].to_owned()
        };
        let flags = u8::from_str_radix(value("flags").trim_start_matches("0x"), 16).expect("flags");
        let kind = words[1].to_owned();
        Self {
            sent: words[0] == "send",
            stream: value("stream_id").parse().expect("a stream"),
            length: value("length").parse().expect("a length"),
            end_stream: matches!(kind.as_str(), "DATA" | "HEADERS") && flags & 1 != 0,
            kind,
            fields,
            details: String::new(),
        }
    }
}

/// What was received on streams, a line for each frame: its name, what it held, a full stop where it ended the stream.
fn received(frames: &[Frame]) -> Vec<String> {
    let on_streams = frames.iter().filter(|frame| !frame.sent && frame.stream > 0 && frame.kind != "WINDOW_UPDATE");
    on_streams
        .map(|frame| {
            let what = match frame.kind.as_str() {
                "HEADERS" => frame.fields.join(" | "),
                "DATA" => frame.length.to_string(),
                _ => frame.details.trim().to_owned(),
            };
            format!("{} {what}{}", frame.kind, if frame.end_stream { " ." } else { "" })
        })
        .collect()
}

/// A path, further arguments, and the frames that answer.
const RESPONSES: [(&str, &[&str], &[&str]); 8] = [
    (
        "/hello.handler.wasm",
        &[],
        &["HEADERS :status: 200 | content-type: text/plain; charset=utf-8 | content-length: 14", "DATA 14 ."],
    ),
    (
        "/hello.handler.wasm",
        &["-H:method: HEAD"],
        &["HEADERS :status: 200 | content-type: text/plain; charset=utf-8 | content-length: 14 ."],
    ),
    (
        "/trailers.handler.wasm",
        &[],
        &[
            "HEADERS :status: 200 | content-type: text/plain | trailer: x-octets, x-note",
            "DATA 21",
            "HEADERS x-octets: 21 | x-note: first | x-note: second .",
        ],
    ),
    (
        "/early-hints.handler.wasm?delay=10",
        &[],
        &[
            "HEADERS :status: 103 | link: </style.css>; rel=preload; as=style",
            "HEADERS :status: 200 | content-type: text/plain | content-length: 42 | \
             link: </style.css>; rel=preload; as=style",
            "DATA 42 .",
        ],
    ),
    ("/misbehaving.handler.wasm?do=status&code=204", &[], &["HEADERS :status: 204 | x-status: 204 ."]),
    ("/misbehaving.handler.wasm?do=status&code=304", &[], &["HEADERS :status: 304 | x-status: 304 ."]),
    (
        "/misbehaving.handler.wasm?do=trap&at=data",
        &[],
        &["HEADERS :status: 200 | content-type: text/plain", "DATA 15", "RST_STREAM (error_code=INTERNAL_ERROR(0x02))"],
    ),
    (
        "/alphabet.txt",
        &["-Hrange: bytes=1-3"],
        &[
            "HEADERS :status: 206 | content-type: text/plain | content-length: 3 | \
             accept-ranges: bytes | content-range: bytes 1-3/27",
            "DATA 3 .",
        ],
    ),
];

#[test]
fn a_response_is_the_frames_that_its_handler_wrote() {
    let server = serve();
    for carrier in H2 {
        for (path, arguments, expected) in RESPONSES {
            let seen = received(&frames(&[arguments, &[&url(&server, carrier, path)]].concat()));
            assert_eq!(seen, expected, "{carrier:?} {path} {arguments:?}");
        }
    }
}

#[test]
fn the_connection_opens_with_the_servers_limits() {
    let server = serve();
    for carrier in H2 {
        let frames = frames(&[&url(&server, carrier, "/hello.handler.wasm")]);
        let settings = frames.iter().find(|frame| !frame.sent && frame.kind == "SETTINGS").expect("SETTINGS");
        for setting in
            ["MAX_CONCURRENT_STREAMS(0x03):256", "MAX_FRAME_SIZE(0x05):16384", "MAX_HEADER_LIST_SIZE(0x06):65536"]
        {
            assert!(settings.details.contains(setting), "{carrier:?}: {}", settings.details);
        }
        let acknowledged =
            frames.iter().any(|frame| !frame.sent && frame.kind == "SETTINGS" && frame.details.contains("ACK"));
        assert!(acknowledged, "{carrier:?}: {frames:?}");
    }
}

#[test]
fn data_fits_windows_however_small() {
    let server = serve();
    for carrier in H2 {
        let to = url(&server, carrier, "/misbehaving.handler.wasm?do=send&octets=1000&chunk=300");
        for bits in [1, 4, 7] {
            let most = (1 << bits) - 1;
            let frames = frames(&["--window-bits", &bits.to_string(), &to]);
            let data: Vec<_> = frames.iter().filter(|frame| !frame.sent && frame.kind == "DATA").collect();
            assert_eq!(data.iter().map(|frame| frame.length).sum::<usize>(), 1000, "{carrier:?}");
            assert!(data.iter().all(|frame| frame.length <= most), "{carrier:?}, window {most}: {data:?}");
            assert!(data.last().is_some_and(|frame| frame.end_stream));
        }
        let to = url(&server, carrier, "/alphabet.txt");
        assert_eq!(nghttp(&["--window-bits", "2", &to]), "abcdefghijklmnopqrstuvwxyz\n", "{carrier:?}");
    }
}

#[test]
fn streams_of_one_connection_are_answered_side_by_side() {
    let server = serve();
    for carrier in H2 {
        let to = url(&server, carrier, "/trickle.handler.wasm?n=4&delay=100");
        let frames = frames(&["--multiply", "20", &to]);
        let data = || frames.iter().enumerate().filter(|(_, frame)| !frame.sent && frame.kind == "DATA");
        let ends: Vec<_> = data().filter(|(_, frame)| frame.end_stream).collect();
        assert_eq!(ends.len(), 20, "{carrier:?}");
        let first_end = ends[0].0;
        let begun: std::collections::BTreeSet<_> =
            data().filter(|(at, _)| *at < first_end).map(|(_, frame)| frame.stream).collect();
        assert_eq!(begun.len(), 20, "{carrier:?}: all have begun before the first has ended");
    }
}

#[test]
fn uploads_keep_octets_and_trailers_through_padding_and_continuation() {
    let server = serve();
    let file = server.site.path().join("upload.bin");
    std::fs::write(&file, pattern(100_000)).expect("a file");
    let file = file.to_str().expect("text");
    for carrier in H2 {
        let to = url(&server, carrier, "/echo.handler.wasm");
        let arguments = ["--data", file, "--padding", "200", "--trailer", "x-b: 1", "--trailer", "x-a: 2", &to];
        let echo: Value = serde_json::from_str(&nghttp(&arguments)).expect("JSON");
        let content: Vec<u32> = echo["content"].as_str().expect("text").chars().map(u32::from).collect();
        assert!(content.into_iter().eq(pattern(100_000).into_iter().map(u32::from)), "{carrier:?}: the same octets");
        assert_eq!(echo["trailers"], serde_json::json!([["x-b", "1"], ["x-a", "2"]]), "{carrier:?}");

        let echo: Value = serde_json::from_str(&nghttp(&["--continuation", &to])).expect("JSON");
        let fields = echo["fields"].as_array().expect("fields");
        let octets: usize = fields.iter().map(|field| field[1].as_str().expect("text").len()).sum();
        assert!(octets > 16_384, "{carrier:?}: more than one frame holds");
    }
}

#[test]
fn thousands_of_requests_by_h2load_all_succeed() {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello");
    let server = Builder::new(site).argument("--log-level").argument("warn").start();
    for (carrier, arguments) in [
        (Carrier::H1, ["--clients", "20", "--h1"].as_slice()),
        (Carrier::H1Tls, &["--clients", "20", "--h1"]),
        (Carrier::H2c, &["--clients", "10", "--max-concurrent-streams", "20"]),
        (Carrier::H2Tls, &["--clients", "10", "--max-concurrent-streams", "20"]),
        (Carrier::H2Only, &["--clients", "10", "--max-concurrent-streams", "20"]),
    ] {
        let to = url(&server, carrier, "/hello.handler.wasm");
        let output = run("h2load", &[&["--requests", "3000"], arguments, &[&to]].concat());
        let report = text(&output.stdout);
        let all = "requests: 3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout";
        assert!(report.contains(all) && report.contains("status codes: 3000 2xx"), "{carrier:?}: {report}");
    }
}
