//! Field blocks of any octets end in a section within its limits, or in an error; strings likewise. What is encoded is
//! decoded again.
#![no_main]

use framewright::wire::hpack::{
    Decoder, FieldBlock, block_spares_dynamic_table, decode_huffman, encode_huffman, encode_literal,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|blocks: Vec<&[u8]>| {
    let mut decoder = Decoder::new(4_096, 64);
    for block in blocks {
        let _ = decode_huffman(block, &mut Vec::new());
        let _ = block_spares_dynamic_table(block);
        let (mut coded, mut back, mut literal) = (Vec::new(), Vec::new(), Vec::new());
        encode_huffman(block, &mut coded);
        assert_eq!(decode_huffman(&coded, &mut back), Ok(()));
        assert_eq!(back, block);
        encode_literal(&mut literal, block, block);
        assert!(block_spares_dynamic_table(&literal));
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
