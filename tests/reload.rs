//! Handlers that change on disk, and compiled handlers that are kept there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::support::{Builder, Carrier, Client, Server, Site, handler};

async fn get(server: &Server, path: &str) -> (u16, String) {
    let answer = Client::connect(server, Carrier::H1).await.get(path).await;
    (answer.head.status, answer.text())
}

#[tokio::test]
async fn a_changed_handler_answers_the_next_request() {
    let site = Site::new();
    site.handler("a.handler.wasm", "rust/hello");
    let server = Builder::new(site).start();
    for _ in 0..3 {
        assert_eq!(get(&server, "/a.handler.wasm").await, (200, "Hello, world!\n".into()));
        server.site.handler("a.handler.wasm", "rust/trailers");
        assert_eq!(get(&server, "/a.handler.wasm").await, (200, "The trailers follow.\n".into()));
        server.site.handler("a.handler.wasm", "c/hello");
    }
}

#[tokio::test]
async fn a_broken_handler_answers_500_while_the_others_work_and_works_again_once_mended() {
    let site = Site::new();
    site.handler("a.handler.wasm", "rust/hello").handler("b.handler.wasm", "rust/hello");
    let server = Builder::new(site).start();
    assert_eq!(get(&server, "/a.handler.wasm").await.0, 200);
    let whole = handler("rust/hello");
    for (what, octets) in [
        ("no wasm at all", b"not wasm".to_vec()),
        ("empty", Vec::new()),
        ("cut off", whole[..whole.len() / 2].to_vec()),
        ("a core module", wat::parse_str("(module)").expect("a module")),
        ("a component that is no handler", wat::parse_str("(component)").expect("a component")),
    ] {
        server.site.file("a.handler.wasm", octets);
        let (status, text) = get(&server, "/a.handler.wasm").await;
        assert_eq!(status, 500, "{what}");
        let id = text.split("exchange ").nth(1).and_then(|rest| rest.split(',').next()).expect("an id");
        server.log_line(&["WARN", "a.handler.wasm", &format!("exchange={id}")]);
        assert_eq!(get(&server, "/b.handler.wasm").await.0, 200, "{what}");
        server.site.file("a.handler.wasm", &whole);
        assert_eq!(get(&server, "/a.handler.wasm").await, (200, "Hello, world!\n".into()), "{what}");
    }
}

#[tokio::test]
async fn handlers_come_and_go() {
    let server = Builder::new(Site::new()).start();
    for _ in 0..3 {
        assert_eq!(get(&server, "/sub/a.handler.wasm").await.0, 404);
        server.site.handler("sub/a.handler.wasm", "rust/hello");
        assert_eq!(get(&server, "/sub/a.handler.wasm").await.0, 200);
        std::fs::remove_file(server.site.path().join("sub/a.handler.wasm")).expect("a file");
    }
}

#[tokio::test]
async fn handlers_of_routes_are_picked_up_and_mended_too() {
    let elsewhere = Site::new();
    elsewhere.handler("api.wasm", "rust/hello");
    let path = elsewhere.path().join("api.wasm");
    let route = format!("[[route]]\nmethods = [\"GET\"]\npath = \"/api/*\"\nhandler = {path:?}\n");
    let server = Builder::new(Site::new()).config(&route).start();
    assert_eq!(get(&server, "/api/any/thing").await, (200, "Hello, world!\n".into()));
    assert_eq!(get(&server, "/api").await.0, 404, "`/api/*` is what lies below");
    assert_eq!(Client::connect(&server, Carrier::H1).await.post("/api/x", b"x").await.head.status, 405);
    elsewhere.handler("api.wasm", "rust/trailers");
    assert_eq!(get(&server, "/api/x").await, (200, "The trailers follow.\n".into()));
    elsewhere.file("api.wasm", "broken");
    assert_eq!(get(&server, "/api/x").await.0, 500);
    server.log_line(&["WARN", "/api/*"]);
    elsewhere.handler("api.wasm", "rust/hello");
    assert_eq!(get(&server, "/api/x").await, (200, "Hello, world!\n".into()));
}

/// The compiled handlers below a state directory, and when they were written.
fn compiled(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let metadata = entry.metadata().expect("metadata");
        if metadata.is_dir() {
            found.extend(compiled(&entry.path()));
        } else if entry.path().extension().is_some_and(|extension| extension == "cwasm") {
            found.insert(entry.path(), metadata.modified().expect("a time"));
        }
    }
    found
}

#[tokio::test]
async fn a_second_start_compiles_nothing() {
    let state = tempfile::tempdir().expect("a folder");
    let start = |route: &Path| {
        let site = Site::new();
        site.handler("a.handler.wasm", "rust/hello").handler("copy.handler.wasm", "rust/hello");
        let config = format!("[[route]]\npath = \"/r\"\nhandler = {route:?}\n");
        let state = state.path().to_str().expect("text");
        Builder::new(site).config(&config).argument("--state-dir").argument(state).start()
    };
    let elsewhere = Site::new();
    elsewhere.handler("r.wasm", "rust/trailers");
    let route = elsewhere.path().join("r.wasm");
    let mut before = BTreeMap::new();
    for round in 0..3 {
        let server = start(&route);
        for path in ["/a.handler.wasm", "/copy.handler.wasm", "/r"] {
            assert_eq!(get(&server, path).await.0, 200);
        }
        let now = compiled(state.path());
        assert_eq!(now.len(), 2, "by content: two handlers are the same");
        assert!(round == 0 || now == before, "{now:?}");
        before = now;
    }
}

#[tokio::test]
async fn a_compiled_handler_that_cannot_be_used_is_made_anew() {
    let state = tempfile::tempdir().expect("a folder");
    let start = || {
        let site = Site::new();
        site.handler("a.handler.wasm", "rust/hello");
        Builder::new(site).argument("--state-dir").argument(state.path().to_str().expect("text")).start()
    };
    assert_eq!(get(&start(), "/a.handler.wasm").await.0, 200);
    let (path, _) = compiled(state.path()).pop_first().expect("one");
    let whole = std::fs::read(&path).expect("a file");
    for (what, octets) in [("empty", Vec::new()), ("garbage", vec![b'x'; 10_000]), ("cut off", whole[..100].to_vec())] {
        std::fs::write(&path, octets).expect("a write");
        let server = start();
        assert_eq!(get(&server, "/a.handler.wasm").await, (200, "Hello, world!\n".into()), "{what}");
        server.log_line(&["WARN", "made anew", "cwasm"]);
        assert_eq!(std::fs::read(&path).expect("a file").len(), whole.len(), "{what}");
    }
}
