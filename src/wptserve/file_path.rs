//! The file that a URL's path means. Sans I/O.

use super::isomorphic;

/// Why a path means no file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PathFault {
    /// It leaves the folder, or could: `..` anywhere, even within a name, or an absolute path behind the prefix.
    #[error("the path leads out of the folder")]
    Outside,
    /// It has a NUL, which no name of a file has.
    #[error("the path has a null byte")]
    Nul,
}

/// The path of the file below the folder of a mount point, in UTF-8, for a URL's path as it was sent: decoded first,
/// then shortened by the mount point's prefix. Empty for the folder itself; a slash at the end stays.
///
/// # Errors
/// See [`PathFault`].
pub fn below(path: &str, url_base: &str) -> Result<String, PathFault> {
    let path = decode(path);
    let path = path.strip_prefix(url_base).unwrap_or(&path);
    if path.contains("..") || path.starts_with('/') {
        return Err(PathFault::Outside);
    }
    if path.contains('\0') { Err(PathFault::Nul) } else { Ok(path.to_owned()) }
}

/// Percent-decodes as the original does: runs of ASCII as UTF-8, what is wrong with it replaced; what is not ASCII
/// stays.
pub fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
        let octets: Vec<u8> = percent_encoding::percent_decode_str(&rest[..end]).collect();
        decoded.push_str(&String::from_utf8_lossy(&octets));
        let foreign = rest[end..].find(|c: char| c.is_ascii()).map_or(rest.len(), |length| end + length);
        decoded.push_str(&rest[end..foreign]);
        rest = &rest[foreign..];
    }
    decoded
}

/// Percent-decodes to octets.
pub(super) fn decode_octets(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode(&isomorphic::encode(text)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_mean_files_below_the_folder() {
        for (path, url_base, expected) in [
            ("/", "/", Ok("")),
            ("/a/b.html", "/", Ok("a/b.html")),
            ("/a/", "/", Ok("a/")),
            ("/a%2Fb%20c+%25", "/", Ok("a/b c+%")),
            ("/%e9%C3%A9%", "/", Ok("\u{fffd}\u{e9}%")),
            ("/\u{c3}\u{a9}", "/", Ok("\u{c3}\u{a9}")),
            ("/%C3\u{a9}", "/", Ok("\u{fffd}\u{a9}")),
            ("/alias/a", "/alias/", Ok("a")),
            ("/other/a", "/alias/", Err(PathFault::Outside)),
            ("/single/a.txt", "/single/", Ok("a.txt")),
            ("/a..b", "/", Err(PathFault::Outside)),
            ("/a/%2e%2E/b", "/", Err(PathFault::Outside)),
            ("/./a", "/", Ok("./a")),
            ("//etc/passwd", "/", Err(PathFault::Outside)),
            ("/%2Fetc/passwd", "/", Err(PathFault::Outside)),
            ("/a//b", "/", Ok("a//b")),
            ("/a%00", "/", Err(PathFault::Nul)),
            ("", "/", Ok("")),
            ("*", "/", Ok("*")),
        ] {
            assert_eq!(below(path, url_base), expected.map(str::to_owned), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leads_out(path in "(/|\\.|%2e|%2F|%00|[a-zé]){0,12}", url_base in "/|/a/") {
            if let Ok(file) = below(&path, &url_base) {
                let file = std::path::Path::new(&file);
                assert!(file.components().all(|part| matches!(part, std::path::Component::Normal(_)
                    | std::path::Component::CurDir)), "{file:?}");
            }
        }
    }
}
