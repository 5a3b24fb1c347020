//! Content types by file extension.

/// The `Content-Type` of a file with this name. Text is announced as UTF-8, which is what test files are written in;
/// unknown extensions are octets.
pub(super) fn of_name(name: &[u8]) -> String {
    let Some(extension) = extension(name) else { return UNKNOWN.to_owned() };
    // What browsers insist on, whatever the table says: HTML's script types and the WebAssembly JavaScript interface.
    match extension.to_ascii_lowercase().as_str() {
        "js" | "mjs" => return "text/javascript; charset=utf-8".to_owned(),
        "wasm" => return "application/wasm".to_owned(),
        _ => {}
    }
    match mime_guess::from_ext(extension).first_raw() {
        Some(text) if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        Some(other) => other.to_owned(),
        None => UNKNOWN.to_owned(),
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
            (b"a.html".as_slice(), "text/html; charset=utf-8"),
            (b"a.any.js", "text/javascript; charset=utf-8"),
            (b"a.MJS", "text/javascript; charset=utf-8"),
            (b"a.css", "text/css; charset=utf-8"),
            (b"a.txt", "text/plain; charset=utf-8"),
            (b"a.json", "application/json"),
            (b"a.wasm", "application/wasm"),
            (b"a.png", "image/png"),
            (b"a.svg", "image/svg+xml"),
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
