//! Request paths as places below the site's root. Sans I/O.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// A place below the root: segments joined by `/`, none of them empty, `.` or `..`, no NUL among them. It can name
/// nothing outside the root, symbolic links aside. Octets, not text: any file name can be asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SitePath<'a> {
    /// The segments; with a `/` at the end if only a directory can be meant; empty for the root itself.
    octets: Cow<'a, [u8]>,
}

/// Why a request path names no place below the root: the peer's fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PathFault {
    /// It does not start with `/`.
    #[error("the request path does not start with a slash")]
    NotAbsolute,
    /// A `%` is not followed by two hexadecimal digits (RFC 3986 §2.1).
    #[error("the request path holds an invalid percent-encoding")]
    Encoding,
    /// It holds a NUL, which no file name can.
    #[error("the request path holds a NUL octet")]
    Nul,
    /// It holds `..`, in whatever spelling. Clients resolve these before they send a path (RFC 3986 §5.2.4).
    #[error("the request path holds a `..` segment")]
    Parent,
    /// On Windows: a segment that the system would read as something else than a name.
    #[error("the request path holds a segment that cannot be a file name")]
    Reserved,
    /// The path is longer than [`MAX_PATH`] octets or a segment longer than [`MAX_SEGMENT`].
    #[error("the request path is too long")]
    TooLong,
}

/// Octets in a decoded path: Linux's PATH_MAX, less room for the root's own.
const MAX_PATH: usize = 4000;

/// Octets in a segment: NAME_MAX on every file system that is common.
const MAX_SEGMENT: usize = 255;

/// What stays as it is in a path that we write: RFC 3986 §3.3 without `&` and `'`, which HTML gives a meaning.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

impl<'a> SitePath<'a> {
    /// Reads the path of a request target, without the query. Empty and `.` segments fall away.
    ///
    /// # Errors
    /// See [`PathFault`]: whatever could lead out of the root, in whatever spelling.
    pub fn parse(path: &'a [u8]) -> Result<Self, PathFault> {
        let rest = path.strip_prefix(b"/").ok_or(PathFault::NotAbsolute)?;
        Self::from_octets(decode(rest)?)
    }

    /// Reads a path below the root that is decoded already, without a `/` in front.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn from_decoded(path: &'a [u8]) -> Result<Self, PathFault> {
        Self::from_octets(path.into())
    }

    fn from_octets(decoded: Cow<'a, [u8]>) -> Result<Self, PathFault> {
        if decoded.contains(&0) {
            return Err(PathFault::Nul);
        }
        let mut plain = true;
        let mut segments = decoded.split(|&octet| octet == b'/').peekable();
        while let Some(segment) = segments.next() {
            match segment {
                b".." => return Err(PathFault::Parent),
                _ if is_reserved(segment) => return Err(PathFault::Reserved),
                _ if segment.len() > MAX_SEGMENT => return Err(PathFault::TooLong),
                b"." => plain = false,
                b"" if segments.peek().is_some() => plain = false,
                _ => {}
            }
        }
        if decoded.len() > MAX_PATH {
            return Err(PathFault::TooLong);
        }
        Ok(Self { octets: if plain { decoded } else { normalise(&decoded) } })
    }

    /// The segments joined by `/`, none at either end; empty for the root itself.
    pub fn as_octets(&self) -> &[u8] {
        self.octets.strip_suffix(b"/").unwrap_or(&self.octets)
    }

    /// Whether the path ended in `/`: only a directory can be meant.
    pub fn is_directory(&self) -> bool {
        self.octets.is_empty() || self.octets.ends_with(b"/")
    }

    /// Whether the last segment is a handler's name.
    pub fn is_handler(&self) -> bool {
        self.octets.ends_with(super::HANDLER_SUFFIX.as_bytes())
    }

    /// Whether the last segment is a script's name.
    pub fn is_script(&self) -> bool {
        self.octets.ends_with(super::SCRIPT_SUFFIX.as_bytes())
    }

    /// Whether the last segment is the name of a Python file.
    pub fn is_python(&self) -> bool {
        self.octets.ends_with(b".py")
    }

    /// The path in the form that route patterns and grants are written in: `/`, then the segments.
    pub fn to_absolute(&self) -> Vec<u8> {
        [b"/", &*self.octets].concat()
    }

    /// What tells this path from all others, the one of a directory from the one of a file included.
    pub(super) fn key(&self) -> &[u8] {
        &self.octets
    }

    /// The last segment; empty for the root itself.
    pub(super) fn name(&self) -> &[u8] {
        self.as_octets().rsplit(|&octet| octet == b'/').next().unwrap_or_default()
    }

    /// The path of a file in this directory.
    pub(super) fn join(&self, name: &[u8]) -> SitePath<'static> {
        let directory = self.as_octets();
        let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
        SitePath { octets: [directory, separator, name].concat().into() }
    }

    /// The same path, with octets of its own.
    pub(super) fn into_owned(self) -> SitePath<'static> {
        SitePath { octets: Cow::Owned(self.octets.into_owned()) }
    }

    /// The path as a reference that every client resolves on this server: one `/` in front, everything else encoded,
    /// backslashes included, which browsers read as slashes; a `/` at the end.
    pub(super) fn to_directory_reference(&self) -> String {
        let mut reference = String::from("/");
        let directory = self.as_octets();
        if !directory.is_empty() {
            reference.extend(encode(directory));
            reference.push('/');
        }
        reference
    }
}

/// Percent-encodes the octets of a path for use in a `Location` field or an HTML attribute.
pub(super) fn encode(octets: &[u8]) -> impl Iterator<Item = &str> {
    percent_encode(octets, PATH)
}

/// Percent-decodes what can be decoded and leaves the rest as it is: how route patterns see a path.
pub fn decode_leniently(path: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(path).into()
}

fn decode(path: &[u8]) -> Result<Cow<'_, [u8]>, PathFault> {
    let mut rest = path;
    while let Some(at) = rest.iter().position(|&octet| octet == b'%') {
        match rest[at + 1..] {
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest = &rest[at + 3..],
            _ => return Err(PathFault::Encoding),
        }
    }
    Ok(percent_decode(path).into())
}

fn normalise(decoded: &[u8]) -> Cow<'static, [u8]> {
    let mut octets = Vec::with_capacity(decoded.len());
    for segment in decoded.split(|&octet| octet == b'/').filter(|segment| !matches!(*segment, b"" | b".")) {
        octets.extend_from_slice(segment);
        octets.push(b'/');
    }
    if !(decoded.ends_with(b"/") || decoded.ends_with(b"/.") || decoded == b".") {
        octets.pop();
    }
    octets.into()
}

/// Windows reads `\` as a separator and `:` as a drive or a stream, and drops dots and spaces at the end of a name.
#[cfg(windows)]
fn is_reserved(segment: &[u8]) -> bool {
    segment.iter().any(|octet| matches!(octet, b'\\' | b':')) || matches!(segment.last(), Some(b'.' | b' '))
}

/// On other systems a backslash is an octet like any other, and stays in its segment.
#[cfg(not(windows))]
fn is_reserved(_: &[u8]) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static str, &'static [u8], Result<(&'static [u8], bool), PathFault>);

    #[test]
    fn request_paths_are_read_or_refused() {
        let rows: &[Row] = &[
            ("root", b"/", Ok((b"", true))),
            ("file", b"/a/b.txt", Ok((b"a/b.txt", false))),
            ("directory", b"/a/b/", Ok((b"a/b", true))),
            ("decoded", b"/a%20b%C3%a9", Ok(("a b\u{e9}".as_bytes(), false))),
            ("not UTF-8", b"/%ff\xfe", Ok((b"\xff\xfe", false))),
            ("decoded once", b"/%252e%252e/a", Ok((b"%2e%2e/a", false))),
            ("plus is plus", b"/a+b", Ok((b"a+b", false))),
            ("empty segments", b"//a///b", Ok((b"a/b", false))),
            ("dots only", b"/.", Ok((b"", true))),
            ("slashes only", b"///", Ok((b"", true))),
            ("dot segments", b"/./a/./b/.", Ok((b"a/b", true))),
            ("encoded dot", b"/%2e/a", Ok((b"a", false))),
            ("encoded slash", b"/a%2Fb", Ok((b"a/b", false))),
            ("dots in a name", b"/..a/b../...", Ok((b"..a/b../...", false))),
            ("parent", b"/../etc/passwd", Err(PathFault::Parent)),
            ("parent inside", b"/a/../b", Err(PathFault::Parent)),
            ("parent last", b"/a/..", Err(PathFault::Parent)),
            ("parent encoded", b"/%2e%2E/a", Err(PathFault::Parent)),
            ("parent half encoded", b"/.%2e/a", Err(PathFault::Parent)),
            ("parent behind encoded slash", b"/a%2f..%2fb", Err(PathFault::Parent)),
            ("NUL", b"/a%00.txt", Err(PathFault::Nul)),
            ("bare %", b"/100%", Err(PathFault::Encoding)),
            ("% and one digit", b"/%2", Err(PathFault::Encoding)),
            ("% and no digits", b"/%zz", Err(PathFault::Encoding)),
            ("% and a sign", b"/%+1", Err(PathFault::Encoding)),
            ("asterisk", b"*", Err(PathFault::NotAbsolute)),
            ("empty", b"", Err(PathFault::NotAbsolute)),
        ];
        for (name, path, expected) in rows {
            let parsed = SitePath::parse(path);
            let seen = parsed.as_ref().map(|path| (path.as_octets(), path.is_directory())).map_err(|fault| *fault);
            assert_eq!(seen, *expected, "{name}");
        }
    }

    #[test]
    fn long_paths_are_refused() {
        let segment = [b"/".as_slice(), &[b'a'; MAX_SEGMENT]].concat();
        assert!(SitePath::parse(&segment).is_ok());
        assert_eq!(SitePath::parse(&[&segment[..], b"a"].concat()), Err(PathFault::TooLong));
        assert_eq!(SitePath::parse(&segment.repeat(16)), Err(PathFault::TooLong));
        assert_eq!(SitePath::parse(&b"/%61".repeat(3000)), Err(PathFault::TooLong));
    }

    #[test]
    #[cfg(not(windows))]
    fn backslashes_are_octets_of_a_name() {
        let path = SitePath::parse(b"/..\\..\\a").expect("valid");
        assert_eq!(path.as_octets(), b"..\\..\\a");
    }

    #[test]
    fn handler_names_are_seen_after_decoding() {
        assert!(SitePath::parse(b"/a/hello%2ehandler.w%61sm").expect("valid").is_handler());
        assert!(!SitePath::parse(b"/a/hello.handler.wasm/").expect("valid").is_handler());
        assert!(SitePath::parse(b"/a/b%2eframe%73").expect("valid").is_script());
        assert!(!SitePath::parse(b"/a/b.frames/").expect("valid").is_script());
        assert!(!SitePath::parse(b"/a/hello.wasm").expect("valid").is_handler());
    }

    #[test]
    fn redirects_stay_on_this_server() {
        for (path, reference) in [
            (b"/a".as_slice(), "/a/"),
            (b"//evil.example", "/evil.example/"),
            (b"/%2Fevil.example", "/evil.example/"),
            (b"/%5Cevil.example", "/%5Cevil.example/"),
            (b"/a%0d%0aSet-Cookie:%20b", "/a%0D%0ASet-Cookie%3A%20b/"),
            (b"/%22%3Cscript%3E", "/%22%3Cscript%3E/"),
            (b"/%FF%3f%23", "/%FF%3F%23/"),
            (b"/", "/"),
        ] {
            assert_eq!(SitePath::parse(path).expect("valid").to_directory_reference(), reference);
        }
    }
}
