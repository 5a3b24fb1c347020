//! `--tenants`, `[tenants]` and `[[tenant]]`: strangers' sites on one server.
//!
//! Nothing here is read from a tenant's own folder.

mod mirror;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use toml::Spanned;

use super::{
    environment::Environment,
    error::{ConfigError, Fault, Place},
    file::{Behaviour, File, Source},
    grants,
    limits::{DAY, HOUR, KIB, Keys, MIB, WEEK},
    plan::{GrantSettings, ServePlan, TenantsPlan},
};
use crate::{
    cli::ServeArgs,
    quota, sandbox, stash,
    tenant::{self, Listed, NamePattern, Terms},
};
pub(super) use mirror::{Tenant, Tenants};

/// What one tenant has, with its grants as the file orders them.
#[derive(Clone)]
struct Share {
    terms: Terms,
    grants: Vec<GrantSettings>,
}

/// Reads who the tenants are, if there are to be any; `sandbox` is what the server itself allows one exchange.
///
/// # Errors
/// What is wrong with them, and what does not go together with tenants.
pub(super) fn resolve(
    arguments: &ServeArgs,
    file: &File,
    source: &Source,
    sandbox: &mut sandbox::Settings,
    environment: &dyn Environment,
) -> Result<Option<TenantsPlan>, ConfigError> {
    let none = Tenants::default();
    let table = file.tenants.as_ref().map_or(&none, Spanned::get_ref);
    let folder = match (&arguments.tenants, &table.root) {
        (Some(folder), _) => Some((folder.clone(), Place::Argument("--tenants"))),
        (None, Some(root)) => Some((source.resolve(root.get_ref()), source.place(&root.span()))),
        (None, None) => None,
    };
    if folder.is_none() && file.tenant.is_empty() {
        return without_tenants(arguments, file, source).map(|()| None);
    }
    refuse_the_rest(arguments, file, source)?;
    if let Some((folder, place)) = &folder
        && !environment.is_folder(folder)
    {
        return Err(ConfigError { place: place.clone(), fault: Fault::RootMissing(folder.clone()) });
    }
    let mut compiler = sandbox::Compiler::new(environment.program());
    let keys = Keys { source };
    let cpu = &mut compiler.cpu;
    keys.seconds(cpu, "compile_cpu_s", &table.compile_cpu_s, 1..=HOUR)?;
    keys.number(&mut compiler.memory, "compile_mib", &table.compile_mib, MIB, 64..=65_536)?;
    keys.number(&mut compiler.result, "compiled_mib", &table.compiled_mib, MIB, 1..=4096)?;
    keys.number(&mut sandbox.compile_queue, "compile_queue", &table.compile_queue, 1, 1..=10_000)?;
    sandbox.compiler = Some(compiler);

    let mut share = default_share(sandbox);
    share.terms.python = table.python.unwrap_or(false);
    limit(&table.limits, &keys, sandbox, &mut share.terms)?;
    share.grants = grants::resolve_under(share.grants, &table.grant, source)?;
    let listed = listed(&file.tenant, &share, source, sandbox, environment)?;
    if arguments.site.root.is_some() {
        let fault = Fault::NotWithTenants("ROOT", "each tenant has a folder of its own");
        return Err(ConfigError { place: Place::Argument("ROOT"), fault });
    }
    let settings =
        tenant::Settings { folder: folder.map(|(folder, _)| folder), listed, terms: Arc::new(share.into_terms()) };
    let certs = arguments.certs.clone().or_else(|| Some(source.resolve(table.certs.as_ref()?.get_ref())));
    Ok(Some(TenantsPlan { settings, certs, admin: admin(arguments, table, source)? }))
}

/// The plan, for a subcommand that knows no tenants.
///
/// # Errors
/// If there are any.
pub(super) fn refuse(plan: ServePlan, subcommand: &'static str) -> Result<ServePlan, ConfigError> {
    if plan.tenants.is_none() {
        return Ok(plan);
    }
    let fault = Fault::NotWithTenants(subcommand, "this version does it for a server's own site alone");
    Err(ConfigError { place: Place::Argument(subcommand), fault })
}

impl Share {
    fn into_terms(mut self) -> Terms {
        self.terms.grants = self.grants.iter().map(GrantSettings::rule).collect();
        self.terms
    }
}

/// What a tenant has of whom nobody says anything: no grant, and a small share.
fn default_share(sandbox: &sandbox::Settings) -> Share {
    let nothing = GrantSettings { pattern: "/*".to_owned(), raw: false, stash: false, files: false, push: false };
    let stash = stash::Settings { keys: 1000, octets: 8 << 20, value_octets: 1 << 20, age: Duration::from_secs(3600) };
    let terms = Terms {
        limits: sandbox.limits,
        quota: quota::Settings::default(),
        stash,
        grants: Vec::new(),
        python: false,
        cache_octets: 4 << 20,
    };
    Share { terms, grants: vec![nothing] }
}

/// What only counts with tenants.
fn without_tenants(arguments: &ServeArgs, file: &File, source: &Source) -> Result<(), ConfigError> {
    let pointless = |key| Fault::Pointless(key, "tenants");
    if let Some(table) = &file.tenants {
        return Err(source.fault(&table.span(), pointless("[tenants]")));
    }
    let flags = [("--certs", arguments.certs.is_some()), ("--admin", arguments.admin.is_some())];
    match flags.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(ConfigError { place: Place::Argument(flag), fault: pointless(flag) }),
        None => Ok(()),
    }
}

/// What says something about a server's own site, which one with tenants has not.
fn refuse_the_rest(arguments: &ServeArgs, file: &File, source: &Source) -> Result<(), ConfigError> {
    let fault = |what, instead| Fault::NotWithTenants(what, instead);
    if arguments.cert.is_some() {
        let fault = fault("--cert", "each name has a certificate in --certs");
        return Err(ConfigError { place: Place::Argument("--cert"), fault });
    }
    let spanned = [
        (file.root.as_ref().map(Spanned::span), "root", "each tenant has a folder of its own"),
        (file.cert.as_ref().map(Spanned::span), "cert", "each name has a certificate in `certs` of [tenants]"),
        (file.route.first().map(Spanned::span), "[[route]]", "a tenant's handlers lie in its folder"),
        (file.grant.keys().next().map(Spanned::span), "[grant]", "there is [tenants.grant] and [tenant.grant]"),
    ];
    for (span, what, instead) in spanned {
        if let Some(span) = span {
            return Err(source.fault(&span, fault(what, instead)));
        }
    }
    let other_ways = file.site.behaviour == Some(Behaviour::Wptserve);
    let in_site = [
        (other_ways, "behaviour = \"wptserve\"", "this version has no tenants that behave so"),
        (file.site.python.is_some(), "python", "there is `python` in [tenants] and [[tenant]]"),
        (file.site.follow_symlinks == Some(true), "follow_symlinks", "a link may lead to another's files"),
    ];
    match in_site.into_iter().find(|(given, ..)| *given) {
        Some((_, what, instead)) => Err(ConfigError { place: Place::Argument("[site]"), fault: fault(what, instead) }),
        None => Ok(()),
    }
}

fn listed(
    tenants: &[Spanned<Tenant>],
    share: &Share,
    source: &Source,
    sandbox: &sandbox::Settings,
    environment: &dyn Environment,
) -> Result<Vec<Listed>, ConfigError> {
    let mut listed: Vec<Listed> = Vec::with_capacity(tenants.len());
    let mut lines: Vec<usize> = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let (span, table) = (tenant.span(), tenant.get_ref());
        let root = table.root.as_ref().ok_or_else(|| source.fault(&span, Fault::Missing { key: "root" }))?;
        let names = names(tenant, source)?;
        for name in &names {
            let taken = listed.iter().position(|other: &Listed| other.names.contains(name));
            if let Some(other) = taken {
                let fault = Fault::Duplicate("a tenant of the same name".to_owned(), lines[other]);
                return Err(source.fault(&span, fault));
            }
        }
        let folder = source.resolve(root.get_ref());
        check_root(&folder, &names, environment).map_err(|fault| source.fault(&root.span(), fault))?;
        let mut own = share.clone();
        own.terms.python = table.python.unwrap_or(own.terms.python);
        limit(&table.limits, &Keys { source }, sandbox, &mut own.terms)?;
        own.grants = grants::resolve_under(own.grants, &table.grant, source)?;
        listed.push(Listed { names, root: folder, terms: Arc::new(own.into_terms()) });
        lines.push(source.line(&span));
    }
    Ok(listed)
}

fn names(tenant: &Spanned<Tenant>, source: &Source) -> Result<Vec<NamePattern>, ConfigError> {
    let list = tenant.get_ref().names.as_ref();
    let list = list.ok_or_else(|| source.fault(&tenant.span(), Fault::Missing { key: "names" }))?;
    if list.get_ref().is_empty() {
        return Err(source.fault(&list.span(), Fault::Empty("names")));
    }
    let name = |text: &Spanned<String>| {
        let parsed = NamePattern::parse(text.get_ref());
        parsed.map_err(|fault| source.fault(&text.span(), Fault::TenantName(text.get_ref().clone(), fault)))
    };
    list.get_ref().iter().map(name).collect()
}

/// A folder must be there; one for many tenants has a `*`, which only names with a `*` can fill.
fn check_root(folder: &Path, names: &[NamePattern], environment: &dyn Environment) -> Result<(), Fault> {
    if folder.to_string_lossy().contains('*') {
        let all_wild = names.iter().all(|name| name.exact().is_none());
        return if all_wild { Ok(()) } else { Err(Fault::TenantRoot) };
    }
    if environment.is_folder(folder) { Ok(()) } else { Err(Fault::RootMissing(folder.to_owned())) }
}

fn limit(
    limits: &mirror::Limits,
    keys: &Keys<'_>,
    sandbox: &sandbox::Settings,
    to: &mut Terms,
) -> Result<(), ConfigError> {
    // The pool of instances has room for so much and no more.
    let most_mib = (sandbox.limits.memory as u64) / MIB;
    keys.number(&mut to.limits.memory, "memory_mib", &limits.memory_mib, MIB, 1..=most_mib)?;
    keys.millis(&mut to.limits.cpu, "cpu_ms", &limits.cpu_ms, 1..=HOUR * 1000)?;
    keys.seconds(&mut to.limits.wall, "wall_s", &limits.wall_s, 1..=DAY)?;
    keys.number(&mut to.limits.sent_octets, "sent_mib", &limits.sent_mib, MIB, 1..=1 << 20)?;
    keys.number(&mut to.limits.log_octets, "log_kib", &limits.log_kib, KIB, 1..=1 << 20)?;
    keys.number(&mut to.cache_octets, "cache_mib", &limits.cache_mib, MIB, 0..=65_536)?;
    let quota = &mut to.quota;
    keys.number(&mut quota.connections, "connections", &limits.connections, 1, 1..=1_000_000)?;
    keys.number(&mut quota.exchanges, "exchanges", &limits.exchanges, 1, 1..=1_000_000)?;
    keys.number(&mut quota.requests_per_second, "requests_per_s", &limits.requests_per_s, 1, 1..=1_000_000)?;
    keys.number(&mut quota.requests_burst, "requests_burst", &limits.requests_burst, 1, 1..=1_000_000)?;
    keys.millis(&mut quota.cpu_per_second, "cpu_ms_per_s", &limits.cpu_ms_per_s, 1..=1_000_000)?;
    keys.number(&mut quota.sent_per_second, "sent_kib_per_s", &limits.sent_kib_per_s, KIB, 1..=1 << 30)?;
    keys.number(&mut quota.memory, "memory_in_use_mib", &limits.memory_in_use_mib, MIB, 1..=1 << 20)?;
    keys.number(&mut quota.log_per_second, "log_kib_per_s", &limits.log_kib_per_s, KIB, 1..=1 << 20)?;
    keys.number(&mut quota.compilations, "compilations", &limits.compilations, 1, 1..=10_000)?;
    let stash = &mut to.stash;
    keys.number(&mut stash.keys, "stash_keys", &limits.stash_keys, 1, 1..=10_000_000)?;
    keys.number(&mut stash.octets, "stash_mib", &limits.stash_mib, MIB, 1..=65_536)?;
    keys.number(&mut stash.value_octets, "stash_value_kib", &limits.stash_value_kib, KIB, 1..=1 << 20)?;
    keys.seconds(&mut stash.age, "stash_age_s", &limits.stash_age_s, 1..=WEEK)
}

fn admin(arguments: &ServeArgs, table: &Tenants, source: &Source) -> Result<Option<SocketAddr>, ConfigError> {
    let (text, place) = match (&arguments.admin, &table.admin) {
        (Some(text), _) => (text.as_str(), Place::Argument("--admin")),
        (None, Some(text)) => (text.get_ref().as_str(), source.place(&text.span())),
        (None, None) => return Ok(None),
    };
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(Some(address)),
        _ => Err(ConfigError { place, fault: Fault::NotLoopback(text.to_owned()) }),
    }
}

/// The folder of all tenants, in the place of a site's.
pub(super) fn shown_root(plan: &TenantsPlan) -> PathBuf {
    plan.settings.folder.clone().unwrap_or_else(|| PathBuf::from("."))
}
