//! The figures of `/metrics`.

use std::sync::Arc;

use super::{
    exposition::{Exposition, Kind},
    platform,
};
use crate::{
    quota::{Account, BOUNDS, Histogram},
    tenant::{Tenant, Tenants},
};

/// All figures of this moment.
pub(super) fn text(tenants: &Tenants) -> String {
    let mut known = tenants.known();
    known.sort_by(|one, other| one.name().cmp(other.name()));
    let mut to = Exposition::default();
    process(&mut to, tenants, known.len());
    exchanges(&mut to, &known);
    latencies(&mut to, &known);
    each(
        &mut to,
        &known,
        ("framewright_tenant_cpu_seconds_total", Kind::Counter, "CPU time of handlers."),
        |account| account.cpu().as_secs_f64(),
    );
    let sent = ("framewright_tenant_sent_octets_total", Kind::Counter, "Octets sent, before encryption.");
    each(&mut to, &known, sent, |account| account.sent_octets());
    let now = ("framewright_tenant_connections", Kind::Gauge, "Open connections.");
    each(&mut to, &known, now, |account| account.connections().now());
    let now = ("framewright_tenant_exchanges", Kind::Gauge, "Exchanges being answered.");
    each(&mut to, &known, now, |account| account.exchanges().now());
    let now = ("framewright_tenant_memory_octets", Kind::Gauge, "Linear memory of running handlers.");
    each(&mut to, &known, now, |account| account.memory().now());
    let high = ("framewright_tenant_memory_high_octets", Kind::Gauge, "The most linear memory so far.");
    each(&mut to, &known, high, |account| account.memory().high());
    stashes(&mut to, &known);
    to.finish()
}

fn process(to: &mut Exposition, tenants: &Tenants, open: usize) {
    to.family("framewright_tenants_open", Kind::Gauge, "Tenants that have been asked for since the start.");
    to.sample("framewright_tenants_open", &[], open);
    let help = "Exchanges answered 421: their authority was nobody's, or not the connection's.";
    to.family("framewright_misdirected_total", Kind::Counter, help);
    to.sample("framewright_misdirected_total", &[], tenants.misdirected());
    if let Some(octets) = platform::resident_octets() {
        to.family("process_resident_memory_bytes", Kind::Gauge, "Resident memory of the process.");
        to.sample("process_resident_memory_bytes", &[], octets);
    }
    if let Some(count) = platform::open_descriptors() {
        to.family("process_open_fds", Kind::Gauge, "Open descriptors of the process.");
        to.sample("process_open_fds", &[], count);
    }
}

fn exchanges(to: &mut Exposition, known: &[Arc<Tenant>]) {
    const NAME: &str = "framewright_tenant_exchanges_total";
    const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];
    to.family(NAME, Kind::Counter, "Exchanges that were let in, by the class of their status.");
    for tenant in known {
        for (class, count) in CLASSES.iter().zip(tenant.account().statuses()).filter(|(_, count)| *count > 0) {
            to.sample(NAME, &[("tenant", tenant.name()), ("code", class)], count);
        }
    }
    let failed = ("framewright_tenant_failed_total", Kind::Counter, "Exchanges in which something failed.");
    each(to, known, failed, |account| account.failed());
    const REFUSED: &str = "framewright_tenant_refused_total";
    to.family(REFUSED, Kind::Counter, "What was refused because a quota was used up.");
    for tenant in known {
        for (quota, count) in tenant.account().refusals().filter(|(_, count)| *count > 0) {
            to.sample(REFUSED, &[("tenant", tenant.name()), ("quota", quota.key())], count);
        }
    }
}

fn latencies(to: &mut Exposition, known: &[Arc<Tenant>]) {
    const NAME: &str = "framewright_tenant_exchange_seconds";
    to.family(NAME, Kind::Histogram, "From a request's head to the end of its response.");
    for tenant in known {
        latency(to, NAME, tenant.name(), tenant.account().latency());
    }
}

fn latency(to: &mut Exposition, name: &str, tenant: &str, histogram: &Histogram) {
    let counts = histogram.cumulative();
    let bucket = format!("{name}_bucket");
    // Microseconds, none above a minute: exact as floating-point numbers.
    let seconds = |micros: u64| std::time::Duration::from_micros(micros).as_secs_f64().to_string();
    let bounds = BOUNDS.iter().map(|&bound| seconds(bound)).chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(counts) {
        to.sample(&bucket, &[("tenant", tenant), ("le", &bound)], count);
    }
    to.sample(&format!("{name}_sum"), &[("tenant", tenant)], histogram.sum().as_secs_f64());
    to.sample(&format!("{name}_count"), &[("tenant", tenant)], counts[BOUNDS.len()]);
}

fn stashes(to: &mut Exposition, known: &[Arc<Tenant>]) {
    let usages: Vec<_> = known.iter().map(|tenant| tenant.stash_usage()).collect();
    to.family("framewright_tenant_stash_values", Kind::Gauge, "Values in the stash.");
    for (tenant, (values, _)) in known.iter().zip(&usages) {
        to.sample("framewright_tenant_stash_values", &[("tenant", tenant.name())], values);
    }
    to.family("framewright_tenant_stash_octets", Kind::Gauge, "Octets in the stash, keys and paths included.");
    for (tenant, (_, octets)) in known.iter().zip(&usages) {
        to.sample("framewright_tenant_stash_octets", &[("tenant", tenant.name())], octets);
    }
}

/// A family with one sample for each tenant.
fn each<T: std::fmt::Display>(
    to: &mut Exposition,
    known: &[Arc<Tenant>],
    (name, kind, help): (&str, Kind, &str),
    value: impl Fn(&Account) -> T,
) {
    to.family(name, kind, help);
    for tenant in known {
        to.sample(name, &[("tenant", tenant.name())], value(tenant.account()));
    }
}
