//! The parts that answer requests, built from a plan: sandbox, site and router.

use std::{io, path::PathBuf, sync::Arc};

use framewright::{
    config::{GrantSettings, RouteSettings, ServePlan, WptservePlan},
    exchange::Dispatch,
    http1, http2,
    router::{self, Behaviour, Pattern, Router},
    sandbox::{self, LoadError, Sandbox, SetupError},
    server::{BindError, ListenerSettings},
    site::{self, Site},
    tls, wptserve,
};
use tokio::task::JoinSet;

/// What answers requests.
pub(super) struct Parts {
    pub(super) dispatch: Arc<dyn Dispatch>,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) router: router::Settings,
    pub(super) http1: http1::Settings,
    pub(super) http2: http2::Settings,
}

/// What can be wrong between configuration and the first request.
#[derive(Debug, thiserror::Error)]
pub(super) enum PartsError {
    /// The root cannot be opened.
    #[error("{}: {error}", .root.display())]
    Root { root: PathBuf, error: io::Error },
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Sandbox(#[from] SetupError),
    /// The runtime for Python that the environment names cannot be read.
    #[error("{PYTHON_RUNTIME}: {}: {error}", .path.display())]
    Runtime { path: PathBuf, error: io::Error },
    /// A route's handler cannot be used.
    #[error("{origin}: {error}")]
    Route { origin: String, error: LoadError },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] tls::SetupError),
    /// The checkout cannot be served.
    #[error(transparent)]
    Wptserve(#[from] wptserve::OpenError),
    /// The wire log cannot be started.
    #[error("--wire-log: {}: {error}", .path.display())]
    WireLog { path: PathBuf, error: io::Error },
    /// A listener cannot be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
}

impl PartsError {
    /// Whether arguments or configuration are at fault.
    pub(super) fn is_usage(&self) -> bool {
        match self {
            Self::Root { .. }
            | Self::Runtime { .. }
            | Self::Sandbox(SetupError::Engine(_))
            | Self::Route { .. }
            | Self::Tls(_)
            | Self::Wptserve(_)
            | Self::WireLog { .. } => true,
            Self::Sandbox(_) | Self::Bind(_) => false,
        }
    }
}

impl Parts {
    /// Builds the parts. Handlers of routes are compiled, or found compiled, here.
    ///
    /// # Errors
    /// See [`PartsError`].
    pub(super) async fn build(plan: &ServePlan) -> Result<Self, PartsError> {
        let (parts, router) = Self::assemble(plan)?;
        preload(&parts.sandbox, &router, &plan.routes).await?;
        Ok(parts)
    }

    /// Builds the parts without a look at the routes' handlers.
    ///
    /// # Errors
    /// See [`PartsError`].
    pub(super) fn assemble(plan: &ServePlan) -> Result<(Self, Arc<Router>), PartsError> {
        let root = &plan.site.root;
        let site = Site::open(&site::Settings {
            root: root.clone(),
            follow_symlinks: plan.site.follow_symlinks,
            cache_octets: plan.site.cache_octets,
        })
        .map_err(|error| PartsError::Root { root: root.clone(), error })?;
        let sandbox = Sandbox::new(with_surroundings(plan.sandbox.clone())?)?;
        let settings = router_settings(plan);
        let router = Arc::new(Router::new(settings.clone(), Behaviour::Framewright(site), Arc::clone(&sandbox)));
        let (http1, http2) = http_settings(plan);
        let parts = Self { dispatch: router.clone(), sandbox, router: settings, http1, http2 };
        Ok((parts, router))
    }
}

impl Parts {
    /// The site that behaves as wptserve does.
    ///
    /// # Errors
    /// See [`PartsError`].
    pub(super) fn checkout(&self, plan: &WptservePlan) -> Result<wptserve::Site, PartsError> {
        Ok(wptserve::Site::open(plan.settings.clone())?)
    }

    /// A router like [`dispatch`](Self::dispatch), whose site behaves like this.
    pub(super) fn dispatch_with(&self, behaviour: Behaviour) -> Arc<dyn Dispatch> {
        Arc::new(Router::new(self.router.clone(), behaviour, Arc::clone(&self.sandbox)))
    }
}

/// The variable that names another runtime for `.py` than the one that was built in; its component may be compressed.
const PYTHON_RUNTIME: &str = "FRAMEWRIGHT_PYTHON_WASM";

/// The settings with what is found around this process: the runtime that the environment names, and the compiled code that
/// came with the executable.
pub(super) fn with_surroundings(mut settings: sandbox::Settings) -> Result<sandbox::Settings, PartsError> {
    // Without /proc nobody knows where the executable is, and everything is compiled here.
    settings.executable = std::env::current_exe().ok();
    if let Some(path) = std::env::var_os(PYTHON_RUNTIME).filter(|path| !path.is_empty()).map(PathBuf::from) {
        let octets = std::fs::read(&path).map_err(|error| PartsError::Runtime { path, error })?;
        settings.runtimes.python = Some(octets.into());
    }
    Ok(settings)
}

/// A listener without TLS, which answers as everywhere.
pub(super) fn listener(listener: &framewright::config::ListenerSettings) -> ListenerSettings {
    ListenerSettings {
        name: listener.name.as_str().into(),
        addresses: listener.addresses.clone(),
        skip_missing: listener.addresses_by_default,
        port: listener.port,
        protocols: listener.protocols,
        tls: None,
        dispatch: None,
        origin: listener.origin.clone(),
    }
}

/// Compiles the handlers of all routes side by side.
async fn preload(sandbox: &Arc<Sandbox>, router: &Router, routes: &[RouteSettings]) -> Result<(), PartsError> {
    let mut loading = JoinSet::new();
    for (target, route) in router.route_targets().zip(routes) {
        let (sandbox, target, origin) = (Arc::clone(sandbox), Arc::clone(target), route.origin.clone());
        loading
            .spawn(async move { sandbox.preload(&target).await.map_err(|error| PartsError::Route { origin, error }) });
    }
    while let Some(loaded) = loading.join_next().await {
        match loaded {
            Ok(result) => result?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    Ok(())
}

fn router_settings(plan: &ServePlan) -> router::Settings {
    let routes = plan.routes.iter().map(|route| router::RouteSettings {
        methods: route.methods.clone(),
        pattern: Pattern::new(&route.pattern),
        handler: route.handler.clone(),
    });
    router::Settings {
        root: plan.site.root.clone(),
        routes: routes.collect(),
        grants: plan.grants.iter().map(GrantSettings::rule).collect(),
        python: plan.site.python,
        shared: plan.site.python_shared.iter().map(|pattern| Pattern::new(pattern)).collect(),
        account: None,
    }
}

pub(super) fn http_settings(plan: &ServePlan) -> (http1::Settings, http2::Settings) {
    let http = &plan.http;
    let mut http1 = http1::Settings {
        head_deadline: http.header,
        idle_deadline: http.idle,
        stall_deadline: http.stall,
        after_raw: plan.raw_after,
        ..Default::default()
    };
    let mut http2 = http2::Settings {
        preface_deadline: http.header,
        idle_deadline: http.idle,
        stall_deadline: http.stall,
        after_raw: plan.raw_after,
        ..Default::default()
    };
    if let Some(octets) = http.head_octets {
        http1.head_octets = octets as usize;
        http2.section_octets = octets;
    }
    if let Some(lines) = http.fields {
        http1.field_lines = lines as usize;
        http2.section_lines = lines as usize;
    }
    if let Some(streams) = http.h2_streams {
        http2.concurrent_streams = streams;
    }
    if let Some(window) = http.h2_window {
        http2.stream_window = window;
        http2.connection_window = http2.connection_window.max(window);
    }
    (http1, http2)
}
