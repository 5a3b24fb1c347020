//! The URL of a request, as handlers, templates and redirects see it. Sans I/O; all text is
//! [isomorphic](super::isomorphic).
//!
//! An absolute target is the URL if it begins with the server's own scheme. Else the URL is made of that scheme, the Host
//! field (cut at its first colon; the port of the server if there is none) and the target, whatever these are, and only
//! then taken apart again: `https://other/` sent to an http server becomes a path of its own host.

use std::{borrow::Cow, net::Ipv6Addr};

/// What carries requests, as far as their URLs show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// HTTP in cleartext.
    Http,
    /// HTTP over TLS.
    Https,
    /// HTTP/2 as the original has it: the scheme is `http2`, and the host the address that the server is bound to.
    Http2,
}

/// The address that a server is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound<'a> {
    /// The address, without brackets; `0.0.0.0` for all.
    pub ip: &'a str,
    /// The port.
    pub port: u16,
}

/// A request's URL and its parts, none of them decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestUrl {
    /// The whole of it.
    pub text: String,
    /// The scheme, in lower case.
    pub scheme: String,
    /// The authority, user information included.
    pub netloc: String,
    /// The path.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// What follows the hash.
    pub fragment: String,
}

/// Why a request has no URL. The original sends nothing then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlFault {
    /// A bracket without the other one.
    #[error("brackets that are not closed or opened")]
    Brackets,
    /// In the brackets is no IPv6 address.
    #[error("no IPv6 address within brackets")]
    Address,
}

/// Why a URL has no port that is a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the port is no number up to 65535")]
pub struct PortFault;

/// The target of an HTTP/1.1 request, with the slashes at its beginning made one: CPython does so since 3.10.6, so that
/// no path is taken for an authority.
pub fn collapse(target: &str) -> Cow<'_, str> {
    if target.starts_with("//") { format!("/{}", target.trim_start_matches('/')).into() } else { target.into() }
}

impl RequestUrl {
    /// Makes the URL of a request. `host` is the Host field, over HTTP/2 the authority.
    ///
    /// # Errors
    /// See [`UrlFault`].
    pub fn new(carrier: Carrier, target: &str, host: Option<&str>, bound: Bound<'_>) -> Result<Self, UrlFault> {
        let (scheme, host) = match carrier {
            Carrier::Http => ("http", host),
            Carrier::Https => ("https", host),
            // The original asks for `Host` among names in lower case.
            Carrier::Http2 => ("http2", None),
        };
        if target.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://")) {
            return Self::split(target);
        }
        let own_port = bound.port.to_string();
        let (host, port) = match host {
            None => (bound.ip, own_port.as_str()),
            Some(host) => host.split_once(':').unwrap_or((host, &own_port)),
        };
        Self::split(&format!("{scheme}://{host}:{port}{target}"))
    }

    fn split(text: &str) -> Result<Self, UrlFault> {
        let parted = text.replace(['\t', '\r', '\n'], "");
        let (scheme, rest) = parted.split_once("://").unwrap_or(("", &parted));
        let (netloc, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        check_brackets(netloc)?;
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self {
            text: text.to_owned(),
            scheme: scheme.to_ascii_lowercase(),
            netloc: netloc.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            fragment: fragment.to_owned(),
        })
    }

    /// The name or address of the host, in lower case and without brackets; none if it is empty.
    pub fn hostname(&self) -> Option<String> {
        let (host, _) = self.host_and_port();
        // A zone of an address (RFC 6874) keeps its case.
        let (name, zone) = host.split_at(host.find('%').unwrap_or(host.len()));
        (!host.is_empty()).then(|| format!("{}{zone}", name.to_lowercase()))
    }

    /// The port, if one is named.
    ///
    /// # Errors
    /// A port that is no number, or none of a port.
    pub fn port(&self) -> Result<Option<u16>, PortFault> {
        let (_, port) = self.host_and_port();
        if port.is_empty() {
            return Ok(None);
        }
        if !port.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(PortFault);
        }
        port.parse().map(Some).map_err(|_| PortFault)
    }

    /// `location[part]` of templates; none for parts that are unknown, or have no text: `hostname` and `port` where the
    /// URL has none, and every part where the port is no number.
    pub fn location(&self, part: &str) -> Option<String> {
        let port = self.port().ok()?.map(|port| port.to_string());
        let hostname = self.hostname();
        // Python's text for what is not there.
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "None".to_owned());
        match part {
            "server" => Some(format!("{}://{}:{}", self.scheme, shown(&hostname), shown(&port))),
            "scheme" => Some(self.scheme.clone()),
            "host" => Some(format!("{}:{}", shown(&hostname), shown(&port))),
            "hostname" => hostname,
            "port" => port,
            "path" | "pathname" => Some(self.path.clone()),
            "query" => Some(format!("?{}", self.query)),
            _ => None,
        }
    }

    fn host_and_port(&self) -> (&str, &str) {
        let host = self.netloc.rsplit_once('@').map_or(self.netloc.as_str(), |(_, host)| host);
        match host.split_once('[') {
            Some((_, bracketed)) => {
                let (address, rest) = bracketed.split_once(']').unwrap_or((bracketed, ""));
                (address, rest.split_once(':').map_or("", |(_, port)| port))
            }
            None => host.split_once(':').unwrap_or((host, "")),
        }
    }
}

fn check_brackets(netloc: &str) -> Result<(), UrlFault> {
    let Some((_, bracketed)) = netloc.split_once('[') else {
        return if netloc.contains(']') { Err(UrlFault::Brackets) } else { Ok(()) };
    };
    if !netloc.contains(']') {
        return Err(UrlFault::Brackets);
    }
    let address = bracketed.split_once(']').map_or(bracketed, |(address, _)| address);
    let is_address = match address.strip_prefix('v') {
        // RFC 3986 §3.2.2: IPvFuture.
        Some(future) => future.split_once('.').is_some_and(|(version, rest)| {
            !version.is_empty() && version.bytes().all(|octet| octet.is_ascii_hexdigit()) && !rest.is_empty()
        }),
        None => {
            let (address, zone) = address.split_once('%').unwrap_or((address, "-"));
            address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && !zone.contains('%')
        }
    };
    if is_address { Ok(()) } else { Err(UrlFault::Address) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: Bound<'_> = Bound { ip: "127.0.0.1", port: 9000 };

    #[test]
    fn over_http2_the_original_knows_no_host() {
        for (carrier, text, server) in [
            (Carrier::Http2, "http2://127.0.0.1:9000/a?b", "http2://127.0.0.1:9000"),
            (Carrier::Https, "https://name.test:9001/a?b", "https://name.test:9001"),
        ] {
            let url = RequestUrl::new(carrier, "/a?b", Some("name.test:9001"), BOUND).expect("a URL");
            assert_eq!((url.text.as_str(), url.location("server").as_deref()), (text, Some(server)), "{carrier:?}");
        }
    }

    #[test]
    fn templates_see_parts_of_the_location() {
        let url = RequestUrl::new(Carrier::Http, "/A%20b?c=d", Some("Name.Test:81"), BOUND).expect("a URL");
        for (part, expected) in [
            ("server", Some("http://name.test:81")),
            ("scheme", Some("http")),
            ("host", Some("name.test:81")),
            ("hostname", Some("name.test")),
            ("port", Some("81")),
            ("path", Some("/A%20b")),
            ("pathname", Some("/A%20b")),
            ("query", Some("?c=d")),
            ("hash", None),
        ] {
            assert_eq!(url.location(part).as_deref(), expected, "{part}");
        }
        let nameless = RequestUrl::new(Carrier::Http, "http:///a", None, BOUND).expect("a URL");
        assert_eq!(nameless.location("server").as_deref(), Some("http://None:None"));
        assert_eq!(nameless.location("hostname"), None);
        assert_eq!(nameless.location("query").as_deref(), Some("?"));
        let portless = RequestUrl::new(Carrier::Http, "/a", Some("name.test:x"), BOUND).expect("a URL");
        assert_eq!(portless.location("path"), None);
    }

    proptest! {
        #[test]
        fn no_target_and_no_host_panic(target in "(http://|[/?#:@%v1a\\[\\]é.]){0,16}", host in "[a:@%\\[\\]é.1]{0,12}") {
            if let Ok(url) = RequestUrl::new(Carrier::Http, &collapse(&target), Some(&host), BOUND) {
                let _ = (url.location("server"), url.hostname(), url.port());
            }
        }
    }
}
