//! No query panics, and what it asks for is read the same whether or not it was percent-encoded.
#![no_main]

use framewright::pipes::{of_request, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (path, query) = input;
    let Some(text) = of_request(path, Some(query)) else { return };
    let Ok(calls) = parse(&text) else { return };
    for call in &calls {
        let _ = call.check();
    }
    let encoded: String = text.bytes().map(|octet| format!("%{octet:02X}")).collect();
    let again = of_request(b"/", Some(format!("pipe={encoded}").as_bytes())).unwrap_or_default();
    assert_eq!(parse(&again).ok(), Some(calls));
});
