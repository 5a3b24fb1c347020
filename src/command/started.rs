//! A server from its plan to its end: what `serve` and `wpt` share.

use std::{io::Write, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use bytes::Bytes;
use framewright::{
    config::{ServePlan, TenantsPlan, WptservePlan},
    exchange::Dispatch,
    http1, http2,
    observe::wire_log::{self, WireLog},
    router::{Behaviour, Front},
    sandbox::{Grants, Program, Runtime, Sandbox, Script, Target, Task},
    server::{self, Bound, ListenerSettings, Outcome, Signals},
    tenant::Tenants,
    tls::{Acceptor, Identity},
    wptserve,
};

use super::{
    calendar,
    parts::{self, Parts, PartsError},
    tenants::{self, TenantParts},
};

/// A server whose listeners are open.
pub(super) struct Started {
    pub(super) bound: Bound,
    pub(super) identity: Option<Identity>,
    signals: Signals,
    dispatch: Arc<dyn Dispatch>,
    wire_log: Option<Arc<WireLog>>,
    /// The sandbox, if the site has handlers for the runtime that takes long to compile.
    python: Option<Arc<Sandbox>>,
    tenants: Option<Tenants>,
}

impl Started {
    /// Builds everything and binds. From here on a signal asks for a drain.
    ///
    /// # Errors
    /// Whatever can fail before the first request.
    pub(super) async fn new(plan: &ServePlan) -> Result<Self> {
        let signals = Signals::system()?;
        match &plan.tenants {
            Some(tenants) => Self::with_tenants(plan, tenants, signals),
            None => Self::with_site(plan, signals).await,
        }
    }

    async fn with_site(plan: &ServePlan, signals: Signals) -> Result<Self> {
        let identity = match &plan.tls {
            Some(settings) => Some(Identity::load(settings, calendar()).map_err(PartsError::from)?),
            None => None,
        };
        let parts = Parts::build(plan).await?;
        let checkout = match &plan.wptserve {
            Some(behaviour) => Some((behaviour, parts.checkout(behaviour)?)),
            None => None,
        };
        let wire_log = wire_log(plan)?;
        let http = (parts.http1.clone(), parts.http2.clone());
        let settings = server_settings(plan, listeners(plan, identity.as_ref())?, http, wire_log.as_ref());
        let bound = server::bind(settings).map_err(PartsError::from)?;
        let dispatch = match checkout {
            Some((behaviour, site)) => wptserve(behaviour, site, &parts, &bound),
            None => Arc::clone(&parts.dispatch),
        };
        let python = plan.site.python || plan.wptserve.is_some();
        let python = python.then(|| Arc::clone(&parts.sandbox));
        Ok(Self { bound, identity, signals, dispatch, wire_log, python, tenants: None })
    }

    fn with_tenants(plan: &ServePlan, own: &TenantsPlan, signals: Signals) -> Result<Self> {
        let TenantParts { tenants, sandbox, listeners } = TenantParts::build(plan, own)?;
        let wire_log = wire_log(plan)?;
        let settings = server_settings(plan, listeners, parts::http_settings(plan), wire_log.as_ref());
        let bound = server::bind(settings).map_err(PartsError::from)?;
        let settings = &own.settings;
        let python = settings.terms.python || settings.listed.iter().any(|listed| listed.terms.python);
        let python = python.then_some(sandbox);
        let dispatch = Arc::new(tenants.clone());
        Ok(Self { bound, identity: None, signals, dispatch, wire_log, python, tenants: Some(tenants) })
    }

    /// Says on standard output where it listens.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn announce(&self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", self.bound.ready_line()).and_then(|()| out.flush()).context("standard output")
    }

    /// Serves until asked to stop.
    ///
    /// # Errors
    /// If the system refuses the sockets, or the wire log cannot be finished.
    pub(super) async fn serve(self) -> Result<ExitCode> {
        if let Some(sandbox) = self.python {
            // Nobody waits for it but the first request that needs it: it ends with the program.
            drop(tokio::spawn(warm(sandbox)));
        }
        if let Some(tenants) = self.tenants {
            drop(tokio::spawn(tenants::sweep(tenants)));
        }
        let outcome = self.bound.serve(self.dispatch, self.signals).await;
        if let Some(log) = self.wire_log {
            // Whatever was abandoned may hold it still: what it logged up to here is to be in the file.
            tokio::task::spawn_blocking(move || log.finish()).await?;
        }
        match outcome? {
            Outcome::Drained => Ok(ExitCode::SUCCESS),
            Outcome::Aborted => Ok(ExitCode::FAILURE),
        }
    }
}

/// Has the runtime for Python compiled, or found compiled, before the first handler needs it.
async fn warm(sandbox: Arc<Sandbox>) {
    let started = tokio::time::Instant::now();
    let script = Script {
        runtime: Runtime::Python,
        path: Arc::from("/"),
        source: Bytes::new(),
        facts: Arc::default(),
        task: Task::Load,
        is_shared: false,
    };
    let target = Target {
        program: Program::Script(script),
        name: Arc::from("the runtime for Python"),
        grants: Grants::NONE,
        root: Arc::from(Path::new("/")),
    };
    match sandbox.preload(&target).await {
        Ok(()) => tracing::debug!(after = ?started.elapsed(), "the runtime for Python is compiled"),
        // A server built without it says so with each handler.
        Err(error) => tracing::debug!(%error, "the runtime for Python cannot be used"),
    }
}

/// Who answers in a site that behaves as wptserve does, now that the ports are known.
fn wptserve(behaviour: &WptservePlan, mut site: wptserve::Site, parts: &Parts, bound: &Bound) -> Arc<dyn Dispatch> {
    let port_of = |name: &str| bound.addresses().find(|(own, _)| *own == name).map(|(_, address)| address.port());
    site.complete_ports(&behaviour.slots, port_of);
    Arc::new(Front {
        inner: parts.dispatch_with(Behaviour::Wptserve(Arc::new(site))),
        latency: behaviour.latency,
        websockets: behaviour.websockets.iter().cloned().collect(),
    })
}

fn listeners(plan: &ServePlan, identity: Option<&Identity>) -> Result<Vec<ListenerSettings>, PartsError> {
    let listener = |listener: &framewright::config::ListenerSettings| {
        let alpn = if listener.alpn { listener.protocols.alpn() } else { &[] };
        let tls = match identity {
            Some(identity) if listener.tls => Some(Acceptor::new(identity, alpn)?),
            _ => None,
        };
        Ok(ListenerSettings { tls, ..parts::listener(listener) })
    };
    plan.listeners.iter().map(listener).collect()
}

fn server_settings(
    plan: &ServePlan,
    listeners: Vec<ListenerSettings>,
    (http1, http2): (http1::Settings, http2::Settings),
    wire_log: Option<&Arc<WireLog>>,
) -> server::Settings {
    server::Settings {
        listeners,
        connections: plan.server.connections,
        handshake: plan.server.handshake,
        sniff: plan.http.header,
        drain: plan.server.drain,
        http1: http1::Settings { wire_log: wire_log.cloned(), ..http1 },
        http2: http2::Settings { wire_log: wire_log.cloned(), ..http2 },
    }
}

/// Starts the wire log, if one is asked for.
fn wire_log(plan: &ServePlan) -> Result<Option<Arc<WireLog>>, PartsError> {
    let Some(path) = &plan.wire_log else { return Ok(None) };
    let log = WireLog::create(path, wire_log::DEFAULT_LIMIT);
    log.map(Some).map_err(|error| PartsError::WireLog { path: path.clone(), error })
}
