//! `.headers` files: fields of the responses made from the file beside them, or from any file of their folder. Sans I/O.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::reply::ReplyFields;

/// Files that may hold fields for one file; of two the first that exists counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidates {
    /// A template, filled in without escaping.
    pub template: PathBuf,
    /// If there is no such template: fields as they are.
    pub plain: PathBuf,
}

/// A name and a value.
pub type Line = (Bytes, Bytes);

/// A line that is no field.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}:{line}: a line without a colon", file.display())]
pub struct SidecarFault {
    /// The file.
    pub file: PathBuf,
    /// The line, counting from 1.
    pub line: usize,
}

/// What may hold fields for this file, in the order in which they count: those of its folder, then its own.
pub fn candidates(file: &Path) -> [Candidates; 2] {
    let folder = file.parent().unwrap_or(Path::new("")).join("__dir__");
    [folder.as_path(), file]
        .map(|of| Candidates { template: with_end(of, ".sub.headers"), plain: with_end(of, ".headers") })
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// Reads the fields of a file; a template's once it is filled in.
///
/// Lines end at LF, CR or CRLF; empty ones count for nothing. Names and values lose ASCII white space around them and
/// are any octets.
///
/// # Errors
/// See [`SidecarFault`].
pub fn parse(content: &Bytes, file: &Path) -> Result<Vec<Line>, SidecarFault> {
    let mut fields = Vec::new();
    let (mut at, mut line) = (0, 0);
    while at < content.len() {
        line += 1;
        let length = content[at..].iter().position(|octet| matches!(octet, b'\n' | b'\r'));
        let end = length.map_or(content.len(), |length| at + length);
        let text = content.slice(at..end);
        at = end + if content[end..].starts_with(b"\r\n") { 2 } else { 1 };
        if text.is_empty() {
            continue;
        }
        let Some(colon) = text.iter().position(|octet| *octet == b':') else {
            return Err(SidecarFault { file: file.to_owned(), line });
        };
        fields.push((trim(&text.slice(..colon)), trim(&text.slice(colon + 1..))));
    }
    Ok(fields)
}

/// The fields of a file's response: all lines, and before them a `Content-Type` if none of them is one.
pub fn of_file(lines: Vec<Line>, media_type: &'static str) -> ReplyFields {
    let mut fields = ReplyFields::default();
    if !lines.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-type")) {
        fields.append(&b"Content-Type"[..], media_type.as_bytes());
    }
    for (name, value) in lines {
        fields.append(name, value);
    }
    fields
}

/// The fields of a generated document's response. DEVIATES from what a site's author means unless `keeps_all`: of
/// several lines with one name the last alone is sent (web-platform-tests/wpt#49519), and tests have come to expect it.
pub fn of_document(lines: Vec<Line>, media_type: &'static str, keeps_all: bool) -> ReplyFields {
    if keeps_all {
        return of_file(lines, media_type);
    }
    let mut fields = ReplyFields::default();
    fields.set(&b"Content-Type"[..], media_type.as_bytes());
    for (name, value) in lines {
        fields.set(name, value);
    }
    fields
}

fn trim(text: &Bytes) -> Bytes {
    let is_space = |octet: &u8| matches!(octet, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let Some(start) = text.iter().position(|octet| !is_space(octet)) else { return Bytes::new() };
    let end = text.iter().rposition(|octet| !is_space(octet)).map_or(start, |last| last + 1);
    text.slice(start..end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content: &[u8]) -> Result<Vec<Line>, usize> {
        parse(&Bytes::copy_from_slice(content), Path::new("a.headers")).map_err(|fault| fault.line)
    }

    #[test]
    fn lines_are_fields() {
        for (content, expected) in [
            (&b""[..], Ok(&[][..])),
            (b"\n\r\n\r", Ok(&[])),
            (b"A: b", Ok(&[(&b"A"[..], &b"b"[..])])),
            (b"A: b\r\nC:d\rE :\t f \n", Ok(&[(b"A", b"b"), (b"C", b"d"), (b"E", b"f")])),
            (b"A: b: c", Ok(&[(b"A", b"b: c")])),
            (b":", Ok(&[(b"", b"")])),
            (b" A : \x0b\xff\x0c", Ok(&[(b"A", b"\xff")])),
            (b"A: \x00\x85\xa0", Ok(&[(b"A", b"\x00\x85\xa0")])),
            (b"A: b\n\nno colon\nC: d", Err(3)),
            (b"  \n", Err(1)),
        ] {
            let line =
                |(name, value): &(&'static [u8], &'static [u8])| (Bytes::from_static(name), Bytes::from_static(value));
            let expected = expected.map(|lines| lines.iter().map(line).collect::<Vec<_>>());
            assert_eq!(read(content), expected, "{}", content.escape_ascii());
        }
    }

    #[test]
    fn a_fault_names_file_and_line() {
        let fault = parse(&Bytes::from_static(b"A: b\nfaulty"), Path::new("/x/a.txt.headers")).expect_err("a fault");
        assert_eq!(fault.to_string(), "/x/a.txt.headers:2: a line without a colon");
    }

    #[test]
    fn the_folder_counts_before_the_file_and_templates_before_the_others() {
        let [folder, own] = candidates(Path::new("/r/d/a.any.js"));
        assert_eq!(folder.template, Path::new("/r/d/__dir__.sub.headers"));
        assert_eq!(folder.plain, Path::new("/r/d/__dir__.headers"));
        assert_eq!(own.template, Path::new("/r/d/a.any.js.sub.headers"));
        assert_eq!(own.plain, Path::new("/r/d/a.any.js.headers"));
    }

    proptest! {
        #[test]
        fn no_content_panics(content in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'),
            any::<u8>()], 0..64)) {
            let _ = parse(&content.into(), Path::new("a.headers"));
        }
    }
}
