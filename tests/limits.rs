//! Every limit of the sandbox: what ends, what it is told, and who is not harmed.

use crate::support::{
    Builder, Carrier, Client, Server, Site, connect,
    frames::{self, End},
    h1, handler,
};

const ODD: &str = "/misbehaving.handler.wasm";
const HELLO: &str = "/hello.handler.wasm";
/// RFC 9113 §7.
const INTERNAL_ERROR: u32 = 0x2;

fn start(limits: &str) -> Server {
    let site = Site::new();
    for name in ["hello", "misbehaving", "trickle"] {
        site.handler(&format!("{name}.handler.wasm"), &format!("rust/{name}"));
    }
    Builder::new(site).config(&format!("[limits]\n{limits}")).start()
}

async fn h1(server: &Server) -> h1::Connection {
    h1::Connection::new(connect(server, Carrier::H1).await)
}

async fn h2(server: &Server) -> frames::Connection {
    frames::Connection::new(connect(server, Carrier::H2c).await, &[]).await
}

/// The exchange that a local page names.
fn exchange(page: &str) -> String {
    let (_, rest) = page.split_once("exchange ").unwrap_or_else(|| panic!("no exchange in {page:?}"));
    format!("exchange={}", rest.split(',').next().expect("an id"))
}

/// Expects that this behaviour, at every moment where it can strike, meets the limit that log and page call `name`.
async fn meets(server: &Server, behaviour: &str, name: &str) {
    for at in ["start", "informational"] {
        let target = format!("{ODD}?do={behaviour}&at={at}");
        let mut connection = h1(server).await;
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        if at == "informational" {
            assert_eq!(connection.response("GET").await.status, 103);
        }
        let response = connection.response("GET").await;
        assert_eq!(response.status, 500, "{at}");
        assert!(response.text().contains(name), "{response:?}");
        server.log_line(&["WARN", "handler failed", name, &exchange(response.text())]);
        server.log_line(&["500", "cause=", name, &exchange(response.text())]);
        assert_eq!(connection.get(HELLO).await.status, 200, "the connection goes on");

        let mut connection = h2(server).await;
        connection.get(1, &target).await;
        let response = connection.response(1).await;
        assert_eq!((response.status, response.end.clone()), (500, End::Complete), "{at}");
        assert!(response.text().contains(name), "{response:?}");
        server.log_line(&["WARN", "handler failed", name, &exchange(response.text())]);
        connection.get(3, HELLO).await;
        assert_eq!(connection.response(3).await.status, 200, "the connection goes on");
    }
    for (at, content) in [("head", ""), ("data", "so far so good\n")] {
        let target = format!("{ODD}?do={behaviour}&at={at}");
        let mut connection = h1(server).await;
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert!(connection.head().await.starts_with("HTTP/1.1 200 OK\n"), "{at}");
        let chunk = if content.is_empty() { String::new() } else { format!("f\r\n{content}\r\n") };
        assert_eq!(String::from_utf8_lossy(&connection.rest().await), chunk, "{at}: no last chunk, but a close");

        let mut connection = h2(server).await;
        connection.get(1, &target).await;
        let response = connection.response(1).await;
        assert_eq!((response.status, response.text()), (200, content), "{at}");
        assert_eq!(response.end, End::Reset(INTERNAL_ERROR), "{at}");
        connection.get(3, HELLO).await;
        assert_eq!(connection.response(3).await.status, 200, "the connection goes on");
    }
}

#[tokio::test]
async fn memory() {
    let server = start("memory_mib = 2");
    meets(&server, "allocate", "memory_mib").await;
    let fine = h1(&server).await.get(&format!("{ODD}?do=allocate&mib=0")).await;
    assert_eq!(fine.text(), "granted after 0 KiB\n");
}

#[tokio::test]
async fn memory_that_a_handler_needs_to_start() {
    let server = start("memory_mib = 1");
    let response = h1(&server).await.get(&format!("{ODD}?do=count")).await;
    assert_eq!(response.status, 500);
    assert!(response.text().contains("memory_mib"), "{response:?}");
    server.log_line(&["WARN", "memory_mib", &exchange(response.text())]);
}

#[tokio::test]
async fn table_elements() {
    let server = start("table_elements = 1");
    let response = h1(&server).await.get(&format!("{ODD}?do=count")).await;
    assert_eq!(response.status, 500);
    assert!(response.text().contains("table_elements"), "{response:?}");
    server.log_line(&["WARN", "table_elements", &exchange(response.text())]);
}

#[tokio::test]
async fn instances() {
    // The C library's handlers are several core modules each.
    let site = Site::new();
    site.handler("c.handler.wasm", "c/surroundings").handler("hello.handler.wasm", "rust/hello");
    let server = Builder::new(site).config("[limits]\ninstances = 1").start();
    let response = h1(&server).await.get("/c.handler.wasm").await;
    assert_eq!(response.status, 500);
    assert!(response.text().contains("instances"), "{response:?}");
    server.log_line(&["WARN", "instances", &exchange(response.text())]);
}

#[tokio::test]
async fn cpu_time_also_of_a_loop_that_calls_nobody() {
    meets(&start("cpu_ms = 50"), "spin", "cpu_ms").await;
}

#[tokio::test]
async fn wall_clock_time() {
    let server = start("wall_s = 1");
    meets(&server, "wait", "wall_s").await;
    server.log_line(&["wall-clock limit of 1 s"]);
}

#[tokio::test]
async fn waiting_and_trickling_cost_no_cpu_time() {
    let server = start("cpu_ms = 100");
    let mut connection = h1(&server).await;
    assert_eq!(connection.get(&format!("{ODD}?do=wait&ms=500")).await.text(), "waited\n");
    let pieces = connection.get("/trickle.handler.wasm?n=30&delay=10&size=2").await;
    assert_eq!(pieces.content.len(), 60);
    connection
        .send(format!("POST {ODD}?do=read&deadline=100&times=3 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"))
        .await;
    assert!(connection.response("POST").await.text().starts_with("deadline\ndeadline\ndeadline\n"));
}

#[tokio::test]
async fn a_deadline_of_a_read_leaves_the_content_intact() {
    let server = start("");
    let mut connection = h2(&server).await;
    connection.post(1, &format!("{ODD}?do=read&deadline=20&times=1000000")).await;
    server.log_line(&["deadline exchange"]);
    connection.content(1, b"late", true).await;
    let response = connection.response(1).await;
    assert!(response.text().contains("deadline\ndata 4\nend\nonce more: end\n"), "{}", response.text());
}

#[tokio::test]
async fn octets_sent() {
    let server = start("sent_mib = 1");
    let name = "sent_mib";
    let fine = h1(&server).await.get(&format!("{ODD}?do=send&octets=1048576")).await;
    assert_eq!(fine.content.len(), 1 << 20);

    let mut connection = h1(&server).await;
    connection.send(format!("GET {ODD}?do=send&octets=1048577&chunk=65536 HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    assert!(connection.head().await.starts_with("HTTP/1.1 200 OK\n"));
    let rest = connection.rest().await;
    assert!(!rest.ends_with(b"0\r\n\r\n") && rest.len() > 1 << 20, "{}", rest.len());
    server.log_line(&["WARN", "handler failed", name]);

    let mut connection = h2(&server).await;
    connection.get(1, &format!("{ODD}?do=send&octets=1048577&chunk=65536")).await;
    let response = connection.response(1).await;
    assert_eq!((response.content.len(), response.end), (1 << 20, End::Reset(INTERNAL_ERROR)));
    connection.get(3, HELLO).await;
    assert_eq!(connection.response(3).await.status, 200);
}

#[tokio::test]
async fn octets_and_lines_logged_are_dropped_and_counted() {
    let server = start("log_kib = 1");
    assert_eq!(h1(&server).await.get(&format!("{ODD}?do=log&n=50&size=100")).await.status, 200, "it goes on");
    server.log_line(&["line 9 xxx"]);
    server.log_line(&["WARN", "dropped 40 log lines", "log_kib"]);
    assert!(!server.log().contains("line 10 "));

    let server = start("log_kib = 1000");
    assert_eq!(h1(&server).await.get(&format!("{ODD}?do=log&n=1100")).await.status, 200);
    server.log_line(&["line 999 "]);
    server.log_line(&["WARN", "dropped 100 log lines", "1000 lines"]);
    assert!(!server.log().contains("line 1000 "));
}

#[tokio::test]
async fn log_lines_hold_no_terminal_escapes_and_forge_no_lines() {
    let server = start("");
    h1(&server).await.get(&format!("{ODD}?do=log&escapes")).await;
    let line = server.log_line(&["line 0 ", "red"]);
    assert!(line.contains("forged line"), "still one line: {line:?}");
    assert!(!line.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{line:?}");
    assert!(line.contains("exchange=") && line.contains("misbehaving"), "{line:?}");
}

#[tokio::test]
async fn slots() {
    let server = start("slots = 1\nqueue_ms = 50");
    let mut first = h2(&server).await;
    first.post(1, &format!("{ODD}?do=wait&on=content&at=head")).await;
    assert_eq!(first.head(1).await.status, 200, "the slot is taken");
    for carrier in [Carrier::H1, Carrier::H2Tls] {
        let answer = Client::connect(&server, carrier).await.get(HELLO).await;
        assert_eq!(answer.head.status, 503);
        assert!(answer.text().contains("slots") && answer.text().contains("queue_ms"), "{}", answer.text());
        server.log_line(&["WARN", "slots", &exchange(&answer.text())]);
    }
    first.content(1, b"", true).await;
    assert_eq!(first.find(framewright::wire::FrameKind::DATA).await.expect("the rest").payload, b"waited\n");
    assert_eq!(Client::connect(&server, Carrier::H1).await.get(HELLO).await.head.status, 200);
}

#[tokio::test]
async fn exchanges_wait_in_line_for_a_slot() {
    let server = start("slots = 2\nqueue_ms = 60000");
    let mut connection = h2(&server).await;
    let streams: Vec<u32> = (0..40).map(|number| 2 * number + 1).collect();
    for stream in &streams {
        connection.get(*stream, &format!("{ODD}?do=wait&ms=10")).await;
    }
    for stream in streams {
        assert_eq!(connection.response(stream).await.text(), "waited\n");
    }
}

#[tokio::test]
async fn the_size_of_a_handler() {
    let server = start("handler_mib = 1");
    server.site.file("large.handler.wasm", [handler("rust/hello"), vec![0; 2 << 20]].concat());
    let response = h1(&server).await.get("/large.handler.wasm").await;
    assert_eq!(response.status, 500);
    assert!(response.text().contains("handler_mib"), "{response:?}");
    server.log_line(&["WARN", "handler_mib", &exchange(response.text())]);
    assert_eq!(h1(&server).await.get(HELLO).await.status, 200);
}

#[tokio::test]
async fn nothing_is_shared_between_exchanges() {
    let server = start("");
    let mut connection = h1(&server).await;
    for _ in 0..20 {
        assert_eq!(connection.get(&format!("{ODD}?do=count")).await.text(), "1\n");
    }
}

#[tokio::test]
async fn slots_that_the_system_cannot_hold_are_refused_by_name() {
    let output = Builder::new(Site::new()).config("[limits]\nslots = 100000\n").fails();
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("vm.max_map_count") || text.contains("slots"), "{text}");
}

#[tokio::test]
async fn ten_thousand_slots_start_where_the_system_holds_them() {
    // A suspended exchange needs up to six memory maps, and the process 4,000 of its own.
    const NEEDED: u64 = 10_000 * 6 + 4_000;
    let maps = std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("the kernel's limit");
    let maps: u64 = maps.trim().parse().expect("a number");
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello");
    let builder = Builder::new(site).config("[limits]\nslots = 10000\n");
    if maps >= NEEDED {
        let server = builder.start();
        assert_eq!(h1(&server).await.get(HELLO).await.status, 200);
    } else {
        let output = builder.fails();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{text}");
        assert!(text.contains("vm.max_map_count"), "{text}");
    }
}
