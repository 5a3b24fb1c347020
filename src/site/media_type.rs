//! Content types by file extension.

/// The `Content-Type` of a file with this name; unknown extensions are octets.
///
/// No `charset`: it would overrule what a document says of itself, which is what tests of encodings are about
/// (web-platform-tests' encoding/sniffing.html). Its own server sends none either.
pub(super) fn of_name(name: &[u8]) -> &'static str {
    let Some(extension) = extension(name) else { return UNKNOWN };
    // What browsers insist on, whatever the table says: HTML's script types and the WebAssembly JavaScript interface.
    // XML is as RFC 7303 §9.1 prefers it.
    match extension.to_ascii_lowercase().as_str() {
        "js" | "mjs" => "text/javascript",
        "wasm" => "application/wasm",
        "xml" => "application/xml",
        _ => mime_guess::from_ext(extension).first_raw().unwrap_or(UNKNOWN),
    }
}

const UNKNOWN: &str = "application/octet-stream";

/// What follows the last dot of a name, if something stands on both sides of it.
fn extension(name: &[u8]) -> Option<&str> {
    let at = name.iter().rposition(|&octet| octet == b'.')?;
    let extension = &name[at + 1..];
    (at > 0 && !extension.is_empty()).then(|| std::str::from_utf8(extension).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_decide() {
        for (name, expected) in [
            (b"a.html".as_slice(), "text/html"),
            (b"a.any.js", "text/javascript"),
            (b"a.MJS", "text/javascript"),
            (b"a.css", "text/css"),
            (b"a.txt", "text/plain"),
            (b"a.json", "application/json"),
            (b"a.wasm", "application/wasm"),
            (b"a.png", "image/png"),
            (b"a.svg", "image/svg+xml"),
            (b"a.xml", "application/xml"),
            (b"a.xhtml", "application/xhtml+xml"),
            (b"a.unheard-of", "application/octet-stream"),
            (b"a.\xff", "application/octet-stream"),
            (b"README", "application/octet-stream"),
            (b".html", "application/octet-stream"),
            (b"a.", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(of_name(name), expected, "{}", name.escape_ascii());
        }
    }
}
