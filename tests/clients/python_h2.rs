//! Python's h2, an implementation that shares no code with ours. `python_h2.py` holds the checks and reports as JSON.

use std::{path::Path, process::Output};

use serde::Deserialize;

use super::{builder, installed, run, text};
use crate::support::{Server, server::state_dir};

/// What came of one check.
#[derive(Deserialize)]
struct Check {
    name: String,
    passed: bool,
    /// The fault, with Python's traceback.
    message: String,
}

/// Runs a group of checks against one listener, and fails with the report of those that did not pass.
fn check(server: &Server, listener: &str, group: &str) -> Vec<String> {
    let python = installed("venv/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/python_h2.py");
    let port = server.port(listener).to_string();
    let pid = server.pid().to_string();
    let authority = state_dir().join("tls/ca.pem");
    let arguments = [script.to_str(), Some(group), Some(listener), Some(&port), Some(&pid), authority.to_str()];
    let arguments: Vec<&str> = arguments.into_iter().map(|argument| argument.expect("text")).collect();
    let output: Output = run(python.to_str().expect("text"), &arguments);
    let checks: Vec<Check> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", text(&output.stdout), text(&output.stderr)));
    let failed: Vec<_> = checks.iter().filter(|check| !check.passed).collect();
    let report: String = failed.iter().map(|check| format!("\n{}: {}", check.name, check.message)).collect();
    assert!(failed.is_empty(), "{listener}: {} of {} checks failed{report}", failed.len(), checks.len());
    checks.into_iter().map(|check| check.name).collect()
}

/// Every check over one listener; what handlers were told about resets is in the log.
fn exchanges(listener: &str) {
    let server = builder().start();
    assert_eq!(check(&server, listener, "exchanges").len(), 16);
    server.log_line(&["again: peer-gone(8)"]);
    server.log_line(&["again: peer-gone(3735928559)"]);
    server.log_line(&["reset(11)"]);
}

#[test]
fn exchanges_over_cleartext() {
    exchanges("http");
}

#[test]
fn exchanges_over_tls_beside_http_1() {
    exchanges("https");
}

#[test]
fn exchanges_over_tls_alone() {
    exchanges("h2");
}

#[test]
fn alpn_choices_and_refusals() {
    let server = builder().start();
    for (listener, checks) in [("https", 6), ("h2", 6)] {
        assert_eq!(check(&server, listener, "alpn").len(), checks, "{listener}");
    }
}

#[test]
fn a_drain_announces_itself_by_goaway_and_finishes_what_has_begun() {
    for listener in ["http", "https", "h2"] {
        let mut server = builder().start();
        assert_eq!(check(&server, listener, "drain").len(), 1);
        assert_eq!(server.exit().code(), Some(0), "{listener}");
    }
}
