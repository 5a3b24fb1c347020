//! The table of URLs that `serve` shows a person.

use std::{fmt::Write as _, io::Write as _};

use framewright::{
    config::ServePlan,
    server::Bound,
    tls::{CertificateSource, Identity, ca_path},
};

/// Prints the table to standard error.
pub(super) fn print(bound: &Bound, plan: &ServePlan, identity: Option<&Identity>) {
    // If standard error is gone there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(text(bound, plan, identity).as_bytes());
}

fn text(bound: &Bound, plan: &ServePlan, identity: Option<&Identity>) -> String {
    let mut text = format!("\nServing {}\n\n", plan.site.root.display());
    let rows: Vec<_> = bound
        .listeners()
        .map(|(listener, address)| {
            let scheme = if listener.tls.is_some() { "https" } else { "http" };
            let host = if address.ip().is_loopback() && address.is_ipv4() {
                format!("localhost:{}", address.port())
            } else {
                address.to_string()
            };
            (format!("{scheme}://{host}/"), listener.protocols.names().join(", "), listener.name.clone())
        })
        .collect();
    let width = rows.iter().map(|(url, ..)| url.len()).max().unwrap_or(0);
    for (url, protocols, name) in &rows {
        let _ = writeln!(text, "  {url:width$}  {protocols:<13}  {name}");
    }
    if let Some(identity) = identity {
        let settings = plan.tls.as_ref().map(|settings| &settings.certificate);
        let _ = match settings {
            Some(CertificateSource::Local { state_dir }) => {
                writeln!(text, "\n  authority    {}", ca_path(state_dir).display())
            }
            _ => writeln!(text, "\n  certificate  {}", identity.cert_path().display()),
        };
        let _ = writeln!(text, "  Import it into a browser that is to trust this server, or start Chromium with");
        let _ = writeln!(text, "  --ignore-certificate-errors-spki-list={}", identity.spki_hash());
    }
    text.push_str("\nCtrl-C stops.\n\n");
    text
}
