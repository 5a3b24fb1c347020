//! Path patterns of routes and grants. Sans I/O.

/// Which paths something is for: one path, or with `/*` at the end every path below. Compared octet by octet with
/// percent-decoded paths.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pattern {
    /// For patterns with a wildcard: what stands before it, `/` included.
    literal: Box<[u8]>,
    is_prefix: bool,
}

impl Pattern {
    /// Reads a pattern as configurations write it: `/exact/path` or `/below/*`.
    pub fn new(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('/') => Self { literal: prefix.as_bytes().into(), is_prefix: true },
            _ => Self { literal: text.as_bytes().into(), is_prefix: false },
        }
    }

    /// Whether this path is meant.
    pub fn matches(&self, path: &[u8]) -> bool {
        if self.is_prefix { path.starts_with(&self.literal) } else { path == &*self.literal }
    }

    /// The one path that is meant, if there is only one.
    pub(super) fn exact(&self) -> Option<&[u8]> {
        (!self.is_prefix).then_some(&*self.literal)
    }

    /// The pattern as it was written.
    pub(super) fn to_text(&self) -> String {
        let star = if self.is_prefix { "*" } else { "" };
        format!("{}{star}", String::from_utf8_lossy(&self.literal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_paths() {
        for (pattern, path, expected) in [
            ("/a", "/a", true),
            ("/a", "/a/", false),
            ("/a", "/A", false),
            ("/a", "/a/b", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/b/c", true),
            ("/a/*", "/a/", true),
            ("/a/*", "/a", false),
            ("/a/*", "/ab", false),
            ("/*", "/", true),
            ("/*", "/anything/at/all", true),
            ("/*", "*", false),
            ("/a*", "/ab", false),
            ("/a*", "/a*", true),
            ("/a/*", "/a/*", true),
            ("/*", "/a/*", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(path.as_bytes()), expected, "{pattern} and {path}");
            assert_eq!(Pattern::new(pattern).to_text(), pattern);
        }
    }
}
