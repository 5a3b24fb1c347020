//! Octets as JSON text, reversibly.

use std::{borrow::Cow, fmt::Write};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Octets of a stranger's, such as a field value, which need not be UTF-8.
///
/// As text, a backslash is `\\`, an octet that is not part of valid UTF-8 is `\xNN`, and all else stands for itself; so
/// every run of octets has one text, and the text gives the octets back. JSON escapes that text once more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Octets(pub Vec<u8>);

/// Text that no octets are written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a backslash is followed by neither a backslash nor x and two hexadecimal digits")]
pub struct BadEscape;

impl Octets {
    /// The octets as text.
    pub fn to_text(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.contains('\\') => Cow::Borrowed(text),
            _ => Cow::Owned(self.escape()),
        }
    }

    fn escape(&self) -> String {
        let mut text = String::with_capacity(self.0.len() + 16);
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character == '\\' {
                    text.push('\\');
                }
                text.push(character);
            }
            for octet in chunk.invalid() {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\x{octet:02x}");
            }
        }
        text
    }

    /// The octets of such a text.
    ///
    /// # Errors
    /// A backslash that begins no escape.
    pub fn from_text(text: &str) -> Result<Self, BadEscape> {
        let mut octets = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some(at) = memchr::memchr(b'\\', rest) {
            octets.extend_from_slice(&rest[..at]);
            rest = match &rest[at + 1..] {
                [b'\\', rest @ ..] => {
                    octets.push(b'\\');
                    rest
                }
                [b'x', high, low, rest @ ..] => {
                    octets.push(digit(*high)? << 4 | digit(*low)?);
                    rest
                }
                _ => return Err(BadEscape),
            };
        }
        octets.extend_from_slice(rest);
        Ok(Self(octets))
    }
}

fn digit(octet: u8) -> Result<u8, BadEscape> {
    let digit = char::from(octet).to_digit(16).ok_or(BadEscape)?;
    u8::try_from(digit).map_err(|_| BadEscape)
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_text(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_have_one_text_which_gives_them_back() {
        for (octets, text) in [
            (b"text/html; q=1".as_slice(), "text/html; q=1"),
            (b"", ""),
            ("é → ü".as_bytes(), "é → ü"),
            (b"\xff\xfe", "\\xff\\xfe"),
            (b"a\xc3", "a\\xc3"),
            (b"\\xff", "\\\\xff"),
            (b"C:\\", "C:\\\\"),
            (b"\0\r\n\x1b", "\0\r\n\x1b"),
        ] {
            assert_eq!(Octets::from(octets).to_text(), text, "{octets:?}");
            assert_eq!(Octets::from_text(text), Ok(Octets::from(octets)), "{text:?}");
        }
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        assert_eq!(Octets::from_text(&Octets(all.clone()).to_text()), Ok(Octets(all)));
    }

    #[test]
    fn a_backslash_alone_is_no_escape() {
        for text in ["\\", "a\\", "\\n", "\\x", "\\xf", "\\xfg", "\\x+1"] {
            assert_eq!(Octets::from_text(text), Err(BadEscape), "{text:?}");
        }
    }
}
