//! A client's octets file the same arrivals however they are cut.
#![no_main]

use framewright::wire::{Inbound, Limits};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { frame_octets: 16_384, block_octets: 131_072, section_octets: 4_096, section_lines: 64 };

fuzz_target!(|input: (Vec<u8>, &[u8])| {
    let (cuts, frames) = input;
    let octets = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", frames].concat();
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    Inbound::new(LIMITS).take(&octets, &mut whole);
    let mut inbound = Inbound::new(LIMITS);
    let mut rest = octets.as_slice();
    for cut in cuts {
        let (now, later) = rest.split_at(rest.len().min(cut.into()));
        inbound.take(now, &mut parts);
        rest = later;
    }
    inbound.take(rest, &mut parts);
    assert_eq!(format!("{whole:?}"), format!("{parts:?}"));
});
