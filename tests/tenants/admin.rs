//! The operator's listener.

use super::{get, get_once, h1, serve, two};
use crate::support::{Builder, Server, Stream, h1::Connection, stream::connect_tcp};

/// The figures of this moment.
pub(super) async fn metrics(server: &Server) -> String {
    let response = ask(server, "/metrics").await;
    assert_eq!(response.status, 200);
    response.text().to_owned()
}

async fn ask(server: &Server, path: &str) -> crate::support::h1::Response {
    let mut connection = Connection::new(Stream::Plain(connect_tcp(server.port("admin")).await));
    connection.get(path).await
}

fn start() -> Server {
    Builder::new(two()).tenants().argument("--admin").argument("127.0.0.1:0").start()
}

#[tokio::test]
async fn health_and_figures_are_told_on_a_listener_of_their_own() {
    let server = start();
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/", 404), ("/who", 404)] {
        assert_eq!(ask(&server, path).await.status, status, "{path}");
    }
    for path in ["/healthz", "/metrics"] {
        assert_eq!(get_once(&server, "a.test", path).await.status, 404, "not to tenants' clients");
        assert_eq!(get_once(&server, "localhost", path).await.status, 421);
    }
}

#[tokio::test]
async fn figures_tell_tenants_apart() {
    let server = start();
    let mut connection = h1(&server).await;
    for (target, status) in [("/who", 200), ("/who", 200), ("/none", 404)] {
        assert_eq!(get(&mut connection, "a.test", target).await.status, status);
    }
    assert_eq!(get_once(&server, "b.test", "/who").await.status, 200);
    assert_eq!(get_once(&server, "c.test", "/who").await.status, 421);
    let text = metrics(&server).await;
    for line in [
        "framewright_tenants_open 2",
        "framewright_misdirected_total 1",
        "framewright_tenant_exchanges_total{tenant=\"a.test\",code=\"2xx\"} 2",
        "framewright_tenant_exchanges_total{tenant=\"a.test\",code=\"4xx\"} 1",
        "framewright_tenant_exchanges_total{tenant=\"b.test\",code=\"2xx\"} 1",
        "framewright_tenant_exchange_seconds_count{tenant=\"a.test\"} 3",
        "framewright_tenant_exchange_seconds_bucket{tenant=\"a.test\",le=\"+Inf\"} 3",
        "framewright_tenant_connections{tenant=\"a.test\"} 1",
        "framewright_tenant_exchanges{tenant=\"a.test\"} 0",
        "framewright_tenant_memory_octets{tenant=\"a.test\"} 0",
    ] {
        assert!(text.lines().any(|own| own == line), "no {line} in\n{text}");
    }
}

#[tokio::test]
async fn figures_are_in_the_format_that_prometheus_reads() {
    let server = start();
    assert_eq!(get_once(&server, "a.test", "/who").await.status, 200);
    let response = ask(&server, "/metrics").await;
    assert_eq!(response.all("content-type"), ["text/plain; version=0.0.4; charset=utf-8"]);
    let mut family = String::new();
    for line in response.text().lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().expect("a name").to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert!(kind.starts_with(&family), "{line}");
        } else {
            assert!(line.starts_with(&family), "{line} stands under {family}");
            let value = line.rsplit(' ').next().expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}

#[test]
fn the_listener_is_for_this_machine_alone() {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "127.0.0.1", "localhost:0"] {
        let output = Builder::new(two()).tenants().argument("--admin").argument(address).fails();
        assert_eq!(output.status.code(), Some(64), "{address}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("is no loopback address"), "{output:?}");
    }
    let output = Builder::new(two()).argument("--admin").argument("127.0.0.1:0").fails();
    assert_eq!(output.status.code(), Some(64));
    drop(serve(two(), ""));
}
