//! `ports`: which servers there are, and where each listens.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde_json::Value;

use super::node::{Content, Node};
use crate::{
    config::{
        environment::Environment,
        error::{ConfigError, Fault, Place},
        listeners::{DEFAULT_ADDRESSES, Placed, check_against_each_other},
        plan::ListenerSettings,
    },
    server::Protocols,
    wptserve::{PortSlot, Ports},
};

/// What a kind of server speaks.
struct Kind {
    scheme: &'static str,
    protocols: Protocols,
    tls: bool,
    /// The original's https servers know nothing of ALPN.
    alpn: bool,
    websocket: bool,
}

impl Kind {
    const fn http(scheme: &'static str) -> Self {
        Self { scheme, protocols: Protocols::Http1, tls: false, alpn: false, websocket: false }
    }

    const fn https(scheme: &'static str) -> Self {
        Self { tls: true, ..Self::http(scheme) }
    }
}

/// The kinds in the order in which they are opened and shown.
const KINDS: [Kind; 11] = [
    Kind::http("http"),
    Kind::http("http-private"),
    Kind::http("http-local"),
    Kind::http("http-public"),
    Kind::https("https"),
    Kind::https("https-private"),
    Kind::https("https-local"),
    Kind::https("https-public"),
    Kind { protocols: Protocols::Http2, alpn: true, ..Kind::https("h2") },
    Kind { websocket: true, ..Kind::http("ws") },
    Kind { websocket: true, ..Kind::https("wss") },
];

/// One more server, that the original does not have.
const BOTH: Kind = Kind { protocols: Protocols::Both, alpn: true, ..Kind::https("h2-h1") };

/// The servers.
pub(super) struct Servers {
    pub(super) listeners: Vec<ListenerSettings>,
    pub(super) ports: Ports,
    pub(super) slots: Vec<PortSlot>,
    pub(super) websockets: Vec<String>,
}

/// Where servers listen.
pub(super) struct Addresses {
    pub(super) addresses: Vec<IpAddr>,
    /// Whether those that this machine lacks may be left out.
    pub(super) by_default: bool,
}

/// Decides on the servers.
///
/// # Errors
/// What is no port, and ports that are taken twice.
pub(super) fn resolve(
    ports: &Node,
    both: Option<u16>,
    has_tls: bool,
    addresses: &Addresses,
) -> Result<Servers, ConfigError> {
    let mut placed = Vec::new();
    let mut servers = Servers { listeners: Vec::new(), ports: Ports::new(), slots: Vec::new(), websockets: Vec::new() };
    for (scheme, list) in ports.map()? {
        let list = port_list(list)?;
        // Without certificates the servers that need one have no ports either.
        let needs_tls = KINDS.iter().any(|kind| kind.scheme == scheme && kind.tls);
        if has_tls || !needs_tls {
            servers.ports.insert(scheme.clone(), list.iter().map(|(port, _)| *port).collect());
        }
    }
    for kind in KINDS.iter().filter(|kind| has_tls || !kind.tls) {
        let Some(node) = ports.map()?.get(kind.scheme) else { continue };
        for (index, (port, place)) in port_list(node)?.into_iter().enumerate() {
            if let Some(port) = port {
                servers.add(kind, index, port, place, addresses, &mut placed);
            }
        }
    }
    if let Some(port) = both {
        if !has_tls {
            let fault = Fault::Pointless("--h2-h1-port", "a certificate: `ssl.type` is \"none\"");
            return Err(ConfigError { place: Place::Argument("--h2-h1-port"), fault });
        }
        servers.add(&BOTH, 0, port, Place::Argument("--h2-h1-port"), addresses, &mut placed);
    }
    if placed.is_empty() {
        return Err(ports.fault(Fault::NoListener));
    }
    check_against_each_other(&placed)?;
    servers.listeners = placed.into_iter().map(|placed| placed.settings).collect();
    Ok(servers)
}

/// Where the servers listen: at both loopback addresses, unless somebody says otherwise. The original listens on the
/// address of `server_host`, which is that of the loopback wherever the hosts file is in place.
///
/// # Errors
/// A `server_host` without an address.
pub(super) fn addresses(
    flags: &[IpAddr],
    bind_address: bool,
    server_host: &Node,
    browser_host: &str,
    environment: &dyn Environment,
) -> Result<Addresses, ConfigError> {
    if !flags.is_empty() {
        let mut addresses = flags.to_vec();
        addresses.sort_unstable();
        addresses.dedup();
        return Ok(Addresses { addresses, by_default: false });
    }
    if !bind_address {
        return Ok(Addresses { addresses: EVERYWHERE.to_vec(), by_default: true });
    }
    let explicit = server_host.text_or_null()?;
    if let Ok(address) = explicit.unwrap_or(browser_host).parse() {
        return Ok(Addresses { addresses: vec![address], by_default: false });
    }
    let Some(host) = explicit else { return Ok(Addresses { addresses: DEFAULT_ADDRESSES.to_vec(), by_default: true }) };
    let fault = |error| server_host.fault(Fault::Address { host: host.to_owned(), error });
    let found = environment.addresses(host).map_err(fault)?;
    if found.is_empty() {
        return Err(fault(io::ErrorKind::NotFound.into()));
    }
    let mut addresses = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(Addresses { addresses, by_default: true })
}

const EVERYWHERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];

impl Servers {
    fn add(
        &mut self,
        kind: &Kind,
        index: usize,
        port: u16,
        place: Place,
        addresses: &Addresses,
        placed: &mut Vec<Placed>,
    ) {
        let name = match index {
            0 => kind.scheme.to_owned(),
            _ => format!("{}-{}", kind.scheme, index + 1),
        };
        self.slots.push(PortSlot { listener: name.clone(), scheme: kind.scheme.to_owned(), index });
        if kind.websocket {
            self.websockets.push(name.clone());
        }
        let settings = ListenerSettings {
            name,
            addresses: addresses.addresses.clone(),
            addresses_by_default: addresses.by_default,
            port,
            protocols: kind.protocols,
            tls: kind.tls,
            alpn: kind.alpn,
            origin: place.to_string(),
        };
        placed.push(Placed { settings, place });
    }
}

/// The ports of a scheme: null is a server that is not there, `"auto"` (0) one on a free port.
fn port_list(list: &Node) -> Result<Vec<(Option<u16>, Place)>, ConfigError> {
    if list.is_null() {
        return Ok(Vec::new());
    }
    list.list()?.iter().map(|node| Ok((port(node)?, node.place.clone()))).collect()
}

fn port(node: &Node) -> Result<Option<u16>, ConfigError> {
    let port = match &node.value {
        Content::Scalar(Value::Null) => return Ok(None),
        Content::Scalar(Value::String(word)) if word == "auto" => Some(0),
        Content::Scalar(Value::Number(number)) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        _ => None,
    };
    port.map(Some).ok_or_else(|| node.wrong("a port from 0 to 65535, \"auto\" or null"))
}
