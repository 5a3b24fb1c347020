//! What a tenant's handlers may do, and what others see of them: nothing.

use super::{get_once, serve, two};
use crate::support::Site;

const STASH: &str = "[tenants.grant.\"/*\"]\nstash = true\n";

fn with(handlers: &[(&str, &str)]) -> Site {
    let site = two();
    for tenant in ["a.test", "b.test"] {
        for (path, name) in handlers {
            site.handler(&format!("{tenant}/{path}"), name);
        }
    }
    site
}

#[tokio::test]
async fn nothing_is_granted_unless_the_operator_says_so() {
    let site = with(&[("stash.handler.wasm", "rust/stash"), ("raw.handler.wasm", "rust/raw")]);
    let config = "[[tenant]]\nnames = [\"c.test\"]\nroot = \"ROOT/a.test\"\n[tenant.grant.\"/*\"]\nraw = true\n";
    let config = config.replace("ROOT", site.path().to_str().expect("text"));
    let server = serve(site, &config);
    for (name, interface, grant) in
        [("stash", "framewright:handler/stash", "stash"), ("raw", "framewright:handler/raw", "raw")]
    {
        let response = get_once(&server, "a.test", &format!("/{name}.handler.wasm")).await;
        assert_eq!(response.status, 500, "{name}");
        assert!(response.text().starts_with("500: the handler gave no response\n"), "{response:?}");
        server.log_line(&["WARN", "a.test", interface, &format!("needs `{grant} = true`")]);
    }
    assert_eq!(get_once(&server, "c.test", "/stash.handler.wasm").await.status, 500, "not what another has");
    let mut connection = super::h1(&server).await;
    connection.send("GET /raw.handler.wasm HTTP/1.1\r\nHost: c.test\r\n\r\n").await;
    let octets = connection.rest().await;
    assert!(octets.starts_with(b"HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n"), "what it has itself");
}

#[tokio::test]
async fn a_script_is_refused_at_the_call() {
    let site = two();
    site.file("a.test/raw.frames", "octets \"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n");
    site.file("a.test/polite.frames", "HEADERS { field :status 200 }\nDATA \"polite\" end-stream\n");
    let server = serve(site, "");
    let response = get_once(&server, "a.test", "/raw.frames").await;
    assert_eq!(response.status, 500, "{response:?}");
    assert!(!response.text().contains("raw.frames") && !response.text().contains("grant"), "{response:?}");
    server.log_line(&["a.test", "raw"]);
}

#[tokio::test]
async fn each_tenant_has_a_stash_of_its_own() {
    let server = serve(with(&[("stash.handler.wasm", "rust/stash")]), STASH);
    let call = |what: &str| format!("/stash.handler.wasm?do={what}&path=/&key=k&value=secret");
    let text = async |tenant: &str, what: &str| get_once(&server, tenant, &call(what)).await.text().to_owned();
    assert_eq!(text("a.test", "put").await, "put: ok\n");
    assert_eq!(text("b.test", "peek").await, "peek: none\n");
    assert_eq!(text("b.test", "put").await, "put: ok\n", "its place is free");
    assert_eq!(text("b.test", "take").await, "take: some(secret)\n");
    assert_eq!(text("a.test", "take").await, "take: some(secret)\n", "the other's is there still");
}

#[tokio::test]
async fn one_tenants_lock_holds_nobody_else_up() {
    let server = serve(with(&[("stash.handler.wasm", "rust/stash")]), STASH);
    let mut holder = super::h1(&server).await;
    let lock = "POST /stash.handler.wasm?do=head+lock+content HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\n";
    holder.send(lock.replace('+', "%20")).await;
    assert!(holder.head().await.starts_with("HTTP/1.1 200"));
    let other = get_once(&server, "b.test", "/stash.handler.wasm?do=lock%20unlock").await;
    assert_eq!(other.text(), "lock: ok\nunlock: ok\n");
}

#[tokio::test]
async fn pages_about_failures_say_nothing_about_the_server() {
    let site = with(&[("odd.handler.wasm", "rust/misbehaving")]);
    site.file("a.test/broken.handler.wasm", "no component");
    std::os::unix::fs::symlink(site.path().join("b.test/who"), site.path().join("a.test/stolen")).expect("a link");
    let path = site.path().to_str().expect("text").to_owned();
    let server = serve(site, "");
    for (target, status) in [
        ("/odd.handler.wasm?do=trap", 500),
        ("/odd.handler.wasm?do=return", 500),
        ("/broken.handler.wasm", 500),
        ("/none.handler.wasm", 404),
        ("/none", 404),
        ("/stolen", 403),
        ("/../b.test/who", 403),
        ("/%2e%2e/b.test/who", 403),
    ] {
        let response = get_once(&server, "a.test", target).await;
        assert_eq!(response.status, status, "{target}: {response:?}");
        let text = response.text();
        for secret in [&path, "wasm trap", "unreachable", "backtrace", "b.test", "component"] {
            assert!(!text.contains(secret), "{target}: {text}");
        }
    }
    server.log_line(&["WARN", "handler failed", "unreachable"]);
}

#[tokio::test]
async fn a_link_that_takes_a_handlers_place_leads_nowhere() {
    let site = with(&[("hello.handler.wasm", "rust/hello")]);
    let server = serve(site, "");
    assert_eq!(get_once(&server, "a.test", "/hello.handler.wasm").await.status, 200);
    let (own, others) =
        (server.site.path().join("a.test/hello.handler.wasm"), server.site.path().join("b.test/hello.handler.wasm"));
    std::fs::remove_file(&own).expect("a file");
    std::os::unix::fs::symlink(others, &own).expect("a link");
    let response = get_once(&server, "a.test", "/hello.handler.wasm").await;
    assert!(matches!(response.status, 403 | 404), "{response:?}");
    assert_eq!(get_once(&server, "b.test", "/hello.handler.wasm").await.status, 200);
}
