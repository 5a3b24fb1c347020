//! What the configuration means: settings for each part of the server.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use crate::{exchange::AfterRaw, observe, sandbox, server::Protocols, tenant, tls, wptserve};

/// Everything that serving needs to know.
#[derive(Clone, Debug)]
pub struct ServePlan {
    /// What to listen on; at least one, names unique.
    pub listeners: Vec<ListenerSettings>,
    /// The static site.
    pub site: SiteSettings,
    /// How the site behaves as wptserve does; none: it behaves as ours.
    pub wptserve: Option<WptservePlan>,
    /// Where certificates (`tls/`) and compiled handlers (`cache/`) are kept. Not created yet.
    pub state_dir: PathBuf,
    /// Certificates; none if no listener speaks TLS.
    pub tls: Option<tls::Settings>,
    /// How handlers are run.
    pub sandbox: sandbox::Settings,
    /// Handlers mapped to paths, in the order of the file: the first match answers.
    pub routes: Vec<RouteSettings>,
    /// What handlers at which paths may use: the first match counts, and the last matches every path.
    pub grants: Vec<GrantSettings>,
    /// What becomes of a connection after raw octets (`[raw] after`).
    pub raw_after: AfterRaw,
    /// Connections and their deadlines.
    pub server: ServerSettings,
    /// What both protocols allow their peers.
    pub http: HttpSettings,
    /// What to log.
    pub log: observe::Settings,
    /// The file of the wire log, if there is to be one.
    pub wire_log: Option<PathBuf>,
    /// Strangers' sites, in the place of the static site, routes and grants.
    pub tenants: Option<TenantsPlan>,
}

/// Strangers' sites.
#[derive(Clone, Debug)]
pub struct TenantsPlan {
    /// Who there is.
    pub settings: tenant::Settings,
    /// The folder of certificates by name; none: only our own authority's.
    pub certs: Option<PathBuf>,
    /// Where the operator's own listener is to be; a loopback address.
    pub admin: Option<SocketAddr>,
}

/// A site that behaves as wptserve does.
#[derive(Clone, Debug)]
pub struct WptservePlan {
    /// The site. Its ports are those configured: [`Settings::complete_ports`](wptserve::Settings::complete_ports) puts
    /// in those that listeners were given.
    pub settings: wptserve::Settings,
    /// Which ports the listeners fill.
    pub slots: Vec<wptserve::PortSlot>,
    /// The listeners of WebSocket servers.
    pub websockets: Vec<String>,
    /// How long every response waits. Default not at all (`--latency`).
    pub latency: Duration,
}

/// What `wpt` means.
#[derive(Clone, Debug)]
pub struct WptPlan {
    /// The servers.
    pub serve: ServePlan,
    /// Whether to look if the names of the tests resolve.
    pub check_subdomains: bool,
    /// Whether to leave as soon as everything listens.
    pub exit_after_start: bool,
    /// What is odd about the configuration, but no fault.
    pub warnings: Vec<String>,
}

/// What `warm` means.
#[derive(Clone, Debug)]
pub struct WarmPlan {
    /// The largest handler file, and the cache unless another folder is asked for.
    pub sandbox: sandbox::Settings,
    /// The folder whose handlers are compiled; none compiles runtimes alone.
    pub root: Option<PathBuf>,
    /// Handlers elsewhere.
    pub routes: Vec<RouteSettings>,
    /// What to log.
    pub log: observe::Settings,
}

/// One listener: a port on one or more addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListenerSettings {
    /// Its name in the ready line and in logs; unique.
    pub name: String,
    /// The addresses; at least one, no two alike.
    pub addresses: Vec<IpAddr>,
    /// Nobody chose the addresses: one that this machine lacks (`::1` without IPv6) may be left out.
    pub addresses_by_default: bool,
    /// The port; 0 picks a free one, the same on all addresses.
    pub port: u16,
    /// What it speaks.
    pub protocols: Protocols,
    /// Whether connections begin with a TLS handshake.
    pub tls: bool,
    /// Whether the handshake offers the protocols by ALPN (RFC 7301). Without, peers are taken whatever they offer.
    pub alpn: bool,
    /// Who asked for it: `FILE:LINE`, a flag, or `default`. For errors that arise on binding.
    pub origin: String,
}

/// The static site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteSettings {
    /// The folder that is served; it exists.
    pub root: PathBuf,
    /// Whether symbolic links may lead out of it. Default no.
    pub follow_symlinks: bool,
    /// Whether `.py` files are run (`python`).
    pub python: bool,
    /// Patterns as [`RouteSettings::pattern`]: Python handlers that share an instance which lives on. Default none.
    pub python_shared: Vec<String>,
    /// Octets of file content kept in memory. Default 64 MiB (`cache_mib`); 0 keeps none.
    pub cache_octets: u64,
}

/// A handler mapped to a path (`[[route]]`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteSettings {
    /// The methods that it answers; none: all.
    pub methods: Option<Vec<String>>,
    /// A path that starts with `/`; ending in `/*`, it matches every path that starts with what stands before the `*`.
    pub pattern: String,
    /// The component file; it exists.
    pub handler: PathBuf,
    /// `FILE:LINE`, for errors that arise on loading the handler.
    pub origin: String,
}

/// What the handlers under a path may use (`[grant."/path/*"]`).
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent permissions, one key of the file each")]
pub struct GrantSettings {
    /// As [`RouteSettings::pattern`].
    pub pattern: String,
    /// Writing octets that no message is made of. Default yes.
    pub raw: bool,
    /// Keeping values from one exchange to another. Default yes.
    pub stash: bool,
    /// Reading files. Default no.
    pub files: bool,
    /// HTTP/2 server push. Default yes.
    pub push: bool,
}

/// Connections and their deadlines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerSettings {
    /// Connections at one time, over all listeners. Default 10,000 (`connections`).
    pub connections: u32,
    /// From accepting to the end of the TLS handshake. Default 10 s (`handshake_s`).
    pub handshake: Duration,
    /// From the signal to stop until exchanges are aborted. Default 10 s (`drain_s`); 0 aborts at once.
    pub drain: Duration,
}

/// What both protocols allow their peers. `None` leaves a limit at the protocol's own default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpSettings {
    /// From the first octet of a request head to its last. Default 10 s (`header_s`).
    pub header: Duration,
    /// How long a connection may be idle between exchanges. Default 60 s (`idle_s`).
    pub idle: Duration,
    /// How long a peer may take none of the content that waits for it. Default 120 s (`stall_s`).
    pub stall: Duration,
    /// Octets of a field section (`head_kib`).
    pub head_octets: Option<u32>,
    /// Field lines in a section (`fields`).
    pub fields: Option<u32>,
    /// HTTP/2: streams open at one time on a connection (`h2_streams`).
    pub h2_streams: Option<u32>,
    /// HTTP/2: octets of the receive window of a stream (`h2_window_kib`).
    pub h2_window: Option<u32>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self { connections: 10_000, handshake: Duration::from_secs(10), drain: Duration::from_secs(10) }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(120),
            head_octets: None,
            fields: None,
            h2_streams: None,
            h2_window: None,
        }
    }
}
