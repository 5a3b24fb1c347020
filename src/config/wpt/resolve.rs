//! Arguments and the checkout's configuration, made into a plan.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{node::Node, overrides::Merged, ports, ssl};
use crate::{
    cli::{LogArgs, SwitchArgs, WptArgs},
    config::{
        environment::{Environment, default_state_dir},
        error::{ConfigError, Fault, Place},
        grants,
        plan::{GrantSettings, HttpSettings, ServePlan, ServerSettings, SiteSettings, WptPlan, WptservePlan},
        resolve::log_settings,
        wptserve::{certificate_of, injection},
    },
    exchange::AfterRaw,
    sandbox,
    tls::{self, CertificateSource},
    wptserve::{Alias, Configuration, Hosts, HostsFault, Switch, test_not_subdomains, test_subdomains},
};

/// Octets of file content kept in memory.
const CACHE_OCTETS: u64 = 64 << 20;
/// Handlers that keep sessions in a module from one request to the next.
const SHARED: [&str; 1] = ["/device-bound-session-credentials/*"];
/// How long a handler may take: the original's have no limit, and tests wait for some of them for minutes.
const HANDLER_WALL: Duration = Duration::from_secs(30 * 60);

/// What `wpt` means.
///
/// # Errors
/// The first fault found, with its place.
pub fn wpt_plan(arguments: &WptArgs, log: &LogArgs, environment: &dyn Environment) -> Result<WptPlan, ConfigError> {
    if let Some(flag) = arguments.lacking.first() {
        return Err(ConfigError { place: Place::Argument(flag), fault: Fault::NotSupported(flag) });
    }
    let checkout = folder(arguments.checkout.as_deref().unwrap_or(Path::new(".")), "CHECKOUT", environment)?;
    let Merged { root, warnings } = read(arguments, &checkout, environment)?;
    let mut words = words(&root, arguments, &checkout, environment)?;
    let hosts = hosts(&root, &words)?;
    let state_dir = arguments.state_dir.clone().unwrap_or_else(|| default_state_dir(environment));
    let names = || hosts.names().into_iter().map(str::to_owned).collect();
    let configured = ssl::resolve(root.at("ssl"), &checkout, names())?;
    let certificate = match arguments.own_ca {
        true => Some(CertificateSource::Local { state_dir: state_dir.clone(), names: names() }),
        false => configured,
    };
    let addresses = ports::addresses(
        &arguments.bind,
        words.bind_address,
        root.at("server_host"),
        &words.browser_host,
        environment,
    )?;
    let servers = ports::resolve(root.at("ports"), arguments.h2_h1_port, certificate.is_some(), &addresses)?;
    words.ports = servers.ports;
    words.certificate = certificate.as_ref().map(certificate_of);
    let key_log = environment.variable("SSLKEYLOGFILE").map(PathBuf::from);
    let log = log_settings(log, level(&root)?)?;
    let check_subdomains = words.check_subdomains && !arguments.no_check_subdomains;
    let site = SiteSettings {
        root: words.doc_root.clone(),
        follow_symlinks: true,
        python: true,
        python_shared: SHARED.map(str::to_owned).to_vec(),
        cache_octets: CACHE_OCTETS,
    };
    let mut settings = words.settings().map_err(|fault| blame(&root, fault))?;
    let of_file = root.at("inject_script").text_or_null()?.map(|path| checkout.join(path));
    let script = arguments.inject_script.as_deref().map(|path| at_home(path, environment)).or(of_file);
    settings.injection = script.map(|path| injection(&path, environment)).transpose()?;
    settings.switches.turn(switches(&arguments.switches));
    let latency = Duration::from_millis(arguments.latency.unwrap_or(0).into());
    let serve = ServePlan {
        listeners: servers.listeners,
        site,
        wptserve: Some(WptservePlan { settings, slots: servers.slots, websockets: servers.websockets, latency }),
        sandbox: sandbox_settings(&state_dir),
        state_dir,
        tls: certificate.map(|certificate| tls::Settings { certificate, key_log }),
        routes: Vec::new(),
        // Handlers of a checkout read its files.
        grants: vec![GrantSettings { files: true, ..grants::default_grant() }],
        raw_after: AfterRaw::Close,
        server: ServerSettings::default(),
        http: HttpSettings::default(),
        log,
        wire_log: arguments.wire_log.clone(),
        tenants: None,
    };
    Ok(WptPlan { serve, check_subdomains, exit_after_start: arguments.exit_after_start, warnings })
}

fn sandbox_settings(state_dir: &Path) -> sandbox::Settings {
    sandbox::Settings {
        cache_dir: Some(state_dir.join("cache")),
        limits: sandbox::Limits { wall: HANDLER_WALL, ..sandbox::Limits::default() },
        ..sandbox::Settings::default()
    }
}

fn switches(asked: &SwitchArgs) -> [(Switch, Option<bool>); 5] {
    [
        (Switch::StaticLength, asked.static_length),
        (Switch::RequestDuplicates, asked.request_duplicates),
        (Switch::DocumentDuplicates, asked.document_duplicates),
        (Switch::Http2Url, asked.http2_url),
        (Switch::Http2Content, asked.http2_content),
    ]
}

/// What is built in, the checkout's file where there is one, and the one that was named, one over the other.
fn read(arguments: &WptArgs, checkout: &Path, environment: &dyn Environment) -> Result<Merged, ConfigError> {
    let mut merged = Merged::built_in(!arguments.no_h2);
    let own = checkout.join("config.json");
    if environment.is_file(&own) {
        merged.put(&own, environment)?;
    }
    if let Some(path) = &arguments.config {
        merged.put(&at_home(path, environment), environment)?;
    }
    if arguments.verbose {
        merged.set_level("debug");
    }
    Ok(merged)
}

/// The configuration in its own words; ports and certificate are still to come.
fn words(
    root: &Node,
    arguments: &WptArgs,
    checkout: &Path,
    environment: &dyn Environment,
) -> Result<Configuration, ConfigError> {
    let browser_host = root.at("browser_host").text()?.to_owned();
    let server_host = root.at("server_host").text_or_null()?;
    let doc_root = doc_root(root.at("doc_root"), arguments, checkout, environment)?;
    let ws_doc_root = match (&arguments.ws_doc_root, root.at("ws_doc_root").text_or_null()?) {
        (Some(path), _) => folder(path, "--ws_doc_root", environment)?,
        (None, Some(path)) => checkout.join(path),
        (None, None) => doc_root.join("websockets/handlers"),
    };
    let hosts = root.at("alternate_hosts").map()?.iter();
    let names = |key, own: fn() -> Vec<String>| {
        let node = root.at(key);
        if node.is_null() { Ok(own()) } else { node.texts() }
    };
    let logging = root.at("logging");
    Ok(Configuration {
        doc_root,
        ws_doc_root,
        server_host: server_host.unwrap_or(&browser_host).to_owned(),
        browser_host,
        alternate_hosts: hosts
            .map(|(key, host)| Ok((key.clone(), host.text()?.to_owned())))
            .collect::<Result<BTreeMap<_, _>, ConfigError>>()?,
        subdomains: names("subdomains", test_subdomains)?,
        not_subdomains: names("not_subdomains", test_not_subdomains)?,
        bind_address: root.at("bind_address").boolean()?,
        check_subdomains: root.at("check_subdomains").boolean()?,
        log_level: level_word(root)?.0.to_owned(),
        suppress_handler_traceback: logging.at("suppress_handler_traceback").boolean()?,
        aliases: aliases(root.at("aliases"), arguments, checkout, environment)?,
        ssl: root.at("ssl").to_value(),
        certificate: None,
        ports: BTreeMap::new(),
    })
}

fn hosts(root: &Node, words: &Configuration) -> Result<Hosts, ConfigError> {
    Hosts::new(&words.browser_host, &words.alternate_hosts, &words.subdomains, &words.not_subdomains)
        .map_err(|fault| blame(root, fault))
}

/// The place of whatever is wrong with hosts.
fn blame(root: &Node, fault: HostsFault) -> ConfigError {
    let alternates = root.at("alternate_hosts");
    let mentions = |node: &Node, text: &str| node.texts().is_ok_and(|texts| texts.iter().any(|own| own == text));
    let node = match &fault {
        HostsFault::Subdomain(name) if mentions(root.at("subdomains"), name) => root.at("subdomains"),
        HostsFault::Subdomain(_) => root.at("not_subdomains"),
        HostsFault::Host(host) if root.at("browser_host").text().is_ok_and(|own| own == host) => {
            root.at("browser_host")
        }
        // Whichever of the two was set by somebody is to blame.
        HostsFault::NotDistinct(..) if matches!(alternates.place, Place::Argument(_)) => root.at("browser_host"),
        HostsFault::Host(_) | HostsFault::NotDistinct(..) | HostsFault::EmptyKey => alternates,
    };
    node.fault(Fault::Hosts(fault))
}

/// The document root. The flag's folder must exist, as that of the configuration.
fn doc_root(
    node: &Node,
    arguments: &WptArgs,
    checkout: &Path,
    environment: &dyn Environment,
) -> Result<PathBuf, ConfigError> {
    if let Some(path) = &arguments.doc_root {
        return folder(path, "--doc_root", environment);
    }
    let path = match node.text_or_null()? {
        None | Some(".") => checkout.to_owned(),
        Some(path) => checkout.join(path),
    };
    if environment.is_folder(&path) { Ok(path) } else { Err(node.fault(Fault::RootMissing(path))) }
}

/// The mount points of the configuration, then those of the file that was named.
fn aliases(
    node: &Node,
    arguments: &WptArgs,
    checkout: &Path,
    environment: &dyn Environment,
) -> Result<Vec<Alias>, ConfigError> {
    let mut aliases = Vec::new();
    for alias in node.list()? {
        let member = |key: &'static str| {
            let member = alias.map()?.get(key).ok_or_else(|| alias.fault(Fault::Missing { key }))?;
            Ok::<_, ConfigError>((member, member.text()?))
        };
        let (url_node, url_path) = member("url-path")?;
        let (dir_node, local_dir) = member("local-dir")?;
        if !url_path.starts_with('/') {
            return Err(url_node.fault(Fault::MountPoint(url_path.to_owned())));
        }
        if local_dir.is_empty() {
            return Err(dir_node.fault(Fault::Empty("local-dir")));
        }
        aliases.push(Alias { url_path: url_path.to_owned(), local_dir: checkout.join(local_dir) });
    }
    if let Some(path) = &arguments.alias_file {
        let path = at_home(path, environment);
        let unreadable = |error| ConfigError { place: Place::File(path.clone()), fault: Fault::Unreadable(error) };
        let text = environment.read(&path).map_err(unreadable)?;
        let name = path.display().to_string().into();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fault = |fault| ConfigError { place: Place::Line(std::sync::Arc::clone(&name), at + 1), fault };
            let (url_path, local_dir) = match line.split_once(',').map(|(url, dir)| (url.trim(), dir.trim())) {
                Some((url, dir)) if !dir.is_empty() && !dir.contains(',') => (url, dir),
                _ => return Err(fault(Fault::AliasLine)),
            };
            if !url_path.starts_with('/') {
                return Err(fault(Fault::MountPoint(url_path.to_owned())));
            }
            aliases.push(Alias { url_path: url_path.to_owned(), local_dir: checkout.join(local_dir) });
        }
    }
    Ok(aliases)
}

/// What to log, in our words for it.
fn level(root: &Node) -> Result<&'static str, ConfigError> {
    let (word, node) = level_word(root)?;
    LEVELS.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(word)).map(|(_, ours)| *ours).ok_or_else(|| {
        let expected = "\"debug\", \"info\", \"warning\", \"error\", \"critical\"";
        node.fault(Fault::Word { key: node.key.clone(), value: word.to_owned(), expected })
    })
}

/// `logging.level`, as later checkouts have it, else `log_level`.
fn level_word(root: &Node) -> Result<(&str, &Node), ConfigError> {
    let later = root.at("logging").at("level");
    let earlier = root.at("log_level");
    match later.text_or_null()? {
        Some(word) => Ok((word, later)),
        None => Ok((earlier.text()?, earlier)),
    }
}

/// Python's names of levels and ours.
const LEVELS: [(&str, &str); 6] = [
    ("debug", "debug"),
    ("info", "info"),
    ("warning", "warn"),
    ("warn", "warn"),
    ("error", "error"),
    ("critical", "error"),
];

/// A folder that an argument names, as a path from the root of the file system.
fn folder(path: &Path, argument: &'static str, environment: &dyn Environment) -> Result<PathBuf, ConfigError> {
    let place = Place::Argument(argument);
    let path = at_home(path, environment);
    if !environment.is_folder(&path) {
        return Err(ConfigError { place, fault: Fault::RootMissing(path) });
    }
    environment.absolute(&path).map_err(|error| ConfigError { place, fault: Fault::Unreadable(error) })
}

/// A path in which `~` stands for the home folder, as in `--config=~/wpt.json`, which no shell replaces.
fn at_home(path: &Path, environment: &dyn Environment) -> PathBuf {
    match (path.strip_prefix("~"), environment.variable("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}
