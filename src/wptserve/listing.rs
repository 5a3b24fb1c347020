//! Listings of directories, and where a directory's path without its slash leads. Sans I/O.

use super::isomorphic;
use crate::{
    reply::{Body, Reply},
    substitution::escape_html,
};

/// What is in a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The name, in UTF-8 as far as it is.
    pub name: String,
    /// Whether it is a directory, links followed.
    pub is_directory: bool,
}

/// The response for a directory whose path has no slash at its end: to the URL with one. As there, it is put behind the
/// query, so `/a?b` leads to `/a?b/`.
pub fn redirect(url: &str) -> Reply {
    let mut reply = Reply::new(301);
    let mut location = isomorphic::encode(url);
    location.push(b'/');
    reply.fields.append(&b"Location"[..], location);
    reply
}

/// The response that lists a directory; `path` is that of the request, not decoded, with its slash at the end.
pub fn reply(path: &str, entries: Vec<Listed>) -> Reply {
    let mut reply = Reply::new(200);
    reply.fields.append(&b"Content-Type"[..], &b"text/html"[..]);
    reply.body = Body::Octets(document(path, entries).into());
    reply
}

/// The page that lists a directory.
pub fn document(path: &str, entries: Vec<Listed>) -> String {
    let title = escape_html(path);
    let items = items(path, entries).join("\n");
    format!(
        "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Directory listing for {title}</title>\n<h1>Directory listing for {title}</h1>\n<ul>\n{items}\n</ul>\n"
    )
}

fn items(path: &str, mut entries: Vec<Listed>) -> Vec<String> {
    let mut items = Vec::new();
    if path != "/" {
        items.push(format!("<li class=\"dir\"><a href=\"{}\">..</a></li>", parent(path)));
    }
    // `x.headers` directly after `x`, before `x-y`.
    entries.sort_by(|one, other| sort_key(&one.name).cmp(&sort_key(&other.name)));
    let mut entries = entries.into_iter().peekable();
    while let Some(Listed { name, is_directory }) = entries.next() {
        let own = |next: &Listed| next.name.strip_suffix(".headers") == Some(name.as_str());
        let fields = entries
            .next_if(own)
            .map_or_else(String::new, |next| format!(" (<a href=\"{}\">.headers</a>)", quote(&next.name)));
        let (class, slash) = if is_directory { ("dir", "/") } else { ("file", "") };
        let (link, text) = (quote(&name), escape_html(&name));
        items.push(format!("<li class=\"{class}\"><a href=\"{link}{slash}\">{text}</a>{fields}</li>"));
    }
    items
}

fn sort_key(name: &str) -> (&str, &str) {
    (name.strip_suffix(".headers").unwrap_or(name), name)
}

/// Where `..` leads from this path (RFC 3986 §5.2.4), as Python joins them: empty segments are dropped.
fn parent(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()).chain([".."]) {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let joined = segments.iter().map(|segment| format!("{segment}/")).collect::<String>();
    format!("/{joined}")
}

/// What Python's `urllib.parse.quote` makes of a name.
fn quote(name: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');
    percent_encoding::utf8_percent_encode(name, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_way_up_is_joined_as_python_joins_it() {
        for (path, expected) in [("/a/", "/"), ("/a/b/", "/a/"), ("/a//b/", "/a/"), ("/a/./", "/"), ("/%2e/", "/")] {
            assert_eq!(parent(path), expected, "{path}");
        }
    }

    #[test]
    fn a_directory_takes_its_slash_and_its_side_file_too() {
        let listed = |name: &str, is_directory| Listed { name: name.to_owned(), is_directory };
        let page = document("/", vec![listed("d.headers", false), listed("d-e", false), listed("d", true)]);
        let lines: Vec<_> = page.lines().skip(5).collect();
        assert_eq!(
            lines,
            [
                "<li class=\"dir\"><a href=\"d/\">d</a> (<a href=\"d.headers\">.headers</a>)</li>",
                "<li class=\"file\"><a href=\"d-e\">d-e</a></li>",
                "</ul>",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_names_panic(
            path in "/([a./%<é]{0,8}/)?",
            names in proptest::collection::vec("[a.<é]{0,4}(\\.headers)?", 0..6),
        ) {
            let entries = names.into_iter().map(|name| Listed { name, is_directory: false }).collect();
            let _ = document(&path, entries);
        }
    }
}
