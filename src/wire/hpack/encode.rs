//! An encoder without state: what it writes leaves the peer's dynamic table alone, unless asked otherwise.

use super::{huffman, integer};
use crate::exchange::{Indexing, Instruction};

/// Adds a field line as a literal without indexing, with a literal name and no Huffman code (RFC 7541 §6.2.2). Any
/// octets can be sent.
pub fn encode_literal(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    literal(out, 0, 4, [name, value], false);
}

/// Adds a piece of a field block as told (RFC 7541 §6), right or wrong.
pub fn encode_instruction(out: &mut Vec<u8>, instruction: &Instruction) {
    match instruction {
        Instruction::Literal { name, value, indexing, huffman } => {
            let (form, prefix) = match indexing {
                Indexing::Without => (0x00, 4),
                Indexing::Never => (0x10, 4),
                Indexing::Incremental => (0x40, 6),
            };
            literal(out, form, prefix, [name, value], *huffman);
        }
        Instruction::Indexed(index) => integer::encode(out, 0x80, 7, *index as usize),
        Instruction::SizeUpdate(size) => integer::encode(out, 0x20, 5, *size as usize),
        Instruction::Octets(octets) => out.extend_from_slice(octets),
    }
}

/// Whether a piece leaves the peer's dynamic table alone (RFC 7541 §2.3.2), and reads nothing of it.
pub fn spares_dynamic_table(instruction: &Instruction) -> bool {
    match instruction {
        Instruction::Literal { indexing, .. } => *indexing != Indexing::Incremental,
        Instruction::Indexed(index) => STATIC.contains(&(*index as usize)),
        Instruction::SizeUpdate(_) => false,
        Instruction::Octets(octets) => block_spares_dynamic_table(octets),
    }
}

/// The same for octets of a field block; false for what is no sequence of whole field lines.
pub fn block_spares_dynamic_table(mut block: &[u8]) -> bool {
    while let Some(&first) = block.first() {
        let (prefix, is_literal) = match first {
            0x80.. => (7, false),
            0x20.. => return false,
            _ => (4, true),
        };
        let Ok((index, used)) = integer::decode(block, prefix) else { return false };
        block = &block[used..];
        let is_known = STATIC.contains(&index) || is_literal && index == 0;
        if !is_known {
            return false;
        }
        let strings = if !is_literal {
            0
        } else if index == 0 {
            2
        } else {
            1
        };
        for _ in 0..strings {
            let Ok((length, used)) = integer::decode(block, 7) else { return false };
            let Some(rest) = block.get(used + length..) else { return false };
            block = rest;
        }
    }
    true
}

/// The indices of the static table (RFC 7541 Appendix A).
const STATIC: std::ops::RangeInclusive<usize> = 1..=61;

/// A literal with a literal name (RFC 7541 §6.2): index 0 in `prefix` bits behind `form`, then both strings (§5.2).
fn literal(out: &mut Vec<u8>, form: u8, prefix: u32, strings: [&[u8]; 2], huffman: bool) {
    integer::encode(out, form, prefix, 0);
    for string in strings {
        if huffman {
            let mut coded = Vec::with_capacity(string.len());
            huffman::encode(string, &mut coded);
            integer::encode(out, 0x80, 7, coded.len());
            out.append(&mut coded);
        } else {
            integer::encode(out, 0, 7, string.len());
            out.extend_from_slice(string);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        exchange::Representation,
        wire::hpack::{Decoder, FieldBlock},
    };

    fn encoded(instruction: &Instruction) -> Vec<u8> {
        let mut out = Vec::new();
        encode_instruction(&mut out, instruction);
        out
    }

    #[test]
    fn instructions_are_written_as_rfc_7541_has_them() {
        let field = |name: &'static [u8], value: &'static [u8], indexing, huffman| Instruction::Literal {
            name: Bytes::from_static(name),
            value: Bytes::from_static(value),
            indexing,
            huffman,
        };
        let rows: [(&str, Instruction, &[u8]); 7] = [
            (
                "C.2.1",
                field(b"custom-key", b"custom-header", Indexing::Incremental, false),
                b"\x40\x0acustom-key\x0dcustom-header",
            ),
            ("C.2.3", field(b"password", b"secret", Indexing::Never, false), b"\x10\x08password\x06secret"),
            ("§6.2.2", field(b"A", b"\0\n", Indexing::Without, false), b"\x00\x01A\x02\0\n"),
            (
                "C.4.1: a string",
                field(b"", b"www.example.com", Indexing::Without, true),
                b"\x00\x80\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff",
            ),
            ("C.2.4", Instruction::Indexed(2), b"\x82"),
            ("§6.3", Instruction::SizeUpdate(4096), b"\x3f\xe1\x1f"),
            ("verbatim", Instruction::Octets(Bytes::from_static(b"\xff")), b"\xff"),
        ];
        for (clause, instruction, octets) in rows {
            assert_eq!(encoded(&instruction), octets, "{clause}");
        }
    }

    #[test]
    fn it_is_known_which_blocks_touch_the_dynamic_table() {
        let rows: [(&str, &[u8], bool); 11] = [
            ("nothing", b"", true),
            ("§6.1: static", b"\x82\xbd", true),
            ("§6.1: index 0", b"\x80", false),
            ("§6.1: dynamic", b"\xbe", false),
            ("§6.2.1", b"\x40\x01a\x01b", false),
            ("§6.2.2: static name", b"\x01\x01b\x88", true),
            ("§6.2.2: dynamic name", b"\x0f\x2f\x01b", false),
            ("§6.2.3", b"\x10\x81\x1f\x01b", true),
            ("§6.3", b"\x20", false),
            ("cut off in a string", b"\x00\x01a\x05b", false),
            ("cut off in an integer", b"\x0f", false),
        ];
        for (clause, block, expected) in rows {
            assert_eq!(block_spares_dynamic_table(block), expected, "{clause}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let every: Vec<u8> = (0..=255).collect();
        for huffman in [false, true] {
            let instruction = Instruction::Literal {
                name: Bytes::copy_from_slice(&every),
                value: Bytes::copy_from_slice(&every),
                indexing: Indexing::Never,
                huffman,
            };
            let Ok(FieldBlock::Section(fields)) = Decoder::new(1 << 16, 10).decode(&encoded(&instruction)) else {
                panic!("not decoded");
            };
            let field = fields.iter().next().expect("one line");
            assert_eq!((field.name, field.value), (&every[..], &every[..]));
            assert_eq!(field.representation, Representation::NeverIndexed);
        }
    }
}
