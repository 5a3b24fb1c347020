//! What `serve --tenants` is made of.

use std::{net::SocketAddr, path::Path, sync::Arc};

use framewright::{
    admin::Admin,
    config::{ServePlan, TenantsPlan},
    sandbox::Sandbox,
    server::{ListenerSettings, Protocols},
    tenant::{SWEEP_INTERVAL, TenantNames, Tenants},
    tls::{Acceptor, Certificates},
};

use super::{
    calendar,
    parts::{self, PartsError},
};

/// The parts that only a server with tenants has.
pub(super) struct TenantParts {
    pub(super) tenants: Tenants,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) listeners: Vec<ListenerSettings>,
}

impl TenantParts {
    /// Builds them. No tenant is looked at yet.
    ///
    /// # Errors
    /// See [`PartsError`].
    pub(super) fn build(plan: &ServePlan, own: &TenantsPlan) -> Result<Self, PartsError> {
        let sandbox = Sandbox::new(parts::with_surroundings(plan.sandbox.clone())?)?;
        let tenants = Tenants::new(own.settings.clone(), Arc::clone(&sandbox));
        let names = match &plan.tls {
            None => None,
            Some(settings) => {
                let (certs, key_log) = (own.certs.as_deref(), settings.key_log.as_deref());
                let certificates = Certificates::open(certs, &plan.state_dir, key_log, calendar())?;
                Some(Arc::new(TenantNames { tenants: tenants.clone(), certificates }))
            }
        };
        let mut listeners: Vec<_> =
            plan.listeners.iter().map(|listener| of_tenants(listener, names.as_ref())).collect();
        listeners.extend(own.admin.map(|address| of_admin(address, &tenants)));
        Ok(Self { tenants, sandbox, listeners })
    }
}

/// Looks again and again at who is still there. Ends with the program.
pub(super) async fn sweep(tenants: Tenants) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let tenants = tenants.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || tenants.sweep()).await {
            tracing::error!(%error, "looking at the tenants failed");
        }
    }
}

fn of_tenants(listener: &framewright::config::ListenerSettings, names: Option<&Arc<TenantNames>>) -> ListenerSettings {
    let alpn = if listener.alpn { listener.protocols.alpn() } else { &[] };
    let names = names.filter(|_| listener.tls);
    let tls = names.map(|names| Acceptor::by_name(Arc::<TenantNames>::clone(names), alpn));
    ListenerSettings { tls, ..parts::listener(listener) }
}

fn of_admin(address: SocketAddr, tenants: &Tenants) -> ListenerSettings {
    ListenerSettings {
        name: "admin".into(),
        addresses: vec![address.ip()],
        skip_missing: false,
        port: address.port(),
        protocols: Protocols::Http1,
        tls: None,
        dispatch: Some(Admin::new(tenants.clone())),
        origin: "--admin".to_owned(),
    }
}

/// The text that is shown in the place of a table of URLs.
pub(super) fn summary(plan: &TenantsPlan, bound: &framewright::server::Bound) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("\nServing tenants\n\n");
    let folder = plan.settings.folder.as_deref().map(Path::display);
    // Writing to a string cannot fail.
    if let Some(folder) = folder {
        let _ = writeln!(text, "  every folder in {folder}");
    }
    if !plan.settings.listed.is_empty() {
        let _ = writeln!(text, "  {} listed in the configuration", plan.settings.listed.len());
    }
    text.push('\n');
    for (listener, address) in bound.listeners() {
        let scheme = if listener.tls.is_some() { "https" } else { "http" };
        let _ = writeln!(text, "  {scheme}://{address}/  {}  {}", listener.protocols.names().join(", "), listener.name);
    }
    text.push_str("\nCtrl-C stops.\n\n");
    text
}
