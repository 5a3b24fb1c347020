//! The files of a checkout's configuration, one over the other.

use std::path::Path;

use super::node::{Content, Node};
use crate::config::{
    environment::Environment,
    error::{ConfigError, Fault, Place},
};

/// The configuration that all files together make.
pub(super) struct Merged {
    pub(super) root: Node,
    /// What is odd, but no fault.
    pub(super) warnings: Vec<String>,
}

/// Every key and its default, as `wpt serve` has them. Paths are relative to the checkout. Ports are those of 2021 and
/// of later years side by side; `subdomains` and `not_subdomains` are ours, and null stands for the tests' own.
const DEFAULTS: &str = r#"{
    "browser_host": "web-platform.test",
    "alternate_hosts": {"alt": "not-web-platform.test"},
    "doc_root": ".",
    "ws_doc_root": "websockets/handlers",
    "server_host": null,
    "ports": {
        "http": [8000, "auto"],
        "http-private": ["auto"],
        "http-local": ["auto"],
        "http-public": ["auto"],
        "https": [8443, 8444],
        "https-private": ["auto"],
        "https-local": ["auto"],
        "https-public": ["auto"],
        "ws": ["auto"],
        "wss": ["auto"],
        "h2": [9000],
        "quic-transport": [],
        "webtransport-h3": []
    },
    "check_subdomains": true,
    "log_level": "info",
    "logging": {"level": null, "suppress_handler_traceback": false},
    "bind_address": true,
    "inject_script": null,
    "ssl": {
        "type": "pregenerated",
        "encrypt_after_connect": false,
        "openssl": {
            "openssl_binary": "openssl",
            "base_path": "_certs",
            "password": "web-platform-tests",
            "force_regenerate": false,
            "duration": 30,
            "base_conf_path": null
        },
        "pregenerated": {
            "host_key_path": "tools/certs/web-platform.test.key",
            "host_cert_path": "tools/certs/web-platform.test.pem"
        },
        "none": {}
    },
    "aliases": [],
    "subdomains": null,
    "not_subdomains": null
}"#;

/// Keys under their former names.
const RENAMED: [(&str, &str); 4] = [
    ("host", "browser_host"),
    ("bind_hostname", "bind_address"),
    ("external_host", "server_host"),
    ("host_ip", "server_host"),
];

impl Merged {
    /// What is built in. Without HTTP/2 its ports have no key, so that none is configured either.
    pub(super) fn built_in(has_http2: bool) -> Self {
        let mut root = Node::built_in(DEFAULTS);
        if !has_http2
            && let Content::Map(keys) = &mut root.value
            && let Some(Node { value: Content::Map(ports), .. }) = keys.get_mut("ports")
        {
            ports.remove("h2");
        }
        Self { root, warnings: Vec::new() }
    }

    /// Puts the text of a file over what is there.
    ///
    /// # Errors
    /// Files that cannot be read or parsed, unknown top-level keys, and things that are no object in place of one.
    pub(super) fn put(&mut self, path: &Path, environment: &dyn Environment) -> Result<(), ConfigError> {
        let text = environment
            .read(path)
            .map_err(|error| ConfigError { place: Place::File(path.to_owned()), fault: Fault::Unreadable(error) })?;
        let mut file = Node::parse(&text, path)?;
        let renamed = match &mut file.value {
            Content::Map(keys) => {
                let each = RENAMED.iter().filter_map(|&(old, new)| keys.remove(old).map(|node| (new, node)));
                each.collect::<Vec<_>>()
            }
            _ => return Err(file.wrong("an object")),
        };
        self.merge(file)?;
        for (new, node) in renamed {
            self.warnings.push(format!("{}: `{}` is called `{new}` now", node.place, node.key));
            let place = node.place.clone();
            let value = Content::Map([(new.to_owned(), Node { key: new.to_owned(), ..node })].into());
            self.merge(Node { key: String::new(), place, value })?;
        }
        Ok(())
    }

    /// Puts a level of logging over what the files say.
    pub(super) fn set_level(&mut self, level: &str) {
        for keys in [&["log_level"][..], &["logging", "level"]] {
            let mut node = &mut self.root;
            for key in keys {
                let Content::Map(map) = &mut node.value else { return };
                let Some(below) = map.get_mut(*key) else { return };
                node = below;
            }
            node.place = Place::Argument("--verbose");
            node.value = Content::Scalar(level.into());
        }
    }

    fn merge(&mut self, over: Node) -> Result<(), ConfigError> {
        for node in self.root.merge(over)? {
            if !node.key.contains('.') {
                return Err(node.fault(Fault::UnknownKey(node.key.clone())));
            }
            self.warnings
                .push(format!("{}: `{}` is no key of the configuration, and is passed over", node.place, node.key));
        }
        Ok(())
    }
}
