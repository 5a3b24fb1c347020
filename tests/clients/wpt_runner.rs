//! The runner that compares a web-platform-tests checkout's results (`tests/browser`), on a checkout of a few lines. It
//! drives Chromium, and needs no server of ours.

use std::{path::Path, time::Duration};

use super::{installed, run_within, text};

/// It starts some ten browsers, one of which it ends.
const A_WHILE: Duration = Duration::from_secs(240);

#[test]
fn the_runner_of_a_checkouts_tests_lists_browses_and_compares() {
    let python = installed("venv/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/selftest.py");
    let arguments = ["-B", script.to_str().expect("text")];
    let output = run_within(python.to_str().expect("text"), &arguments, A_WHILE);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
