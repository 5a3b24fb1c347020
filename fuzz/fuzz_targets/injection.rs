//! A script gets into any page without a panic, and leaves the page's own octets as they are.
#![no_main]

use framewright::wptserve::injection::Injection;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &[u8]| {
    let element = Injection::new(b"a();").apply(b"<p>".to_vec().into());
    let element = &element[..element.len() - 3];
    let injected = Injection::new(b"a();").apply(page.to_vec().into());
    let added = injected.len() - page.len();
    assert!(added == 0 && injected == page || added == element.len());
    if added > 0 {
        let places = 0..=page.len();
        assert!(places.into_iter().any(|at| injected == [&page[..at], element, &page[at..]].concat()));
    }
});
