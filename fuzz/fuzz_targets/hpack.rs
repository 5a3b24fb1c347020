//! Field blocks of any octets end in a section within its limits, or in an error; strings likewise.
#![no_main]

use framewright::wire::hpack::{Decoder, FieldBlock, decode_huffman};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|blocks: Vec<&[u8]>| {
    let mut decoder = Decoder::new(4_096, 64);
    for block in blocks {
        let _ = decode_huffman(block, &mut Vec::new());
        match decoder.decode(block) {
            Ok(FieldBlock::Section(section)) => {
                let octets: usize = section.iter().map(|line| line.name.len() + line.value.len() + 32).sum();
                assert!(octets < 4_096 && section.len() <= 64);
            }
            Ok(FieldBlock::TooManyLines | FieldBlock::TooLarge) => {}
            Err(_) => return,
        }
    }
});
