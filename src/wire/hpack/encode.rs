//! The plainest encoder there is, for clients and tests: it leaves the dynamic table alone.

use super::integer;

/// Adds a field line as a literal without indexing, with a literal name and no Huffman code (RFC 7541 §6.2.2). Any
/// octets can be sent.
pub fn encode_literal(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.push(0);
    for string in [name, value] {
        integer::encode(out, 0, 7, string.len());
        out.extend_from_slice(string);
    }
}
