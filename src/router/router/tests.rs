//! Who answers what.

use std::{fs, sync::Mutex, time::Duration};

use super::*;
use crate::{
    exchange::recorder::{Recorded, Recorder},
    router::{GrantRule, Pattern, RouteSettings},
    sandbox::Grants,
};

/// Answers with what it was asked to run, or finds no file.
#[derive(Default)]
struct Fake {
    ran: Mutex<Vec<Target>>,
}

impl RunHandler for Fake {
    async fn run(&self, target: &Target, mut exchange: Exchange) -> Report {
        self.ran.lock().expect("no test panics here").push(target.clone());
        let outcome = if target.file.exists() {
            exchange.response.answer(200, &format!("handler {}", target.name)).await.expect("it is sent");
            Outcome::Returned
        } else {
            exchange.response.answer(404, "404").await.expect("it is sent");
            Outcome::NotLoaded(LoadError::NotFound(target.file.to_path_buf()))
        };
        Report { cpu: Duration::ZERO, sent: exchange.response.sent(), outcome }
    }
}

struct Fixture {
    directory: tempfile::TempDir,
    router: Router<Fake>,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |path: &str, text: &str| fs::write(directory.path().join(path), text).expect("a file");
        fs::create_dir(directory.path().join("a")).expect("a directory");
        write("a/hello.handler.wasm", "component");
        write("a/file.txt", "file");
        write("routed.wasm", "component");
        let routed = directory.path().join("routed.wasm");
        let route = |methods: Option<&str>, pattern| RouteSettings {
            methods: methods.map(|method| vec![method.to_owned()]),
            pattern: Pattern::new(pattern),
            handler: routed.clone(),
        };
        let settings = Settings {
            root: directory.path().to_owned(),
            routes: vec![route(None, "/routed/*"), route(Some("POST"), "/a/file.txt")],
            grants: vec![GrantRule { pattern: Pattern::new("/a/*"), grants: Grants::STASH }],
        };
        let site = Site::open(&crate::site::Settings::new(directory.path())).expect("it is there");
        let router = Router::new(settings, site, Arc::default());
        Self { directory, router }
    }

    async fn request(&self, method: &str, target: &str) -> Recorded {
        let (exchange, recorder) = Recorder::exchange(method, target.as_bytes(), &[]);
        self.router.dispatch(exchange).await;
        recorder.recorded()
    }
}

#[tokio::test]
async fn requests_find_their_answer() {
    let fixture = Fixture::new();
    for (method, target, status, content) in [
        ("GET", "/a/file.txt", 200, "file"),
        ("POST", "/a/file.txt", 200, "handler /a/file.txt"),
        ("PUT", "/a/file.txt", 405, "405: files answer GET and HEAD only\n"),
        ("GET", "/a/hello.handler.wasm", 200, "handler /a/hello.handler.wasm"),
        ("GET", "/a/hello.handler.wasm", 200, "handler /a/hello.handler.wasm"),
        ("BREW", "/a/hello.handler.wasm?q=/b", 200, "handler /a/hello.handler.wasm"),
        ("GET", "/a/hell%6f.handler.wasm", 200, "handler /a/hello.handler.wasm"),
        ("GET", "//a/./hello.handler.wasm", 200, "handler /a/hello.handler.wasm"),
        ("GET", "/a/other.handler.wasm", 404, "404: there is no such file\n"),
        ("GET", "/a/hello.handler.wasm/", 403, "403: the octets of handlers are not served\n"),
        ("GET", "/routed/x/y", 200, "handler /routed/*"),
        ("GET", "/%72outed/", 200, "handler /routed/*"),
        ("GET", "/routed/100%", 200, "handler /routed/*"),
        ("GET", "/routed/../../etc", 200, "handler /routed/*"),
        ("GET", "/routed", 404, "404: there is no such file\n"),
        ("GET", "/routed.wasm", 200, "component"),
        ("GET", "/../a", 403, "403: the request path holds a `..` segment\n"),
        ("HEAD", "/nothing", 404, ""),
        ("OPTIONS", "*", 204, ""),
        ("CONNECT", "localhost:80", 501, "501: this server opens no tunnels\n"),
        ("GET", "*", 400, "400: the request path does not start with a slash\n"),
    ] {
        let sent = fixture.request(method, target).await;
        let text = String::from_utf8_lossy(&sent.content);
        assert_eq!((sent.status, &*text, sent.ended, sent.reset), (status, content, true, None), "{method} {target}");
    }
    assert_eq!(fixture.request("PUT", "/a/file.txt").await.field("allow"), "GET, HEAD");
}

#[tokio::test]
async fn handlers_get_the_grants_of_their_path() {
    let fixture = Fixture::new();
    for target in ["/a/hello.handler.wasm", "//a/hello.handler.wasm", "/routed/a"] {
        fixture.request("GET", target).await;
    }
    let ran = fixture.router.0.handlers.ran.lock().expect("no test panics here");
    let grants: Vec<_> = ran.iter().map(|target| target.grants).collect();
    assert_eq!(grants, [Grants::STASH, Grants::STASH, Grants::NONE]);
}

#[tokio::test]
async fn a_handler_that_goes_is_forgotten() {
    let fixture = Fixture::new();
    let target = "/a/hello.handler.wasm";
    fixture.request("GET", target).await;
    assert!(fixture.router.0.files.get(target.as_bytes()).is_some());
    fs::remove_file(fixture.directory.path().join("a/hello.handler.wasm")).expect("it is there");
    assert_eq!(fixture.request("GET", &format!("{target}?q")).await.status, 404);
    assert!(fixture.router.0.files.get(target.as_bytes()).is_none());
    assert_eq!(fixture.request("GET", target).await.content, b"404: there is no such file\n");
}
