//! What today's checkouts have beyond the recorded ones. Those are compared octet by octet elsewhere (`recorded`).

use super::*;
use crate::wptserve::{
    Edition,
    exposure::{Global, RealmHost},
    meta::Metadata,
};

const SCRIPT: &[u8] =
    b"// META: title=A `title` of ${one} \\ \"two\"\n// META: script=a.js?\"`$\n// META: timeout=long\n";

fn today(kind: Kind, path: &str, query: &str) -> String {
    document(kind, Edition::Today, path, query, Metadata::parse(SCRIPT).all().expect("text"), SCRIPT)
}

/// The pieces stand in the text, in this order.
fn assert_order(text: &str, pieces: &[&str]) {
    let mut rest = text;
    for piece in pieces {
        let at = rest.find(piece).unwrap_or_else(|| panic!("no {piece:?}, or not where it should be, in\n{text}"));
        rest = &rest[at + piece.len()..];
    }
}

#[test]
fn todays_tests_may_ask_whether_they_are_in_a_shadow_realm() {
    const LINE: &str = "  isShadowRealm: function() { return false; },\n};\n";
    assert!(today(Kind::Test(Global::Window), "/x.any.html", "").contains(LINE));
    for worker in [Worker::Classic, Worker::Module] {
        assert!(today(Kind::Worker(worker), "/x.any.worker.js", "").contains(LINE), "{worker:?}");
    }
    let then = document(Kind::Test(Global::Window), Edition::July2021, "/x.any.html", "", &[], b"");
    assert!(!then.contains("isShadowRealm"), "{then}");
}

#[test]
fn a_module_of_a_window_is_the_last_script_of_its_page() {
    let page = today(Kind::Test(Global::WindowModule), "/x.any.window-module.html", "a");
    assert_order(&page, &["<title>", "testharness.js", "a.js?&quot;`$", "<div id=log>"]);
    assert!(page.ends_with("<script type=module src=\"/x.any.js\"></script>\n"), "{page}");
}

#[test]
fn pages_of_extensions_have_their_helpers_before_the_tests_own_scripts() {
    let page = today(Kind::Extension, "/x.extension.html", "");
    assert_order(
        &page,
        &[
            "/resources/testharnessreport.js\"",
            "/resources/testdriver.js?feature=extensions\"",
            "/resources/testdriver-vendor.js\"",
            "/resources/web-extensions-helper.js\"",
            "a.js?&quot;`$",
            "<script src=\"/x.extension.js\"></script>\n",
        ],
    );
}

#[test]
fn realms_are_set_up_before_the_test_is_loaded_and_report_after() {
    let pages = [
        (RealmHost::Window, "/x.any.shadowrealm-in-window.html"),
        (RealmHost::ShadowRealm, "/x.any.shadowrealm-in-shadowrealm.html"),
    ];
    let pages = pages.map(|(host, path)| (Kind::Test(Global::ShadowRealm(host)), path, "import"));
    let scripts = [
        (Worker::Realm, "/x.any.worker-shadowrealm.js", "import"),
        (Worker::RealmInServiceWorker, "/x.any.serviceworker-shadowrealm.js", "fakeDynamicImport"),
        (Worker::RealmInAudioWorklet, "/x.any.audioworklet-shadowrealm.js", "fakeDynamicImport"),
    ];
    let scripts = scripts.map(|(worker, path, import)| (Kind::Worker(worker), path, import));
    for (kind, path, import) in pages.into_iter().chain(scripts) {
        let text = today(kind, path, "a=1");
        let load = |url: &str| format!("await {import}(\"{url}\");");
        assert_order(
            &text,
            &[
                "testharness-shadowrealm-outer.js",
                "new ShadowRealm()",
                &load("/resources/testharness-shadowrealm-inner.js"),
                &load("/resources/testharness.js"),
                "setShadowRealmGlobalProperties",
                // Escaped for the string, and then for the template that the string stands in.
                &load("a.js?\\\\\"\\`\\$"),
                &load("/x.any.js"),
            ][usize::from(kind == Kind::Worker(Worker::RealmInAudioWorklet))..],
        );
        let in_the_realm = "self.META_TITLE = \"A \\`title\\` of \\${one} \\\\\\\\ \\\\\"two\\\\\"\";";
        assert_eq!(text.contains(in_the_realm), matches!(kind, Kind::Worker(_)), "{text}");
    }
}

#[test]
fn workers_with_realms_get_the_query_of_their_page() {
    for (host, path, expected) in [
        (
            RealmHost::DedicatedWorker,
            "/x.any.shadowrealm-in-dedicatedworker.html",
            "new Worker(\"/x.any.worker-shadowrealm.js?a\")",
        ),
        (
            RealmHost::SharedWorker,
            "/x.any.shadowrealm-in-sharedworker.html",
            "new SharedWorker(\"/x.any.worker-shadowrealm.js?a\")",
        ),
        (
            RealmHost::ServiceWorker,
            "/x.https.any.shadowrealm-in-serviceworker.html",
            "register(\"/x.any.serviceworker-shadowrealm.js?a\", {scope})",
        ),
        (
            RealmHost::AudioWorklet,
            "/x.https.any.shadowrealm-in-audioworklet.html",
            "addModule(\"/x.any.audioworklet-shadowrealm.js?a\")",
        ),
    ] {
        let page = today(Kind::Test(Global::ShadowRealm(host)), path, "a");
        assert!(page.contains(expected), "{page}");
    }
}

/// What is generated of this test of Test262.
fn test262(kind: Test262, path: &str, script: &[u8]) -> String {
    generate(Kind::Test262(kind), Edition::Today, path, "a=1", script).expect("a document")
}

#[test]
fn a_test_of_test262_is_in_a_frame_of_the_harness() {
    for (mode, path, frame) in [
        (Mode::Sloppy, "/a/x.test262.html", "/a/x.test262-test.html?a=1"),
        (Mode::Module, "/a/x.test262-module.html", "/a/x.test262-module-test.html?a=1"),
        (Mode::Strict, "/a/x.test262.strict.html", "/a/x.test262-test.strict.html?a=1"),
    ] {
        assert_order(
            &test262(Test262::Page(mode), path, b""),
            &[
                "/resources/testharness.js\"",
                "/resources/testharnessreport.js\"",
                "window.test262HarnessDone = t.step_func_done(function(status, message)",
                &format!("<iframe id=\"test262-iframe\" src=\"{frame}\"></iframe>"),
            ],
        );
    }
}

#[test]
fn the_frame_has_what_the_test_asks_for_before_the_test() {
    let script = b"/*---\nincludes: [propertyHelper.js, sta.js]\nflags: [async]\nnegative:\n  phase: runtime\n  \
        type: TypeError\n---*/\n";
    let harness = |name: &str| format!("<script src=\"/third_party/test262/harness/{name}\"></script>");
    let frame = test262(Test262::Frame(Mode::Sloppy), "/x.test262-test.html", script);
    assert_order(
        &frame,
        &[
            "/resources/test262/test262-reporter.js\"",
            "/resources/test262/test262-provider.js\"",
            &harness("assert.js"),
            &harness("sta.js"),
            &harness("doneprintHandle.js"),
            &harness("propertyHelper.js"),
            "<script>test262Setup()</script>",
            "<script>test262IsAsync(true)</script>",
            "<script>test262Negative('TypeError', 'runtime')</script>",
            "<script src=\"/x.js\" onerror=\"test262ScriptError()\"></script>",
        ],
    );
    assert_eq!(frame.matches("sta.js").count(), 1);
    let raw = test262(Test262::Frame(Mode::Sloppy), "/x.test262-test.html", b"/*---\nflags: [raw]\n---*/");
    assert!(!raw.contains("harness/") && !raw.contains("IsAsync") && !raw.contains("Negative"), "{raw}");
}

#[test]
fn modules_are_imported_and_strict_code_says_that_it_is() {
    let module = test262(Test262::Frame(Mode::Module), "/x.test262-module-test.html", b"");
    assert_order(
        &module,
        &[
            "__test262IsModule = true",
            "<script type=\"module\">",
            "import(\"/x.js\")",
            "setTimeout(() => { throw error; });",
        ],
    );
    let strict = test262(Test262::Frame(Mode::Strict), "/x.test262-test.strict.html", b"");
    assert!(strict.contains("<script src=\"/x.test262.strict.js\" onerror"), "{strict}");
    let script = test262(Test262::StrictScript, "/x.test262.strict.js", b"// META: a=\xff\na();");
    assert_eq!(script, "\"use strict\";\n// META: a=\u{fffd}\na();");
}
