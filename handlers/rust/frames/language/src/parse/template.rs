//! Escapes and `{{…}}`.

use super::{
    Error,
    lexer::{Kind, Token},
};
use crate::{Fact, Late, Name, Number, Part, Position, Template, parse_number, parse_time};

/// What may stand in brackets after a fact's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Absent,
    Free,
    /// One of these.
    Of(&'static [&'static str]),
}

const TLS: &[&str] = &["", "version", "cipher", "sni", "alpn", "resumed"];
const SEEN: &[&str] =
    &["type", "kind", "flags", "stream", "length", "padding", "payload", "code", "number", "arrived-ns", "refused"];

const FACTS: &[(&str, Name, Key)] = &[
    ("GET", Name::Get, Key::Free),
    ("method", Name::Method, Key::Absent),
    ("scheme", Name::Scheme, Key::Absent),
    ("authority", Name::Authority, Key::Absent),
    ("target", Name::Target, Key::Absent),
    ("path", Name::Path, Key::Absent),
    ("query", Name::Query, Key::Absent),
    ("header", Name::Header, Key::Free),
    ("representation", Name::Representation, Key::Free),
    ("head", Name::Head, Key::Absent),
    ("protocol", Name::Protocol, Key::Absent),
    ("h1", Name::H1, Key::Absent),
    ("h2", Name::H2, Key::Absent),
    ("stream", Name::Stream, Key::Absent),
    ("connection", Name::Connection, Key::Absent),
    ("promised", Name::Promised, Key::Absent),
    ("tls", Name::Tls, Key::Of(TLS)),
    ("attempt", Name::Attempt, Key::Absent),
    ("same-connection", Name::SameConnection, Key::Absent),
    ("new-connection", Name::NewConnection, Key::Absent),
    ("outcome", Name::Outcome, Key::Absent),
    ("content", Name::Content, Key::Absent),
    ("content-octets", Name::ContentOctets, Key::Absent),
    ("trailer", Name::Trailer, Key::Free),
    ("seen", Name::Seen, Key::Of(SEEN)),
    ("window", Name::Window, Key::Absent),
    ("phase", Name::Phase, Key::Absent),
    ("i", Name::Round, Key::Absent),
    ("uuid", Name::Uuid, Key::Absent),
    ("record", Name::Record, Key::Absent),
];

/// `NAME` or `NAME[key]`.
pub(super) fn fact(text: &str, at: Position) -> Result<Fact, Error> {
    let (name, key) = match text.split_once('[') {
        None => (text, None),
        Some((name, rest)) => {
            let Some(key) = rest.strip_suffix(']') else {
                return Err(Error::new(at, format!("`{text}` lacks its `]`")));
            };
            (name, Some(key))
        }
    };
    let Some((_, known, kind)) = FACTS.iter().find(|(known, ..)| *known == name) else {
        return Err(Error::new(at, format!("there is no fact `{name}`")));
    };
    let fits = match (kind, key) {
        (Key::Absent, None) => true,
        (Key::Free, Some(key)) => !key.is_empty(),
        (Key::Of(keys), key) => keys.contains(&key.unwrap_or_default()),
        _ => false,
    };
    if !fits {
        let form = match kind {
            Key::Absent => format!("`{name}` takes no brackets"),
            Key::Free => format!("`{name}` needs a name in brackets"),
            Key::Of(keys) => format!("`{name}` knows {} in brackets", keys.join(" ").trim()),
        };
        return Err(Error::new(at, form));
    }
    Ok(Fact { name: *known, key: key.unwrap_or_default().to_owned() })
}

/// A word, or a string with its escapes.
pub(super) fn template(token: Token<'_>) -> Result<Template, Error> {
    let escapes = token.kind == Kind::Text;
    let mut at = token.at;
    at.column += u32::from(escapes);
    let mut reader = Reader { rest: token.text, at, parts: Vec::new(), text: Vec::new() };
    while let Some(first) = reader.rest.chars().next() {
        if reader.rest.starts_with("{{") {
            reader.fact()?;
        } else if escapes && first == '\\' {
            reader.escape()?;
        } else {
            let taken = reader.take(first.len_utf8());
            reader.text.extend_from_slice(taken.as_bytes());
        }
    }
    reader.flush();
    Ok(Template(reader.parts))
}

struct Reader<'a> {
    rest: &'a str,
    at: Position,
    parts: Vec<Part>,
    text: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, octets: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(octets);
        self.rest = rest;
        self.at.column = self.at.column.saturating_add(u32::try_from(taken.chars().count()).unwrap_or(u32::MAX));
        taken
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }

    fn fact(&mut self) -> Result<(), Error> {
        let Some(end) = self.rest.find("}}") else {
            return Err(Error::new(self.at, "`{{` has no `}}`; write `\\{` for a brace"));
        };
        let inside = &self.rest[2..end];
        let (name, otherwise) = inside.split_once('|').unwrap_or((inside, ""));
        let fact = fact(name.trim(), self.at)?;
        self.flush();
        self.parts.push(Part::Fact(fact, otherwise.as_bytes().to_vec()));
        self.take(end + 2);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Error> {
        let octets = self.rest.as_bytes();
        let (octet, length) = match octets.get(1) {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(b'0') => (0, 2),
            Some(same @ (b'\\' | b'"' | b'{' | b'}')) => (*same, 2),
            Some(b'x') => match octets.get(2..4).and_then(hexadecimal) {
                Some(octet) => (octet, 4),
                None => return Err(Error::new(self.at, "`\\x` needs two hexadecimal digits")),
            },
            _ => return Err(Error::new(self.at, "escapes are \\n \\r \\t \\0 \\\\ \\\" \\{ \\} and \\xHH")),
        };
        self.take(length);
        self.text.push(octet);
        Ok(())
    }
}

/// The inside of `hex "…"`.
pub(super) fn hex(token: Token<'_>) -> Result<Vec<u8>, Error> {
    let digits: Vec<u8> = token.text.bytes().filter(|octet| *octet != b' ').collect();
    let octets: Option<Vec<u8>> = digits.chunks(2).map(hexadecimal).collect();
    octets.ok_or_else(|| Error::new(token.at, "hex takes pairs of hexadecimal digits"))
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let &[high, low] = digits else { return None };
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(high)? * 16 + value(low)?).ok()
}

/// A number, or a template that will become one; a name, if `named` knows it.
pub(super) fn number(text: &str, at: Position, named: impl Fn(&str) -> Option<u64>) -> Result<Number, Error> {
    late(text, at, |text| parse_number(text).or_else(|| named(text)), "a number")
}

/// A time, likewise.
pub(super) fn time(text: &str, at: Position) -> Result<Number, Error> {
    late(text, at, parse_time, "a time, such as 500ms or 2s,")
}

fn late(text: &str, at: Position, known: impl Fn(&str) -> Option<u64>, what: &str) -> Result<Number, Error> {
    if text.contains("{{") {
        let template = template(Token { kind: Kind::Word, text, at })?;
        return Ok(Number::Late(Late { template, at }));
    }
    match known(text) {
        Some(number) => Ok(Number::Known(number)),
        None => Err(Error::new(at, format!("{what} should stand here, not `{text}`"))),
    }
}
