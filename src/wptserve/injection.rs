//! A script that is put into every page, as `--inject-script` of later checkouts does: before everything else that the
//! page has in it, so behind its doctype and the start tags of `html` and `head`. Sans I/O.
//!
//! A page whose first ten thousand octets the HTML standard's tokenizer would complain of stays as it is: there is no
//! telling what a script would do to it. So does one in UTF-16, and one that has nothing in it.

use bytes::Bytes;

use crate::reply::{Body, ReadFault, Reply};

/// The script, as the element that is put into pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Injection {
    element: Bytes,
}

impl Injection {
    /// Of these octets of JavaScript. The element takes itself away when it has run, so that no test finds it.
    pub fn new(script: &[u8]) -> Self {
        let element = [b"<script>\n", script, b"\ndocument.currentScript.remove();\n</script>\n"].concat();
        Self { element: element.into() }
    }

    /// The response with the script in its page, if it is the whole of one, as it is read and at once: neither a part
    /// nor compressed nor trickling. The type of a page is `text/html` and not a word more, as there.
    ///
    /// # Errors
    /// If the page cannot be read, or is too large.
    pub async fn into_reply(&self, mut reply: Reply) -> Result<Reply, ReadFault> {
        let is_page = reply.fields.all(b"content-type").first().is_some_and(|value| value == "text/html");
        let is_whole = reply.status != 206 && !reply.fields.contains(b"content-encoding");
        if !(is_page && is_whole && matches!(reply.body, Body::Octets(_) | Body::File(_))) {
            return Ok(reply);
        }
        let page = self.apply(reply.body.collect().await?);
        if reply.fields.contains(b"content-length") {
            reply.fields.set(&b"Content-Length"[..], page.len().to_string());
        }
        reply.body = Body::Octets(page);
        Ok(reply)
    }

    /// The page with the script in it.
    pub fn apply(&self, page: Bytes) -> Bytes {
        match place(&page) {
            Some(at) => [&page[..at], &self.element, &page[at..]].concat().into(),
            None => page,
        }
    }
}

/// Octets at the beginning of a page in which everything before the script's place has to be: those that the original
/// looks at in one go.
const LOOKED_AT: usize = 10_240;

/// Where the script goes.
fn place(page: &[u8]) -> Option<usize> {
    if page.starts_with(b"\xff\xfe") || page.starts_with(b"\xfe\xff") {
        return None;
    }
    let page = &page[..page.len().min(LOOKED_AT)];
    let is_control = |octet: &u8| matches!(octet, 0..=8 | 0x0b | 0x0e..=0x1f | 0x7f);
    if page.iter().any(is_control) {
        return None;
    }
    let mut scanner = Scanner { rest: page.strip_prefix(b"\xef\xbb\xbf").unwrap_or(page) };
    loop {
        scanner.skip_space();
        let at = page.len() - scanner.rest.len();
        match scanner.rest {
            [b'<', b'!', ..] => scanner.comment().or_else(|| scanner.doctype())?,
            [b'<', b'/', letter, ..] if letter.is_ascii_alphabetic() => {
                let tag = scanner.tag(2)?;
                return tag.is_bare.then_some(at);
            }
            [b'<', letter, ..] if letter.is_ascii_alphabetic() => {
                let tag = scanner.tag(1)?;
                if !matches!(&tag.name[..], b"html" | b"head") {
                    return Some(at);
                }
            }
            [b'<', ..] | [] => return None,
            [b'&', ..] => return scanner.reference().then_some(at),
            // Text; it has to end where it can be seen.
            text => return (page.len() < LOOKED_AT || text.contains(&b'<')).then_some(at),
        }
    }
}

/// Reads tokens; none where the tokenizer of the HTML standard (§13.2.5) has a parse error.
struct Scanner<'a> {
    rest: &'a [u8],
}

struct Tag {
    /// In small letters.
    name: Vec<u8>,
    /// Whether it has neither attributes nor a slash at its end.
    is_bare: bool,
}

impl<'a> Scanner<'a> {
    fn skip_space(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_ascii_start();
        self.rest.len() < before
    }

    fn skip(&mut self, prefix: &[u8]) -> Option<()> {
        let begins = self.rest.len() >= prefix.len() && self.rest[..prefix.len()].eq_ignore_ascii_case(prefix);
        begins.then(|| self.rest = &self.rest[prefix.len()..])
    }

    /// Everything before the first of these octets, which has to be there.
    fn until(&mut self, ends: &[u8]) -> Option<&'a [u8]> {
        let at = self.rest.iter().position(|octet| ends.contains(octet))?;
        let (found, rest) = self.rest.split_at(at);
        self.rest = rest;
        Some(found)
    }

    fn comment(&mut self) -> Option<()> {
        let text = self.rest.strip_prefix(b"<!--")?;
        let end = text.windows(2).position(|pair| pair == b"--")?;
        // `<!-->` and `<!--->` end at once, and `--` may stand at the end alone.
        if text.starts_with(b">") || text.starts_with(b"->") || text.get(end + 2) != Some(&b'>') {
            return None;
        }
        self.rest = &text[end + 3..];
        Some(())
    }

    fn doctype(&mut self) -> Option<()> {
        self.skip(b"<!doctype")?;
        if !self.skip_space() || self.until(b" \t\n\x0c\r>")?.is_empty() {
            return None;
        }
        self.skip_space();
        if self.skip(b"public").is_some() {
            self.identifier()?;
            if self.skip_space() && !self.rest.starts_with(b">") {
                self.quoted()?;
            }
        } else if self.skip(b"system").is_some() {
            self.identifier()?;
        }
        self.skip_space();
        self.skip(b">")
    }

    fn identifier(&mut self) -> Option<()> {
        if self.skip_space() { self.quoted() } else { None }
    }

    fn quoted(&mut self) -> Option<()> {
        let (quote, rest) = self.rest.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
        self.rest = rest;
        let ended = !self.until(&[*quote, b'>'])?.contains(&b'>');
        (ended && self.rest.first() == Some(quote)).then(|| self.rest = &self.rest[1..])
    }

    /// A tag whose name begins after this many octets.
    fn tag(&mut self, start: usize) -> Option<Tag> {
        self.rest = &self.rest[start..];
        let name = self.until(b" \t\n\x0c\r/>")?.to_ascii_lowercase();
        let mut attributes: Vec<Vec<u8>> = Vec::new();
        loop {
            self.skip_space();
            if self.skip(b">").is_some() {
                return Some(Tag { name, is_bare: attributes.is_empty() });
            }
            if self.skip(b"/").is_some() {
                self.skip(b">")?;
                return Some(Tag { name, is_bare: false });
            }
            let attribute = self.attribute()?;
            if attributes.contains(&attribute) {
                return None;
            }
            attributes.push(attribute);
        }
    }

    /// An attribute's name in small letters.
    fn attribute(&mut self) -> Option<Vec<u8>> {
        let name = self.until(b" \t\n\x0c\r/>=")?;
        if name.is_empty() || name.iter().any(|octet| b"\"'<".contains(octet)) {
            return None;
        }
        self.skip_space();
        if self.skip(b"=").is_some() {
            self.skip_space();
            self.value()?;
        }
        Some(name.to_ascii_lowercase())
    }

    fn value(&mut self) -> Option<()> {
        let value = match self.rest {
            [quote @ (b'"' | b'\''), rest @ ..] => {
                self.rest = rest;
                let value = self.until(&[*quote])?;
                self.rest = &self.rest[1..];
                let ends = matches!(self.rest, [b' ' | b'\t' | b'\n' | 0x0c | b'\r' | b'/' | b'>', ..]);
                ends.then_some(value)?
            }
            _ => {
                let value = self.until(b" \t\n\x0c\r>")?;
                let is_plain = !value.is_empty() && !value.iter().any(|octet| b"\"'<=`".contains(octet));
                is_plain.then_some(value)?
            }
        };
        let mut references = value.iter().enumerate().filter(|(_, octet)| **octet == b'&');
        references.all(|(at, _)| Scanner { rest: &value[at..] }.reference()).then_some(())
    }

    /// Whether an ampersand stands for itself or begins a character reference that is complete. Names are not looked up.
    fn reference(&self) -> bool {
        match self.rest {
            [b'&'] | [b'&', b' ' | b'\t' | b'\n' | 0x0c | b'\r' | b'<' | b'&', ..] => true,
            [b'&', name @ ..] => {
                let end = name.iter().position(|octet| !(octet.is_ascii_alphanumeric() || *octet == b'#'));
                end.is_some_and(|end| end > 0 && name[end] == b';')
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `|` marks where the script goes; without one the page stays as it is.
    const PAGES: [&str; 44] = [
        "<!DOCTYPE html>\n<html>\n  <head>\n    |<script src=a></script>\n  </head>",
        "<!doctype html>\n|<div></div>",
        "|<div></div>",
        "|text",
        "\u{feff}<!doctype html>|<p>",
        "<!doctype html>\r\n<html lang=en>\r\n|<p>",
        "<!-- é -->|<p>",
        "<html><HEAD data-a='1' data-b=\"2 > 1\" c>\n|<meta charset=utf-8>",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" 'http://www.w3.org/TR/html4/strict.dtd'>|<p>",
        "<!DOCTYPE html SYSTEM \"about:legacy-compat\">|<p>",
        "<!DOCTYPE html PUBLIC 'a'>|<p>",
        "<html>|</head>",
        "<html>|&amp; so on",
        "<html>|& so on",
        "<html a='b & c &lt;'>|<p>",
        "<html/>|<p>",
        "<!--a-b-->|<p>",
        // Nothing to put it before.
        "",
        "<!doctype html>\n",
        "<html><head>\n<!-- a -->",
        // What the standard has parse errors for.
        "<!--<div></div>",
        "<!--><p>",
        "<!---><p>",
        "<!-- a -- b --><p>",
        "<!-- a --!><p>",
        "<?xml version='1.0'?><html><p>",
        "<![CDATA[]]><p>",
        "<!doctype><p>",
        "<!doctypehtml><p>",
        "<!DOCTYPE html PUBLIC \"a><p>",
        "<!DOCTYPE html PUBLIC\"a\"><p>",
        "<!DOCTYPE html other><p>",
        "<html a=1 A=2><p>",
        "<html a=\"1\"b><p>",
        "<html a=><p>",
        "<html =a><p>",
        "<html a'b><p>",
        "<html a=b'c><p>",
        "<html / ><p>",
        "<html a='&b'><p>",
        "<html>&b",
        "<html></p a=1>",
        "<p",
        "<>",
    ];

    #[test]
    fn the_script_comes_before_everything_that_a_page_has_in_it() {
        for marked in PAGES {
            let page = marked.replace('|', "");
            assert_eq!(place(page.as_bytes()), marked.find('|'), "{page}");
        }
        for page in [&b"\xff\xfe<\0p\0>\0"[..], b"\xfe\xff\0<", b"<p>\0</p>", b"<p>\x1b</p>", b"<", b"</", b"</ p>"] {
            assert_eq!(place(page), None, "{}", page.escape_ascii());
        }
    }

    #[test]
    fn only_the_beginning_of_a_page_counts() {
        let comment = |length: usize| format!("<!--{}-->", "a".repeat(length - 7));
        assert_eq!(place(format!("{}<p>", comment(LOOKED_AT - 3)).as_bytes()), Some(LOOKED_AT - 3));
        assert_eq!(place(format!("{}<p>", comment(LOOKED_AT - 2)).as_bytes()), None);
        assert_eq!(place("a".repeat(LOOKED_AT + 1).as_bytes()), None);
        assert_eq!(place(format!("<p>{}\0", "a".repeat(LOOKED_AT)).as_bytes()), Some(0));
    }

    #[test]
    fn the_element_runs_the_script_and_is_gone() {
        let injection = Injection::new(b"a();");
        let page = injection.apply(Bytes::from_static(b"<html><p>"));
        assert_eq!(page, "<html><script>\na();\ndocument.currentScript.remove();\n</script>\n<p>");
        assert_eq!(injection.apply(Bytes::from_static(b"<?xml?>")), "<?xml?>");
    }

    proptest! {
        #[test]
        fn no_page_panics_and_the_place_is_in_it(page in "(<!?-{0,2}|[a-c<>/= '\"&;!\n]|html|doctype|public){0,20}") {
            if let Some(at) = place(page.as_bytes()) {
                prop_assert!(at < page.len());
            }
        }
    }
}
