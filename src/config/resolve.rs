//! Arguments, environment and file, made into one plan. Flags beat the file, the file beats the defaults.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::{
    environment::{Environment, default_state_dir},
    error::{ConfigError, Fault, Place},
    file::{File, OnDisconnect, RawAfter, Source},
    grants, limits, listeners,
    plan::{HttpSettings, ServePlan, ServerSettings, SiteSettings, WarmPlan},
    routes::{self, check_pattern},
    tenants, wptserve,
};
use crate::{
    cli::{CaArgs, CallArgs, CheckArgs, LogArgs, LogFormat, ServeArgs, SiteArgs, WarmArgs},
    exchange::AfterRaw,
    observe, sandbox, tls,
};

/// What `serve` means.
///
/// # Errors
/// The first fault found, with its place.
pub fn serve_plan(
    arguments: &ServeArgs,
    log: &LogArgs,
    environment: &dyn Environment,
) -> Result<ServePlan, ConfigError> {
    plan(arguments, log, "info", environment)
}

/// What `check` means: the plan of a `serve` with the same site. Logs warnings, where nobody says more.
///
/// # Errors
/// As [`serve_plan`].
pub fn check_plan(
    arguments: &CheckArgs,
    log: &LogArgs,
    environment: &dyn Environment,
) -> Result<ServePlan, ConfigError> {
    let plan = plan(&ServeArgs { site: arguments.site.clone(), ..ServeArgs::default() }, log, "warn", environment)?;
    tenants::refuse(plan, "check")
}

/// What `call` means: the plan of a `serve` with the same site. Logs warnings, where nobody says more.
///
/// # Errors
/// As [`serve_plan`].
pub fn call_plan(arguments: &CallArgs, log: &LogArgs, environment: &dyn Environment) -> Result<ServePlan, ConfigError> {
    let plan = plan(&ServeArgs { site: arguments.site.clone(), ..ServeArgs::default() }, log, "warn", environment)?;
    tenants::refuse(plan, "call")
}

/// What `warm` means: of the plan of a `serve` with the same site, if one is named, what compiling needs. Logs warnings,
/// where nobody says more.
///
/// # Errors
/// As [`serve_plan`].
pub fn warm_plan(arguments: &WarmArgs, log: &LogArgs, environment: &dyn Environment) -> Result<WarmPlan, ConfigError> {
    let mut site = arguments.site.clone();
    site.root = site.root.or_else(|| arguments.wpt.clone());
    if site.root.is_none() && site.config.is_none() {
        let cache_dir = state_dir(site.state_dir.as_ref(), None, environment).join("cache");
        let sandbox = sandbox::Settings { cache_dir: Some(cache_dir), ..sandbox::Settings::default() };
        return Ok(WarmPlan { sandbox, root: None, routes: Vec::new(), log: log_settings(log, "warn")? });
    }
    let plan = plan(&ServeArgs { site, ..ServeArgs::default() }, log, "warn", environment)?;
    Ok(WarmPlan { sandbox: plan.sandbox, root: Some(plan.site.root), routes: plan.routes, log: plan.log })
}

/// What `ca` means: the state directory.
///
/// # Errors
/// Faults of the configuration file.
pub fn ca_plan(arguments: &CaArgs, environment: &dyn Environment) -> Result<PathBuf, ConfigError> {
    let read = arguments.config.as_deref().map(|path| read(path, environment)).transpose()?;
    Ok(state_dir(arguments.state_dir.as_ref(), read.as_ref(), environment))
}

/// A configuration file that was read.
struct Read {
    file: File,
    source: Source,
}

fn plan(
    arguments: &ServeArgs,
    log: &LogArgs,
    default_level: &'static str,
    environment: &dyn Environment,
) -> Result<ServePlan, ConfigError> {
    let log = log_settings(log, default_level)?;
    let read = arguments.site.config.as_deref().map(|path| read(path, environment)).transpose()?;
    let (file, source) = match &read {
        Some(read) => (&read.file, &read.source),
        None => (&File::default(), &Source::new(Path::new(""), "")),
    };
    let listeners = listeners::resolve(arguments, read.as_ref().map(|read| (&read.file, &read.source)))?;
    let state_dir = state_dir(arguments.site.state_dir.as_ref(), read.as_ref(), environment);
    let mut sandbox = sandbox::Settings { cache_dir: Some(state_dir.join("cache")), ..sandbox::Settings::default() };
    limits::of_the_sandbox(&file.limits, source, &mut sandbox)?;
    let tenants = tenants::resolve(arguments, file, source, &mut sandbox, environment)?;
    let root = match &tenants {
        Some(tenants) => tenants::shown_root(tenants),
        None => root(&arguments.site, read.as_ref(), environment)?,
    };
    let certificate = certificate(arguments, file, source, &state_dir)?;
    let key_log = environment.variable("SSLKEYLOGFILE").map(PathBuf::from);
    let wptserve = wptserve::resolve(file, source, &listeners, &root, &certificate, environment)?;
    let tls = listeners.iter().any(|listener| listener.tls).then_some(tls::Settings { certificate, key_log });
    let mut site = SiteSettings {
        root,
        follow_symlinks: file.site.follow_symlinks.unwrap_or(false),
        python: file.site.python.unwrap_or(false),
        python_shared: Vec::new(),
        cache_octets: 64 << 20,
    };
    if let Some(OnDisconnect::Cancel) = file.sandbox.on_disconnect {
        sandbox.on_disconnect = sandbox::OnDisconnect::Cancel;
    }
    let (mut server, mut http) = (ServerSettings::default(), HttpSettings::default());
    let mut limited =
        limits::Limited { server: &mut server, http: &mut http, site_cache_octets: &mut site.cache_octets };
    limits::apply(&file.limits, source, &mut limited)?;
    if let Some(shared) = &file.python.shared {
        let has_python = site.python || wptserve.is_some();
        site.python_shared = python_shared(shared, has_python && sandbox.slots > 1, source)?;
    }
    Ok(ServePlan {
        listeners,
        site,
        wptserve,
        state_dir,
        tls,
        sandbox,
        routes: routes::resolve(&file.route, source, environment)?,
        grants: grants::resolve(&file.grant, source)?,
        raw_after: match file.raw.after {
            Some(RawAfter::Keep) => AfterRaw::Keep,
            Some(RawAfter::Close) | None => AfterRaw::Close,
        },
        server,
        http,
        log,
        wire_log: arguments.wire_log.clone(),
        tenants,
    })
}

/// The patterns of `[python] shared`.
fn python_shared(
    shared: &Spanned<Vec<Spanned<String>>>,
    can_share: bool,
    source: &Source,
) -> Result<Vec<String>, ConfigError> {
    if !can_share {
        let needs =
            "`python = true` or `behaviour = \"wptserve\"` in [site], and two `slots`, as what is shared keeps one";
        return Err(source.fault(&shared.span(), Fault::Pointless("shared", needs)));
    }
    let checked = shared
        .get_ref()
        .iter()
        .map(|pattern| check_pattern(pattern.get_ref(), &pattern.span(), source).map(|()| pattern.get_ref().clone()));
    checked.collect()
}

fn read(path: &Path, environment: &dyn Environment) -> Result<Read, ConfigError> {
    let text = environment
        .read(path)
        .map_err(|error| ConfigError { place: Place::File(path.to_owned()), fault: Fault::Unreadable(error) })?;
    let source = Source::new(path, &text);
    let file = File::parse(&text, &source)?;
    Ok(Read { file, source })
}

pub(super) fn log_settings(log: &LogArgs, default_level: &str) -> Result<observe::Settings, ConfigError> {
    let text = log.log_level.as_deref().unwrap_or(default_level);
    let filter = observe::Filter::parse(text)
        .map_err(|error| ConfigError { place: Place::Argument("--log-level"), fault: Fault::Log(error) })?;
    let format = match log.log_format {
        LogFormat::Text => observe::Format::Text,
        LogFormat::Json => observe::Format::Json,
    };
    Ok(observe::Settings { filter, format })
}

fn state_dir(argument: Option<&PathBuf>, read: Option<&Read>, environment: &dyn Environment) -> PathBuf {
    let from_file = || read.and_then(|read| Some(read.source.resolve(read.file.state_dir.as_ref()?.get_ref())));
    argument.cloned().or_else(from_file).unwrap_or_else(|| default_state_dir(environment))
}

fn root(arguments: &SiteArgs, read: Option<&Read>, environment: &dyn Environment) -> Result<PathBuf, ConfigError> {
    let from_file = read.and_then(|read| read.file.root.as_ref().map(|root| (root, &read.source)));
    let (root, place) = match (&arguments.root, from_file) {
        (Some(root), _) => (root.clone(), Place::Argument("ROOT")),
        (None, Some((root, source))) => (source.resolve(root.get_ref()), source.place(&root.span())),
        (None, None) => (PathBuf::from("."), Place::Argument("ROOT")),
    };
    if environment.is_folder(&root) { Ok(root) } else { Err(ConfigError { place, fault: Fault::RootMissing(root) }) }
}

fn certificate(
    arguments: &ServeArgs,
    file: &File,
    source: &Source,
    state_dir: &Path,
) -> Result<tls::CertificateSource, ConfigError> {
    match (&arguments.cert, &arguments.key) {
        (Some(cert), Some(key)) => return Ok(tls::CertificateSource::Files { cert: cert.clone(), key: key.clone() }),
        (None, None) => {}
        (Some(_), None) => {
            return Err(ConfigError { place: Place::Argument("--cert"), fault: Fault::Pair("--cert", "--key") });
        }
        (None, Some(_)) => {
            return Err(ConfigError { place: Place::Argument("--key"), fault: Fault::Pair("--key", "--cert") });
        }
    }
    match (&file.cert, &file.key) {
        (Some(cert), Some(key)) => Ok(tls::CertificateSource::Files {
            cert: source.resolve(cert.get_ref()),
            key: source.resolve(key.get_ref()),
        }),
        (None, None) => Ok(tls::CertificateSource::Local { state_dir: state_dir.to_owned(), names: Vec::new() }),
        (Some(cert), None) => Err(source.fault(&cert.span(), Fault::Pair("cert", "key"))),
        (None, Some(key)) => Err(source.fault(&key.span(), Fault::Pair("key", "cert"))),
    }
}
