//! `[site] behaviour = "wptserve"` and its table `[wptserve]`: an ordinary site that behaves as wptserve does.
//!
//! Defaults are those of wptserve as a library: one host, no subdomains.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{
    environment::Environment,
    error::{ConfigError, Fault, Place},
    file::{Alias, Behaviour, File, Source, Wptserve},
    plan::{ListenerSettings, WptservePlan},
};
use crate::{
    server::Protocols,
    tls::{CertificateFiles, CertificateSource},
    wptserve::{self, Certificate, Configuration, PortSlot, Ports, Switch, injection::Injection},
};

/// Reads the table, if the site is to behave so.
///
/// # Errors
/// Hosts and mount points that cannot be, and a table that counts for nothing.
pub(super) fn resolve(
    file: &File,
    source: &Source,
    listeners: &[ListenerSettings],
    root: &Path,
    certificate: &CertificateSource,
    environment: &dyn Environment,
) -> Result<Option<WptservePlan>, ConfigError> {
    let no_table = Wptserve::default();
    let table = match (&file.wptserve, file.site.behaviour) {
        (Some(table), Some(Behaviour::Wptserve)) => table.get_ref(),
        (None, Some(Behaviour::Wptserve)) => &no_table,
        (Some(table), _) => {
            let fault = Fault::Pointless("[wptserve]", "`behaviour = \"wptserve\"` in `[site]`");
            return Err(source.fault(&table.span(), fault));
        }
        (None, _) => return Ok(None),
    };
    let text = |key: &Option<toml::Spanned<String>>| key.as_ref().map(|text| text.get_ref().clone());
    let absolute = |path: &Path| {
        let absolute = environment.absolute(path);
        absolute.map_err(|error| ConfigError { place: Place::Argument("ROOT"), fault: Fault::Unreadable(error) })
    };
    let doc_root = absolute(root)?;
    let ws_doc_root = match &table.ws_doc_root {
        Some(path) => absolute(&source.resolve(path))?,
        None => doc_root.join("websockets/handlers"),
    };
    let browser_host = text(&table.browser_host).unwrap_or_else(|| "localhost".to_owned());
    let list = |key: &Option<toml::Spanned<Vec<String>>>| key.as_ref().map(|list| list.get_ref().clone());
    let (ports, slots) = ports(listeners);
    let configuration = Configuration {
        server_host: text(&table.server_host).unwrap_or_else(|| browser_host.clone()),
        browser_host,
        alternate_hosts: table.alternate_hosts.as_ref().map(|hosts| hosts.get_ref().clone()).unwrap_or_default(),
        subdomains: list(&table.subdomains).unwrap_or_default(),
        not_subdomains: list(&table.not_subdomains).unwrap_or_default(),
        bind_address: true,
        check_subdomains: false,
        log_level: "info".to_owned(),
        suppress_handler_traceback: false,
        aliases: aliases(&table.alias, source, &absolute)?,
        ssl: serde_json::json!({}),
        certificate: listeners.iter().any(|listener| listener.tls).then(|| certificate_of(certificate)),
        ports,
        doc_root,
        ws_doc_root,
    };
    let mut settings = configuration.settings().map_err(|fault| blame(table, source, fault))?;
    if let Some(path) = &table.inject_script {
        settings.injection = Some(injection(&source.resolve(path), environment)?);
    }
    settings.switches.turn([
        (Switch::StaticLength, table.static_length),
        (Switch::RequestDuplicates, table.request_duplicates),
        (Switch::DocumentDuplicates, table.document_duplicates),
        (Switch::Http2Url, table.http2_url),
        (Switch::Http2Content, table.http2_content),
    ]);
    let latency = Duration::from_millis(table.latency_ms.unwrap_or(0).into());
    Ok(Some(WptservePlan { settings, slots, websockets: Vec::new(), latency }))
}

/// The script in this file, for every page.
pub(super) fn injection(path: &Path, environment: &dyn Environment) -> Result<Injection, ConfigError> {
    let unreadable = |error| ConfigError { place: Place::File(path.to_owned()), fault: Fault::Unreadable(error) };
    Ok(Injection::new(environment.read(path).map_err(unreadable)?.as_bytes()))
}

/// The files of a certificate, as templates see them.
pub(super) fn certificate_of(source: &CertificateSource) -> Certificate {
    let CertificateFiles { cert, key, authority } = source.files();
    Certificate { key, cert, authority }
}

fn aliases(
    aliases: &[Alias],
    source: &Source,
    absolute: &dyn Fn(&Path) -> Result<std::path::PathBuf, ConfigError>,
) -> Result<Vec<wptserve::Alias>, ConfigError> {
    let alias = |alias: &Alias| {
        let url_path = alias.url_path.get_ref().clone();
        if !url_path.starts_with('/') {
            return Err(source.fault(&alias.url_path.span(), Fault::MountPoint(url_path)));
        }
        Ok(wptserve::Alias { url_path, local_dir: absolute(&source.resolve(&alias.local_dir))? })
    };
    aliases.iter().map(alias).collect()
}

/// Ports by what is spoken on them: `h2` where that is HTTP/2 alone, else `http` and `https`.
fn ports(listeners: &[ListenerSettings]) -> (Ports, Vec<PortSlot>) {
    let mut ports = Ports::new();
    let mut slots = Vec::new();
    for listener in listeners {
        let scheme = match (listener.protocols, listener.tls) {
            (Protocols::Http2, _) => "h2",
            (_, true) => "https",
            (_, false) => "http",
        };
        let list = ports.entry(scheme.to_owned()).or_default();
        slots.push(PortSlot { listener: listener.name.clone(), scheme: scheme.to_owned(), index: list.len() });
        list.push((listener.port != 0).then_some(listener.port));
    }
    (ports, slots)
}

/// The place of whatever is wrong with hosts.
fn blame(table: &Wptserve, source: &Source, fault: wptserve::HostsFault) -> ConfigError {
    let hosts = table.alternate_hosts.as_ref().map(toml::Spanned::span);
    let browser_host = table.browser_host.as_ref().map(toml::Spanned::span);
    let has = |list: &Option<toml::Spanned<Vec<String>>>, name: &String| {
        list.as_ref().filter(|list| list.get_ref().contains(name)).map(toml::Spanned::span)
    };
    let in_alternates = |host: &String| {
        let is_there = |hosts: &BTreeMap<String, String>| hosts.values().any(|own| own == host);
        table.alternate_hosts.as_ref().is_some_and(|hosts| is_there(hosts.get_ref()))
    };
    let span = match &fault {
        wptserve::HostsFault::Subdomain(name) => {
            has(&table.subdomains, name).or_else(|| has(&table.not_subdomains, name))
        }
        wptserve::HostsFault::Host(host) if in_alternates(host) => hosts,
        wptserve::HostsFault::Host(_) => browser_host,
        wptserve::HostsFault::NotDistinct(..) | wptserve::HostsFault::EmptyKey => hosts,
    };
    match span {
        Some(span) => source.fault(&span, Fault::Hosts(fault)),
        None => ConfigError { place: Place::Argument("[wptserve]"), fault: Fault::Hosts(fault) },
    }
}
