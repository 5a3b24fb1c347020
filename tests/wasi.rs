//! The restricted WASI: what ordinary language runtimes find, and what they are refused.

use std::collections::BTreeMap;

use crate::support::{Builder, Carrier, Client, Server, Site};

async fn get(server: &Server, path: &str) -> (u16, String) {
    let answer = Client::connect(server, Carrier::H1).await.get(path).await;
    (answer.head.status, answer.text())
}

/// What `c/surroundings` found, by what it tried; files are tried twice, to open and to list them.
async fn surroundings(server: &Server) -> BTreeMap<String, Vec<String>> {
    let (status, text) = get(server, "/c.handler.wasm").await;
    assert_eq!(status, 200, "{text}");
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for (what, finding) in text.lines().filter_map(|line| line.split_once(": ")) {
        found.entry(what.to_owned()).or_default().push(finding.to_owned());
    }
    found
}

fn site() -> Site {
    let site = Site::new();
    site.handler("c.handler.wasm", "c/surroundings").file("surroundings.c", "a file");
    site
}

#[tokio::test]
async fn a_handler_finds_clocks_and_random_numbers_but_no_environment_and_no_files() {
    let server = Builder::new(site()).environment("FRAMEWRIGHT_TEST", "must not be seen").start();
    let found = surroundings(&server).await;
    for (what, finding) in [
        ("argument count", "0"),
        ("variable count", "0"),
        ("wall clock", "past 2023"),
        ("sleep of 20 ms", "slept"),
        ("random numbers", "differ"),
        ("writing made.txt", "refused"),
        ("standard input", "at its end"),
        ("standard output", "ok"),
        ("standard error", "ok"),
    ] {
        assert_eq!(found[what], [finding], "{what}");
    }
    for path in ["/", ".", "/etc/passwd", "surroundings.c", "../../Cargo.toml"] {
        assert_eq!(found[path], ["refused", "not listed"], "{path}");
    }
    for (level, line) in [("INFO", "a line on standard output"), ("WARN", "a line on standard error")] {
        let line = server.log_line(&[level, line]);
        assert!(line.contains("exchange=") && line.contains("/c.handler.wasm"), "{line}");
    }
}

#[tokio::test]
async fn the_grant_for_files_shows_the_root_and_lets_nobody_write() {
    let server = Builder::new(site()).config("[grant.\"/c.handler.wasm\"]\nfiles = true").start();
    let found = surroundings(&server).await;
    assert_eq!(found["/"], ["opened", "listed"]);
    assert_eq!(found["surroundings.c"][0], "opened");
    assert_eq!(found["/etc/passwd"], ["refused", "not listed"]);
    assert_eq!(found["../../Cargo.toml"], ["refused", "not listed"]);
    assert_eq!(found["writing made.txt"], ["refused"]);
    assert!(!server.site.path().join("made.txt").exists());
}

#[tokio::test]
async fn leaving_the_program_ends_the_exchange_alone() {
    let server = Builder::new(site()).start();
    let (status, text) = get(&server, "/c.handler.wasm?exit").await;
    assert_eq!(status, 500, "{text}");
    server.log_line(&["WARN", "handler failed", "exit"]);
    assert_eq!(get(&server, "/c.handler.wasm").await.0, 200);
}

#[tokio::test]
async fn sockets_are_refused_with_access_denied_and_one_line_for_each_exchange() {
    let site = site();
    site.file("socket.handler.wasm", wat::parse_str(SOCKET).expect("a component"));
    let server = Builder::new(site).start();
    for _ in 0..2 {
        // It traps if it gets anything but `access-denied`.
        let (status, text) = get(&server, "/socket.handler.wasm").await;
        assert_eq!(status, 500);
        assert!(text.contains("the handler returned without a response"), "{text}");
        let id = text.split("exchange ").nth(1).and_then(|rest| rest.split(',').next()).expect("an id");
        server.log_line(&["socket.handler.wasm HTTP/1.1", &format!("exchange={id}")]);
        let denied = |line: &&str| line.contains("create-tcp-socket was refused") && line.contains(id);
        assert_eq!(server.log().lines().filter(denied).count(), 1, "{}", server.log());
    }
}

/// A handler that asks for a TCP socket three times and returns if each was refused with `access-denied`.
const SOCKET: &str = r#"
(component
  (import "framewright:handler/types@0.1.0" (instance $types
    (export "request" (type (sub resource)))
    (export "response-writer" (type (sub resource)))))
  (alias export $types "request" (type $request))
  (alias export $types "response-writer" (type $writer))
  (import "wasi:sockets/network@0.2.0" (instance $network
    (type $code (enum "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
      "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit"
      "address-not-bindable" "address-in-use" "remote-unreachable" "connection-refused" "connection-reset"
      "connection-aborted" "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
      "permanent-resolver-failure"))
    (export "error-code" (type (eq $code)))
    (type $family (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $family)))))
  (alias export $network "error-code" (type $code))
  (alias export $network "ip-address-family" (type $family))
  (import "wasi:sockets/tcp@0.2.0" (instance $tcp (export "tcp-socket" (type (sub resource)))))
  (alias export $tcp "tcp-socket" (type $socket))
  (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $create
    (alias outer 1 $code (type $code'))
    (export "error-code" (type $code (eq $code')))
    (alias outer 1 $family (type $family'))
    (export "ip-address-family" (type $family (eq $family')))
    (alias outer 1 $socket (type $socket'))
    (export "tcp-socket" (type $socket (eq $socket')))
    (export "create-tcp-socket"
      (func (param "address-family" $family) (result (result (own $socket) (error $code)))))))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $octets))
  (alias export $create "create-tcp-socket" (func $create-socket))
  (core func $create (canon lower (func $create-socket) (memory $octets)))
  (core module $code
    (import "host" "create" (func $create (param i32 i32)))
    (import "host" "memory" (memory 1))
    (func $try
      (call $create (i32.const 0) (i32.const 16))
      (if (i32.or
            (i32.ne (i32.load8_u (i32.const 16)) (i32.const 1))
            (i32.ne (i32.load8_u (i32.const 20)) (i32.const 1)))
        (then unreachable)))
    (func (export "handle") (param i32 i32)
      call $try
      call $try
      call $try))
  (core instance $code (instantiate $code
    (with "host" (instance (export "create" (func $create)) (export "memory" (memory $octets))))))
  (func $handle (param "request" (own $request)) (param "response" (own $writer))
    (canon lift (core func $code "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "framewright:handler/incoming-handler@0.1.0" (instance $handler)))
"#;
