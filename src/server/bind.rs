//! Opens every listening socket before the first connection is accepted.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{Bound, ListenerSettings, Settings, platform};

/// A listener that cannot be opened: the operator's to resolve.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: listener {listener} cannot listen on {address}: {fault}")]
pub struct BindError {
    /// Who asked for the listener.
    pub origin: String,
    /// Its name.
    pub listener: String,
    /// Where it should have listened.
    pub address: SocketAddr,
    /// What is wrong.
    pub fault: BindFault,
}

/// What is wrong with an address.
#[derive(Debug, thiserror::Error)]
pub enum BindFault {
    /// Someone listens there.
    #[error("address in use")]
    InUse,
    /// This machine does not have it.
    #[error("this machine does not have the address")]
    Missing,
    /// Ports below 1024 are for privileged processes on most systems.
    #[error("permission denied")]
    Denied,
    /// No port is free on all of the listener's addresses.
    #[error("no port was found that is free on all addresses")]
    NoCommonPort,
    /// Anything else.
    #[error(transparent)]
    Io(io::Error),
}

/// A socket that listens.
pub(super) struct BoundSocket {
    /// The listener's place among the settings.
    pub(super) listener: usize,
    pub(super) address: SocketAddr,
    pub(super) socket: TcpListener,
}

/// Connections that the system holds for us until they are accepted; it may cap this.
const BACKLOG: i32 = 1024;

/// How often a free port of one address is tried on the others.
const PORT_ATTEMPTS: usize = 16;

/// Opens all listeners. Connections queue from here on, and are accepted by [`Bound::serve`].
///
/// # Errors
/// The first that cannot be opened; nothing stays open then.
pub fn bind(settings: Settings) -> Result<Bound, BindError> {
    let mut sockets = Vec::new();
    // Fixed ports first, lest a free one that is picked be one of them.
    let (free, fixed): (Vec<_>, Vec<_>) =
        settings.listeners.iter().enumerate().partition(|(_, listener)| listener.port == 0);
    for (index, listener) in fixed.into_iter().chain(free) {
        let bound = bind_listener(listener).map_err(|(address, fault)| BindError {
            origin: listener.origin.clone(),
            listener: listener.name.to_string(),
            address,
            fault,
        })?;
        let with_index = |(address, socket)| BoundSocket { listener: index, address, socket };
        sockets.extend(bound.into_iter().map(with_index));
    }
    sockets.sort_by_key(|socket| socket.listener);
    Ok(Bound::new(settings, sockets))
}

type Sockets = Vec<(SocketAddr, TcpListener)>;

fn bind_listener(listener: &ListenerSettings) -> Result<Sockets, (SocketAddr, BindFault)> {
    if listener.port != 0 {
        return bind_port(listener, listener.port);
    }
    let mut clash = None;
    // Held until the end, lest the system gives them again.
    let mut refused = Vec::new();
    for _ in 0..PORT_ATTEMPTS {
        match bind_port(listener, 0) {
            Ok(sockets) if sockets.first().is_some_and(|(address, _)| is_blocked(address.port())) => {
                refused.push(sockets);
            }
            // The port was free on the first address and is not on another.
            Err((address, BindFault::InUse)) => clash = Some(address),
            result => return result,
        }
    }
    let address = clash.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)));
    Err((address, BindFault::NoCommonPort))
}

/// Whether browsers refuse to connect to a port (Fetch, "port blocking"), as far as systems pick such ports.
fn is_blocked(port: u16) -> bool {
    BLOCKED_PORTS.contains(&port)
}

const BLOCKED_PORTS: [u16; 19] =
    [1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080];

fn bind_port(listener: &ListenerSettings, port: u16) -> Result<Sockets, (SocketAddr, BindFault)> {
    let mut sockets = Sockets::new();
    let mut missing = None;
    for &address in &listener.addresses {
        let port = sockets.first().map_or(port, |(first, _)| first.port());
        match bind_address(address, port) {
            Ok(socket) => sockets.push(socket),
            Err(error) => match (SocketAddr::new(address, port), BindFault::from(error)) {
                (address, BindFault::Missing) if listener.skip_missing => missing = Some(address),
                failed => return Err(failed),
            },
        }
    }
    match missing {
        Some(address) if sockets.is_empty() => Err((address, BindFault::Missing)),
        Some(address) => {
            tracing::info!(listener = &*listener.name, %address, "left out: this machine does not have the address");
            Ok(sockets)
        }
        None => Ok(sockets),
    }
}

fn bind_address(address: IpAddr, port: u16) -> io::Result<(SocketAddr, TcpListener)> {
    let address = SocketAddr::new(address, port);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    platform::prepare_listener(&socket)?;
    if address.is_ipv6() {
        // IPv4 has sockets of its own: one way for a peer's address to look.
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let socket = TcpListener::from(socket);
    Ok((socket.local_addr()?, socket))
}

impl From<io::Error> for BindFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse,
            io::ErrorKind::AddrNotAvailable => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            _ if platform::is_family_missing(&error) => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::server::Protocols;

    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
    /// RFC 5737 §3: for documentation, so on no machine.
    const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn settings(listeners: &[(&str, &[IpAddr], u16)]) -> Settings {
        let listener = |&(name, addresses, port): &(&str, &[IpAddr], u16)| ListenerSettings {
            name: name.into(),
            addresses: addresses.to_vec(),
            skip_missing: true,
            port,
            protocols: Protocols::Both,
            tls: None,
            dispatch: None,
            origin: "--http".to_owned(),
        };
        Settings { listeners: listeners.iter().map(listener).collect(), ..Settings::default() }
    }

    #[test]
    fn a_free_port_is_the_same_on_all_addresses() {
        let bound = bind(settings(&[("http", &[V4, V6], 0), ("other", &[V4], 0)])).expect("ports are free");
        let addresses: Vec<_> = bound.addresses().map(|(name, address)| (name.to_owned(), address)).collect();
        let [(_, first), rest @ .., (other, last)] = &addresses[..] else { panic!("{addresses:?}") };
        assert!(
            first.port() != 0 && rest.iter().all(|(name, address)| name == "http" && address.port() == first.port())
        );
        assert!(other == "other" && last.port() != first.port());
    }

    #[test]
    fn a_port_in_use_is_named() {
        let first = bind(settings(&[("first", &[V4], 0)])).expect("a port is free");
        let (_, address) = first.addresses().next().expect("it listens");
        // The free port of the other listener is not the obstacle.
        let settings = settings(&[("free", &[V4], 0), ("second", &[V4], address.port())]);
        let error = bind(settings).err().expect("it is in use");
        assert_eq!(error.to_string(), format!("--http: listener second cannot listen on {address}: address in use"));
    }

    #[test]
    fn missing_addresses_are_left_out_while_one_remains() {
        let bound = bind(settings(&[("http", &[NOWHERE, V4], 0)])).expect("one remains");
        assert_eq!(bound.addresses().count(), 1);
        let error = bind(settings(&[("http", &[NOWHERE], 8000)])).err().expect("none remains");
        assert!(matches!(error.fault, BindFault::Missing), "{error}");
        let mut strict = settings(&[("http", &[V4, NOWHERE], 0)]);
        strict.listeners[0].skip_missing = false;
        let error = bind(strict).err().expect("one is missing");
        assert!(matches!(error.fault, BindFault::Missing) && error.address.ip() == NOWHERE, "{error}");
    }
}
