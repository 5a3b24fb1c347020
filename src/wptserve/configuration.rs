//! Every key of wptserve's configuration, and the settings that they come to.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{Alias, Hosts, HostsFault, Ports, Settings, Switches};

/// What a configuration says, each key under wptserve's name for it.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The document root, absolute.
    pub doc_root: PathBuf,
    /// The folder of WebSocket handlers, absolute.
    pub ws_doc_root: PathBuf,
    /// The main host.
    pub browser_host: String,
    /// Other hosts by key.
    pub alternate_hosts: BTreeMap<String, String>,
    /// What may stand before each host, in Unicode.
    pub subdomains: Vec<String>,
    /// What may stand there and does not resolve.
    pub not_subdomains: Vec<String>,
    /// The host whose address the servers listen on.
    pub server_host: String,
    /// Whether they listen on that address alone.
    pub bind_address: bool,
    /// Whether the names are tried at start.
    pub check_subdomains: bool,
    /// As it was written; shown in capitals.
    pub log_level: String,
    /// Whether the failures of handlers are shown without a trace.
    pub suppress_handler_traceback: bool,
    /// Further mount points.
    pub aliases: Vec<Alias>,
    /// The `ssl` object as configured.
    pub ssl: Value,
    /// The certificate's files; none where no server speaks TLS.
    pub certificate: Option<Certificate>,
    /// Ports as configured.
    pub ports: Ports,
}

/// Where a certificate is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Its private key.
    pub key: PathBuf,
    /// The chain.
    pub cert: PathBuf,
    /// The authority's certificate, where that is known.
    pub authority: Option<PathBuf>,
}

impl Configuration {
    /// Computes the names, and everything that templates see.
    ///
    /// # Errors
    /// Hosts and subdomains that cannot be.
    pub fn settings(self) -> Result<Settings, HostsFault> {
        let hosts = Hosts::new(&self.browser_host, &self.alternate_hosts, &self.subdomains, &self.not_subdomains)?;
        let config = self.visible(&hosts);
        Ok(Settings {
            doc_root: self.doc_root,
            aliases: self.aliases,
            hosts,
            ports: self.ports,
            config,
            switches: Switches::default(),
            injection: None,
        })
    }

    /// The keys that are configured and those that wptserve computes from them.
    fn visible(&self, hosts: &Hosts) -> serde_json::Map<String, Value> {
        let aliases = self.aliases.iter();
        let aliases: Vec<_> =
            aliases.map(|alias| json!({"url-path": alias.url_path, "local-dir": text(&alias.local_dir)})).collect();
        let (domains, not_domains) = (hosts.resolving(), hosts.not_resolving());
        let all_domains = json!(hosts.domains);
        let pairs = [
            ("aliases", json!(aliases)),
            ("all_domains_set", set(&all_domains)),
            ("all_domains", all_domains),
            ("alternate_hosts", json!(self.alternate_hosts)),
            ("bind_address", json!(self.bind_address)),
            ("browser_host", json!(self.browser_host)),
            ("check_subdomains", json!(self.check_subdomains)),
            ("doc_root", json!(text(&self.doc_root))),
            ("domains", json!(domains)),
            ("domains_set", set(&json!(domains))),
            ("log_level", json!(self.log_level.to_uppercase())),
            (
                "logging",
                json!({"level": self.log_level, "suppress_handler_traceback": self.suppress_handler_traceback}),
            ),
            ("not_domains", json!(not_domains)),
            ("not_domains_set", set(&json!(not_domains))),
            ("not_subdomains", json!(self.not_subdomains)),
            ("paths", json!({"doc_root": text(&self.doc_root), "ws_doc_root": text(&self.ws_doc_root)})),
            ("ports", json!(self.ports)),
            ("server_host", json!(self.server_host)),
            ("ssl", self.ssl.clone()),
            ("ssl_config", self.ssl_config()),
            ("subdomains", json!(self.subdomains)),
            ("ws_doc_root", json!(text(&self.ws_doc_root))),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn ssl_config(&self) -> Value {
        match &self.certificate {
            None => Value::Null,
            Some(certificate) => json!({
                "key_path": text(&certificate.key),
                "cert_path": text(&certificate.cert),
                "ca_cert_path": certificate.authority.as_deref().map(text),
                "encrypt_after_connect": false,
            }),
        }
    }
}

/// The names of an object of objects, sorted.
fn set(domains: &Value) -> Value {
    let hosts = domains.as_object().into_iter().flat_map(serde_json::Map::values);
    let names = hosts.filter_map(Value::as_object).flat_map(serde_json::Map::values);
    let mut names: Vec<_> = names.filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    json!(names)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_see_the_keys_that_wptserve_has() {
        let configuration = Configuration {
            doc_root: "/tree".into(),
            ws_doc_root: "/tree/ws".into(),
            browser_host: "a.test".to_owned(),
            alternate_hosts: BTreeMap::from([("alt".to_owned(), "b.test".to_owned())]),
            subdomains: vec!["www".to_owned()],
            not_subdomains: vec!["gone".to_owned()],
            server_host: "a.test".to_owned(),
            bind_address: true,
            check_subdomains: false,
            log_level: "info".to_owned(),
            suppress_handler_traceback: false,
            aliases: vec![Alias { url_path: "/x/".to_owned(), local_dir: "/y".into() }],
            ssl: json!({"type": "none"}),
            certificate: Some(Certificate { key: "k".into(), cert: "c".into(), authority: None }),
            ports: Ports::from([("http".to_owned(), vec![Some(8000), None])]),
        };
        let settings = configuration.settings().unwrap();
        let shown = Value::Object(settings.config);
        let expected = json!({
            "aliases": [{"url-path": "/x/", "local-dir": "/y"}],
            "all_domains": {
                "": {"": "a.test", "www": "www.a.test", "gone": "gone.a.test"},
                "alt": {"": "b.test", "www": "www.b.test", "gone": "gone.b.test"},
            },
            "all_domains_set": ["a.test", "b.test", "gone.a.test", "gone.b.test", "www.a.test", "www.b.test"],
            "alternate_hosts": {"alt": "b.test"},
            "bind_address": true,
            "browser_host": "a.test",
            "check_subdomains": false,
            "doc_root": "/tree",
            "domains": {"": {"": "a.test", "www": "www.a.test"}, "alt": {"": "b.test", "www": "www.b.test"}},
            "domains_set": ["a.test", "b.test", "www.a.test", "www.b.test"],
            "log_level": "INFO",
            "logging": {"level": "info", "suppress_handler_traceback": false},
            "not_domains": {"": {"gone": "gone.a.test"}, "alt": {"gone": "gone.b.test"}},
            "not_domains_set": ["gone.a.test", "gone.b.test"],
            "not_subdomains": ["gone"],
            "paths": {"doc_root": "/tree", "ws_doc_root": "/tree/ws"},
            "ports": {"http": [8000, null]},
            "server_host": "a.test",
            "ssl": {"type": "none"},
            "ssl_config": {"key_path": "k", "cert_path": "c", "ca_cert_path": null, "encrypt_after_connect": false},
            "subdomains": ["www"],
            "ws_doc_root": "/tree/ws",
        });
        assert_eq!(shown, expected);
    }
}
