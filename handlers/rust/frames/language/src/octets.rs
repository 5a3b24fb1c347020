//! Values: octets, numbers and times, with what is filled in when the script runs.

use crate::{FrameItem, Position};

/// Something that a script can ask about its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each stands in `docs/frames.md` under its own name")]
pub enum Name {
    Get,
    Method,
    Scheme,
    Authority,
    Target,
    Path,
    Query,
    Header,
    Representation,
    Head,
    Protocol,
    H1,
    H2,
    Stream,
    Connection,
    Promised,
    Tls,
    Attempt,
    SameConnection,
    NewConnection,
    Outcome,
    Content,
    ContentOctets,
    Trailer,
    Seen,
    Window,
    Phase,
    Round,
    Uuid,
    Record,
}

/// A name and what stands in brackets after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Which one.
    pub name: Name,
    /// `x` of `GET[x]`; empty without brackets.
    pub key: String,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Octets as written.
    Text(Vec<u8>),
    /// `{{fact|otherwise}}`.
    Fact(Fact, Vec<u8>),
}

/// Text with `{{…}}` in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

impl Template {
    /// Octets without anything to fill in.
    pub fn of(octets: Vec<u8>) -> Self {
        Self(vec![Part::Text(octets)])
    }

    /// The octets, if there is nothing to fill in.
    pub fn literal(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(&[]),
            [Part::Text(octets)] => Some(octets),
            _ => None,
        }
    }
}

/// A number or time that is known only when the script runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// What it is made of.
    pub template: Template,
    /// Where it stands.
    pub at: Position,
}

/// A number or, in nanoseconds, a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// As written.
    Known(u64),
    /// To be filled in.
    Late(Late),
}

/// One piece of octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A word, a string or `hex`.
    Template(Template),
    /// `N of piece`.
    Times(Number, Box<Self>),
    /// `chunk piece`: a chunk of HTTP/1.1 (RFC 9112 §7.1).
    Chunk(Box<Self>),
    /// `first N of piece`.
    First(Number, Box<Self>),
    /// `last N of piece`.
    Last(Number, Box<Self>),
    /// `block { … }`: an encoded field block.
    Block(Vec<Line>),
    /// `encode { … }`: encoded frames.
    Encode(Vec<FrameItem>),
    /// `( … )`.
    Group(Octets),
}

/// Pieces, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Octets(pub Vec<Piece>);

/// How a literal field line is written (RFC 7541 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexing {
    /// §6.2.2.
    Without,
    /// §6.2.3.
    Never,
    /// §6.2.1.
    Incremental,
}

/// A line of a field section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `field name value`.
    Field {
        /// Where it stands.
        at: Position,
        /// Any octets.
        name: Piece,
        /// Any octets.
        value: Octets,
        /// Raw sections only.
        indexing: Indexing,
        /// Raw sections only.
        huffman: bool,
    },
    /// `indexed N`.
    Indexed(Number),
    /// `size-update N`.
    SizeUpdate(Number),
    /// `octets …`: verbatim HPACK.
    Octets(Octets),
    /// `repeat N { … }`.
    Repeat(Number, Vec<Self>),
}

/// `123`, `0x7b`, `4k`, `1m`.
pub fn parse_number(text: &str) -> Option<u64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return if digits.starts_with('+') { None } else { u64::from_str_radix(digits, 16).ok() };
    }
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1 << 10),
        b'm' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    decimal(digits)?.checked_mul(unit)
}

/// `250us`, `500ms`, `2s`, in nanoseconds.
pub fn parse_time(text: &str) -> Option<u64> {
    let units = [("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    units.iter().find_map(|(unit, nanoseconds)| decimal(text.strip_suffix(unit)?)?.checked_mul(*nanoseconds))
}

fn decimal(digits: &str) -> Option<u64> {
    // `parse` takes a sign, too.
    if digits.bytes().all(|octet| octet.is_ascii_digit()) { digits.parse().ok() } else { None }
}
