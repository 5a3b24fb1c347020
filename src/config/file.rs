//! What the configuration file says: a mirror of the TOML, every key optional, unknown keys refused.
//!
//! Values carry their place in the text, so that whoever finds fault with one can name the line.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor, value::StrDeserializer},
};
use toml::Spanned;

use super::{
    error::{ConfigError, Fault, Place},
    tenants::{Tenant, Tenants},
};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) root: Option<Spanned<PathBuf>>,
    pub(super) state_dir: Option<Spanned<PathBuf>>,
    pub(super) cert: Option<Spanned<PathBuf>>,
    pub(super) key: Option<Spanned<PathBuf>>,
    pub(super) listener: Option<Spanned<Vec<Spanned<Listener>>>>,
    #[serde(default)]
    pub(super) route: Vec<Spanned<Route>>,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) sandbox: Sandbox,
    #[serde(default)]
    pub(super) site: Site,
    pub(super) wptserve: Option<Spanned<Wptserve>>,
    #[serde(default)]
    pub(super) grant: BTreeMap<Spanned<String>, Grant>,
    #[serde(default)]
    pub(super) python: Python,
    #[serde(default)]
    pub(super) raw: Raw,
    pub(super) tenants: Option<Spanned<Tenants>>,
    #[serde(default)]
    pub(super) tenant: Vec<Spanned<Tenant>>,
}

/// `[[listener]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listener {
    pub(super) name: Option<Spanned<String>>,
    pub(super) address: Option<Spanned<Addresses>>,
    pub(super) port: Option<Spanned<u64>>,
    pub(super) protocols: Option<Spanned<Vec<Protocol>>>,
    #[serde(default)]
    pub(super) tls: bool,
    pub(super) alpn: Option<Spanned<bool>>,
}

/// `address`: one IP address or a list of them.
#[derive(Debug)]
pub(super) struct Addresses(pub(super) Vec<IpAddr>);

/// A protocol by its ALPN name (RFC 7301 §6, RFC 9113 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(super) enum Protocol {
    #[serde(rename = "http/1.1")]
    Http1,
    #[serde(rename = "h2")]
    Http2,
}

/// `[[route]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) methods: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) handler: Option<Spanned<PathBuf>>,
}

/// `[limits]`, the unit in each key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) memory_mib: Option<Spanned<u64>>,
    pub(super) table_elements: Option<Spanned<u64>>,
    pub(super) instances: Option<Spanned<u64>>,
    pub(super) cpu_ms: Option<Spanned<u64>>,
    pub(super) wall_s: Option<Spanned<u64>>,
    pub(super) sent_mib: Option<Spanned<u64>>,
    pub(super) log_kib: Option<Spanned<u64>>,
    pub(super) slots: Option<Spanned<u64>>,
    pub(super) queue_ms: Option<Spanned<u64>>,
    pub(super) handlers: Option<Spanned<u64>>,
    pub(super) handler_mib: Option<Spanned<u64>>,
    pub(super) cache_mib: Option<Spanned<u64>>,
    pub(super) stash_keys: Option<Spanned<u64>>,
    pub(super) stash_mib: Option<Spanned<u64>>,
    pub(super) stash_value_kib: Option<Spanned<u64>>,
    pub(super) stash_age_s: Option<Spanned<u64>>,
    pub(super) connections: Option<Spanned<u64>>,
    pub(super) handshake_s: Option<Spanned<u64>>,
    pub(super) header_s: Option<Spanned<u64>>,
    pub(super) idle_s: Option<Spanned<u64>>,
    pub(super) stall_s: Option<Spanned<u64>>,
    pub(super) drain_s: Option<Spanned<u64>>,
    pub(super) head_kib: Option<Spanned<u64>>,
    pub(super) fields: Option<Spanned<u64>>,
    pub(super) h2_streams: Option<Spanned<u64>>,
    pub(super) h2_window_kib: Option<Spanned<u64>>,
}

/// `[sandbox]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sandbox {
    #[serde(alias = "on-disconnect")]
    pub(super) on_disconnect: Option<OnDisconnect>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OnDisconnect {
    Tell,
    Cancel,
}

/// `[site]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    pub(super) follow_symlinks: Option<bool>,
    pub(super) python: Option<bool>,
    pub(super) behaviour: Option<Behaviour>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Behaviour {
    Framewright,
    Wptserve,
}

/// `[wptserve]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wptserve {
    pub(super) browser_host: Option<Spanned<String>>,
    pub(super) server_host: Option<Spanned<String>>,
    pub(super) alternate_hosts: Option<Spanned<BTreeMap<String, String>>>,
    pub(super) subdomains: Option<Spanned<Vec<String>>>,
    pub(super) not_subdomains: Option<Spanned<Vec<String>>>,
    pub(super) ws_doc_root: Option<PathBuf>,
    #[serde(default)]
    pub(super) alias: Vec<Alias>,
    pub(super) latency_ms: Option<u32>,
    pub(super) inject_script: Option<PathBuf>,
    pub(super) static_length: Option<bool>,
    pub(super) request_duplicates: Option<bool>,
    pub(super) document_duplicates: Option<bool>,
    pub(super) http2_url: Option<bool>,
    pub(super) http2_content: Option<bool>,
}

/// `[[wptserve.alias]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alias {
    pub(super) url_path: Spanned<String>,
    pub(super) local_dir: PathBuf,
}

/// `[grant."/path/*"]`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) raw: Option<bool>,
    pub(super) stash: Option<bool>,
    pub(super) files: Option<bool>,
    pub(super) push: Option<bool>,
}

/// `[python]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Python {
    pub(super) shared: Option<Spanned<Vec<Spanned<String>>>>,
}

/// `[raw]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) after: Option<RawAfter>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawAfter {
    Keep,
    Close,
}

/// Where the text came from, to turn spans into lines and relative paths into paths.
#[derive(Clone, Debug)]
pub(super) struct Source {
    path: PathBuf,
    name: Arc<str>,
    /// Offsets at which lines begin, ascending, from the second on.
    line_starts: Arc<[usize]>,
}

impl File {
    /// Parses the text of a file.
    ///
    /// # Errors
    /// Faults of syntax, unknown keys, and values of the wrong type.
    pub(super) fn parse(text: &str, source: &Source) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError {
            place: error.span().map_or_else(|| Place::File(source.path.clone()), |span| source.place(&span)),
            fault: Fault::Malformed(error.message().replace('\n', ", ")),
        })
    }
}

impl Source {
    /// The source of this text.
    pub(super) fn new(path: &Path, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            name: path.display().to_string().into(),
            line_starts: text.match_indices('\n').map(|(at, _)| at + 1).collect(),
        }
    }

    /// The line on which a span begins, counting from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.line_starts.partition_point(|&start| start <= span.start) + 1
    }

    /// The place at which a span begins.
    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        Place::Line(self.name.clone(), self.line(span))
    }

    /// A fault at the place of a span.
    pub(super) fn fault(&self, span: &Range<usize>, fault: Fault) -> ConfigError {
        ConfigError { place: self.place(span), fault }
    }

    /// A path as the file means it: relative to the file's own folder.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Vec<IpAddr>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an IP address or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                IpAddr::deserialize(StrDeserializer::new(text)).map(|address| vec![address])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut addresses = Vec::new();
                while let Some(address) = list.next_element()? {
                    addresses.push(address);
                }
                Ok(addresses)
            }
        }

        deserializer.deserialize_any(OneOrMore).map(Addresses)
    }
}
