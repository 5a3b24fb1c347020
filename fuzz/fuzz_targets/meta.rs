//! The documents of any script are made without a panic, and its comments cannot break out of their elements.
#![no_main]

use framewright::wptserve::{
    Edition,
    exposure::{Exposure, Global},
    generated::{Kind, document},
    meta::Metadata,
    test262::FrontMatter,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &[u8]| {
    let _ = FrontMatter::parse(script);
    let metadata = Metadata::parse(script);
    let _ = Exposure::of(&metadata, Edition::Today);
    let Ok(entries) = metadata.all() else { return };
    assert!(entries.iter().all(|entry| !entry.value.contains('\n')));
    let page = document(Kind::Test(Global::Window), Edition::Today, "/x.any.html", "", entries, script);
    let scripts = entries.iter().filter(|entry| entry.key == "script").count();
    let titles = entries.iter().filter(|entry| entry.key == "title").count();
    // Lines of the page: eleven of its own and the empty line of each empty block.
    let timeouts = entries.iter().filter(|entry| entry.key == "timeout" && entry.value == "long").count();
    let lines = 13 + scripts.max(1) + (titles + timeouts).max(1);
    assert_eq!(page.matches('\n').count(), lines, "{page}");
});
