//! `framewright serve`.

use std::{io::Write, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use framewright::{
    config::ServePlan,
    http1, http2,
    observe::wire_log::{self, WireLog},
    server::{self, ListenerSettings, Outcome, Signals},
    tls::{Acceptor, Identity},
};

use super::{
    calendar,
    parts::{Parts, PartsError},
    table,
};

/// Builds everything, binds, says so, and serves until asked to stop.
///
/// # Errors
/// Whatever can fail before the first request.
pub(super) async fn run(plan: &ServePlan) -> Result<ExitCode> {
    // From here on a signal asks for a drain, however early it comes.
    let signals = Signals::system()?;
    let identity = match &plan.tls {
        Some(settings) => Some(Identity::load(settings, calendar()).map_err(PartsError::from)?),
        None => None,
    };
    let parts = Parts::build(plan).await?;
    let wire_log = wire_log(plan)?;
    let listeners = plan.listeners.iter().map(|listener| {
        let tls = match &identity {
            Some(identity) if listener.tls => Some(Acceptor::new(identity, listener.protocols.alpn())?),
            _ => None,
        };
        Ok(ListenerSettings {
            name: listener.name.as_str().into(),
            addresses: listener.addresses.clone(),
            skip_missing: listener.addresses_by_default,
            port: listener.port,
            protocols: listener.protocols,
            tls,
            origin: listener.origin.clone(),
        })
    });
    let settings = server::Settings {
        listeners: listeners.collect::<Result<_, PartsError>>()?,
        connections: plan.server.connections,
        handshake: plan.server.handshake,
        sniff: plan.http.header,
        drain: plan.server.drain,
        http1: http1::Settings { wire_log: wire_log.clone(), ..parts.http1 },
        http2: http2::Settings { wire_log: wire_log.clone(), ..parts.http2.clone() },
    };
    let bound = server::bind(settings).map_err(PartsError::from)?;
    table::print(&bound, plan, identity.as_ref());
    {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", bound.ready_line()).and_then(|()| out.flush()).context("standard output")?;
    }
    let outcome = bound.serve(Arc::clone(&parts.dispatch), signals).await;
    if let Some(log) = wire_log {
        // Whatever was abandoned may hold it still: what it logged up to here is to be in the file.
        tokio::task::spawn_blocking(move || log.finish()).await?;
    }
    match outcome? {
        Outcome::Drained => Ok(ExitCode::SUCCESS),
        Outcome::Aborted => Ok(ExitCode::FAILURE),
    }
}

/// Starts the wire log, if one is asked for.
fn wire_log(plan: &ServePlan) -> Result<Option<Arc<WireLog>>, PartsError> {
    let Some(path) = &plan.wire_log else { return Ok(None) };
    let log = WireLog::create(path, wire_log::DEFAULT_LIMIT);
    log.map(Some).map_err(|error| PartsError::WireLog { path: path.clone(), error })
}
