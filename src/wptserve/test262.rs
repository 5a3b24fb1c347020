//! The front matter of Test262's tests: what a test asks of whoever runs it. Sans I/O.
//!
//! It is YAML between `/*---` and `---*/`. Test262 writes a small part of that language, and four keys of it count here
//! (its `INTERPRETING.md`): this reads lists on one line or on several, and `negative`'s two keys. Whatever else there is
//! is passed over.

/// What a test asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FrontMatter {
    /// Files of the harness that come before the test.
    pub includes: Vec<String>,
    /// How it is to be run: `raw`, `async`, `module`, `onlyStrict`, ….
    pub flags: Vec<String>,
    /// What it is to fail with, if it is to fail.
    pub negative: Option<Negative>,
}

/// How a test is to fail.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Negative {
    /// `parse`, `resolution` or `runtime`.
    pub phase: String,
    /// The name of the error's constructor.
    pub kind: String,
}

impl FrontMatter {
    /// That of a script; without one nothing is asked for.
    pub fn parse(script: &[u8]) -> Self {
        let text = String::from_utf8_lossy(script);
        let Some((text, _)) = text.split_once("/*---").and_then(|(_, rest)| rest.split_once("---*/")) else {
            return Self::default();
        };
        let mut asked = Self::default();
        for Entry { key, lines } in entries(text) {
            match key {
                "includes" => asked.includes = list(&lines),
                "flags" => asked.flags = list(&lines),
                "negative" => asked.negative = Some(negative(&lines)),
                _ => {}
            }
        }
        asked
    }

    /// Whether this flag is there.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }
}

/// A key and the lines of its value, without what is around them.
struct Entry<'a> {
    key: &'a str,
    lines: Vec<&'a str>,
}

fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in text.split(['\n', '\r']) {
        let is_key = |key: &str| !key.is_empty() && key.bytes().all(|octet| octet.is_ascii_alphanumeric());
        match line.split_once(':').filter(|(key, _)| is_key(key)) {
            Some((key, value)) => entries.push(Entry { key, lines: vec![value.trim()] }),
            None => {
                if let Some(last) = entries.last_mut() {
                    last.lines.push(line.trim());
                }
            }
        }
    }
    entries
}

/// `[a, b]`, also on several lines, or one `- a` a line.
fn list(lines: &[&str]) -> Vec<String> {
    let items = lines.iter().flat_map(|line| line.split([',', '[', ']']));
    let items = items.map(|item| word(item.trim().strip_prefix("- ").unwrap_or(item)));
    items.filter(|item| !item.is_empty()).collect()
}

/// `phase: a` and `type: b`, on lines of their own or as `{phase: a, type: b}`.
fn negative(lines: &[&str]) -> Negative {
    let mut negative = Negative::default();
    for (key, value) in
        lines.iter().flat_map(|line| line.split([',', '{', '}'])).filter_map(|pair| pair.split_once(':'))
    {
        match key.trim() {
            "phase" => negative.phase = word(value),
            "type" => negative.kind = word(value),
            _ => {}
        }
    }
    negative
}

/// A word without its quotes and without a comment behind it.
fn word(text: &str) -> String {
    let text = text.split_once('#').map_or(text, |(word, _)| word).trim();
    text.trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_test_asks_for_is_read_however_it_is_written() {
        let script = b"// Copyright\n/*---\nesid: sec-a\ndescription: >\n  includes: nothing, flags: [raw]\n\
            info: |\n    negative: no\n\nincludes: [a.js, 'sm/b.js',\n  c.js]\nflags: [async, onlyStrict]\n\
            negative:\n  phase: parse\n  type: SyntaxError\nfeatures: [x]\n---*/\nflags: [raw];\n";
        let asked = FrontMatter::parse(script);
        assert_eq!(asked.includes, ["a.js", "sm/b.js", "c.js"]);
        assert!(asked.has("async") && asked.has("onlyStrict") && !asked.has("raw"));
        assert_eq!(asked.negative, Some(Negative { phase: "parse".to_owned(), kind: "SyntaxError".to_owned() }));
    }

    #[test]
    fn lists_and_maps_have_two_spellings() {
        for (text, includes, kind) in [
            (
                "includes:\n  - a.js\n  - b.js # why\nnegative: {phase: runtime, type: Test262Error}",
                vec!["a.js", "b.js"],
                Some("Test262Error"),
            ),
            ("includes: [a.js]\r\nnegative:\r\n  type: \"RangeError\"\r\n", vec!["a.js"], Some("RangeError")),
            ("includes:\rflags:\r", vec![], None),
            ("", vec![], None),
        ] {
            let asked = FrontMatter::parse(format!("/*---\n{text}\n---*/").as_bytes());
            assert_eq!(asked.includes, includes, "{text}");
            assert_eq!(asked.negative.as_ref().map(|negative| negative.kind.as_str()), kind, "{text}");
        }
        for script in [&b"a();"[..], b"/*--- includes: [a.js]", b"/* includes: [a.js] */", b""] {
            assert_eq!(FrontMatter::parse(script), FrontMatter::default());
        }
    }

    proptest! {
        #[test]
        fn no_script_panics(script in proptest::collection::vec(any::<u8>(), 0..32), text in "(/\\*---|---\\*/|[a-c:,#\\[\\]{}\n'\" -]){0,24}") {
            let _ = FrontMatter::parse(&[&script[..], text.as_bytes()].concat());
        }
    }
}
