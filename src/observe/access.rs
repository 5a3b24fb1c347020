//! One line for each exchange.

use std::{fmt::Display, time::Duration};

use tracing::Level;

use super::Escaped;

/// The target of access lines: `--log-level warn,framewright::access=info` shows nothing else but warnings.
pub const ACCESS_TARGET: &str = "framewright::access";

/// What an access line says.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The exchange, as local error pages name it.
    pub exchange: &'a dyn Display,
    /// The connection that carried it.
    pub connection: &'a dyn Display,
    /// The HTTP/2 stream identifier.
    pub stream: Option<u32>,
    /// The name of the listener.
    pub listener: &'a str,
    /// The tenant whose site it is, where there are tenants.
    pub tenant: Option<&'a str>,
    /// Protocol and version: `HTTP/1.1`, `HTTP/2`.
    pub version: &'a str,
    /// The method, as the peer sent it.
    pub method: &'a [u8],
    /// The path and query, as the peer sent them.
    pub path_and_query: &'a [u8],
    /// The status; none if no head was sent.
    pub status: Option<u16>,
    /// Octets of content sent.
    pub octets: u64,
    /// From the start of the handler to its end; none if no handler ran.
    pub handler_time: Option<Duration>,
    /// CPU time that the handler used; none if no handler ran.
    pub cpu_time: Option<Duration>,
    /// Why the exchange failed, in our words; may quote strangers only [escaped](Escaped).
    pub cause: Option<&'a str>,
    /// The handler that answered.
    pub handler: Option<&'a str>,
}

/// Writes the line for one exchange, at info. Costs one load when nobody listens.
pub fn access(access: &Access<'_>) {
    if !tracing::enabled!(target: ACCESS_TARGET, Level::INFO) {
        return;
    }
    tracing::info!(
        target: ACCESS_TARGET,
        parent: None,
        method = %Escaped::new(access.method),
        path = %Escaped::new(access.path_and_query),
        version = access.version,
        status = access.status,
        octets = access.octets,
        handler_us = access.handler_time.map(micros),
        cpu_us = access.cpu_time.map(micros),
        cause = access.cause,
        handler = access.handler,
        exchange = %access.exchange,
        connection = %access.connection,
        stream = access.stream,
        listener = access.listener,
        tenant = access.tenant,
    );
}

/// Whole microseconds; 2⁶⁴ of them last longer than any exchange.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
