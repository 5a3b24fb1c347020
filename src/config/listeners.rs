//! Which listeners there are: those of the flags, else those of the file, else the three defaults.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use toml::Spanned;

use super::{
    error::{ConfigError, Fault, Place},
    file::{self, Protocol, Source},
    plan::ListenerSettings,
};
use crate::{
    cli::{PortArg, ServeArgs},
    server::Protocols,
};

/// A listener and the place to blame for it.
pub(super) struct Placed {
    pub(super) settings: ListenerSettings,
    pub(super) place: Place,
}

/// A kind of listener that a port flag stands for.
struct Kind {
    name: &'static str,
    flag: &'static str,
    port: u16,
    protocols: Protocols,
    tls: bool,
}

const KINDS: [Kind; 3] = [
    Kind { name: "http", flag: "--http", port: 8000, protocols: Protocols::Both, tls: false },
    Kind { name: "https", flag: "--https", port: 8443, protocols: Protocols::Both, tls: true },
    Kind { name: "h2", flag: "--h2", port: 9000, protocols: Protocols::Http2, tls: true },
];

/// Decides on the listeners.
///
/// # Errors
/// Listeners that contradict themselves or each other.
pub(super) fn resolve(
    arguments: &ServeArgs,
    file: Option<(&file::File, &Source)>,
) -> Result<Vec<ListenerSettings>, ConfigError> {
    let from_file = file.and_then(|(file, source)| file.listener.as_ref().map(|listeners| (listeners, source)));
    let flags = [&arguments.http, &arguments.https, &arguments.h2];
    let tables = from_file.map(|(listeners, source)| {
        listeners.get_ref().iter().map(|listener| from_table(listener, source)).collect::<Result<Vec<_>, _>>()
    });
    let tables = tables.transpose()?;
    let mut listeners = if flags.iter().any(|ports| !ports.is_empty()) {
        // Flags replace the file's listeners, not its faults: whoever leaves the flags out tomorrow would meet them.
        let mut replaced = tables.unwrap_or_default();
        name_the_nameless(&mut replaced);
        check_against_each_other(&replaced)?;
        from_flags(flags)
    } else if let Some(tables) = tables {
        tables
    } else {
        from_flags(KINDS.each_ref().map(|kind| vec![PortArg::Port(kind.port)]).each_ref())
            .into_iter()
            .map(|mut listener| {
                "default".clone_into(&mut listener.settings.origin);
                listener
            })
            .collect()
    };
    if listeners.is_empty() {
        let place = from_file
            .map_or(Place::Argument("--http, --https, --h2"), |(listeners, source)| source.place(&listeners.span()));
        return Err(ConfigError { place, fault: Fault::NoListener });
    }
    if !arguments.bind.is_empty() {
        let addresses: BTreeSet<_> = arguments.bind.iter().copied().collect();
        for listener in &mut listeners {
            listener.settings.addresses = addresses.iter().copied().collect();
            listener.settings.addresses_by_default = false;
        }
    }
    name_the_nameless(&mut listeners);
    check_against_each_other(&listeners)?;
    Ok(listeners.into_iter().map(|listener| listener.settings).collect())
}

fn from_flags(ports: [&Vec<PortArg>; 3]) -> Vec<Placed> {
    let mut listeners = Vec::new();
    for (kind, ports) in KINDS.iter().zip(ports) {
        for port in ports {
            let PortArg::Port(port) = *port else { continue };
            let settings = ListenerSettings {
                name: String::new(),
                addresses: DEFAULT_ADDRESSES.to_vec(),
                addresses_by_default: true,
                port,
                protocols: kind.protocols,
                tls: kind.tls,
                alpn: true,
                origin: kind.flag.to_owned(),
            };
            listeners.push(Placed { settings, place: Place::Argument(kind.flag) });
        }
    }
    listeners
}

/// The loopback addresses, as `wpt serve` has them.
pub(super) const DEFAULT_ADDRESSES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

fn from_table(table: &Spanned<file::Listener>, source: &Source) -> Result<Placed, ConfigError> {
    let place = source.place(&table.span());
    let span = table.span();
    let table = table.get_ref();
    let port = table.port.as_ref().ok_or_else(|| source.fault(&span, Fault::Missing { key: "port" }))?;
    let port = u16::try_from(*port.get_ref()).map_err(|_| {
        let fault = Fault::OutOfRange { key: "port", value: *port.get_ref(), least: 0, most: u16::MAX.into() };
        source.fault(&port.span(), fault)
    })?;
    let protocols = match &table.protocols {
        None => Protocols::Both,
        Some(list) => {
            let (http1, http2) = (list.get_ref().contains(&Protocol::Http1), list.get_ref().contains(&Protocol::Http2));
            match (http1, http2, table.tls) {
                (false, false, _) => return Err(source.fault(&list.span(), Fault::Empty("protocols"))),
                (false, true, false) => return Err(source.fault(&list.span(), Fault::CleartextHttp2Alone)),
                (false, true, true) => Protocols::Http2,
                (true, false, _) => Protocols::Http1,
                (true, true, _) => Protocols::Both,
            }
        }
    };
    if let Some(alpn) = &table.alpn
        && !alpn.get_ref()
        && (!table.tls || protocols == Protocols::Both)
    {
        return Err(source.fault(&alpn.span(), Fault::Pointless("alpn = false", "`tls = true` and a single protocol")));
    }
    if let Some(name) = &table.name
        && name.get_ref().is_empty()
    {
        return Err(source.fault(&name.span(), Fault::Empty("name")));
    }
    if let Some(addresses) = &table.address {
        check_addresses(addresses, source)?;
    }
    let settings = ListenerSettings {
        name: table.name.as_ref().map(|name| name.get_ref().clone()).unwrap_or_default(),
        addresses: table.address.as_ref().map_or_else(|| DEFAULT_ADDRESSES.to_vec(), |list| list.get_ref().0.clone()),
        addresses_by_default: table.address.is_none(),
        port,
        protocols,
        tls: table.tls,
        alpn: table.alpn.as_ref().is_none_or(|alpn| *alpn.get_ref()),
        origin: place.to_string(),
    };
    Ok(Placed { settings, place })
}

fn check_addresses(addresses: &Spanned<file::Addresses>, source: &Source) -> Result<(), ConfigError> {
    let list = &addresses.get_ref().0;
    if list.is_empty() {
        return Err(source.fault(&addresses.span(), Fault::Empty("address")));
    }
    match list.iter().enumerate().find(|(at, address)| list[..*at].contains(address)) {
        Some((_, twice)) => Err(source.fault(&addresses.span(), Fault::AddressTwice(*twice))),
        None => Ok(()),
    }
}

/// Names listeners after their kind, the second of a name `http-2`.
fn name_the_nameless(listeners: &mut [Placed]) {
    let mut taken: BTreeSet<String> =
        listeners.iter().map(|listener| listener.settings.name.clone()).filter(|name| !name.is_empty()).collect();
    for listener in listeners {
        let settings = &mut listener.settings;
        if !settings.name.is_empty() {
            continue;
        }
        let kind = KINDS.iter().find(|kind| kind.tls == settings.tls && kind.protocols == settings.protocols);
        let base = kind.map_or(if settings.tls { "https" } else { "http" }, |kind| kind.name);
        let mut name = base.to_owned();
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{base}-{number}");
        }
        settings.name = name;
    }
}

/// # Errors
/// Two listeners of one name, or on one address and port.
pub(super) fn check_against_each_other(listeners: &[Placed]) -> Result<(), ConfigError> {
    for (at, Placed { settings, place }) in listeners.iter().enumerate() {
        for Placed { settings: other, .. } in &listeners[..at] {
            if settings.name == other.name {
                let fault = Fault::ListenerName(settings.name.clone());
                return Err(ConfigError { place: place.clone(), fault });
            }
            let shared = settings.addresses.iter().find(|&&own| other.addresses.iter().any(|&its| overlap(own, its)));
            if let Some(&address) = shared
                && settings.port == other.port
                && settings.port != 0
            {
                let fault = Fault::PortTaken { address, port: settings.port, other: other.name.clone() };
                return Err(ConfigError { place: place.clone(), fault });
            }
        }
    }
    Ok(())
}

/// Whether a port can be bound on one of these only. `0.0.0.0` and `::` stand for all addresses of their family.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    one.is_ipv4() == other.is_ipv4() && (one == other || one.is_unspecified() || other.is_unspecified())
}
