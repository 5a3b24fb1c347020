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
        let (status, text, outcome) = match &target.program {
            Program::Component(file) if !file.exists() => {
                (404, "404".to_owned(), Outcome::NotLoaded(LoadError::NotFound(file.to_path_buf())))
            }
            Program::Component(_) => (200, format!("handler {}", target.name), Outcome::Returned),
            Program::Script(script) => {
                let source = String::from_utf8_lossy(&script.source);
                (200, format!("{} script {}: {source}", script.runtime, script.path), Outcome::Returned)
            }
        };
        exchange.response.answer(status, &text).await.expect("it is sent");
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
        write("a/b.frames", "source");
        write("a/C.FRAMES", "source");
        write("other.frames", "source");
        write("large.frames", &"x".repeat((1 << 20) + 1));
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
            python: false,
            shared: Vec::new(),
        };
        let site = Site::open(&crate::site::Settings::new(directory.path())).expect("it is there");
        let router = Router::new(settings, Behaviour::Framewright(site), Arc::default());
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
        ("GET", "/a/hello.handler.wasm/", 403, "403: the octets of handlers and scripts are not served\n"),
        ("GET", "/a/b.frames", 200, ".frames script /a/b.frames: source"),
        ("BREW", "//a/./b%2eframes?q=/b", 200, ".frames script /a/b.frames: source"),
        ("POST", "/a/other.frames", 404, "404: there is no such file\n"),
        ("GET", "/a/b.frames/", 403, "403: the octets of handlers and scripts are not served\n"),
        ("GET", "/a/C.FRAMES", 403, "403: the octets of handlers and scripts are not served\n"),
        ("GET", "/routed/b.frames", 200, "handler /routed/*"),
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
    for target in ["/a/hello.handler.wasm", "//a/hello.handler.wasm", "/routed/a", "//a/b.frames", "/other.frames"] {
        fixture.request("GET", target).await;
    }
    let ran = fixture.router.0.handlers.ran.lock().expect("no test panics here");
    let grants: Vec<_> = ran.iter().map(|target| target.grants).collect();
    assert_eq!(grants, [Grants::STASH, Grants::STASH, Grants::NONE, Grants::STASH, Grants::NONE]);
}

#[tokio::test]
async fn a_change_of_a_script_is_seen_by_the_next_request() {
    let fixture = Fixture::new();
    let script = fixture.directory.path().join("a/b.frames");
    for source in ["source", "other source", ""] {
        fs::write(&script, source).expect("a file");
        let sent = fixture.request("GET", "/a/b.frames").await;
        assert_eq!(String::from_utf8_lossy(&sent.content), format!(".frames script /a/b.frames: {source}"));
    }
    fs::remove_file(&script).expect("it is there");
    assert_eq!(fixture.request("GET", "/a/b.frames").await.status, 404);
}

#[tokio::test]
async fn a_script_has_its_longest() {
    let fixture = Fixture::new();
    let sent = fixture.request("GET", "/large.frames").await;
    let text = String::from_utf8_lossy(&sent.content);
    assert!(sent.status == 500 && text.starts_with("500: the file has more than 1048576 octets\n"), "{text}");
    let longest = "x".repeat(1 << 20);
    fs::write(fixture.directory.path().join("large.frames"), &longest).expect("a file");
    let sent = fixture.request("GET", "/large.frames").await;
    assert!(sent.status == 200 && sent.content.ends_with(longest.as_bytes()));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_leads_to_no_script_outside_and_to_no_octets_of_one_inside() {
    let fixture = Fixture::new();
    let outside = tempfile::NamedTempFile::new().expect("a file");
    let link = |to: &std::path::Path, name: &str| {
        std::os::unix::fs::symlink(to, fixture.directory.path().join(name)).expect("a link");
    };
    link(outside.path(), "out.frames");
    link("a/b.frames".as_ref(), "b.txt");
    link("a/file.txt".as_ref(), "in.frames");
    for (target, status, content) in [
        ("/out.frames", 403, "403: a symbolic link leads out of the site\n"),
        ("/b.txt", 403, "403: the octets of handlers and scripts are not served\n"),
        ("/in.frames", 200, ".frames script /in.frames: file"),
    ] {
        let sent = fixture.request("GET", target).await;
        assert_eq!((sent.status, &*String::from_utf8_lossy(&sent.content)), (status, content), "{target}");
    }
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
