//! The line on standard output that says where the server listens.

use serde::Serialize;

use super::Bound;

/// The line's shape; keys in this order, never renamed.
#[derive(Serialize)]
struct Ready<'a> {
    event: &'static str,
    version: &'static str,
    listeners: Vec<Listener<'a>>,
}

#[derive(Serialize)]
struct Listener<'a> {
    name: &'a str,
    protocols: &'static [&'static str],
    tls: bool,
    address: std::net::IpAddr,
    port: u16,
}

impl Bound {
    /// One line of JSON, without a line end: event, version, and each address that is listened on.
    pub fn ready_line(&self) -> String {
        let listeners = self.listeners().map(|(settings, address)| Listener {
            name: &settings.name,
            protocols: settings.protocols.names(),
            tls: settings.tls.is_some(),
            address: address.ip(),
            port: address.port(),
        });
        let ready = Ready { event: "ready", version: env!("CARGO_PKG_VERSION"), listeners: listeners.collect() };
        serde_json::to_string(&ready).expect("its parts are plain text and numbers")
    }
}
