//! What is known of an exchange before its script runs.

use framewright_guest::{Query, Version};

/// The request and its connection.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The script's path on the site.
    pub script: String,
    pub method: Vec<u8>,
    pub scheme: String,
    pub authority: Option<Vec<u8>>,
    /// Path and query as sent.
    pub target: Vec<u8>,
    pub protocol: Protocol,
    pub fields: Vec<FieldLine>,
    /// HTTP/1.x: the head verbatim.
    pub head: Vec<u8>,
    pub connection: u64,
    pub stream: Option<u32>,
    pub tls: Option<Tls>,
}

/// One field line with how it was written.
#[derive(Clone, Debug)]
pub struct FieldLine {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    pub representation: &'static str,
}

/// The TLS handshake.
#[derive(Clone, Debug)]
pub struct Tls {
    pub version: String,
    pub cipher_suite: String,
    pub sni: Option<String>,
    pub alpn: Option<Vec<u8>>,
    pub resumed: bool,
}

/// The version of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    Http10,
    #[default]
    Http11,
    Http2,
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Http10 => "http/1.0",
            Self::Http11 => "http/1.1",
            Self::Http2 => "h2",
        }
    }
}

impl From<Version> for Protocol {
    fn from(version: Version) -> Self {
        match version {
            Version::Http10 => Self::Http10,
            Version::Http11 => Self::Http11,
            Version::Http2 => Self::Http2,
        }
    }
}

impl Facts {
    pub fn query(&self) -> Query {
        Query::parse(&self.target)
    }

    /// Path and query, apart; no query without `?`.
    pub fn split_target(&self) -> (&[u8], Option<&[u8]>) {
        match self.target.iter().position(|octet| *octet == b'?') {
            Some(mark) => (&self.target[..mark], Some(&self.target[mark + 1..])),
            None => (&self.target, None),
        }
    }

    /// The first field of this name, whatever its case.
    pub fn field(&self, name: &str) -> Option<&FieldLine> {
        self.fields.iter().find(|line| line.name.eq_ignore_ascii_case(name.as_bytes()))
    }
}
