//! The example site in Chromium, over each listener.

use std::path::Path;

use serde::Deserialize;

use super::chromium::Chromium;
use crate::support::{Builder, Server, Site, site::handler};

/// Serves examples/site with its handlers.
fn serve_example() -> Server {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/site");
    let site = Site::new();
    for entry in std::fs::read_dir(from).expect("the example site") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_file() {
            site.file(&entry.file_name().to_string_lossy(), std::fs::read(entry.path()).expect("a file"));
        }
    }
    for name in HANDLERS {
        site.file(&format!("handlers/{name}.handler.wasm"), handler(name));
    }
    Builder::new(site).start()
}

const HANDLERS: [&str; 9] = [
    "rust/hello",
    "rust/echo",
    "rust/trickle",
    "rust/digest",
    "rust/trailers",
    "rust/early-hints",
    "rust/duplex",
    "c/hello",
    "c/echo",
];

/// A browser that takes the server's certificate, as the table says.
fn browser(server: &Server) -> Chromium {
    let line = server.log_line(&["--ignore-certificate-errors-spki-list="]);
    Chromium::start(line.split_once('=').expect("a value").1)
}

fn url(server: &Server, listener: &str, page: &str) -> String {
    let scheme = if listener == "http" { "http" } else { "https" };
    format!("{scheme}://localhost:{}/{page}", server.port(listener))
}

/// What tests.html says at its end.
#[derive(Deserialize)]
struct Results {
    status: String,
    tests: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    name: String,
    status: String,
    message: String,
}

/// The page of assertions: every one must hold.
fn assertions_hold(browser: &mut Chromium, server: &Server, listener: &str) {
    browser.open(&url(server, listener, "tests.html"));
    let results = browser.evaluate(&until("document.querySelector('#results').textContent"));
    let results: Results = serde_json::from_str(results.as_str().expect("text")).expect("results");
    let failed = results.tests.iter().filter(|test| test.status != "pass");
    let failed: String = failed.map(|test| format!("\n{}: {}", test.name, test.message)).collect();
    assert!(failed.is_empty() && results.status == "pass", "{listener}: {} assertions{failed}", results.tests.len());
    assert!(results.tests.len() >= 19, "{listener}: {} assertions", results.tests.len());

    let protocol = browser.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol");
    assert_eq!(protocol, if listener == "http" { "http/1.1" } else { "h2" }, "{listener}");
}

/// The page for people: `Run all` calls every handler, and every card shows a 200.
fn run_all_answers(browser: &mut Chromium, server: &Server, listener: &str) {
    browser.open(&url(server, listener, "index.html"));
    browser.evaluate("document.querySelector('#run-all').click()");
    let summary = browser.evaluate(&until("document.querySelector('#summary').textContent"));
    let cards = browser.evaluate(
        "[...document.querySelectorAll('.card')].map((card) => `${card.querySelector('.status').className}: \
         ${card.querySelector('.status').textContent}`).join('\\n')",
    );
    browser.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("index-{listener}.png")));
    assert_eq!(summary, "9 of 9 answered as they should", "{listener}: {cards}");
    let cards: Vec<_> = cards.as_str().expect("text").lines().collect();
    assert_eq!(cards.len(), 7);
    for card in cards {
        assert!(card.starts_with("status good: "), "{listener}: {card}");
    }
    let version = if listener == "http" { "HTTP/1.1" } else { "HTTP/2" };
    let echoed = browser.evaluate("[...document.querySelectorAll('.content')].map((it) => it.textContent).join('')");
    assert!(
        echoed.as_str().is_some_and(|text| text.contains(&format!("version: {version}\n"))),
        "{listener}: {echoed}"
    );
    let note = browser.evaluate("document.querySelector('nav').textContent.trim()");
    let port = server.port(listener);
    assert!(note.as_str().is_some_and(|note| note.contains(&format!("from port {port}."))), "{listener}: {note}");
    assert_eq!(browser.console_errors(), Vec::<String>::new(), "{listener}");
}

/// A promise of what an expression gives as soon as it is true.
fn until(expression: &str) -> String {
    format!(
        "new Promise((resolve) => {{ const look = () => {{ const found = {expression}; \
         if (found) resolve(found); else setTimeout(look, 20); }}; look(); }})"
    )
}

#[test]
fn the_example_site_works_in_chromium_on_each_listener() {
    let server = serve_example();
    let mut browser = browser(&server);
    for listener in ["http", "https", "h2"] {
        run_all_answers(&mut browser, &server, listener);
    }
}

#[test]
fn all_assertions_hold_in_chromium_on_each_listener() {
    let server = serve_example();
    let mut browser = browser(&server);
    for listener in ["http", "https", "h2"] {
        assertions_hold(&mut browser, &server, listener);
    }
}
