//! wptserve itself, beside us over the same tree: `tests/wptserve/differential` sends both the same requests and compares.

use std::{path::Path, time::Duration};

use super::{installed, run_within, text};

/// Some thousand exchanges with each, of which a few have to wait for what does not come.
const A_WHILE: Duration = Duration::from_secs(400);

#[test]
fn framewright_wpt_answers_as_wptserve_does_but_where_docs_differences_says_so() {
    let python = installed("venv/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wptserve/differential/compare.py");
    let arguments = ["-B", script.to_str().expect("text"), "--server", env!("CARGO_BIN_EXE_framewright")];
    let output = run_within(python.to_str().expect("text"), &arguments, A_WHILE);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
