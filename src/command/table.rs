//! The table of URLs that a server shows a person.

use std::{fmt::Write as _, io::Write as _};

use framewright::{
    config::ServePlan,
    server::Bound,
    tls::{CertificateSource, Identity},
};

/// Prints the table to standard error.
pub(super) fn print(bound: &Bound, plan: &ServePlan, identity: Option<&Identity>) {
    show(&text(bound, plan, identity));
}

/// Prints a text to standard error.
pub(super) fn show(text: &str) {
    // If standard error is gone there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn text(bound: &Bound, plan: &ServePlan, identity: Option<&Identity>) -> String {
    let mut text = format!("\nServing {}\n\n", plan.site.root.display());
    let wptserve = plan.wptserve.as_ref();
    let localhost = wptserve.map_or("localhost", |site| site.settings.hosts.browser_host.as_str());
    let rows: Vec<_> = bound
        .listeners()
        .map(|(listener, address)| {
            let is_websocket = wptserve.is_some_and(|site| site.websockets.iter().any(|name| **name == *listener.name));
            let scheme = match (is_websocket, listener.tls.is_some()) {
                (false, false) => "http",
                (false, true) => "https",
                (true, false) => "ws",
                (true, true) => "wss",
            };
            let host = if address.ip().is_loopback() && address.is_ipv4() {
                format!("{localhost}:{}", address.port())
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
    if let (Some(identity), Some(settings)) = (identity, &plan.tls) {
        text.push_str(&certificate(identity, &settings.certificate));
    }
    text.push_str("\nCtrl-C stops.\n\n");
    text
}

/// Where the certificate is, and what each browser needs in order to trust it or to pass over it.
fn certificate(identity: &Identity, source: &CertificateSource) -> String {
    let mut text = match source.files().authority {
        Some(path) => format!("\n  authority    {}\n", path.display()),
        None => format!("\n  certificate  {}\n", identity.cert_path().display()),
    };
    text.push_str("  Import it into a browser that is to trust this server, or have the browser pass over it:\n");
    let webdriver = "the capability acceptInsecureCerts, by WebDriver";
    let rows = [
        ("Chromium", format!("--ignore-certificate-errors-spki-list={}", identity.spki_hash())),
        ("", "together with a --user-data-dir of its own".to_owned()),
        ("Firefox", webdriver.to_owned()),
        ("Safari", webdriver.to_owned()),
        ("WebKitGTK", format!("{webdriver}; MiniBrowser: --ignore-tls-errors")),
    ];
    for (browser, how) in rows {
        let _ = writeln!(text, "  {browser:<11}  {how}");
    }
    text
}
