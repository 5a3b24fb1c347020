//! Frame headers survive a round trip, and the boundary scan counts the same however octets are cut.
#![no_main]

use framewright::wire::{Boundary, FrameHeader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (usize, &[u8])| {
    let (cut, octets) = input;
    if let Some(header) = octets.first_chunk() {
        assert_eq!(&FrameHeader::decode(*header).encode(), header);
    }
    let (first, second) = octets.split_at(cut.min(octets.len()));
    let mut whole = Boundary::new();
    whole.pass(octets);
    let mut parts = Boundary::new();
    parts.pass(first);
    parts.pass(second);
    assert_eq!((whole.position(), whole.frames()), (parts.position(), parts.frames()));
});
