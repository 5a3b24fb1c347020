//! Where expressions are in a document, and what each consists of. Sans I/O.

use std::ops::Range;

use super::{
    fault::{ExpressionFault, Part},
    integer::parse_integer,
};

/// A part of an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    /// `name` or `$name`.
    Name(&'a str),
    /// `$name:`; the name with its `$`.
    Assignment(&'a str),
    /// `[index]`.
    Index(Index<'a>),
    /// `(argument, argument)`.
    Arguments(Vec<&'a str>),
}

/// What stands between brackets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Index<'a> {
    /// What reads as a whole number.
    Number(i64),
    /// All else.
    Text(&'a str),
}

impl Token<'_> {
    pub(super) fn part(&self) -> Part {
        match self {
            Self::Name(_) => Part::Name,
            Self::Assignment(_) => Part::Assignment,
            Self::Index(_) => Part::Index,
            Self::Arguments(_) => Part::Arguments,
        }
    }
}

/// Whether an expression of the document names a function that looks at files: `file_hash` or `fs_path`. Substituting
/// such a document may block.
pub fn reads_files(octets: &[u8]) -> bool {
    Expressions::of(octets).any(|place| {
        let expression = &octets[place.start + 2..place.end - 2];
        let named = expression.strip_prefix(b"$").and_then(|rest| {
            let word = word(rest);
            rest[word..].strip_prefix(b":").filter(|_| word > 0)
        });
        let name = named.unwrap_or(expression);
        matches!(&name[..word(name)], b"file_hash" | b"fs_path")
    })
}

/// The places of a document's expressions, braces included, in order: `{{`, anything but `}`, `}}`.
pub(super) struct Expressions<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Expressions<'a> {
    pub(super) fn of(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }
}

impl Iterator for Expressions<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let rest = self.octets.get(self.at..)?;
            let start = self.at + memchr::memmem::find(rest, b"{{")?;
            // No other expression can start before this brace and go beyond it.
            let close = start + memchr::memchr(b'}', &self.octets[start..])?;
            if self.octets.get(close + 1) == Some(&b'}') {
                self.at = close + 2;
                return Some(start..close + 2);
            }
            self.at = close + 1;
        }
    }
}

/// Cuts an expression into its parts. What follows the first octet that starts no part is ignored.
pub(super) fn tokens(expression: &[u8]) -> Result<Vec<Token<'_>>, ExpressionFault> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some((token, length)) = token(rest)? {
        tokens.push(token);
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// The first part and its length.
fn token(rest: &[u8]) -> Result<Option<(Token<'_>, usize)>, ExpressionFault> {
    match rest.first() {
        Some(b'[') => {
            let Some(inner) = enclosed(rest, b']') else { return Ok(None) };
            let text = text(inner, Part::Index)?;
            let index = parse_integer(text).map_or(Index::Text(text), Index::Number);
            Ok(Some((Token::Index(index), inner.len() + 2)))
        }
        Some(b'(') => {
            let Some(inner) = enclosed(rest, b')') else { return Ok(None) };
            let text = text(inner, Part::Arguments)?;
            Ok(Some((Token::Arguments(arguments(text)), inner.len() + 2)))
        }
        Some(_) => {
            let sign = usize::from(rest[0] == b'$');
            let word = word(&rest[sign..]);
            if word == 0 {
                return Ok(None);
            }
            let end = sign + word;
            let name = text(&rest[..end], Part::Name)?;
            if sign == 1 && rest.get(end) == Some(&b':') {
                return Ok(Some((Token::Assignment(name), end + 1)));
            }
            Ok(Some((Token::Name(name), end)))
        }
        None => Ok(None),
    }
}

/// What stands between the first octet and the next `close`.
fn enclosed(octets: &[u8], close: u8) -> Option<&[u8]> {
    memchr::memchr(close, octets).map(|end| &octets[1..end])
}

fn text(octets: &[u8], part: Part) -> Result<&str, ExpressionFault> {
    std::str::from_utf8(octets).map_err(|_| ExpressionFault::NotUtf8(part))
}

/// Cut at commas, each with the space behind it.
fn arguments(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut parts = text.split(',');
    let first = parts.next();
    first.into_iter().chain(parts.map(|part| part.trim_start_matches(is_space))).collect()
}

/// What Python takes for space: Unicode's, and four of ASCII's separators.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// How many word characters (ASCII letters, digits, `_`) come first.
fn word(octets: &[u8]) -> usize {
    octets.iter().take_while(|octet| octet.is_ascii_alphanumeric() || **octet == b'_').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_what_stands_between_double_braces_without_a_brace_inside() {
        for (document, expected) in [
            ("{{host}}", &["{{host}}"][..]),
            ("a{{b}}c{{d}}", &["{{b}}", "{{d}}"]),
            ("{{host", &[]),
            ("{{a}b}}", &[]),
            ("{{a}b}} {{host}}", &["{{host}}"]),
            ("{{{host}}", &["{{{host}}"]),
            ("{{host}}}", &["{{host}}"]),
            ("{{a\nb}}", &["{{a\nb}}"]),
            ("{{}}", &["{{}}"]),
            ("{host}", &[]),
            ("{{", &[]),
            ("{{}", &[]),
            ("", &[]),
        ] {
            let found: Vec<&str> = Expressions::of(document.as_bytes()).map(|place| &document[place]).collect();
            assert_eq!(found, expected, "{document:?}");
        }
    }

    #[test]
    fn a_document_tells_whether_it_looks_at_files() {
        for (document, expected) in [
            ("{{fs_path(a)}}", true),
            ("x {{host}} {{$a:file_hash(md5, a)}}", true),
            ("{{host}} fs_path(a)", false),
            ("{{fs_paths}}", false),
            ("{{$fs_path}}", false),
            ("{{host[fs_path]}}", false),
            ("{{$:fs_path(a)}}", false),
            ("{{}}", false),
        ] {
            assert_eq!(reads_files(document.as_bytes()), expected, "{document}");
        }
    }
}
