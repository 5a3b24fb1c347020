//! Templates, octets and field sections, with what was left open filled in.

use frames_language::{Error, Indexing, Line, Octets, Part, Piece, Template};
use framewright_guest::{
    Field,
    raw::{self, Instruction},
};

use super::{Flow, Run};

/// Lines in one field section, and frames in one call.
pub(super) const MOST_ITEMS: usize = 10_000;
/// What a line or frame costs of a statement's octets beside its own: its record in memory.
pub(super) const ITEM_OCTETS: u64 = 64;

impl Run<'_> {
    pub(super) fn template(&mut self, template: &Template) -> Result<Vec<u8>, Error> {
        let mut octets = Vec::new();
        for part in &template.0 {
            match part {
                Part::Text(text) => octets.extend_from_slice(text),
                Part::Fact(fact, otherwise) => match self.fact(fact) {
                    Some(value) => octets.extend(value),
                    None => octets.extend_from_slice(otherwise),
                },
            }
        }
        self.spend(octets.len() as u64)?;
        Ok(octets)
    }

    pub(super) fn octets(&mut self, octets: &Octets) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        for piece in &octets.0 {
            all.extend(self.piece(piece)?);
        }
        Ok(all)
    }

    pub(super) fn piece(&mut self, piece: &Piece) -> Result<Vec<u8>, Error> {
        match piece {
            Piece::Template(template) => self.template(template),
            Piece::Group(octets) => self.octets(octets),
            Piece::Times(number, piece) => {
                let (times, octets) = (self.number(number)?, self.piece(piece)?);
                self.spend(times.saturating_mul(octets.len() as u64))?;
                // Within the room of a statement, unless the piece is empty.
                Ok(octets.repeat(if octets.is_empty() { 0 } else { usize::try_from(times).unwrap_or(0) }))
            }
            Piece::Chunk(piece) => {
                let octets = self.piece(piece)?;
                let mut chunk = format!("{:x}\r\n", octets.len()).into_bytes();
                // RFC 9112 §7.1: the last chunk has neither data nor a line end after them.
                if !octets.is_empty() {
                    chunk.extend(octets);
                    chunk.extend(b"\r\n");
                }
                Ok(chunk)
            }
            Piece::First(number, piece) => {
                let (most, mut octets) = (self.number(number)?, self.piece(piece)?);
                octets.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                Ok(octets)
            }
            Piece::Last(number, piece) => {
                let (most, octets) = (self.number(number)?, self.piece(piece)?);
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                Ok(octets[octets.len().saturating_sub(most)..].to_vec())
            }
            Piece::Block(lines) => {
                let block = self.block(lines)?;
                Ok(self.wire.encode_block(&block))
            }
            Piece::Encode(items) => {
                let frames = self.frames(items)?;
                Ok(self.wire.encode(&frames))
            }
        }
    }

    /// Takes octets from what the statement may still make.
    pub(super) fn spend(&mut self, octets: u64) -> Result<(), Error> {
        match self.room.checked_sub(octets) {
            Some(room) => {
                self.room = room;
                Ok(())
            }
            None => Err(self.fault(format!("more than {} octets", super::MOST_OCTETS))),
        }
    }

    /// A raw field block.
    pub(super) fn block(&mut self, lines: &[Line]) -> Result<Vec<Instruction>, Error> {
        let mut block = Vec::new();
        self.lines(lines, &mut block)?;
        Ok(block)
    }

    /// A polite field section: the parser allows nothing but plain lines in it.
    pub(super) fn fields(&mut self, lines: &[Line]) -> Result<Vec<Field>, Error> {
        let plain = |instruction| match instruction {
            Instruction::Literal(raw::Literal { name, value, .. }) => Some(Field { name, value }),
            _ => None,
        };
        Ok(self.block(lines)?.into_iter().filter_map(plain).collect())
    }

    fn lines(&mut self, lines: &[Line], block: &mut Vec<Instruction>) -> Result<(), Error> {
        for line in lines {
            self.tick()?;
            self.spend(ITEM_OCTETS)?;
            let instruction = match line {
                Line::Field { at: _, name, value, indexing, huffman } => Instruction::Literal(raw::Literal {
                    name: self.piece(name)?,
                    value: self.octets(value)?,
                    indexing: match indexing {
                        Indexing::Without => raw::Indexing::WithoutIndexing,
                        Indexing::Never => raw::Indexing::NeverIndexed,
                        Indexing::Incremental => raw::Indexing::Incremental,
                    },
                    huffman: *huffman,
                }),
                Line::Indexed(index) => Instruction::Indexed(self.fit(index, "an index")?),
                Line::SizeUpdate(size) => Instruction::SizeUpdate(self.fit(size, "a size")?),
                Line::Octets(octets) => Instruction::Octets(self.octets(octets)?),
                Line::Repeat(rounds, inner) => {
                    self.repeat(rounds, |run| run.lines(inner, block).map(|()| Flow::On))?;
                    continue;
                }
            };
            block.push(instruction);
            if block.len() > MOST_ITEMS {
                return Err(self.fault(format!("more than {MOST_ITEMS} lines in one field section")));
            }
        }
        Ok(())
    }
}
