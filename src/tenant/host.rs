//! The host of an authority, in the one spelling that names are compared in. Sans I/O.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// A host: a name in lower case, without the dot at its end, or an IP address.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Host(Box<str>);

/// RFC 1035 §2.3.4: the longest name, and the longest label.
const NAME_OCTETS: usize = 253;
const LABEL_OCTETS: usize = 63;

impl Host {
    /// Reads `host [":" port]` (RFC 3986 §3.2), without user information, which no request has (RFC 9110 §4.2.4). The
    /// port is not looked at. None for whatever cannot be a tenant's name.
    pub fn of_authority(authority: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(authority).ok()?;
        if let Some(rest) = text.strip_prefix('[') {
            let (address, after) = rest.split_once(']')?;
            let has_port = after.is_empty() || is_port(after.strip_prefix(':')?);
            return has_port
                .then(|| address.parse::<Ipv6Addr>().ok())
                .flatten()
                .map(|address| Self::of_address(address.into()));
        }
        match text.split_once(':') {
            Some((host, port)) if is_port(port) => Self::parse(host),
            Some(_) => None,
            None => Self::parse(text),
        }
    }

    /// Reads a host name, or an IP address without brackets.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::of_address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_name = !name.is_empty() && name.len() <= NAME_OCTETS && name.split('.').all(is_label);
        // What ends in a number is an address in some spelling or other (https://url.spec.whatwg.org/#ends-in-a-number-checker).
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|octet| octet.is_ascii_digit());
        (is_name && !is_number).then(|| Self(name.to_ascii_lowercase().into()))
    }

    /// An IP address; IPv4-mapped ones as what they stand for.
    pub fn of_address(address: IpAddr) -> Self {
        Self(address.to_canonical().to_string().into())
    }

    /// The name or address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is an IP address.
    pub fn is_address(&self) -> bool {
        self.0.parse::<IpAddr>().is_ok()
    }

    /// Whether an authority names this host in the usual spelling. No says nothing: [`of_authority`](Self::of_authority)
    /// knows all spellings.
    pub(super) fn is_spelled(&self, authority: &[u8]) -> bool {
        let own = self.0.as_bytes();
        match authority.split_at_checked(own.len()) {
            Some((host, [])) => host.eq_ignore_ascii_case(own),
            Some((host, [b':', port @ ..])) => host.eq_ignore_ascii_case(own) && port.iter().all(u8::is_ascii_digit),
            _ => false,
        }
    }
}

/// Letters, digits, hyphens (RFC 1123 §2.1), and underscores, which some test hosts have.
fn is_label(label: &str) -> bool {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    !label.is_empty() && label.len() <= LABEL_OCTETS && label.bytes().all(allowed)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_digit())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_name_hosts() {
        for (authority, expected) in [
            ("a.example", Some("a.example")),
            ("A.Example:8443", Some("a.example")),
            ("a.example.", Some("a.example")),
            ("a.example.:1", Some("a.example")),
            ("a.example:", Some("a.example")),
            ("127.0.0.1:8000", Some("127.0.0.1")),
            ("[::1]:8000", Some("::1")),
            ("[0:0::1]", Some("::1")),
            ("[::ffff:127.0.0.1]", Some("127.0.0.1")),
            ("xn--lve-6lad.example", Some("xn--lve-6lad.example")),
            ("", None),
            (".", None),
            (":80", None),
            ("..", None),
            ("a..b", None),
            (".a", None),
            ("a/b", None),
            ("../a", None),
            ("a\\b", None),
            ("a b", None),
            ("a\0b", None),
            ("user@a.example", None),
            ("a.example:80:90", None),
            ("a.example:x", None),
            ("::1", None),
            ("[::1", None),
            ("[::1]x", None),
            ("[a.example]", None),
            ("127.1", None),
            ("0x7f000001", Some("0x7f000001")),
            ("2130706433", None),
            ("é.example", None),
            ("*.example", None),
        ] {
            let host = Host::of_authority(authority.as_bytes());
            assert_eq!(host.as_ref().map(Host::as_str), expected, "{authority}");
        }
        assert_eq!(Host::of_authority(b"a\xff"), None);
        assert_eq!(Host::of_authority("a.".repeat(200).as_bytes()), None);
    }

    #[test]
    fn the_quick_comparison_agrees_with_the_thorough_one() {
        let host = Host::parse("a.example").expect("a name");
        for (authority, expected) in [
            ("a.example", true),
            ("A.EXAMPLE:443", true),
            ("a.example:", true),
            ("a.example:4x", false),
            ("a.example.", false),
            ("a.examplex", false),
            ("b.a.example", false),
            ("a.exampl", false),
        ] {
            assert_eq!(host.is_spelled(authority.as_bytes()), expected, "{authority}");
            if expected {
                assert_eq!(Host::of_authority(authority.as_bytes()).as_ref(), Some(&host));
            }
        }
    }
}
