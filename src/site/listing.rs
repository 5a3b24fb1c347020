//! The page that lists a directory which has no `index.html`.

use std::{borrow::Cow, fmt::Write, vec};

use bytes::Bytes;

use super::{
    SitePath,
    path::encode,
    root::{Directory, Entry},
};

/// A directory's names, and the page that shows them, made piece by piece.
pub(super) struct Listing {
    title: String,
    is_root: bool,
    entries: vec::IntoIter<Entry>,
    is_cut: bool,
    stage: Stage,
}

enum Stage {
    Opening,
    Entries,
    Done,
}

/// Names shown. A directory of more is shown in part: with names of 255 octets this already costs 2.5 MB.
const MAX_ENTRIES: usize = 10_000;

/// Octets of a piece, about: one fits the buffers on the way.
const PIECE: usize = 32 << 10;

pub(super) const MEDIA_TYPE: &str = "text/html; charset=utf-8";

impl Listing {
    /// Reads the directory. Blocks.
    pub(super) fn read(path: &SitePath<'_>, directory: &Directory) -> std::io::Result<Self> {
        let (mut entries, is_cut) = directory.entries(MAX_ENTRIES)?;
        entries.sort_unstable();
        Ok(Self::new(path, entries, is_cut))
    }

    fn new(path: &SitePath<'_>, entries: Vec<Entry>, is_cut: bool) -> Self {
        let octets = path.as_octets();
        let title = if octets.is_empty() { "/".to_owned() } else { format!("/{}/", String::from_utf8_lossy(octets)) };
        Self { title, is_root: octets.is_empty(), entries: entries.into_iter(), is_cut, stage: Stage::Opening }
    }

    fn write_opening(&self, page: &mut String) {
        let title = escape(&self.title);
        write!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Index of {title}</title>\n\
             <h1>Index of {title}</h1>\n<ul>\n"
        )
        .expect("strings take everything");
        if !self.is_root {
            page.push_str("<li><a href=\"../\">../</a>\n");
        }
    }

    fn write_entry(page: &mut String, entry: &Entry) {
        let slash = if entry.is_directory { "/" } else { "" };
        page.push_str("<li><a href=\"");
        page.extend(encode(&entry.name));
        let name = String::from_utf8_lossy(&entry.name);
        writeln!(page, "{slash}\">{}{slash}</a>", escape(&name)).expect("strings take everything");
    }

    fn write_closing(&self, page: &mut String) {
        page.push_str("</ul>\n");
        if self.is_cut {
            writeln!(page, "<p>Only {MAX_ENTRIES} names are shown.</p>").expect("strings take everything");
        }
    }
}

impl Iterator for Listing {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut page = String::with_capacity(PIECE);
        if matches!(self.stage, Stage::Done) {
            return None;
        }
        if matches!(self.stage, Stage::Opening) {
            self.write_opening(&mut page);
            self.stage = Stage::Entries;
        }
        while page.len() < PIECE {
            let Some(entry) = self.entries.next() else {
                self.write_closing(&mut page);
                self.stage = Stage::Done;
                break;
            };
            Self::write_entry(&mut page, &entry);
        }
        Some(page.into())
    }
}

/// Text as HTML shows it, in elements and in quoted attributes.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &[u8], names: &[(&[u8], bool)]) -> String {
        let entries =
            names.iter().map(|(name, is_directory)| Entry { name: name.to_vec(), is_directory: *is_directory });
        let path = SitePath::parse(path).expect("valid");
        let pieces: Vec<u8> = Listing::new(&path, entries.collect(), false).flatten().collect();
        String::from_utf8(pieces).expect("text")
    }

    #[test]
    fn names_are_encoded_in_links_and_escaped_in_text() {
        for (name, is_directory, line) in [
            (b"a.html".as_slice(), false, "<li><a href=\"a.html\">a.html</a>\n"),
            (b"sub", true, "<li><a href=\"sub/\">sub/</a>\n"),
            (b"<script>\"&'", false, "<li><a href=\"%3Cscript%3E%22%26%27\">&lt;script&gt;&quot;&amp;&#39;</a>\n"),
            (b"javascript:alert(1)", false, "<li><a href=\"javascript%3Aalert(1)\">javascript:alert(1)</a>\n"),
            (b"a?b#c d%41", false, "<li><a href=\"a%3Fb%23c%20d%2541\">a?b#c d%41</a>\n"),
            (b"\xff", false, "<li><a href=\"%FF\">\u{fffd}</a>\n"),
            (b"back\\slash\n", false, "<li><a href=\"back%5Cslash%0A\">back\\slash\n</a>\n"),
        ] {
            let page = page(b"/", &[(name, is_directory)]);
            assert!(page.contains(line), "{line} is not in {page}");
        }
    }

    #[test]
    fn titles_are_escaped_and_only_the_root_has_no_parent() {
        let inner = page(b"/%3Cb%3E/", &[]);
        assert!(inner.contains("<title>Index of /&lt;b&gt;/</title>") && inner.contains("href=\"../\""), "{inner}");
        let root = page(b"/", &[]);
        assert!(root.contains("<title>Index of /</title>") && !root.contains("../"), "{root}");
    }

    #[test]
    fn long_listings_come_in_pieces() {
        let entries =
            (0..2000).map(|at| Entry { name: format!("{at:05}").into_bytes(), is_directory: false }).collect();
        let path = SitePath::parse(b"/").expect("valid");
        let pieces: Vec<_> = Listing::new(&path, entries, true).collect();
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| !piece.is_empty() && piece.len() < 2 * PIECE));
        assert!(pieces.last().expect("some").ends_with(b"<p>Only 10000 names are shown.</p>\n"));
    }
}
