//! `framewright serve`.

use std::{io::Write, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use framewright::{
    config::ServePlan,
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
        http1: parts.http1,
        http2: parts.http2.clone(),
    };
    let bound = server::bind(settings).map_err(PartsError::from)?;
    table::print(&bound, plan, identity.as_ref());
    {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", bound.ready_line()).and_then(|()| out.flush()).context("standard output")?;
    }
    match bound.serve(Arc::clone(&parts.dispatch), signals).await? {
        Outcome::Drained => Ok(ExitCode::SUCCESS),
        Outcome::Aborted => Ok(ExitCode::FAILURE),
    }
}
