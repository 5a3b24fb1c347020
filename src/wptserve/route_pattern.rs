//! Patterns of routes: literal text, `{name}` for one segment, one `*` for the rest of the path. Sans I/O.
//!
//! Text behind the star must end the path, and belongs to what the star stands for: `*.any.html` on `/a/b.any.html`
//! gives `a/b.any.html`. A slash before the pattern goes without saying; no decoding takes place.

/// A compiled pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoutePattern {
    parts: Vec<Part>,
    /// With a star: what follows it.
    star: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Literal(String),
    Segment(String),
}

/// What is wrong with a pattern.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternFault {
    /// A brace that opens no `{name}`.
    #[error("`{0}`: a brace that begins no `{{name}}`")]
    Brace(String),
    /// A name that is empty, begins with a digit or stands twice.
    #[error("`{0}`: names in braces begin with a letter and differ")]
    Name(String),
    /// A second star, or a `{name}` after the star.
    #[error("`{0}`: nothing but text can follow the star")]
    AfterStar(String),
}

/// What a path has where the pattern has placeholders.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Groups<'a> {
    /// What the star stands for, the text behind it included.
    pub star: Option<&'a str>,
    /// What each `{name}` stands for.
    pub named: Vec<(String, &'a str)>,
}

impl RoutePattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// See [`PatternFault`].
    pub fn new(pattern: &str) -> Result<Self, PatternFault> {
        let mut compiled = Self { parts: Vec::new(), star: None };
        if !pattern.starts_with('/') {
            compiled.literal("/");
        }
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '*' if compiled.star.is_some() => return Err(PatternFault::AfterStar(pattern.to_owned())),
                '*' => {
                    compiled.star = Some(String::new());
                    1
                }
                '{' if compiled.star.is_some() => return Err(PatternFault::AfterStar(pattern.to_owned())),
                '{' => compiled.segment(rest, pattern)?,
                _ => {
                    let length = rest.find(['*', '{']).unwrap_or(rest.len());
                    compiled.literal(&rest[..length]);
                    length
                }
            };
            rest = &rest[length..];
        }
        Ok(compiled)
    }

    /// Matches a whole path.
    pub fn matches<'a>(&self, path: &'a str) -> Option<Groups<'a>> {
        let mut groups = Groups::default();
        self.matches_parts(&self.parts, path, &mut groups).then_some(groups)
    }

    fn literal(&mut self, text: &str) {
        match (&mut self.star, self.parts.last_mut()) {
            (Some(tail), _) => tail.push_str(text),
            (None, Some(Part::Literal(last))) => last.push_str(text),
            (None, _) => self.parts.push(Part::Literal(text.to_owned())),
        }
    }

    /// The length of the placeholder that `rest` begins with.
    fn segment(&mut self, rest: &str, pattern: &str) -> Result<usize, PatternFault> {
        let end = rest.find('}').filter(|&end| rest[1..end].chars().all(|c| c.is_alphanumeric() || c == '_'));
        let Some(end) = end else { return Err(PatternFault::Brace(pattern.to_owned())) };
        let name = &rest[1..end];
        let is_taken = self.parts.iter().any(|part| matches!(part, Part::Segment(other) if other == name));
        if is_taken || !name.starts_with(|first: char| !first.is_numeric()) {
            return Err(PatternFault::Name(pattern.to_owned()));
        }
        self.parts.push(Part::Segment(name.to_owned()));
        Ok(end + 1)
    }

    fn matches_parts<'a>(&self, parts: &[Part], path: &'a str, groups: &mut Groups<'a>) -> bool {
        let Some((first, others)) = parts.split_first() else { return self.matches_star(path, groups) };
        match first {
            Part::Literal(text) => {
                path.strip_prefix(text.as_str()).is_some_and(|rest| self.matches_parts(others, rest, groups))
            }
            Part::Segment(name) => {
                let longest = path.find('/').unwrap_or(path.len());
                // The longest first, as regular expressions do.
                let mut ends = path[..longest].char_indices().map(|(at, c)| at + c.len_utf8()).rev();
                ends.any(|end| {
                    let kept = groups.named.len();
                    groups.named.push((name.clone(), &path[..end]));
                    let is_match = self.matches_parts(others, &path[end..], groups);
                    if !is_match {
                        groups.named.truncate(kept);
                    }
                    is_match
                })
            }
        }
    }

    fn matches_star<'a>(&self, path: &'a str, groups: &mut Groups<'a>) -> bool {
        match &self.star {
            None => path.is_empty(),
            Some(tail) => {
                groups.star = Some(path);
                path.ends_with(tail.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("*", "/", Some((Some(""), ""))),
            ("*", "/a/b", Some((Some("a/b"), ""))),
            ("*", "", None),
            ("/", "/", Some((None, ""))),
            ("a", "/a", Some((None, ""))),
            ("/a", "/a/", None),
            ("/a", "/ab", None),
            ("*.any.html", "/a/b.any.html", Some((Some("a/b.any.html"), ""))),
            ("*.any.html", "/.any.html", Some((Some(".any.html"), ""))),
            ("*.any.html", "/any.html", None),
            ("*.any.html", "/a.any.htmlx", None),
            ("*.any.html", "/a%2Eany.html", None),
            ("/a/*/b", "/a//b", Some((Some("/b"), ""))),
            ("/a/*/b", "/a/b", None),
            ("{spec}/tools/*", "/x/tools/y", Some((Some("y"), "spec=x"))),
            ("{spec}/tools/*", "/tools/y", None),
            ("{spec}/tools/*", "/a/b/tools/y", None),
            ("{spec}/tools/*", "//tools/y", None),
            ("/{a}x{b}", "/1x2x3", Some((None, "a=1x2 b=3"))),
            ("/{a}{b}", "/12", Some((None, "a=1 b=2"))),
            ("/{a}{b}", "/1", None),
            ("/{a}.html", "/\u{e9}.html", Some((None, "a=\u{e9}"))),
            ("/a}b", "/a}b", Some((None, ""))),
            ("/a.b", "/axb", None),
        ] {
            let found = RoutePattern::new(pattern).expect("a pattern").matches(path);
            let found = found.map(|groups| {
                let named: Vec<_> = groups.named.iter().map(|(name, text)| format!("{name}={text}")).collect();
                (groups.star, named.join(" "))
            });
            assert_eq!(found, expected.map(|(star, named)| (star, named.to_owned())), "{pattern} on {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["/{", "/{a b}", "/{}", "/{1}", "/{a}/{a}", "/**", "/*/{a}", "/*{"] {
            assert!(RoutePattern::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_and_no_path_panic(pattern in "[/ab*{}é_.]{0,12}", path in "[/abé.%]{0,12}") {
            if let Ok(pattern) = RoutePattern::new(&pattern) {
                let _ = pattern.matches(&path);
            }
        }
    }
}
