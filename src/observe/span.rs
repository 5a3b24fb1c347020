//! The spans that log lines stand in: one for each connection and exchange.
//!
//! They are built here only, so that field names never drift. Their level is `warn`, because a warning without the id
//! of its exchange would help nobody; below that level they cost nothing.

use std::{fmt::Display, net::SocketAddr};

use tracing::Span;

/// One accepted connection. Fields: `connection`, `listener`, `peer`.
pub fn connection(id: &dyn Display, listener: &str, peer: SocketAddr) -> Span {
    tracing::warn_span!(target: TARGET, "connection", connection = %id, listener, %peer)
}

/// One exchange; `stream` is its HTTP/2 stream identifier. Fields: `exchange`, `stream`.
pub fn exchange(id: &dyn Display, stream: Option<u32>) -> Span {
    tracing::warn_span!(target: TARGET, "exchange", exchange = %id, stream)
}

/// The target of all spans.
const TARGET: &str = "framewright::span";
