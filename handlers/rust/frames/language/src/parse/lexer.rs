//! Text to tokens. Words and strings stay as written; their escapes and `{{…}}` are read when it is known what they are.

use super::Error;
use crate::Position;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// The inside of `"…"`.
    Text,
    Plus,
    Open,
    Close,
    ParenOpen,
    ParenClose,
    /// The end of a line, or `;`.
    Break,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) at: Position,
}

impl Token<'_> {
    pub(super) fn describe(&self) -> String {
        match self.kind {
            Kind::Word => format!("`{}`", self.text),
            Kind::Text => "a string".to_owned(),
            Kind::Plus => "`+`".to_owned(),
            Kind::Open => "`{`".to_owned(),
            Kind::Close => "`}`".to_owned(),
            Kind::ParenOpen => "`(`".to_owned(),
            Kind::ParenClose => "`)`".to_owned(),
            Kind::Break => "the end of the statement".to_owned(),
            Kind::End => "the end of the script".to_owned(),
        }
    }
}

/// All tokens, `Kind::End` being the last.
pub(super) fn lex(source: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut tokens = Vec::new();
    let mut at = Position { line: 0, column: 1 };
    for line in source.split('\n') {
        at = Position { line: at.line + 1, column: 1 };
        let mut cursor = Cursor { rest: line, at };
        while let Some(token) = cursor.token()? {
            tokens.push(token);
        }
        at = cursor.at;
        tokens.push(Token { kind: Kind::Break, text: "", at });
    }
    tokens.push(Token { kind: Kind::End, text: "", at });
    Ok(tokens)
}

struct Cursor<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> Cursor<'a> {
    /// The line's next token.
    fn token(&mut self) -> Result<Option<Token<'a>>, Error> {
        let blank = self.rest.find(|character: char| !matches!(character, ' ' | '\t' | '\r'));
        self.take(blank.unwrap_or(self.rest.len()));
        let at = self.at;
        let simple = match self.rest.as_bytes() {
            [] | [b'#', ..] => return Ok(None),
            [b'"', ..] => return self.string(at).map(Some),
            [b';', ..] => Some(Kind::Break),
            [b'{', b'{', ..] => None,
            [b'{', ..] => Some(Kind::Open),
            [b'}', ..] => Some(Kind::Close),
            [b'(', ..] => Some(Kind::ParenOpen),
            [b')', ..] => Some(Kind::ParenClose),
            _ => None,
        };
        if let Some(kind) = simple {
            return Ok(Some(Token { kind, text: self.take(1), at }));
        }
        let length = self.word_length()?;
        let text = self.take(length);
        Ok(Some(Token { kind: if text == "+" { Kind::Plus } else { Kind::Word }, text, at }))
    }

    fn string(&mut self, at: Position) -> Result<Token<'a>, Error> {
        let mut escaped = false;
        let end = self.rest.bytes().skip(1).position(|octet| {
            let end = octet == b'"' && !escaped;
            escaped = octet == b'\\' && !escaped;
            end
        });
        let Some(length) = end else {
            return Err(Error::new(at, "the string has no closing quote on its line"));
        };
        self.take(1);
        let text = self.take(length);
        self.take(1);
        Ok(Token { kind: Kind::Text, text, at })
    }

    /// Octets of the word here; `{{…}}` belongs to it, whatever it holds.
    fn word_length(&self) -> Result<usize, Error> {
        let octets = self.rest.as_bytes();
        let mut length = 0;
        while let Some(octet) = octets.get(length) {
            if octets[length..].starts_with(b"{{") {
                let Some(inside) = self.rest[length..].find("}}") else {
                    return Err(Error::new(self.at, "`{{` has no `}}` on its line"));
                };
                length += inside + 2;
            } else if matches!(octet, b' ' | b'\t' | b'\r' | b'"' | b';' | b'{' | b'}' | b'(' | b')') {
                break;
            } else {
                length += 1;
            }
        }
        Ok(length)
    }

    fn take(&mut self, octets: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(octets);
        self.rest = rest;
        let characters = u32::try_from(taken.chars().count()).unwrap_or(u32::MAX);
        self.at.column = self.at.column.saturating_add(characters);
        taken
    }
}
