//! The parser: recursive descent over tokens, one method for each rule of the grammar in `docs/frames.md`.

mod condition;
mod frame;
mod lexer;
mod octets;
mod options;
mod statement;
mod stream;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;

use self::lexer::{Kind, Token};
use crate::{Position, Script};

/// Octets of a script. What a person writes is far below; it bounds the work on a script before it runs.
pub const MOST_SOURCE: usize = 256 << 10;
/// Statements, frames and field lines of a script, for the same reason.
pub const MOST_STATEMENTS: usize = 10_000;
/// Blocks and octets within each other: parser and interpreter recurse, on a stack of 256 KiB.
pub const MOST_DEPTH: usize = 16;

/// Most attempts under one token unless `attempts` says otherwise: browsers that retry for ever stop soon.
const DEFAULT_CAP: u64 = 20;

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where.
    pub at: Position,
    /// What is wrong there.
    pub message: String,
}

impl Error {
    pub(crate) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "line {}, column {}: {}", self.at.line, self.at.column, self.message)
    }
}

impl std::error::Error for Error {}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// The first fault in the text, with its place.
    pub fn parse(source: &[u8]) -> Result<Self, Error> {
        let start = Position { line: 1, column: 1 };
        if source.len() > MOST_SOURCE {
            return Err(Error::new(start, format!("the script has more than {MOST_SOURCE} octets")));
        }
        let text = match std::str::from_utf8(source) {
            Ok(text) => text,
            Err(error) => return Err(Error::new(place(source, error.valid_up_to()), "this is not UTF-8")),
        };
        let mut parser =
            Parser { tokens: lexer::lex(text)?, next: 0, depth: 0, items: 0, cap: DEFAULT_CAP, pushes: Vec::new() };
        let statements = parser.statements(Kind::End)?;
        Ok(Self { cap: parser.cap, statements })
    }
}

/// The place of the octet with this index; all before it is UTF-8.
fn place(source: &[u8], index: usize) -> Position {
    let before = String::from_utf8_lossy(&source[..index]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Position { line: line.try_into().unwrap_or(u32::MAX), column: column.try_into().unwrap_or(u32::MAX) }
}

struct Parser<'a> {
    /// Ends with `Kind::End`, which is never passed.
    tokens: Vec<Token<'a>>,
    next: usize,
    depth: usize,
    items: usize,
    cap: u64,
    /// The names of the pushes so far.
    pushes: Vec<&'a str>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens[self.next]
    }

    fn ahead(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next + 1).copied()
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        if token.kind != Kind::End {
            self.next += 1;
        }
        token
    }

    fn take_if(&mut self, kind: Kind) -> bool {
        let there = self.peek().kind == kind;
        if there {
            self.take();
        }
        there
    }

    /// Takes this word if it is next.
    fn keyword(&mut self, word: &str) -> bool {
        let token = self.peek();
        let there = token.kind == Kind::Word && token.text == word;
        if there {
            self.take();
        }
        there
    }

    fn word(&mut self, what: &str) -> Result<Token<'a>, Error> {
        let token = self.peek();
        if token.kind != Kind::Word {
            return Err(self.unexpected(what));
        }
        Ok(self.take())
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let token = self.peek();
        Error::new(token.at, format!("{wanted} should stand here, not {}", token.describe()))
    }

    fn skip_breaks(&mut self) {
        while self.take_if(Kind::Break) {}
    }

    /// `{`, items, `}`, each item on its own.
    fn block<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        if !self.take_if(Kind::Open) {
            return Err(self.unexpected("`{`"));
        }
        self.deeper(|parser| parser.items(Kind::Close, &mut item))
    }

    fn items<T>(&mut self, end: Kind, item: &mut dyn FnMut(&mut Self) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        loop {
            self.skip_breaks();
            if self.take_if(end) || end == Kind::End && self.peek().kind == Kind::End {
                return Ok(items);
            }
            self.items += 1;
            if self.items > MOST_STATEMENTS {
                return Err(Error::new(self.peek().at, format!("more than {MOST_STATEMENTS} statements and lines")));
            }
            items.push(item(self)?);
            if !matches!(self.peek().kind, Kind::Break | Kind::Close | Kind::End) {
                return Err(self.unexpected("the end of the statement"));
            }
        }
    }

    /// Everything that recurses goes through here.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == MOST_DEPTH {
            return Err(Error::new(self.peek().at, format!("more than {MOST_DEPTH} deep")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }
}
