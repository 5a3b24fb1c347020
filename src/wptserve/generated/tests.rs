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
    document(kind, Edition::Today, path, query, Metadata::parse(SCRIPT).all().expect("text"))
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
    let then = document(Kind::Test(Global::Window), Edition::July2021, "/x.any.html", "", &[]);
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
