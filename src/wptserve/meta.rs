//! `// META: key=value` comments at the top of a test's script. Sans I/O.
//!
//! A line counts if it matches `//\s*META:\s*(\w*)=(.*)` from its first column; the first that does not ends the scan.
//! A carriage return before the line feed belongs to the value: the original does not recognise `timeout=long` in a
//! file with CRLF line ends.

/// What the comments at the top of a script say, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Metadata {
    entries: Vec<Entry>,
    /// The line at which the scan broke off because its value is no text.
    fault: Option<NotText>,
}

/// One comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Letters, digits and underscores; may be empty.
    pub key: String,
    /// The rest of the line.
    pub value: String,
}

/// A value that is not UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: the value of the META comment is not UTF-8")]
pub struct NotText {
    /// The line, counting from 1.
    pub line: usize,
}

impl Metadata {
    /// Reads the comments at the top of a script.
    pub fn parse(script: &[u8]) -> Self {
        let mut metadata = Self::default();
        for (at, line) in script.split_inclusive(|&octet| octet == b'\n').enumerate() {
            let Some((key, value)) = split(line.strip_suffix(b"\n").unwrap_or(line)) else { break };
            match std::str::from_utf8(value) {
                Ok(value) => metadata.entries.push(Entry { key: key.to_owned(), value: value.to_owned() }),
                Err(_) => {
                    metadata.fault = Some(NotText { line: at + 1 });
                    break;
                }
            }
        }
        metadata
    }

    /// The first value of this key. As in the original, a fault counts only if nothing was found before it.
    ///
    /// # Errors
    /// A value that is no text.
    pub fn first(&self, key: &str) -> Result<Option<&str>, NotText> {
        match (self.entries.iter().find(|entry| entry.key == key), self.fault) {
            (Some(entry), _) => Ok(Some(&entry.value)),
            (None, Some(fault)) => Err(fault),
            (None, None) => Ok(None),
        }
    }

    /// All comments.
    ///
    /// # Errors
    /// A value that is no text.
    pub fn all(&self) -> Result<&[Entry], NotText> {
        self.fault.map_or(Ok(&self.entries), Err)
    }
}

/// Key and value of a line without its line feed; none if it is no such comment.
fn split(line: &[u8]) -> Option<(&str, &[u8])> {
    let rest = skip_space(skip_space(line.strip_prefix(b"//")?).strip_prefix(b"META:")?);
    let at = rest.iter().position(|octet| !(octet.is_ascii_alphanumeric() || *octet == b'_'))?;
    let value = rest[at..].strip_prefix(b"=")?;
    // These octets are ASCII.
    Some((std::str::from_utf8(&rest[..at]).ok()?, value))
}

fn skip_space(text: &[u8]) -> &[u8] {
    let at = text.iter().position(|octet| !matches!(octet, b' ' | b'\t' | b'\r' | 0x0b | 0x0c));
    at.map_or(&[], |at| &text[at..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(script: &[u8]) -> Vec<(String, String)> {
        let metadata = Metadata::parse(script);
        metadata.entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
    }

    #[test]
    fn comments_are_read_from_the_very_top_down_to_the_first_other_line() {
        for (script, expected) in [
            (&b"// META: a=b\n// META: c=d\ncode\n// META: e=f\n"[..], &[("a", "b"), ("c", "d")][..]),
            (b"//META:a=b", &[("a", "b")]),
            (b"// \t\x0b\x0c META: \r\t a=b=c\n", &[("a", "b=c")]),
            (b"// META: a= b \n", &[("a", " b ")]),
            (b"// META: a=b\r\n// META: c=d\r\n", &[("a", "b\r"), ("c", "d\r")]),
            (b"// META: =b\n// META: a_1=\n", &[("", "b"), ("a_1", "")]),
            (b"// META: a =b\n", &[]),
            (b"// META: a\n", &[]),
            (b"// META:\n", &[]),
            (b"// META : a=b\n", &[]),
            (b"// meta: a=b\n", &[]),
            (b" // META: a=b\n", &[]),
            (b"\n// META: a=b\n", &[]),
            (b"\xef\xbb\xbf// META: a=b\n", &[]),
            (b"# META: a=b\n", &[]),
            (b"/// META: a=b\n", &[]),
            (b"// META: \xc3\xa9=b\n", &[]),
            (b"//\n", &[]),
            (b"//", &[]),
            (b"", &[]),
            (b"// META: a=\xc3\xa9\n", &[("a", "\u{e9}")]),
        ] {
            let found = pairs(script);
            let found: Vec<_> = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{}", script.escape_ascii());
        }
    }

    #[test]
    fn a_value_that_is_no_text_counts_from_where_it_stands() {
        let metadata = Metadata::parse(b"// META: a=b\n// META: c=\xff\n// META: d=e\n");
        assert_eq!(metadata.first("a"), Ok(Some("b")));
        assert_eq!(metadata.first("d"), Err(NotText { line: 2 }));
        assert_eq!(metadata.all(), Err(NotText { line: 2 }));
    }

    #[test]
    fn the_first_of_several_counts() {
        let metadata = Metadata::parse(b"// META: a=1\n// META: a=2\n");
        assert_eq!(metadata.first("a"), Ok(Some("1")));
        assert_eq!(metadata.first("b"), Ok(None));
        assert_eq!(metadata.all().map(<[Entry]>::len), Ok(2));
    }

    proptest! {
        #[test]
        fn no_script_panics(script in "(//[ \t]*META:[ \r]*[a-z_]{0,3}=?.{0,4}[\r\n]{0,2}|.)*") {
            let _ = Metadata::parse(script.as_bytes());
        }
    }
}
