//! What the checkout's configuration says about the site.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Hosts, Switches, injection::Injection};

/// How a checkout is served.
#[derive(Clone, Default, Debug)]
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
    /// A script for every page, if there is to be one.
    pub injection: Option<Injection>,
}

/// A mount point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alias {
    /// Where it is mounted: starts with `/`. Ending in `/` it is a folder, else one file.
    pub url_path: String,
    /// The folder.
    pub local_dir: PathBuf,
}

/// Ports by scheme, in the order of the configuration; none for servers that do not run.
pub type Ports = BTreeMap<String, Vec<Option<u16>>>;

/// Which of [`Ports`] a listener fills.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortSlot {
    /// The listener's name.
    pub listener: String,
    /// The key: `http`, `https`, `h2`, `ws`, …
    pub scheme: String,
    /// The place in its list.
    pub index: usize,
}

impl Settings {
    /// Puts in the ports that listeners were given when they were opened. `port_of` tells a listener's.
    pub fn complete_ports(&mut self, slots: &[PortSlot], port_of: impl Fn(&str) -> Option<u16>) {
        for slot in slots {
            let list = self.ports.entry(slot.scheme.clone()).or_default();
            if list.len() <= slot.index {
                list.resize(slot.index + 1, None);
            }
            list[slot.index] = port_of(&slot.listener);
        }
        self.config.insert("ports".to_owned(), serde_json::json!(self.ports));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_completed_where_their_listeners_belong() {
        let mut settings = Settings::default();
        settings.ports.insert("http".to_owned(), vec![Some(8000), None, Some(0)]);
        let slot = |listener: &str, scheme: &str, index| PortSlot {
            listener: listener.to_owned(),
            scheme: scheme.to_owned(),
            index,
        };
        let slots = [slot("http", "http", 0), slot("http-2", "http", 2), slot("h2", "h2", 0), slot("gone", "ws", 0)];
        settings.complete_ports(&slots, |name| match name {
            "http" => Some(8000),
            "http-2" => Some(40_000),
            "h2" => Some(9000),
            _ => None,
        });
        let expected = serde_json::json!({"h2": [9000], "http": [8000, null, 40_000], "ws": [null]});
        assert_eq!(settings.config["ports"], expected);
        assert_eq!(settings.ports["http"], [Some(8000), None, Some(40_000)]);
    }
}
