//! HPACK field compression (RFC 7541): a decoder that keeps order and representation, and an encoder
//! without state.
//!
//! Ours, because no maintained crate tells how a field line was represented. h2 decodes the same blocks for itself and
//! stays the judge; this decoder follows its limits, so that both tables stay in step.

mod decode;
mod encode;
mod huffman;
mod integer;
mod static_table;
mod table;

pub use decode::{Decoder, FieldBlock};
pub use encode::{block_spares_dynamic_table, encode_instruction, encode_literal, spares_dynamic_table};
pub use huffman::{decode as decode_huffman, encode as encode_huffman};

/// Why a field block cannot be decoded; a connection error of type COMPRESSION_ERROR (RFC 9113 §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HpackError {
    /// The block ends inside a field line.
    #[error("the field block ends inside a field line")]
    Truncated,
    /// RFC 7541 §5.1: an integer of more octets than we take.
    #[error("an integer is too long")]
    IntegerOverflow,
    /// RFC 7541 §2.3.3: index 0, or one beyond both tables.
    #[error("index {0} is in no table")]
    InvalidIndex(usize),
    /// RFC 7541 §5.2: the EOS symbol inside a string.
    #[error("a Huffman-coded string holds the EOS symbol")]
    EndOfString,
    /// RFC 7541 §5.2: padding longer than seven bits, or not the first bits of EOS.
    #[error("the padding of a Huffman-coded string is invalid")]
    InvalidPadding,
    /// RFC 7541 §6.3: a table size above the limit that SETTINGS gave.
    #[error("a dynamic table size of {0} octets is above the limit")]
    InvalidTableSize(usize),
    /// RFC 7541 §4.2: a table size update behind a field line.
    #[error("a dynamic table size update stands behind a field line")]
    LateTableSize,
    /// RFC 9113 §8.2: a field name without octets.
    #[error("a field name is empty")]
    EmptyName,
}
