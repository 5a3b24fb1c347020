//! The decoder (RFC 7541 §3.2, §6).

use std::ops::Range;

use bytes::Bytes;

use super::{HpackError, huffman, integer, table::Table};
use crate::exchange::{FieldSection, Representation};

/// The table size that holds until SETTINGS say otherwise, in octets (RFC 9113 §6.5.2); we never say otherwise.
const TABLE_OCTETS: usize = 4_096;

/// What each field line adds to the size of its section (RFC 9113 §6.5.2), in octets.
const LINE_OVERHEAD: usize = 32;

/// Decodes the field blocks of one direction of one connection, in their order.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    /// The largest size that an update may give the table, in octets.
    table_octets: usize,
    section_octets: usize,
    section_lines: usize,
    /// Scratch of the block at hand.
    octets: Vec<u8>,
    lines: Vec<(Range<usize>, Range<usize>, Representation)>,
}

/// A decoded field block.
#[derive(Clone, Debug)]
pub enum FieldBlock {
    /// All its lines.
    Section(FieldSection),
    /// It has more lines than allowed; they were dropped.
    TooManyLines,
    /// It is larger than allowed, as RFC 9113 §6.5.2 counts; its lines were dropped.
    TooLarge,
}

/// How far over the limits the block at hand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Room {
    Enough,
    TooManyLines,
    TooLarge,
}

impl Decoder {
    /// A decoder that keeps sections of up to `section_octets`, counted as RFC 9113 §6.5.2 does and with h2's meaning
    /// of the limit (a section that reaches it is too large), and of up to `section_lines` lines.
    pub fn new(section_octets: usize, section_lines: usize) -> Self {
        Self {
            table: Table::new(TABLE_OCTETS),
            table_octets: TABLE_OCTETS,
            section_octets,
            section_lines,
            octets: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The same for a direction in which the table may grow to `table_octets`, as SETTINGS_HEADER_TABLE_SIZE lets it.
    #[must_use]
    pub fn with_table(self, table_octets: usize) -> Self {
        Self { table_octets, ..self }
    }

    /// Decodes one whole field block. A block over the limits is decoded to its end, to keep the table in step, but
    /// not kept.
    ///
    /// # Errors
    /// See [`HpackError`]; the decoder is of no more use then.
    pub fn decode(&mut self, block: &[u8]) -> Result<FieldBlock, HpackError> {
        self.octets.clear();
        self.lines.clear();
        let mut rest = block;
        let mut size = 0usize;
        let mut room = Room::Enough;
        let mut first = true;
        while let Some(&octet) = rest.first() {
            if octet & 0xe0 == 0x20 {
                if !first {
                    return Err(HpackError::LateTableSize);
                }
                self.resize(&mut rest)?;
                continue;
            }
            first = false;
            let line = self.line(octet, &mut rest)?;
            size += line.0.len() + line.1.len() + LINE_OVERHEAD;
            if size >= self.section_octets {
                room = Room::TooLarge;
            } else if self.lines.len() == self.section_lines && room == Room::Enough {
                room = Room::TooManyLines;
            }
            if room == Room::Enough {
                self.lines.push(line);
            } else {
                self.octets.clear();
            }
        }
        Ok(match room {
            Room::Enough => FieldBlock::Section(self.section()),
            Room::TooManyLines => FieldBlock::TooManyLines,
            Room::TooLarge => FieldBlock::TooLarge,
        })
    }

    fn section(&self) -> FieldSection {
        let mut section = FieldSection::over(Bytes::copy_from_slice(&self.octets));
        for (name, value, representation) in &self.lines {
            section.push_range(name.clone(), value.clone(), *representation);
        }
        section
    }

    /// RFC 7541 §6.3.
    fn resize(&mut self, rest: &mut &[u8]) -> Result<(), HpackError> {
        let (size, used) = integer::decode(rest, 5)?;
        if size > self.table_octets {
            return Err(HpackError::InvalidTableSize(size));
        }
        *rest = &rest[used..];
        self.table.set_max_size(size);
        Ok(())
    }

    /// One field line, which starts with `octet`; its octets go to the scratch buffer.
    #[inline]
    fn line(
        &mut self,
        octet: u8,
        rest: &mut &[u8],
    ) -> Result<(Range<usize>, Range<usize>, Representation), HpackError> {
        let (prefix, representation) = match octet {
            0x80.. => (7, Representation::Indexed),
            0x40.. => (6, Representation::Incremental),
            0x10.. => (4, Representation::NeverIndexed),
            _ => (4, Representation::WithoutIndexing),
        };
        let (index, used) = integer::decode(rest, prefix)?;
        *rest = &rest[used..];
        let start = self.octets.len();
        if index == 0 && representation != Representation::Indexed {
            string(rest, &mut self.octets)?;
        } else {
            self.octets.extend_from_slice(self.table.line(index)?.0);
        }
        let middle = self.octets.len();
        if middle == start {
            return Err(HpackError::EmptyName);
        }
        if representation == Representation::Indexed {
            self.octets.extend_from_slice(self.table.line(index)?.1);
        } else {
            string(rest, &mut self.octets)?;
        }
        let end = self.octets.len();
        if representation == Representation::Incremental {
            self.table.insert(&self.octets[start..middle], &self.octets[middle..end]);
        }
        Ok((start..middle, middle..end, representation))
    }
}

/// Reads a string (RFC 7541 §5.2) and appends it to `out`.
#[inline]
fn string(rest: &mut &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    let coded = rest.first().ok_or(HpackError::Truncated)? & 0x80 != 0;
    let (length, used) = integer::decode(rest, 7)?;
    let (octets, tail) = rest[used..].split_at_checked(length).ok_or(HpackError::Truncated)?;
    *rest = tail;
    if coded {
        return huffman::decode(octets, out);
    }
    out.extend_from_slice(octets);
    Ok(())
}

#[cfg(test)]
mod tests;
