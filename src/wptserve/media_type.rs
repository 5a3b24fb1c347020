//! Content types by extension: the original's table, case-sensitive and without charsets.

/// The `Content-Type` of a file with this name or path.
pub fn of_path(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    // Dots at the beginning of a name open no extension.
    let extension = name.trim_start_matches('.').rsplit_once('.').map_or("", |(_, extension)| extension);
    let found = TABLE.iter().find(|(_, extensions)| extensions.contains(&extension));
    found.map_or("application/octet-stream", |(media_type, _)| media_type)
}

const TABLE: [(&str, &[&str]); 25] = [
    ("application/json", &["json"]),
    ("application/wasm", &["wasm"]),
    ("application/xhtml+xml", &["xht", "xhtm", "xhtml"]),
    ("application/xml", &["xml"]),
    ("application/x-xpinstall", &["xpi"]),
    ("audio/mp4", &["m4a"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/ogg", &["oga"]),
    ("audio/webm", &["weba"]),
    ("audio/x-wav", &["wav"]),
    ("image/bmp", &["bmp"]),
    ("image/gif", &["gif"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/png", &["png"]),
    ("image/svg+xml", &["svg"]),
    ("text/cache-manifest", &["manifest"]),
    ("text/css", &["css"]),
    ("text/event-stream", &["event_stream"]),
    ("text/html", &["htm", "html"]),
    ("text/javascript", &["js", "mjs"]),
    ("text/plain", &["txt", "md"]),
    ("text/vtt", &["vtt"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/ogg", &["ogg", "ogv"]),
    ("video/webm", &["webm"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_decide() {
        for (path, expected) in [
            ("/a.d/x.any.js", "text/javascript"),
            ("x.HTML", "application/octet-stream"),
            ("x.tar.gz", "application/octet-stream"),
            ("/a/.html", "application/octet-stream"),
            ("/a/..html", "application/octet-stream"),
            ("/a/.b.html", "text/html"),
            ("x.", "application/octet-stream"),
            ("x", "application/octet-stream"),
            ("/a.html/x", "application/octet-stream"),
            ("x.webmanifest", "application/octet-stream"),
            ("x.event_stream", "text/event-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(of_path(path), expected, "{path}");
        }
    }
}
