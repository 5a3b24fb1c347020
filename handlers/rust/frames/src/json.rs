//! Writes JSON (RFC 8259), on one line: records stand in the stash one a line.

use std::fmt::Write;

/// An array or object being written.
pub struct Json(String);

impl Json {
    pub fn object() -> Self {
        Self("{".to_owned())
    }

    pub fn array() -> Self {
        Self("[".to_owned())
    }

    fn separate(&mut self) {
        if !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }

    /// A member of an object; `value` is JSON already. Keys are ours and need no escapes.
    pub fn member(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.separate();
        // Writing to a string can't fail.
        let _ = write!(self.0, "\"{key}\":{value}");
        self
    }

    /// An element of an array, likewise.
    pub fn element(mut self, value: impl std::fmt::Display) -> Self {
        self.separate();
        let _ = write!(self.0, "{value}");
        self
    }

    pub fn end(mut self) -> String {
        self.0.push(if self.0.starts_with('{') { '}' } else { ']' });
        self.0
    }
}

/// A string of one code point for each octet (isomorphic decoding, Infra Standard §4.5).
pub fn string(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() + 2);
    text.push('"');
    for octet in octets {
        match octet {
            b'"' | b'\\' => text.extend(['\\', char::from(*octet)]),
            // U+0080 to U+009F as well: terminals take them for control characters.
            0..=0x1f | 0x7f..=0x9f => {
                let _ = write!(text, "\\u{octet:04x}");
            }
            other => text.push(char::from(*other)),
        }
    }
    text.push('"');
    text
}

pub fn optional<T>(value: Option<T>, some: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "null".to_owned(), some)
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::from("\""), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    }) + "\""
}
