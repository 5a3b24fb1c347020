//! The lines of any side file are fields or a fault of one of its lines.
#![no_main]

use std::path::Path;

use framewright::wptserve::sidecar;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let lines = content.split(|octet| matches!(octet, b'\n' | b'\r')).count();
    match sidecar::parse(&content.to_vec().into(), Path::new("x.headers")) {
        Err(fault) => assert!((1..=lines).contains(&fault.line), "{fault}"),
        Ok(fields) => {
            assert!(fields.len() <= lines);
            let has_line_end = |text: &[u8]| text.iter().any(|octet| matches!(octet, b'\n' | b'\r'));
            assert!(fields.iter().all(|(name, value)| !name.contains(&b':') && !has_line_end(name) && !has_line_end(value)));
            let _ = (sidecar::of_file(fields.clone(), "text/plain"), sidecar::of_document(fields, "text/html", false));
        }
    }
});
