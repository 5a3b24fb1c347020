//! `framewright wpt`: a checkout's configuration in, the servers of `wpt serve` out.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Output, Stdio},
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::{Value, json};

use crate::support::{
    AnyCertificate, Site, Stream, h1, server,
    stream::{connect_tcp, connect_tls_to},
};

/// A checkout with a page, a WebSocket folder and certificates of its own, for `localhost` and `web-platform.test`.
fn checkout(config: &Value) -> Site {
    let site = Site::new();
    site.file("index.html", "a page").file("websockets/handlers/x", "").file("config.json", config.to_string());
    let certified = rcgen_pair();
    site.file("tools/certs/web-platform.test.pem", certified.0).file("tools/certs/web-platform.test.key", certified.1);
    site
}

/// A self-signed certificate as PEM, and its key.
fn rcgen_pair() -> (String, String) {
    pair(|_| {})
}

fn pair(change: impl FnOnce(&mut rcgen::CertificateParams)) -> (String, String) {
    let names = ["localhost", "web-platform.test"].map(str::to_owned).to_vec();
    let mut params = rcgen::CertificateParams::new(names).expect("names");
    change(&mut params);
    let key = rcgen::KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

/// Ports that are free wherever a number is not what a test is about.
fn free() -> Value {
    json!({
        "http": ["auto", "auto"], "http-private": [], "http-local": [], "http-public": ["auto"],
        "https": ["auto", "auto"], "https-private": [], "https-local": [], "https-public": [],
        "ws": ["auto"], "wss": ["auto"], "h2": ["auto"]
    })
}

/// A running `framewright wpt`.
struct Wpt {
    child: Child,
    ready: Value,
    _site: Site,
}

fn command(site: &Site, flags: &[&str]) -> std::process::Command {
    let mut command = server::binary();
    command.arg("wpt").arg(site.path()).args(flags);
    if !flags.contains(&"--state-dir") {
        command.arg("--state-dir").arg(server::state_dir());
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Wpt {
    fn start(site: Site, flags: &[&str]) -> Self {
        let mut child = command(&site, flags).spawn().expect("the binary");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("standard output");
        let Ok(ready) = serde_json::from_str(&line) else {
            let mut said = String::new();
            let _ = child.stderr.take().expect("a pipe").read_to_string(&mut said);
            panic!("no ready line but {line:?}: {said}")
        };
        Self { child, ready, _site: site }
    }

    fn port(&self, name: &str) -> u16 {
        let listeners = self.ready["listeners"].as_array().expect("listeners");
        let listener = listeners.iter().find(|listener| listener["name"] == name).unwrap_or_else(|| panic!("{name}"));
        listener["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port")
    }

    /// Stops it by SIGTERM; gives the exit code and everything that it wrote to standard error.
    fn stop(mut self) -> (Option<i32>, String) {
        let status = std::process::Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success());
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut said).expect("text");
        (self.child.wait().expect("the child").code(), said)
    }
}

impl Drop for Wpt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(site: &Site, flags: &[&str]) -> Output {
    command(site, flags).output().expect("the binary")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Who trusts the certificate in this file.
fn trusting(path: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(path).expect("a certificate")).expect("a root");
    roots
}

/// A handshake as a client that takes any certificate, offering these protocols.
async fn connect_tls_anyhow(port: u16, name: &'static str, alpn: &[&[u8]]) -> std::io::Result<Stream> {
    let verifier = AnyCertificate::default();
    let mut config = rustls::ClientConfig::builder_with_provider(verifier.0.clone())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(std::sync::Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let name = rustls::pki_types::ServerName::try_from(name).expect("a name");
    Ok(Stream::Tls(Box::new(connector.connect(name, connect_tcp(port).await).await?)))
}

#[tokio::test]
async fn every_server_of_the_configuration_listens_and_speaks_its_protocol() {
    let site = checkout(&json!({"ports": free(), "check_subdomains": false}));
    let pem = site.path().join("tools/certs/web-platform.test.pem");
    let wpt = Wpt::start(site, &["--h2-h1-port", "0"]);
    let listeners = wpt.ready["listeners"].as_array().expect("listeners").iter();
    let shown: Vec<_> = listeners
        .filter(|listener| listener["address"] == "127.0.0.1")
        .map(|listener| json!([listener["name"], listener["protocols"], listener["tls"]]))
        .collect();
    let expected = [
        json!(["http", ["http/1.1"], false]),
        json!(["http-2", ["http/1.1"], false]),
        json!(["http-public", ["http/1.1"], false]),
        json!(["https", ["http/1.1"], true]),
        json!(["https-2", ["http/1.1"], true]),
        json!(["h2", ["h2"], true]),
        json!(["ws", ["http/1.1"], false]),
        json!(["wss", ["http/1.1"], true]),
        json!(["h2-h1", ["http/1.1", "h2"], true]),
    ];
    assert_eq!(shown, expected);
    // A poll by HEAD finds it ready, whatever name it asks for.
    let mut polled = h1::Connection::new(Stream::Plain(connect_tcp(wpt.port("http-2")).await));
    polled.send("HEAD / HTTP/1.1\r\nHost: nobody.example:1\r\n\r\n").await;
    assert_eq!(polled.response("HEAD").await.status, 200);
    // The certificate is the checkout's.
    connect_tls_to("web-platform.test", wpt.port("https"), trusting(&pem)).await.expect("the checkout's certificate");
    // No ALPN on https: whatever a client offers, the handshake succeeds and HTTP/1.1 is spoken.
    for alpn in [&[][..], &[&b"h2"[..]], &[b"h2", b"http/1.1"], &[b"unknown"]] {
        let stream = connect_tls_anyhow(wpt.port("https"), "elsewhere.example", alpn).await.expect("a handshake");
        assert_eq!(stream.alpn(), None);
        let response = h1::Connection::new(stream).get("/index.html").await;
        assert_eq!((response.status, response.text()), (200, "a page"));
    }
    for (name, alpn, chosen) in [
        ("h2", &[&b"h2"[..]][..], Some(&b"h2"[..])),
        ("h2-h1", &[b"h2", b"http/1.1"], Some(b"h2")),
        ("h2-h1", &[b"http/1.1"], Some(b"http/1.1")),
        ("wss", &[b"h2", b"http/1.1"], None),
    ] {
        let stream = connect_tls_anyhow(wpt.port(name), "elsewhere.example", alpn).await.expect("a handshake");
        assert_eq!(stream.alpn(), chosen, "{name}");
    }
}

#[tokio::test]
async fn websocket_ports_answer_that_they_cannot_yet() {
    let wpt = Wpt::start(checkout(&json!({"ports": free(), "check_subdomains": false})), &[]);
    let upgrade = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let plain = Stream::Plain(connect_tcp(wpt.port("ws")).await);
    let tls = connect_tls_anyhow(wpt.port("wss"), "localhost", &[]).await.expect("a handshake");
    for stream in [plain, tls] {
        let mut connection = h1::Connection::new(stream);
        connection.send(upgrade).await;
        let response = connection.response("GET").await;
        assert_eq!(response.status, 501);
        assert!(response.text().contains("WebSocket"), "{}", response.text());
    }
}

#[tokio::test]
async fn sigterm_drains_and_the_table_names_the_host() {
    let wpt = Wpt::start(checkout(&json!({"ports": free(), "check_subdomains": false})), &[]);
    let port = wpt.port("http");
    let (code, said) = wpt.stop();
    assert_eq!(code, Some(0), "{said}");
    for words in [&format!("http://web-platform.test:{port}/"), "ws://web-platform.test:", "ignore-certificate-errors"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn the_second_file_beats_the_first_and_old_names_count() {
    let site = checkout(&json!({"ports": free(), "host": "one.test", "check_subdomains": false}));
    site.file("more.json", r#"{"browser_host": "two.test", "ports": {"http-public": [null], "ws": []}}"#);
    let more = site.path().join("more.json");
    let wpt = Wpt::start(site, &["--config", more.to_str().expect("text"), "--no-h2"]);
    let listeners = wpt.ready["listeners"].to_string();
    assert!(!listeners.contains("http-public") && !listeners.contains("\"ws\"") && !listeners.contains("\"h2\""));
    let (_, said) = wpt.stop();
    assert!(said.contains("http://two.test:") && said.contains("`host` is called `browser_host` now"), "{said}");
}

#[tokio::test]
async fn without_certificates_there_is_no_server_that_needs_one() {
    let site = checkout(&json!({"ports": free(), "ssl": {"type": "none"}, "check_subdomains": false}));
    std::fs::remove_dir_all(site.path().join("tools")).expect("a folder");
    let wpt = Wpt::start(site, &[]);
    assert!(!wpt.ready.to_string().contains("\"tls\":true"), "{}", wpt.ready);
    assert!(wpt.port("ws") > 0);
}

#[tokio::test]
async fn openssl_certificates_are_made_where_wptserve_makes_them_and_used_again() {
    let config = json!({"ports": free(), "ssl": {"type": "openssl"}, "check_subdomains": false});
    let site = checkout(&config);
    let certs = site.path().join("_certs");
    let authority = certs.join("cacert.pem");
    let wpt = Wpt::start(site, &[]);
    for name in ["cacert.pem", "cacert.key", "web-platform.test.pem", "web-platform.test.key"] {
        assert!(certs.join(name).is_file(), "{name}");
    }
    let first = std::fs::read(certs.join("web-platform.test.pem")).expect("a certificate");
    for name in ["web-platform.test", "www1.xn--lve-6lad.not-web-platform.test", "op99.web-platform.test"] {
        connect_tls_to(name, wpt.port("https"), trusting(&authority)).await.expect(name);
    }
    let output = run(&wpt._site, &["--exit-after-start"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(std::fs::read(certs.join("web-platform.test.pem")).expect("a certificate"), first);
}

#[tokio::test]
async fn our_own_authority_covers_every_name_and_says_what_browsers_need() {
    let site = checkout(&json!({"ports": free(), "browser_host": "more.test", "check_subdomains": false}));
    let state = site.path().join("state");
    let wpt = Wpt::start(site, &["--own-ca", "--state-dir", state.to_str().expect("text")]);
    for name in ["more.test", "www.www2.more.test", "xn--lve-6lad.not-web-platform.test"] {
        connect_tls_to(name, wpt.port("https"), trusting(&state.join("tls/ca.pem"))).await.expect(name);
    }
    let (_, said) = wpt.stop();
    for words in ["--ignore-certificate-errors-spki-list=", "Firefox", "acceptInsecureCerts", "WebKitGTK", "ca.pem"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let site = checkout(&json!({"ports": free(), "browser_host": "example.com", "check_subdomains": false}));
    let output = run(&site, &["--own-ca", "--state-dir", state.to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(64));
    assert!(self::said(&output).contains("not for example.com"), "{}", self::said(&output));
}

#[tokio::test]
async fn an_expired_certificate_is_served_with_a_warning_that_has_its_dates() {
    let site = checkout(&json!({"ports": free(), "check_subdomains": false}));
    let (cert, key) = pair(|params| {
        params.not_before = rcgen::date_time_ymd(2021, 6, 12);
        params.not_after = rcgen::date_time_ymd(2022, 6, 12);
    });
    site.file("tools/certs/web-platform.test.pem", cert).file("tools/certs/web-platform.test.key", key);
    let wpt = Wpt::start(site, &[]);
    connect_tls_anyhow(wpt.port("https"), "web-platform.test", &[]).await.expect("a handshake");
    let (_, said) = wpt.stop();
    let warning = said.lines().find(|line| line.contains("WARN")).expect("a warning");
    assert!(warning.contains("2021-06-12") && warning.contains("2022-06-12"), "{warning}");
}

#[test]
fn hosts_file_prints_the_names_and_leaves() {
    let site = Site::new();
    let output = run(&site, &["--hosts-file"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    let recorded = include_str!("../src/wptserve/hosts/make-hosts-file.txt");
    let mut lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    assert_eq!(lines, recorded.lines().collect::<Vec<_>>());
    site.file("config.json", r#"{"browser_host": "a.test"}"#);
    let text = String::from_utf8(run(&site, &["--hosts-file=10.0.0.1"]).stdout).expect("text");
    assert!(text.contains("10.0.0.1\twww.a.test\n") && text.ends_with("\n\n"), "{text}");
}

#[test]
fn faults_come_before_the_first_bind_and_leave_with_64() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let ports = json!({"http": [port]});
    let none = json!({});
    for (config, flags, words) in [
        (json!({"ports": ports, "browser_hots": "x"}), &[][..], "config.json:1: unknown key `browser_hots`"),
        (json!({"ports": ports, "ssl": {"type": "x"}}), &[], "`ssl.type` is \"x\""),
        (json!({"ports": ports, "ssl": {"pregenerated": {"host_key_path": "no.key"}}}), &[], "no.key"),
        (none.clone(), &["--unknown"], "--unknown"),
        (none.clone(), &["--quic-transport"], "`--quic-transport` is not supported yet"),
        (none.clone(), &["--webtransport-h3"], "`--webtransport-h3` is not supported yet"),
        (none, &["--doc_root", "/no/such/folder"], "no such folder: /no/such/folder"),
    ] {
        let output = run(&checkout(&config), flags);
        assert_eq!(output.status.code(), Some(64), "{config} {flags:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{words:?}: {}", said(&output));
        assert!(output.stdout.is_empty());
    }
    let output = run(&checkout(&json!({"ports": {"http": [port]}})), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("config.json:1: listener http cannot listen"), "{}", said(&output));
}

#[tokio::test]
async fn names_that_do_not_resolve_get_a_hint_and_the_server_goes_on() {
    // RFC 6761 §6.4: never resolves.
    let site = checkout(&json!({"ports": free(), "browser_host": "host.invalid"}));
    let mut wpt = Wpt::start(site, &[]);
    let mut lines = BufReader::new(wpt.child.stderr.take().expect("a pipe")).lines();
    let hint = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("does not resolve")));
    let hint = hint.expect("a hint").expect("text");
    assert!(hint.contains("--hosts-file") && hint.contains("--no-check-subdomains"), "{hint}");
    let response = h1::Connection::new(Stream::Plain(connect_tcp(wpt.port("http")).await)).get("/index.html").await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn latency_holds_every_response_back() {
    let wpt = Wpt::start(checkout(&json!({"ports": free(), "check_subdomains": false})), &["--latency", "300"]);
    let mut connection = h1::Connection::new(Stream::Plain(connect_tcp(wpt.port("http")).await));
    let started = tokio::time::Instant::now();
    assert_eq!(connection.get("/index.html").await.status, 200);
    assert!(started.elapsed().as_millis() >= 300);
}
