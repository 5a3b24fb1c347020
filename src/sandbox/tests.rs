//! Scripts, and the runtimes that run them: with a fixture in a runtime's place.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::*;
use crate::exchange::recorder::{Recorded, Recorder};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/handlers/rust/script-fixture.wasm")
}

/// Few slots, as a test has one exchange at a time.
fn settings() -> Settings {
    let octets = std::fs::read(fixture()).unwrap_or_else(|error| panic!("{error}; run `make handlers` first"));
    Settings { slots: 2, runtimes: Runtimes { frames: Some(octets.into()), python: None }, ..Settings::default() }
}

fn target(program: Program, grants: Grants) -> Target {
    Target { program, name: "/a/b.frames".into(), grants, root: Path::new("/").into() }
}

fn script(source: &'static str) -> Program {
    Program::Script(Script {
        runtime: Runtime::Frames,
        path: "/a/b.frames".into(),
        source: Bytes::from_static(source.as_bytes()),
        facts: std::sync::Arc::default(),
        task: Task::Answer,
        is_shared: false,
    })
}

/// Runs a script; gives its response and what the access line says of it.
async fn run(settings: Settings, source: &'static str, grants: Grants) -> (Recorded, Option<String>) {
    let sandbox = Sandbox::new(settings).expect("a sandbox");
    let (exchange, recorder) = Recorder::exchange("GET", b"/a/b.frames?q", &[]);
    let report = sandbox.run(&target(script(source), grants), exchange).await;
    (recorder.recorded(), report.outcome.cause())
}

fn text(sent: &Recorded) -> &str {
    std::str::from_utf8(&sent.content).expect("text")
}

#[tokio::test]
async fn a_runtime_sees_the_script_and_whether_it_is_local() {
    for is_local in [true, false] {
        let (sent, cause) = run(Settings { is_local, ..settings() }, "the source", Grants::NONE).await;
        assert_eq!((sent.status, text(&sent)), (200, &*format!("/a/b.frames\nthe source\n{is_local}\n")));
        assert_eq!(cause, None);
    }
}

#[tokio::test]
async fn a_script_that_cannot_be_run_is_500_with_its_cause_on_local_servers_alone() {
    for (is_local, words) in
        [(true, "the script can't be run: line 1, column 1: as asked"), (false, "the handler gave no response")]
    {
        let (sent, cause) = run(Settings { is_local, ..settings() }, "fail", Grants::NONE).await;
        assert_eq!((sent.status, sent.ended), (500, true));
        assert!(text(&sent).starts_with(&format!("500: {words}\nexchange 0")), "{}", text(&sent));
        assert_eq!(cause.as_deref(), Some("the script can't be run: line 1, column 1: as asked"), "the log has it");
    }
}

#[tokio::test]
async fn the_first_failure_counts_and_forges_no_line() {
    let (sent, cause) = run(settings(), "twice", Grants::NONE).await;
    assert_eq!(sent.status, 500);
    assert_eq!(cause.as_deref(), Some("the script can't be run: line 1, column 1: first\u{fffd}forged line"));
}

#[tokio::test]
async fn a_failure_after_the_response_has_begun_leaves_it_alone() {
    let (sent, cause) = run(settings(), "late", Grants::NONE).await;
    assert_eq!((sent.status, text(&sent), sent.ended), (200, "the response goes on\n", true));
    assert_eq!(cause, None);
}

#[tokio::test]
async fn a_runtime_links_what_it_imports_and_is_refused_at_the_call() {
    let all = Grants::RAW.with(Grants::STASH).with(Grants::PUSH);
    for (grants, answer) in [(Grants::NONE, "not-granted"), (all, "granted")] {
        let (sent, _) = run(settings(), "grants", grants).await;
        let expected = format!("raw: {answer}\nstash: {answer}\nstash lock: {answer}\npush: {answer}\n");
        assert_eq!((sent.status, text(&sent)), (200, &*expected));
    }
}

#[tokio::test]
async fn a_server_without_the_runtime_says_how_to_get_it() {
    let without = Settings { runtimes: Runtimes { frames: None, python: None }, ..settings() };
    let (sent, cause) = run(without, "the source", Grants::NONE).await;
    assert_eq!(sent.status, 500);
    assert!(
        cause.is_some_and(|cause| cause.contains("without its runtime for .frames") && cause.contains("make handlers"))
    );
}

#[tokio::test]
async fn a_runtime_that_is_no_component_is_500() {
    let broken =
        Settings { runtimes: Runtimes { frames: Some(Bytes::from_static(b"nonsense")), python: None }, ..settings() };
    let (sent, cause) = run(broken, "the source", Grants::NONE).await;
    assert_eq!(sent.status, 500);
    assert!(cause.is_some_and(|cause| cause.starts_with("the runtime for .frames scripts can't be used: ")));
}

#[tokio::test]
async fn a_runtime_is_kept_compiled_as_handlers_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let artefacts = || {
        let engines = std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        engines.flat_map(|engine| std::fs::read_dir(engine).expect("a folder")).count()
    };
    for _ in 0..2 {
        let kept = Settings { cache_dir: Some(folder.path().to_owned()), ..settings() };
        assert_eq!(run(kept, "the source", Grants::NONE).await.0.status, 200);
        assert_eq!(artefacts(), 1);
    }
}

#[tokio::test]
async fn a_handler_of_a_site_is_no_runtime() {
    let sandbox = Sandbox::new(settings()).expect("a sandbox");
    let words = "which only the server's own runtimes for scripts may";
    let checked = sandbox.check(&fixture(), Grants::RAW.with(Grants::STASH).with(Grants::PUSH));
    let error = checked.expect_err("it imports what is not for it").to_string();
    assert!(error.contains("imports framewright:handler/script@") && error.contains(words), "{error}");

    let (exchange, recorder) = Recorder::exchange("GET", b"/x.handler.wasm", &[]);
    let all = Grants::RAW.with(Grants::STASH).with(Grants::PUSH);
    sandbox.run(&target(Program::Component(fixture().into()), all), exchange).await;
    let sent = recorder.recorded();
    assert!(sent.status == 500 && text(&sent).contains(words), "{}", text(&sent));
}
