//! One access line for each exchange, whatever becomes of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use crate::exchange::{ConnectionFacts, Exchange, ExchangeId, Sent, Version};

/// An exchange's line; written when the exchange is done, or dropped with its task.
pub(super) struct AccessLine {
    id: ExchangeId,
    connection: Arc<ConnectionFacts>,
    stream_id: Option<u32>,
    version: Version,
    method: Bytes,
    path_and_query: Bytes,
    is_written: bool,
}

/// A handler's part in an exchange.
pub(super) struct HandlerShare<'a> {
    pub(super) name: &'a str,
    pub(super) started: Instant,
    pub(super) cpu: Duration,
}

impl AccessLine {
    pub(super) fn of(exchange: &Exchange) -> Self {
        Self {
            id: exchange.id,
            connection: Arc::clone(&exchange.connection),
            stream_id: exchange.stream_id,
            version: exchange.head.version,
            method: exchange.head.method.clone(),
            path_and_query: exchange.head.path_and_query.clone(),
            is_written: false,
        }
    }

    /// Writes the line of an exchange that is done.
    pub(super) fn write(mut self, sent: &Sent, cause: Option<&str>, handler: Option<&HandlerShare<'_>>) {
        self.is_written = true;
        self.log(sent, cause, handler);
    }

    fn log(&self, sent: &Sent, cause: Option<&str>, handler: Option<&HandlerShare<'_>>) {
        let cause = cause.or(match sent.peer_gone {
            Some(_) => Some("the peer left first"),
            None => None,
        });
        tracing::info!(
            target: "framewright::access",
            method = %self.method.escape_ascii(),
            path = %self.path_and_query.escape_ascii(),
            version = self.version.as_str(),
            status = sent.status,
            octets = sent.octets,
            handler_us = handler.map(|share| micros(share.started.elapsed())),
            cpu_us = handler.map(|share| micros(share.cpu)),
            cause,
            handler = handler.map(|share| share.name),
            exchange = %self.id,
            connection = %self.connection.id,
            stream = self.stream_id,
            listener = &*self.connection.listener,
        );
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        if !self.is_written {
            self.log(&Sent::default(), Some("abandoned: its connection ended first"), None);
        }
    }
}

/// Whole microseconds; 2⁶⁴ of them last longer than any exchange.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
