//! Octets, numbers and times as arguments, and field sections.

use super::{Error, Parser, lexer::Kind, template};
use crate::{Indexing, Line, Number, Octets, Piece, Template, names};

impl Parser<'_> {
    /// `piece { "+" piece }`.
    pub(super) fn octets(&mut self) -> Result<Octets, Error> {
        let mut pieces = vec![self.piece()?];
        while self.take_if(Kind::Plus) {
            self.skip_breaks();
            pieces.push(self.piece()?);
        }
        Ok(Octets(pieces))
    }

    /// Octets that the statement can't do without: an option in their place is a slip, not text.
    pub(super) fn content(&mut self) -> Result<Octets, Error> {
        let token = self.peek();
        let option = ["end-stream", "frame", "reserved"].contains(&token.text)
            || ["padding=", "stream=", "flags=", "length="].iter().any(|option| token.text.starts_with(option));
        if token.kind == Kind::Word && option {
            return Err(self.unexpected("octets, if need be \"\","));
        }
        self.octets()
    }

    pub(super) fn piece(&mut self) -> Result<Piece, Error> {
        self.deeper(Self::piece_here)
    }

    fn piece_here(&mut self) -> Result<Piece, Error> {
        let token = self.peek();
        match token.kind {
            Kind::Text => Ok(Piece::Template(template::template(self.take())?)),
            Kind::ParenOpen => self.group(),
            Kind::Word => self.word_piece(),
            _ => Err(self.unexpected("octets")),
        }
    }

    fn group(&mut self) -> Result<Piece, Error> {
        self.take();
        self.skip_breaks();
        let mut octets = self.octets()?;
        self.skip_breaks();
        while self.take_if(Kind::Plus) {
            self.skip_breaks();
            octets.0.extend(self.octets()?.0);
            self.skip_breaks();
        }
        if self.take_if(Kind::ParenClose) { Ok(Piece::Group(octets)) } else { Err(self.unexpected("`+` or `)`")) }
    }

    fn word_piece(&mut self) -> Result<Piece, Error> {
        if self.ahead().is_some_and(|token| token.kind == Kind::Word && token.text == "of") {
            let number = self.number("a number")?;
            self.take();
            return Ok(Piece::Times(number, Box::new(self.piece()?)));
        }
        let token = self.take();
        Ok(match token.text {
            "hex" => {
                if self.peek().kind != Kind::Text {
                    return Err(self.unexpected("a string of hexadecimal digits"));
                }
                Piece::Template(Template::of(template::hex(self.take())?))
            }
            "chunk" => Piece::Chunk(Box::new(self.piece()?)),
            "first" | "last" => {
                let number = self.number("a number")?;
                if !self.keyword("of") {
                    return Err(self.unexpected("`of`"));
                }
                let piece = Box::new(self.piece()?);
                if token.text == "first" { Piece::First(number, piece) } else { Piece::Last(number, piece) }
            }
            "block" => Piece::Block(self.fields()?),
            "encode" => Piece::Encode(self.frames()?),
            _ => Piece::Template(template::template(token)?),
        })
    }

    pub(super) fn number(&mut self, what: &str) -> Result<Number, Error> {
        let token = self.word(what)?;
        template::number(token.text, token.at, |_| None)
    }

    pub(super) fn time(&mut self) -> Result<Number, Error> {
        let token = self.word("a time")?;
        template::time(token.text, token.at)
    }

    /// An error code, by name or number.
    pub(super) fn code(&mut self) -> Result<Number, Error> {
        let token = self.word("an error code")?;
        template::number(token.text, token.at, names::code_number)
    }

    /// The lines of a field section.
    pub(super) fn fields(&mut self) -> Result<Vec<Line>, Error> {
        self.block(Self::line)
    }

    /// A field section that may be left out.
    pub(super) fn optional_fields(&mut self) -> Result<Vec<Line>, Error> {
        if self.peek().kind == Kind::Open { self.fields() } else { Ok(Vec::new()) }
    }

    /// A section that the polite writer can send: no HPACK.
    pub(super) fn polite_fields(&mut self) -> Result<Vec<Line>, Error> {
        let at = self.peek().at;
        let lines = self.optional_fields()?;
        if polite(&lines) {
            return Ok(lines);
        }
        Err(Error::new(at, "a polite section has plain `field` lines alone; HPACK is for HEADERS"))
    }

    fn line(&mut self) -> Result<Line, Error> {
        let token = self.word("`field`")?;
        match token.text {
            "field" => {
                let name = self.piece()?;
                let value = self.octets()?;
                let mut options = self.options();
                let never = options.flag("never-indexed");
                let indexing = match options.flag("incremental") {
                    true if never => return Err(Error::new(token.at, "`incremental` excludes `never-indexed`")),
                    true => Indexing::Incremental,
                    false if never => Indexing::Never,
                    false => Indexing::Without,
                };
                let huffman = options.flag("huffman");
                options.finish()?;
                Ok(Line::Field { at: token.at, name, value, indexing, huffman })
            }
            "indexed" => Ok(Line::Indexed(self.number("an index")?)),
            "size-update" => Ok(Line::SizeUpdate(self.number("a size")?)),
            "octets" => Ok(Line::Octets(self.octets()?)),
            "repeat" => Ok(Line::Repeat(self.number("a number")?, self.fields()?)),
            other => Err(Error::new(
                token.at,
                format!("a field section has `field`, `indexed`, `size-update`, `octets` and `repeat`, not `{other}`"),
            )),
        }
    }
}

fn polite(lines: &[Line]) -> bool {
    lines.iter().all(|line| match line {
        Line::Field { indexing, huffman, .. } => *indexing == Indexing::Without && !huffman,
        Line::Repeat(_, inner) => polite(inner),
        Line::Indexed(_) | Line::SizeUpdate(_) | Line::Octets(_) => false,
    })
}
