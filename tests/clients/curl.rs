//! curl: the client that authors of handlers use by hand.

use std::process::Output;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{BIG, builder, pattern, run, serve, text};
use crate::support::{Carrier, Server, server::binary, stream::CARRIERS, stream::ca_path};

/// The URL of a path on a carrier's listener.
fn url(server: &Server, carrier: Carrier, path: &str) -> String {
    format!("{}://localhost:{}{path}", carrier.scheme(), server.port(carrier.listener()))
}

/// Runs curl so that it speaks as the carrier says, and trusts the local authority.
fn curl(carrier: Carrier, arguments: &[&str]) -> Output {
    let authority = ca_path();
    let mut all = vec!["--silent", "--show-error", "--ipv4", "--cacert", authority.to_str().expect("text")];
    all.push(match carrier {
        Carrier::H1 | Carrier::H1Tls => "--http1.1",
        Carrier::H2c => "--http2-prior-knowledge",
        Carrier::H2Tls | Carrier::H2Only => "--http2",
    });
    all.extend(arguments);
    run("curl", &all)
}

/// What curl prints when all goes well.
fn fetch(carrier: Carrier, arguments: &[&str]) -> Vec<u8> {
    let output = curl(carrier, arguments);
    assert!(output.status.success(), "{carrier:?}, {arguments:?}: {} {}", output.status, text(&output.stderr));
    output.stdout
}

fn fetch_text(carrier: Carrier, arguments: &[&str]) -> String {
    text(&fetch(carrier, arguments)).replace("\r\n", "\n")
}

fn fetch_json(carrier: Carrier, arguments: &[&str]) -> Value {
    serde_json::from_slice(&fetch(carrier, arguments)).expect("JSON")
}

fn sha256(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The status line that `--include` shows.
fn status_line(carrier: Carrier, status: &str) -> String {
    if carrier.is_h2() { format!("HTTP/2 {} \n", &status[..3]) } else { format!("HTTP/1.1 {status}\n") }
}

#[test]
fn every_carrier_answers_in_the_protocol_that_was_agreed() {
    let server = serve();
    for carrier in CARRIERS {
        let to = url(&server, carrier, "/hello.handler.wasm");
        let answer = fetch_text(carrier, &["--write-out", "%{http_code} %{http_version} %{ssl_verify_result}", &to]);
        let version = if carrier.is_h2() { "2" } else { "1.1" };
        assert_eq!(answer, format!("Hello, world!\n200 {version} 0"), "{carrier:?}");
    }
    // TLS 1.2; no ALPN at all; an upgrade to h2c, which RFC 9113 §3.1 has done away with.
    for (carrier, arguments, version) in [
        (Carrier::H2Tls, ["--tls-max", "1.2"].as_slice(), "2"),
        (Carrier::H1Tls, &["--tls-max", "1.2"], "1.1"),
        (Carrier::H2Tls, &["--no-alpn"], "1.1"),
        (Carrier::H1, &["--http2"], "1.1"),
    ] {
        let to = url(&server, carrier, "/hello.handler.wasm");
        let answer = fetch_text(carrier, &[arguments, &["--write-out", "%{http_version}", &to]].concat());
        assert_eq!(answer, format!("Hello, world!\n{version}"), "{carrier:?} {arguments:?}");
    }
}

#[test]
fn the_h2_listener_refuses_to_speak_http_1_and_the_certificate_needs_its_authority() {
    let server = serve();
    let to = url(&server, Carrier::H2Only, "/hello.handler.wasm");
    let refused = curl(Carrier::H1Tls, &[&to]);
    assert_eq!(refused.status.code(), Some(35), "CURLE_SSL_CONNECT_ERROR");
    assert!(text(&refused.stderr).contains("no application protocol"), "{}", text(&refused.stderr));
    let untrusted = run("curl", &["--silent", "--ipv4", &to]);
    assert_eq!(untrusted.status.code(), Some(60), "CURLE_PEER_FAILED_VERIFICATION");
}

#[test]
fn the_exported_authority_vouches_for_the_test_hosts() {
    let server = serve();
    let exported = server.site.path().join("exported.pem");
    let state = crate::support::server::state_dir();
    let export = binary().args(["ca", "--export"]).arg(&exported).arg("--state-dir").arg(state).output();
    assert!(export.expect("the binary").status.success());
    let port = server.port("https");
    for host in ["127.0.0.1", "web-platform.test", "www1.not-web-platform.test", "xn--lve-6lad.web-platform.test"] {
        let resolve = format!("{host}:{port}:127.0.0.1");
        let to = format!("https://{host}:{port}/echo.handler.wasm");
        let arguments =
            ["--silent", "--show-error", "--cacert", exported.to_str().expect("text"), "--resolve", &resolve, &to];
        let output = run("curl", &arguments);
        assert!(output.status.success(), "{host}: {}", text(&output.stderr));
        let echo: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(echo["authority"], format!("{host}:{port}"));
    }
}

#[test]
fn an_upload_of_20_mb_streams_into_its_digest() {
    let server = serve();
    let upload = server.site.path().join("upload.bin");
    std::fs::write(&upload, pattern(BIG)).expect("a file");
    let upload = format!("@{}", upload.display());
    let expected = format!("{{\"sha256\":\"{}\",\"octets\":{BIG}}}\n", sha256(&pattern(BIG)));
    for carrier in CARRIERS {
        let to = url(&server, carrier, "/digest.handler.wasm");
        assert_eq!(fetch_text(carrier, &["--data-binary", &upload, &to]), expected, "{carrier:?}");
    }
    // Of unknown length: chunked on HTTP/1.1.
    for carrier in [Carrier::H1, Carrier::H2Tls] {
        let to = url(&server, carrier, "/digest.handler.wasm");
        let sized = ["--request", "POST", "--header", "Content-Length:", "--header", "Transfer-Encoding: chunked"];
        let sized = if carrier.is_h2() { &sized[..4] } else { &sized[..] };
        assert_eq!(fetch_text(carrier, &[sized, &["--data-binary", &upload, &to]].concat()), expected, "{carrier:?}");
    }
}

#[test]
fn a_download_of_20_mb_is_whole() {
    let server = serve();
    let expected = sha256(&pattern(BIG));
    for carrier in CARRIERS {
        let to = url(&server, carrier, "/big.bin");
        assert_eq!(sha256(&fetch(carrier, &[&to])), expected, "{carrier:?}");
    }
}

#[test]
fn who_expects_100_continue_is_told_to_go_on_by_the_first_read() {
    let server = serve();
    let upload = server.site.path().join("upload.bin");
    std::fs::write(&upload, pattern(2_000_000)).expect("a file");
    let upload = format!("@{}", upload.display());
    for carrier in [Carrier::H1, Carrier::H1Tls] {
        let to = url(&server, carrier, "/digest.handler.wasm");
        let answer = fetch_text(carrier, &["--include", "--expect100-timeout", "50", "--data-binary", &upload, &to]);
        let heads = "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\ncontent-type: application/json\n";
        assert!(answer.starts_with(heads), "{answer}");
        assert!(answer.contains(&sha256(&pattern(2_000_000))), "{answer}");

        // A handler that answers without reading sends no 100, and so gets no content.
        let to = url(&server, carrier, "/misbehaving.handler.wasm?do=nothing");
        let count =
            ["--expect100-timeout", "50", "--output", "/dev/null", "--write-out", "%{http_code} %{size_upload}"];
        let answer = fetch_text(carrier, &[&count[..], &["--data-binary", &upload, &to]].concat());
        assert_eq!(answer, "404 0");
    }
}

#[test]
fn early_hints_come_before_the_head_and_trailers_behind_the_content() {
    let server = serve();
    for carrier in CARRIERS {
        let to = url(&server, carrier, "/early-hints.handler.wasm?delay=0");
        let link = "link: </style.css>; rel=preload; as=style\n";
        let expected = format!(
            "{}{link}\n{}content-type: text/plain\ncontent-length: 42\n{link}\nA 103 with a Link field went before this.\n",
            status_line(carrier, "103 Early Hints"),
            status_line(carrier, "200 OK"),
        );
        assert_eq!(fetch_text(carrier, &["--include", &to]), expected, "{carrier:?}");

        let to = url(&server, carrier, "/trailers.handler.wasm");
        let framing = if carrier.is_h2() { "" } else { "Transfer-Encoding: chunked\n" };
        let expected = format!(
            "{}content-type: text/plain\ntrailer: x-octets, x-note\n{framing}\nThe trailers follow.\n\
             x-octets: 21\nx-note: first\nx-note: second\n",
            status_line(carrier, "200 OK"),
        );
        assert_eq!(fetch_text(carrier, &["--include", &to]), expected, "{carrier:?}");
    }
}

#[test]
fn an_http_1_0_client_gets_neither_1xx_nor_chunks_nor_trailers() {
    let server = serve();
    for carrier in [Carrier::H1, Carrier::H1Tls] {
        let old = |path| {
            // Over TLS curl would offer `http/1.0` alone by ALPN.
            let arguments = ["--http1.0", "--no-alpn", "--include", &url(&server, carrier, path)];
            fetch_text(carrier, &arguments)
        };
        let hints = old("/early-hints.handler.wasm?delay=0");
        assert!(hints.starts_with("HTTP/1.1 200 OK\n") && !hints.contains("103 Early"), "{hints}");
        let expected = "HTTP/1.1 200 OK\ncontent-type: text/plain\ntrailer: x-octets, x-note\nConnection: close\n\n\
                        The trailers follow.\n";
        assert_eq!(old("/trailers.handler.wasm"), expected);
        let echo = old("/echo.handler.wasm");
        assert!(echo.contains("\"version\":\"HTTP/1.0\""), "{echo}");
    }
}

#[test]
fn head_has_the_fields_of_get_and_no_content() {
    let server = serve();
    for carrier in CARRIERS {
        for (path, octets) in [("/hello.handler.wasm", 14), ("/big.bin", BIG), ("/alphabet.txt", 27)] {
            let to = url(&server, carrier, path);
            let head = fetch_text(carrier, &["--head", &to]);
            assert!(head.starts_with(&status_line(carrier, "200 OK")), "{carrier:?} {path}: {head}");
            assert!(head.contains(&format!("content-length: {octets}\n")), "{carrier:?} {path}: {head}");
            assert!(head.ends_with("\n\n"), "{carrier:?} {path}: {head}");
        }
    }
}

#[test]
fn ranges_of_files() {
    let server = serve();
    for carrier in CARRIERS {
        let to = url(&server, carrier, "/alphabet.txt");
        for (range, answer) in [
            ("0-3", "abcd 206"),
            ("23-", "xyz\n 206"),
            ("-3", "yz\n 206"),
            ("25-99", "z\n 206"),
            ("0-26", "abcdefghijklmnopqrstuvwxyz\n 206"),
        ] {
            let found = fetch_text(carrier, &["--range", range, "--write-out", " %{http_code}", &to]);
            assert_eq!(found, answer, "{carrier:?} {range}");
        }
        let several = fetch_text(carrier, &["--range", "0-1,24-24", "--include", &to]);
        assert!(several.contains("content-type: multipart/byteranges; boundary="), "{several}");
        assert!(several.contains("Content-Range: bytes 0-1/27\n\nab\n--"), "{several}");
        assert!(several.contains("Content-Range: bytes 24-24/27\n\ny\n--"), "{several}");
        let none = fetch_text(carrier, &["--range", "27-", "--include", &to]);
        assert!(none.starts_with(&status_line(carrier, "416 Range Not Satisfiable")), "{none}");
        assert!(none.contains("content-range: bytes */27\n"), "{none}");
    }
}

#[test]
fn an_interrupted_download_resumes() {
    let server = serve();
    let file = server.site.path().join("partial");
    for carrier in [Carrier::H1, Carrier::H2Only] {
        std::fs::write(&file, &pattern(BIG)[..7_654_321]).expect("a file");
        let to = url(&server, carrier, "/big.bin");
        fetch(carrier, &["--continue-at", "-", "--output", file.to_str().expect("text"), &to]);
        assert_eq!(sha256(&std::fs::read(&file).expect("the file")), sha256(&pattern(BIG)), "{carrier:?}");
    }
}

#[test]
fn fields_arrive_in_wire_order_with_their_duplicates_and_http_1_case() {
    let server = serve();
    for carrier in CARRIERS {
        let to = url(&server, carrier, "/echo.handler.wasm?a=%2f&&b=%FF");
        let sent = ["X-One: 1", "x-two:2", "X-ONE:  3", "X-Empty;", "X-Octets: caf\u{e9}"];
        let mut arguments: Vec<&str> = sent.iter().flat_map(|line| ["--header", line]).collect();
        arguments.extend(["--request", "PATCH", "--data", "content", &to]);
        let echo = fetch_json(carrier, &arguments);
        let ours = |name: &str| name.to_ascii_lowercase().starts_with("x-");
        let lines: Vec<(String, String)> = serde_json::from_value(echo["fields"].clone()).expect("field lines");
        let lines: Vec<_> = lines.iter().filter(|(name, _)| ours(name)).map(|(n, v)| format!("{n}: {v}")).collect();
        let mut expected =
            ["X-One: 1", "x-two: 2", "X-ONE: 3", "X-Empty: ", "X-Octets: caf\u{c3}\u{a9}"].map(String::from);
        if carrier.is_h2() {
            for line in &mut expected {
                let (name, value) = line.split_once(':').expect("a colon");
                *line = format!("{}:{value}", name.to_ascii_lowercase());
            }
        }
        assert_eq!(lines, expected, "{carrier:?}");
        assert_eq!((&echo["method"], &echo["content"]), (&"PATCH".into(), &"content".into()));
        assert_eq!(echo["path"], "/echo.handler.wasm?a=%2f&&b=%FF");
    }
}

#[test]
fn nothing_outside_the_root_is_served() {
    let server = serve();
    for carrier in [Carrier::H1, Carrier::H2Tls] {
        for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/a/..%2f..%2fetc/passwd", "//etc/passwd", "/%00"] {
            let to = url(&server, carrier, path);
            let arguments = ["--path-as-is", "--output", "/dev/null", "--write-out", "%{http_code}", &to];
            let status = fetch_text(carrier, &arguments);
            assert!(status.starts_with('4'), "{carrier:?} {path}: {status}");
        }
    }
}

/// Without [`Carrier::H2c`]: curl 7.88 fails to reuse a connection that it opened with prior knowledge, be it nghttpd's.
const REUSING: [Carrier; 4] = [Carrier::H1, Carrier::H1Tls, Carrier::H2Tls, Carrier::H2Only];

#[test]
fn requests_share_a_connection() {
    let server = serve();
    for carrier in REUSING {
        let to = url(&server, carrier, "/echo.handler.wasm?[1-5]");
        let answers = fetch(carrier, &[&to]);
        let answers = serde_json::Deserializer::from_slice(&answers).into_iter::<Value>();
        let answers: Vec<_> = answers.map(|answer| answer.expect("JSON")).collect();
        assert_eq!(answers.len(), 5);
        let first = &answers[0]["connection"]["id"];
        assert!(answers.iter().all(|answer| answer["connection"]["id"] == *first), "{carrier:?}: {answers:?}");
        let streams: Vec<_> = answers.iter().map(|answer| answer["connection"]["stream"].as_u64()).collect();
        let expected = if carrier.is_h2() { [1, 3, 5, 7, 9].map(Some) } else { [None; 5] };
        assert_eq!(streams, expected, "{carrier:?}");
    }
}

#[test]
fn fifty_transfers_side_by_side() {
    let server = serve();
    for carrier in REUSING {
        let to = url(&server, carrier, "/trickle.handler.wasm?n=5&delay=20&[1-50]");
        let arguments = ["--parallel", "--parallel-max", "50", "--output", "/dev/null"];
        let counts = ["--write-out", "%{http_code} %{size_download}\n", &to];
        let answers = fetch_text(carrier, &[&arguments[..], &counts].concat());
        assert_eq!(answers, "200 40\n".repeat(50), "{carrier:?}");
    }
}

#[test]
fn a_trap_is_a_500_before_the_head_and_an_abnormal_end_behind_it() {
    let server = serve();
    for carrier in CARRIERS {
        let to = url(&server, carrier, "/misbehaving.handler.wasm?do=trap&at=start");
        let page = fetch_text(carrier, &["--write-out", "%{http_code}", &to]);
        assert!(page.starts_with("500: the handler trapped") && page.ends_with("500"), "{page}");
        let exchange = page.split("exchange ").nth(1).and_then(|rest| rest.split(',').next()).expect("an exchange");
        server.log_line(&["the handler trapped", &format!("exchange={exchange}")]);

        let to = url(&server, carrier, "/misbehaving.handler.wasm?do=trap&at=data");
        let output = curl(carrier, &[&to]);
        // CURLE_HTTP2_STREAM, CURLE_PARTIAL_FILE.
        assert_eq!(output.status.code(), Some(if carrier.is_h2() { 92 } else { 18 }), "{carrier:?}");
        assert_eq!(text(&output.stderr).contains("INTERNAL_ERROR (err 2)"), carrier.is_h2(), "{carrier:?}");
        if !carrier.is_h2() {
            assert_eq!(text(&output.stdout), "so far so good\n");
        }
    }
}

#[test]
fn a_handler_is_told_that_curl_left() {
    let server = builder().start();
    for carrier in CARRIERS {
        let marker = format!("{carrier:?}");
        let to = url(&server, carrier, &format!("/misbehaving.handler.wasm?do=peer-gone&delay=5&by={marker}"));
        let output = curl(carrier, &["--max-time", "0.5", &to]);
        assert_eq!(output.status.code(), Some(28), "{carrier:?}: CURLE_OPERATION_TIMEDOUT");
        let line = server.log_line(&[&format!("by={marker}"), "exchange="]);
        let exchange = line.split("exchange=").nth(1).and_then(|rest| rest.split(' ').next()).expect("an exchange");
        server.log_line(&["again: peer-gone", exchange]);
    }
}
