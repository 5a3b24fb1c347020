//! examples/misbehave: the table that drives it, octet by octet, and in Chromium.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;

use super::{chromium::Chromium, installed, run_within, text};
use crate::support::{Builder, Site, server::state_dir};

/// A row of the table, as far as these tests look into it; `tests/misbehave/judge.py` reads the rest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    file: String,
    title: String,
    clauses: Vec<String>,
    protocol: String,
    wrong: String,
    expect: String,
    why: Option<String>,
    #[serde(default, rename = "complete")]
    _complete: bool,
    #[serde(default, rename = "last")]
    _last: bool,
    content: Option<String>,
    h2specd: Option<String>,
    #[serde(rename = "request")]
    _request: Option<Value>,
    next: Option<Value>,
    wire: BTreeMap<String, Vec<Value>>,
    after: String,
    end: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/misbehave")
}

fn table() -> Vec<Row> {
    let text = std::fs::read(folder().join("table.json")).expect("the table");
    serde_json::from_slice(&text).expect("a table")
}

fn scripts() -> BTreeSet<String> {
    let names = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.into_string().expect("text")).filter(|name| name.ends_with(".frames")).collect()
}

fn builder() -> Builder {
    let site = Site::new();
    for entry in std::fs::read_dir(folder()).expect("a folder") {
        let path = entry.expect("an entry").path();
        site.file(&path.file_name().expect("a name").to_string_lossy(), std::fs::read(&path).expect("a file"));
    }
    Builder::new(site).argument("--log-level").argument("info")
}

#[test]
fn every_script_has_one_row_and_every_row_a_script() {
    let rows: Vec<_> = table().into_iter().map(|row| row.file).collect();
    let named: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(named.len(), rows.len(), "a script has two rows");
    assert_eq!(named.difference(&scripts()).collect::<Vec<_>>(), Vec::<&String>::new(), "rows without a script");
    assert_eq!(scripts().difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "scripts without a row");
    assert!(rows.len() >= 80, "{} scripts", rows.len());
}

#[test]
fn rows_say_what_is_wrong_where_it_stands_and_what_a_client_does() {
    for row in table() {
        let Row { file, title, clauses, wrong, expect, .. } = &row;
        assert!(file.starts_with("rfc") && title.len() > 3 && wrong.ends_with('.'), "{file}");
        assert!(!clauses.is_empty() && clauses.iter().all(|clause| clause.starts_with("RFC ")), "{file}: {clauses:?}");
        let number = file.strip_prefix("rfc").and_then(|rest| rest.split_once('-')).map(|(number, _)| number);
        let of_this = |clause: &String| number.is_some_and(|number| clause.contains(number));
        assert!(clauses.iter().any(of_this), "{file}: no clause of the RFC that it is named after in {clauses:?}");
        assert!(EXPECTATIONS.contains(&expect.split(' ').next().expect("a word")), "{file}: {expect}");
        let open = ["accept-or-network-error", "may-retry", "no-retry"].contains(&expect.as_str());
        assert!(!open || row.why.is_some() || row.next.is_some(), "{file}: {expect}, but no `why`");
        let retries = expect == "may-retry" || row.next.is_some();
        assert!(
            !retries || row.content.is_some() || expect.contains("error"),
            "{file}: no content of the second attempt"
        );
        let carriers: Vec<_> = row.wire.keys().map(String::as_str).collect();
        let wanted = if row.protocol == "both" { vec!["h2", "http/1.1"] } else { vec![row.protocol.as_str()] };
        assert_eq!(carriers, wanted, "{file}");
        assert!(["keep", "close"].contains(&row.after.as_str()), "{file}: {}", row.after);
        assert!(row.end.is_none() || row.after == "close", "{file}: an end, but the connection stays");
    }
}

/// What `expect` begins with; `examples/misbehave/outcome.js` has a rule for each.
const EXPECTATIONS: [&str; 9] = [
    "accept",
    "network-error",
    "stream-error",
    "connection-error",
    "accept-or-network-error",
    "may-retry",
    "no-retry",
    "pending",
    "reset",
];

/// h2spec's conformance cases for clients: how many there are under each section of RFC 7540.
const H2SPECD: &[(&str, usize)] = &[
    ("3.5", 1),
    ("4.1", 3),
    ("4.2", 3),
    ("4.3", 1),
    ("5.1", 10),
    ("5.1.1", 1),
    ("5.4.1", 2),
    ("5.5", 1),
    ("6.1", 3),
    ("6.2", 3),
    ("6.3", 2),
    ("6.4", 3),
    ("6.5", 3),
    ("6.5.2", 4),
    ("6.5.3", 1),
    ("6.7", 4),
    ("6.8", 1),
    ("6.9", 3),
    ("6.9.1", 2),
    ("6.10", 6),
];

#[test]
fn each_case_of_h2specd_has_a_script() {
    assert_eq!(H2SPECD.iter().map(|(_, count)| count).sum::<usize>(), 57);
    let named: Vec<_> = table().into_iter().filter_map(|row| row.h2specd).collect();
    let named: Vec<_> = named.iter().flat_map(|cases| cases.split(' ')).collect();
    for (section, count) in H2SPECD {
        for number in 1..=*count {
            let case = format!("{section}/{number}");
            assert_eq!(named.iter().filter(|named| ***named == case).count(), 1, "{case}");
        }
    }
    assert_eq!(named.len(), 57);
}

/// What the judge says of a row over one protocol.
#[derive(Deserialize)]
struct Verdict {
    name: String,
    passed: bool,
    message: String,
}

#[test]
fn every_script_puts_on_the_wire_what_its_row_says_octet_for_octet() {
    let server = builder().start();
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/misbehave/judge.py");
    let table = folder().join("table.json");
    let authority = state_dir().join("tls/ca.pem");
    let (http, https) = (server.port("http").to_string(), server.port("https").to_string());
    let arguments = [judge.to_str(), table.to_str(), Some(&http), Some(&https), authority.to_str()];
    let arguments: Vec<&str> = arguments.into_iter().map(|argument| argument.expect("text")).collect();
    let output = run_within(installed("venv/bin/python").to_str().expect("text"), &arguments, PATIENCE_OF_A_WHOLE_RUN);
    let verdicts: Vec<Verdict> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", text(&output.stdout), text(&output.stderr)));
    let failed: Vec<_> = verdicts.iter().filter(|verdict| !verdict.passed).collect();
    let report: String = failed.iter().map(|verdict| format!("\n{}: {}", verdict.name, verdict.message)).collect();
    assert!(failed.is_empty(), "{} of {} rows differ{report}", failed.len(), verdicts.len());
    let rows: usize = self::table().iter().map(|row| row.wire.len()).sum();
    assert_eq!(verdicts.len(), rows);
}

/// Each row waits up to some seconds.
const PATIENCE_OF_A_WHOLE_RUN: Duration = Duration::from_secs(600);

/// What the page says at the end of a run.
#[derive(Deserialize)]
struct Results {
    protocol: String,
    rows: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    file: String,
    seen: String,
    agrees: bool,
}

/// Names of the rows for this protocol.
fn rows_of(protocol: &str) -> BTreeSet<String> {
    table().into_iter().filter(|row| row.wire.contains_key(protocol)).map(|row| row.file).collect()
}

/// What Chromium makes of each is compared by `make browsers`; here it is the page that has to get through. Each row has
/// a listener and so an origin of its own: then several run at one time.
#[test]
fn the_page_gets_through_every_script_in_chromium() {
    let carriers = [("http", "http/1.1"), ("https", "h2")];
    let mut builder = builder();
    for (scheme, protocol) in carriers {
        for _ in rows_of(protocol) {
            builder = builder.argument(&format!("--{scheme}")).argument("0");
        }
    }
    let server = builder.start();
    let line = server.log_line(&["--ignore-certificate-errors-spki-list="]);
    let mut browser = Chromium::start(line.split_once('=').expect("a value").1);
    for (scheme, protocol) in carriers {
        let ports =
            (2..2 + rows_of(protocol).len()).map(|number| server.port(&format!("{scheme}-{number}")).to_string());
        let ports = ports.collect::<Vec<_>>().join(",");
        browser.open(&format!("{scheme}://localhost:{}/index.html?run&ports={ports}", server.port(scheme)));
        let results = browser.evaluate_within(RESULTS, PATIENCE_OF_CHROMIUM);
        let results: Results = serde_json::from_str(results.as_str().expect("text")).expect("results");
        browser.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("misbehave-{scheme}.png")));
        assert_eq!(results.protocol, protocol);
        let run: BTreeSet<_> = results.rows.iter().map(|row| row.file.clone()).collect();
        assert_eq!(run, rows_of(protocol), "{protocol}");
        let silent: Vec<_> = results.rows.iter().filter(|row| row.seen.is_empty()).map(|row| &row.file).collect();
        assert!(silent.is_empty(), "nothing was seen of {silent:?}");
        let agreeing = results.rows.iter().filter(|row| row.agrees).count();
        assert!(agreeing * 2 > run.len(), "Chromium agrees with {agreeing} of {} over {protocol}", run.len());
    }
}

/// A run takes some ten seconds; on a machine with more to do, minutes.
const PATIENCE_OF_CHROMIUM: Duration = Duration::from_secs(400);

/// A promise of the results.
const RESULTS: &str = "new Promise((resolve) => { const look = () => { \
     const found = document.querySelector('#results').textContent; \
     if (found) resolve(found); else setTimeout(look, 100); }; look(); })";

/// What `make browsers` has recorded of one; tests/browsers/record.py writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    #[serde(rename = "browser")]
    _browser: String,
    version: String,
    runs: usize,
    rows: BTreeMap<String, Recorded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    seen: Seen,
    agrees: bool,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seen {
    EachTime(String),
    NotTheSame(BTreeSet<String>),
}

#[test]
fn the_record_of_each_browser_has_every_row_and_a_reason_where_one_deviates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/browsers.md")).expect("the page on browsers");
    let wanted: BTreeSet<_> = table()
        .iter()
        .flat_map(|row| row.wire.keys().map(|protocol| format!("{} over {protocol}", row.file)).collect::<Vec<_>>())
        .collect();
    for (browser, title) in [("chromium", "Chromium"), ("firefox", "Firefox ESR"), ("webkit", "WebKitGTK")] {
        let text = std::fs::read(root.join("tests/browsers/record").join(format!("{browser}.json"))).expect(browser);
        let record: Record = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{browser}: {error}"));
        assert_eq!(record.rows.keys().cloned().collect::<BTreeSet<_>>(), wanted, "{browser}");
        assert!(record.runs >= 3, "{browser}: {} runs show no instability", record.runs);
        let (mut agree, mut deviate, mut unstable) = (0, 0, 0);
        for (name, row) in &record.rows {
            let reason = row.reason.as_deref();
            assert_eq!(row.agrees, reason.is_none(), "{browser}, {name}: agrees, reason {reason:?}");
            assert!(reason.is_none_or(|it| it.len() > 20 && it.ends_with('.')), "{browser}, {name}: {reason:?}");
            match &row.seen {
                Seen::NotTheSame(outcomes) => {
                    assert!(outcomes.len() > 1, "{browser}, {name}");
                    unstable += 1;
                }
                Seen::EachTime(outcome) => {
                    assert!(!outcome.is_empty(), "{browser}, {name}");
                    if row.agrees { agree += 1 } else { deviate += 1 }
                }
            }
        }
        let line = format!("| {title} {} | {agree} | {deviate} | {unstable} |", record.version);
        assert!(page.contains(&line), "docs/browsers.md lacks the line: {line}");
    }
}
