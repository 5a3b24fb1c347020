//! What a tenant may use at one time, what becomes of more, and who is not harmed.

use std::time::Duration;

use tokio::time::Instant;

use super::{get, get_h2, get_once, h1, h2, h2_tls, serve, two};
use crate::support::{Server, Site};

const ODD: &str = "/odd.handler.wasm";

/// Begins to answer, then waits for content, and is done when the client goes instead.
const WAIT: &str = "do=wait&on=content&at=data";

fn site() -> Site {
    let site = two();
    for tenant in ["a.test", "b.test"] {
        site.handler(&format!("{tenant}{ODD}"), "rust/misbehaving");
        site.handler(&format!("{tenant}/hello.handler.wasm"), "rust/hello");
    }
    site
}

fn limited(limits: &str) -> Server {
    serve(site(), &format!("[tenants]\nadmin = \"127.0.0.1:0\"\n[tenants.limits]\n{limits}"))
}

/// How often this quota of `a.test` was found used up, as the figures say.
async fn refusals(server: &Server, quota: &str) -> u64 {
    let text = super::admin::metrics(server).await;
    let sample = format!("framewright_tenant_refused_total{{tenant=\"a.test\",quota=\"{quota}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&sample)).map_or(0, |count| count.parse().expect("a number"))
}

#[tokio::test]
async fn requests_above_the_rate_get_429() {
    let server = limited("requests_per_s = 1\nrequests_burst = 3");
    let mut connection = h1(&server).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(&mut connection, "a.test", "/who").await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    let response = get(&mut connection, "a.test", "/who").await;
    assert_eq!((response.status, response.all("retry-after")), (429, vec!["1"]), "the connection goes on");
    assert_eq!(get_h2(&mut h2(&server).await, 1, "a.test", "/who").await.0, 429, "on every protocol");
    assert_eq!(get_once(&server, "b.test", "/who").await.status, 200, "others have their own");
    server.log_line(&["429", "cause=", "requests_per_s"]);
    assert_eq!(refusals(&server, "requests_per_s").await, 3);
}

#[tokio::test]
async fn exchanges_above_the_most_get_503_and_end_when_they_are_done() {
    let server = limited("exchanges = 2");
    let mut connection = h2(&server).await;
    for stream in [1, 3] {
        let target = format!("{ODD}?{WAIT}");
        let fields: [(&[u8], &[u8]); 4] =
            [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"a.test"), (b":path", target.as_bytes())];
        connection.fields(stream, &fields, false).await;
        assert_eq!(connection.head(stream).await.status, 200);
    }
    assert_eq!(get_h2(&mut connection, 5, "a.test", "/who").await.0, 503);
    assert_eq!(get_once(&server, "b.test", "/who").await.status, 200);
    connection.reset(1, 8).await;
    drop(connection);
    let mut again = h1(&server).await;
    let started = Instant::now();
    while get(&mut again, "a.test", "/who").await.status != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "the places never became free");
    }
    assert!(refusals(&server, "exchanges").await >= 1);
}

#[tokio::test]
async fn connections_above_the_most_are_closed_or_get_503() {
    let server = limited("connections = 1");
    let mut first = h1(&server).await;
    assert_eq!(get(&mut first, "a.test", "/who").await.status, 200);
    let mut second = h1(&server).await;
    let response = get(&mut second, "a.test", "/who").await;
    assert_eq!((response.status, response.all("connection")), (503, vec!["close"]));
    assert!(second.is_closed().await);
    let mut third = super::h1_tls(&server, "a.test").await;
    assert!(third.is_closed().await, "over TLS nothing is said");
    server.log_line(&["closed a connection", "connections"]);
    assert_eq!(get_once(&server, "b.test", "/who").await.status, 200);
    drop(first);
    let started = Instant::now();
    while get_once(&server, "a.test", "/who").await.status != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "the place never became free");
    }
    assert!(refusals(&server, "connections").await >= 2);
}

#[tokio::test]
async fn memory_is_counted_over_all_exchanges_and_comes_back() {
    let server = limited("memory_in_use_mib = 24\nmemory_mib = 20");
    let mut holder = h1(&server).await;
    let hold = format!("POST {ODD}?{WAIT} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\n");
    holder.send(&hold).await;
    assert!(holder.head().await.starts_with("HTTP/1.1 200"));
    let hungry = format!("{ODD}?do=allocate&mib=16");
    let mut waiting = Vec::new();
    loop {
        // Each of them has some.
        let mut connection = h1(&server).await;
        connection.send(&hold).await;
        if !connection.head().await.starts_with("HTTP/1.1 200") {
            break;
        }
        waiting.push(connection);
        assert!(waiting.len() < 50, "memory never ran out");
    }
    let response = get_once(&server, "a.test", &hungry).await;
    assert_eq!(response.status, 503, "{response:?}");
    server.log_line(&["handler failed", "memory_in_use_mib", "a.test"]);
    assert_eq!(get_once(&server, "b.test", &hungry).await.status, 200, "others have their own");
    drop((holder, waiting));
    let started = Instant::now();
    while get_once(&server, "a.test", &hungry).await.status != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "it never came back");
    }
    assert!(refusals(&server, "memory_in_use_mib").await >= 2);
}

#[tokio::test]
async fn spinning_guests_share_their_tenants_cpu_time_and_nobody_elses() {
    let server = limited("cpu_ms_per_s = 100\ncpu_ms = 60000");
    let mut spinning = Vec::new();
    for _ in 0..8 {
        let mut connection = h1(&server).await;
        connection.send(format!("GET {ODD}?do=spin HTTP/1.1\r\nHost: a.test\r\n\r\n")).await;
        spinning.push(connection);
    }
    // A tenth of a second goes at once, then a tenth of each second.
    let started = Instant::now();
    assert_eq!(get_once(&server, "b.test", "/hello.handler.wasm").await.status, 200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let used = cpu_seconds(&super::admin::metrics(&server).await);
    let fair = started.elapsed().as_secs_f64() * 0.1 + 0.1;
    assert!(used < fair + 0.3, "{used} s of CPU time, {fair} s would be fair");
    assert!(used > 0.1, "it runs at all");
}

fn cpu_seconds(metrics: &str) -> f64 {
    let sample = "framewright_tenant_cpu_seconds_total{tenant=\"a.test\"} ";
    metrics.lines().find_map(|line| line.strip_prefix(sample)).expect("a sample").parse().expect("a number")
}

#[tokio::test]
async fn octets_leave_no_faster_than_they_may() {
    let server = limited("sent_kib_per_s = 256");
    server.site.file("a.test/large", vec![b'x'; 640 << 10]);
    server.site.file("b.test/large", vec![b'x'; 640 << 10]);
    let started = Instant::now();
    let mut connection = h2_tls(&server, "a.test").await;
    let (status, content) = get_h2(&mut connection, 1, "a.test", "/large").await;
    assert_eq!((status, content.len()), (200, 640 << 10));
    // A second's worth goes at once, and the last piece leaves before it is counted.
    assert!(started.elapsed() > Duration::from_millis(900), "{:?}", started.elapsed());
    let own = get_once(&server, "b.test", "/who").await;
    assert_eq!(own.status, 200);
}

#[tokio::test]
async fn log_lines_above_the_rate_are_dropped_and_counted() {
    let server = limited("log_kib_per_s = 1");
    assert_eq!(get_once(&server, "a.test", &format!("{ODD}?do=log&n=100&size=100")).await.status, 200);
    server.log_line(&["a.test", "dropped"]);
    assert!(refusals(&server, "log_kib_per_s").await >= 1);
}

#[tokio::test]
async fn a_full_stash_says_so_by_the_key_of_its_limit() {
    let site = two();
    site.handler("a.test/stash.handler.wasm", "rust/stash");
    let server = serve(site, "[tenants.limits]\nstash_keys = 1\n[tenants.grant.\"/*\"]\nstash = true\n");
    for (key, expected) in [("1", "put: ok\n"), ("2", "put: full(stash_keys)\n")] {
        let target = format!("/stash.handler.wasm?do=put&key={key}&value=v");
        assert_eq!(get_once(&server, "a.test", &target).await.text(), expected);
    }
}
