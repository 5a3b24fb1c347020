//! What the checkout's configuration says about the site.

use std::{collections::BTreeMap, path::PathBuf};

/// How a checkout is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The document root, absolute.
    pub doc_root: PathBuf,
    /// Further mount points, in the order of the configuration (`aliases`).
    pub aliases: Vec<Alias>,
    /// The names that the servers answer to.
    pub hosts: Hosts,
    /// The ports of all servers; known for certain once they listen.
    pub ports: Ports,
    /// What templates see of the configuration besides, by key, as JSON: `browser_host`, `doc_root`, `log_level`, …
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Faults of the original that are mended where a page could see it.
    pub switches: Switches,
}

/// A mount point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alias {
    /// Where it is mounted: starts with `/`. Ending in `/` it is a folder, else one file.
    pub url_path: String,
    /// The folder.
    pub local_dir: PathBuf,
}

/// Names and their subdomains.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Hosts {
    /// The main name (`browser_host`).
    pub browser_host: String,
    /// By key, `""` for the main host and `alt` and others for `alternate_hosts`; then by subdomain in Unicode, `""` for
    /// the host itself: the whole name in its ASCII form (RFC 5891 §4). Subdomains that do not resolve are among them.
    pub domains: BTreeMap<String, BTreeMap<String, String>>,
    /// Those of `domains`' subdomains that do not resolve.
    pub not_subdomains: Vec<String>,
}

/// Ports by scheme, in the order of the configuration; none for servers that do not run.
pub type Ports = BTreeMap<String, Vec<Option<u16>>>;

/// Faults of the original that are mended where a page could see it; each is explained in `docs/differences.md`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Switches {
    /// Whole files have a Content-Length, and the connection lives on.
    pub static_length: bool,
}
