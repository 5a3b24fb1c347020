//! A path of the site never leads out of it, and reads the same when read again.
#![no_main]

use framewright::site::SitePath;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(path) = SitePath::parse(octets) else { return };
    let absolute = path.to_absolute();
    assert!(absolute.starts_with(b"/"));
    assert!(absolute.split(|&octet| octet == b'/').all(|segment| segment != b".."), "{absolute:?}");
    assert!(!absolute.contains(&0));
});
