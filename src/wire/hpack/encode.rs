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
        // The static table has 61 entries (RFC 7541 Appendix A).
        Instruction::Indexed(index) => (1..=61).contains(index),
        Instruction::SizeUpdate(_) | Instruction::Octets(_) => false,
    }
}

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
