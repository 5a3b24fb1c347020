//! Pages that run tests of Test262. Today's checkouts alone have such tests, below `third_party/test262`, and the helpers
//! that these documents load: `/resources/test262/test262-{reporter,provider}.js`.
//!
//! A page of the harness has the test in a frame, so that neither disturbs the other, and the frame calls
//! `test262HarnessDone` of the page once it knows: with 0 if the test passed, 1 if it failed, 2 for any other error. Not
//! the original's octets, but the same steps in the same order.

use super::{
    document::Load,
    page::{HARNESS, START},
    script::in_string,
};
use crate::wptserve::test262::{FrontMatter, Negative};

/// A kind of document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test262 {
    /// The harness's page.
    Page(Mode),
    /// The frame's document.
    Frame(Mode),
    /// The test as strict code.
    StrictScript,
}

/// How the test is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As a script, as it is.
    Sloppy,
    /// As a module.
    Module,
    /// As a script of strict code.
    Strict,
}

/// The document of this kind for a test.
pub(super) fn document(kind: Test262, load: &Load<'_>, script: &[u8]) -> String {
    match kind {
        Test262::Page(_) => page(load),
        Test262::Frame(mode) => frame(mode, load, &FrontMatter::parse(script)),
        // What is no text would not be any in the browser either.
        Test262::StrictScript => format!("\"use strict\";\n{}", String::from_utf8_lossy(script)),
    }
}

fn page(load: &Load<'_>) -> String {
    let Load { path, query } = load;
    format!(
        "{START}{HARNESS}<div id=log></div>\n<script>\nasync_test(function(t) {{\n\
         \x20 window.test262HarnessDone = t.step_func_done(function(status, message) {{\n\
         \x20   if (status === 1) {{\n      assert_unreached(message);\n    }}\n\
         \x20   if (status !== 0) {{\n      const fault = new Error(message);\n      reportError(fault);\n      \
         throw fault;\n    }}\n\
         \x20 }});\n}});\n</script>\n<iframe id=\"test262-iframe\" src=\"{path}{query}\"></iframe>\n"
    )
}

fn frame(mode: Mode, load: &Load<'_>, asked: &FrontMatter) -> String {
    let mut document = START.to_owned();
    for helper in ["reporter", "provider"] {
        document.push_str(&format!("<script src=\"/resources/test262/test262-{helper}.js\"></script>\n"));
    }
    for name in harness_files(asked) {
        let name = name.replace('&', "&amp;").replace('"', "&quot;");
        document.push_str(&format!("<script src=\"/third_party/test262/harness/{name}\"></script>\n"));
    }
    document.push_str("<script>test262Setup()</script>\n");
    if asked.has("async") {
        document.push_str("<script>test262IsAsync(true)</script>\n");
    }
    if let Some(Negative { phase, kind }) = &asked.negative {
        document.push_str(&format!(
            "<script>test262Negative('{}', '{}')</script>\n",
            in_quotes(kind),
            in_quotes(phase)
        ));
    }
    let path = load.path;
    document.push_str(&match mode {
        Mode::Sloppy | Mode::Strict => format!("<script src=\"{path}\" onerror=\"test262ScriptError()\"></script>\n"),
        // The reporter waits for the page to load unless it is told that there is a module, whose code may run later.
        // What is thrown outside of the promise is what the reporter hears of.
        Mode::Module => format!(
            "<script>window.__test262IsModule = true;</script>\n<script type=\"module\">\n\
             import(\"{}\").then(() => {{\n  if (!window.test262Async) {{\n    test262Done();\n  }}\n\
             }}, (error) => {{\n  setTimeout(() => {{ throw error; }});\n}});\n</script>\n",
            in_string(path)
        ),
    });
    document
}

/// Files of the harness in their order, each once: those that every test but a `raw` one may count on, then its own.
fn harness_files(asked: &FrontMatter) -> Vec<&str> {
    let always: &[&str] = if asked.has("raw") { &[] } else { &["assert.js", "sta.js"] };
    let done = asked.has("async").then_some("doneprintHandle.js");
    let mut files: Vec<&str> = Vec::new();
    for name in always.iter().copied().chain(done).chain(asked.includes.iter().map(String::as_str)) {
        if !files.contains(&name) {
            files.push(name);
        }
    }
    files
}

/// Text as it stands between single quotes in a script of a page.
fn in_quotes(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace('<', "\\x3c")
}
