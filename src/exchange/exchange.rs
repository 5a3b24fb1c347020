//! One request and the response to it.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{ContentStream, RequestHead, ResponseWriter, WireView};

/// One request and the response to it, on its way from a protocol to whoever answers.
pub struct Exchange {
    /// Names this exchange in log lines and local error pages.
    pub id: ExchangeId,
    /// The request head.
    pub head: RequestHead,
    /// The request content.
    pub content: Box<dyn ContentStream>,
    /// Where the response goes.
    pub response: ResponseWriter,
    /// The connection that carries it.
    pub connection: Arc<ConnectionFacts>,
    /// The HTTP/2 stream identifier.
    pub stream_id: Option<u32>,
    /// What the client put on the connection.
    pub wire: Arc<dyn WireView>,
    /// When the protocol had the whole head. A look at the disk at or after this moment is new enough for it.
    pub arrived: Instant,
}

/// Names an exchange; unique while the process runs. Shown as eight or more hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExchangeId(u64);

/// Names a connection; unique while the process runs, counting up from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConnectionId(u64);

/// What is known about a connection; the same for all its exchanges.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// The connection's name.
    pub id: ConnectionId,
    /// The client's end.
    pub peer: SocketAddr,
    /// The server's end.
    pub local: SocketAddr,
    /// The name of the listener that accepted it.
    pub listener: Arc<str>,
    /// What the TLS handshake agreed on; none on cleartext connections.
    pub tls: Option<TlsFacts>,
}

/// What a TLS handshake agreed on.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The IANA name of the cipher suite.
    pub cipher_suite: &'static str,
    /// The protocol chosen by ALPN (RFC 7301).
    pub alpn: Option<Bytes>,
    /// The server name asked for (RFC 6066 §3), lower case.
    pub sni: Option<String>,
    /// What the client offered by ALPN, in its order.
    pub alpn_offered: Vec<Bytes>,
    /// Whether the handshake resumed an earlier session.
    pub resumed: bool,
}

impl ExchangeId {
    /// The next free one.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl ConnectionId {
    /// The next free one.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The number behind the name.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ConnectionFacts {
    /// `http` or `https`, by whether the connection is encrypted.
    pub fn scheme(&self) -> Bytes {
        Bytes::from_static(if self.tls.is_some() { b"https" } else { b"http" })
    }
}
