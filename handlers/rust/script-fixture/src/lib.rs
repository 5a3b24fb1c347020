//! The test suite's stand-in for a runtime that the server ships: does what the script's one word says.
//!
//! `fail` says that the script can't be run, `late` says so after the response head, `twice` says it twice, `grants`
//! writes what calls that need a grant answer; anything else writes the script's path and source, and whether errors may
//! be shown.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "script-runtime",
    });
}

use bindings::{
    exports::framewright::handler::incoming_handler::Guest,
    framewright::handler::{
        push, raw, script, stash,
        types::{Field, Request, ResponseWriter, WriteError},
    },
};

struct Runtime;

impl Guest for Runtime {
    fn handle(_: Request, response: ResponseWriter) {
        let source = String::from_utf8_lossy(&script::source()).into_owned();
        let text = match source.trim() {
            "fail" => return script::fail("line 1, column 1: as asked"),
            "twice" => {
                script::fail("line 1, column 1: first\nforged line");
                return script::fail("line 2, column 1: second");
            }
            "late" => {
                if head(&response).is_ok() {
                    script::fail("line 1, column 1: too late");
                }
                "the response goes on\n".to_owned()
            }
            "grants" => grants(),
            _ => format!("{}\n{source}\n{}\n", script::path(), script::is_local()),
        };
        // A peer that is gone by now misses nothing.
        let _ = head(&response);
        let _ = response.send_data(text.as_bytes(), true);
    }
}

fn head(response: &ResponseWriter) -> Result<(), WriteError> {
    let content_type = Field { name: b"content-type".to_vec(), value: b"text/plain".to_vec() };
    response.send_headers(200, &[content_type], false)
}

/// Each interface that needs a grant, and whether it was there.
fn grants() -> String {
    let refused = [
        ("raw", matches!(raw::hold(0, 0), Err(raw::RawError::NotGranted))),
        ("stash", matches!(stash::peek(None, "k"), Err(stash::StashError::NotGranted))),
        ("stash lock", matches!(stash::lock(), Err(stash::StashError::NotGranted))),
        ("push", matches!(push::push(b"GET", None, b"/", &[]), Err(push::PushError::NotGranted))),
    ];
    refused
        .iter()
        .map(|(name, refused)| format!("{name}: {}\n", if *refused { "not-granted" } else { "granted" }))
        .collect()
}

bindings::export!(Runtime with_types_in bindings);
