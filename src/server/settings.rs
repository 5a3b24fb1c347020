//! What an operator chooses about listeners and connections.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::{exchange::Dispatch, http1, http2, tls};

/// Connections at one time of a listener with somebody of its own to answer, beside those of all others: so that who
/// looks after a server gets through to it when it is full.
pub const OWN_CONNECTIONS: u32 = 16;

/// How the server listens, and what a connection may take.
#[derive(Clone)]
pub struct Settings {
    /// What to listen on.
    pub listeners: Vec<ListenerSettings>,
    /// Connections at one time, over all listeners; more wait in the system's queue. Default 10,000 (`connections`).
    pub connections: u32,
    /// From accepting a connection to the end of its TLS handshake. Default 10 s (`handshake_s`).
    pub handshake: Duration,
    /// From the first octet of a cleartext connection that may speak either protocol, or its lack, until it is known
    /// which one. Default 10 s (`header_s`).
    pub sniff: Duration,
    /// From the signal to stop until what still runs is aborted. Default 10 s (`drain_s`).
    pub drain: Duration,
    /// What HTTP/1.1 allows.
    pub http1: http1::Settings,
    /// What HTTP/2 allows.
    pub http2: http2::Settings,
}

/// A port on one or more addresses.
#[derive(Clone)]
pub struct ListenerSettings {
    /// Its name in the ready line, in logs and for handlers.
    pub name: Arc<str>,
    /// The addresses; at least one.
    pub addresses: Vec<IpAddr>,
    /// Whether addresses that this machine does not have are left out, as long as one remains.
    pub skip_missing: bool,
    /// The port; 0 picks a free one, the same on all addresses.
    pub port: u16,
    /// What it speaks.
    pub protocols: Protocols,
    /// Shakes hands; none on cleartext listeners. Offers the same protocols.
    pub tls: Option<tls::Acceptor>,
    /// Who answers here, instead of who answers everywhere else, over few connections of its own: [`OWN_CONNECTIONS`].
    pub dispatch: Option<Arc<dyn Dispatch>>,
    /// Who asked for it: `FILE:LINE` or a flag; for errors.
    pub origin: String,
}

/// The protocols of a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocols {
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone.
    Http2,
    /// Both: chosen by ALPN with TLS, by HTTP/2's preface (RFC 9113 §3.3) without.
    Both,
}

impl Protocols {
    /// Their ALPN names, in the server's order of preference where it has one.
    pub fn alpn(self) -> &'static [&'static str] {
        match self {
            Self::Http1 => &["http/1.1"],
            Self::Http2 => &["h2"],
            Self::Both => &["h2", "http/1.1"],
        }
    }

    /// Their ALPN names as the ready line has them, oldest first.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Http1 => &["http/1.1"],
            Self::Http2 => &["h2"],
            Self::Both => &["http/1.1", "h2"],
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listeners: Vec::new(),
            connections: 10_000,
            handshake: Duration::from_secs(10),
            sniff: Duration::from_secs(10),
            drain: Duration::from_secs(10),
            http1: http1::Settings::default(),
            http2: http2::Settings::default(),
        }
    }
}
