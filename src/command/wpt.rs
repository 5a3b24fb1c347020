//! `framewright wpt`: a web-platform-tests checkout served as `wpt serve` does.

use std::{
    io::Write,
    net::{IpAddr, ToSocketAddrs},
    process::ExitCode,
};

use anyhow::{Context, Result};
use framewright::{
    config::{ServePlan, WptPlan},
    tls::Identity,
    wptserve::Hosts,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{calendar, started::Started, table};

/// Builds everything, binds, says so, and serves until asked to stop.
///
/// # Errors
/// Whatever can fail before the first request.
pub(super) async fn run(plan: &WptPlan) -> Result<ExitCode> {
    for warning in &plan.warnings {
        tracing::warn!("{warning}");
    }
    let server = Started::new(&plan.serve).await?;
    if let Some(identity) = &server.identity {
        warn_of_dates(identity, calendar());
    }
    table::print(&server.bound, &plan.serve, server.identity.as_ref());
    server.announce()?;
    if plan.exit_after_start {
        return Ok(ExitCode::SUCCESS);
    }
    if plan.check_subdomains {
        check_subdomains(&plan.serve);
    }
    server.serve().await
}

/// Prints what belongs into a hosts file.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn print_hosts_file(plan: &WptPlan, address: IpAddr) -> Result<ExitCode> {
    if let Some(hosts) = hosts(&plan.serve) {
        let mut out = std::io::stdout().lock();
        out.write_all(hosts.hosts_file(address).as_bytes()).and_then(|()| out.flush()).context("standard output")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn hosts(plan: &ServePlan) -> Option<&Hosts> {
    plan.wptserve.as_ref().map(|site| &site.settings.hosts)
}

/// A certificate out of its dates is served all the same: runners pin its key, or pass over such faults.
fn warn_of_dates(identity: &Identity, now: OffsetDateTime) {
    let validity = identity.validity();
    if (validity.from..=validity.until).contains(&now) {
        return;
    }
    let date = |date: OffsetDateTime| date.format(&Rfc3339).unwrap_or_else(|_| date.to_string());
    tracing::warn!(
        path = %identity.cert_path().display(),
        from = date(validity.from),
        until = date(validity.until),
        "the certificate is out of its dates, and served all the same; --own-ca shows one that is not"
    );
}

/// Looks whether the names of the tests resolve, aside, because a resolver may take its time; says how to help it if one
/// does not.
fn check_subdomains(plan: &ServePlan) {
    let Some(hosts) = hosts(plan) else { return };
    let names: Vec<String> = hosts.names().into_iter().map(str::to_owned).collect();
    // Nobody waits for it: it ends with the program.
    drop(tokio::task::spawn_blocking(move || {
        let lost = names.iter().find(|name| (name.as_str(), 0).to_socket_addrs().is_err());
        match lost {
            None => tracing::debug!(names = names.len(), "every name of the tests resolves"),
            Some(name) => tracing::warn!(
                name,
                "a name of the tests does not resolve. Add them all to the hosts file: framewright wpt --hosts-file | \
                 sudo tee -a /etc/hosts; or start Chromium with --host-resolver-rules=\"MAP *.test 127.0.0.1\"; or pass \
                 --no-check-subdomains"
            ),
        }
    }));
}
