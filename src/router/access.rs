//! One access line for each exchange, whatever becomes of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    exchange::{ConnectionFacts, Exchange, ExchangeId, Sent, Version},
    observe::{Access, access},
    quota::{Account, Ended},
};

/// An exchange's line; written when the exchange is done, or dropped with its task.
pub(super) struct AccessLine {
    id: ExchangeId,
    connection: Arc<ConnectionFacts>,
    stream_id: Option<u32>,
    version: Version,
    method: Bytes,
    path_and_query: Bytes,
    arrived: Instant,
    account: Option<Arc<Account>>,
    is_written: bool,
}

/// A handler's part in an exchange.
pub(super) struct HandlerShare<'a> {
    pub(super) name: &'a str,
    pub(super) started: Instant,
    pub(super) cpu: Duration,
}

impl AccessLine {
    /// The line of an exchange, which counts in this account too.
    pub(super) fn of(exchange: &Exchange, account: Option<&Arc<Account>>) -> Self {
        Self {
            id: exchange.id,
            connection: Arc::clone(&exchange.connection),
            stream_id: exchange.stream_id,
            version: exchange.head.version,
            method: exchange.head.method.clone(),
            path_and_query: exchange.head.path_and_query.clone(),
            arrived: exchange.arrived,
            account: account.cloned(),
            is_written: false,
        }
    }

    /// Writes the line of an exchange that is done.
    pub(super) fn write(mut self, sent: &Sent, cause: Option<&str>, handler: Option<&HandlerShare<'_>>) {
        self.is_written = true;
        self.log(sent, cause, handler);
    }

    fn log(&self, sent: &Sent, cause: Option<&str>, handler: Option<&HandlerShare<'_>>) {
        let cause = cause.or(sent.peer_gone.map(|_| "the peer left first"));
        if let Some(account) = &self.account {
            account.ended(&Ended { status: sent.status, time: self.arrived.elapsed(), failed: cause.is_some() });
        }
        access(&Access {
            exchange: &self.id,
            connection: &self.connection.id,
            stream: self.stream_id,
            listener: &self.connection.listener,
            tenant: self.account.as_ref().map(|account| &**account.tenant()),
            version: self.version.as_str(),
            method: &self.method,
            path_and_query: &self.path_and_query,
            status: sent.status,
            octets: sent.octets,
            handler_time: handler.map(|share| share.started.elapsed()),
            cpu_time: handler.map(|share| share.cpu),
            cause,
            handler: handler.map(|share| share.name),
        });
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        if !self.is_written {
            self.log(&Sent::default(), Some("abandoned: its connection ended first"), None);
        }
    }
}
