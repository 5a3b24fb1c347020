//! A script of any octets parses or names a place in itself.
#![no_main]

use frames_language::Script;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Err(error) = Script::parse(octets) else { return };
    let lines = octets.split(|&octet| octet == b'\n').count();
    assert!(error.at.line >= 1 && error.at.line as usize <= lines, "{error}");
    assert!(error.at.column >= 1 && !error.message.is_empty(), "{error}");
});
