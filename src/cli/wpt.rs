//! The arguments of `wpt`: those of `wpt serve`, in its spelling, and ours.

use std::{net::IpAddr, path::PathBuf};

use clap::{ArgAction, Args};

use super::parse_address;

/// Arguments of `wpt`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Reads config.json in the checkout, then --config, as `wpt serve` does; docs/wpt.md lists the \
    keys. Standard output gets one line of JSON once everything listens; logs go to standard error. Ctrl-C drains, a \
    second one aborts.")]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of `wpt serve`")]
pub struct WptArgs {
    /// The checkout of web-platform-tests [default: the current folder]
    #[arg(value_name = "CHECKOUT")]
    pub checkout: Option<PathBuf>,
    /// Configuration file (JSON), which beats the checkout's own config.json
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print what belongs into /etc/hosts, as `wpt make-hosts-file` does, and leave. The names are to be found at
    /// ADDRESS [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, value_parser = parse_address,
        default_missing_value = "127.0.0.1")]
    pub hosts_file: Option<IpAddr>,
    /// Document root; beats the configuration
    #[arg(long = "doc_root", alias = "doc-root", value_name = "DIR")]
    pub doc_root: Option<PathBuf>,
    /// Root of the WebSocket handlers; beats the configuration
    #[arg(long = "ws_doc_root", alias = "ws-doc-root", value_name = "DIR")]
    pub ws_doc_root: Option<PathBuf>,
    /// File of further mount points, each on a line `/ALIAS/, DIR`
    #[arg(long = "alias_file", alias = "alias-file", value_name = "FILE")]
    pub alias_file: Option<PathBuf>,
    /// Wait this long before each response, in milliseconds
    #[arg(long, value_name = "MS")]
    pub latency: Option<u32>,
    /// No HTTP/2 server
    #[arg(long, overrides_with = "h2")]
    pub no_h2: bool,
    /// The HTTP/2 server, which is there anyway
    #[arg(long, overrides_with = "no_h2", hide = true)]
    pub h2: bool,
    /// Leave as soon as everything listens
    #[arg(long)]
    pub exit_after_start: bool,
    /// Log more: the same as a log level of `debug` in the configuration
    #[arg(long, short)]
    pub verbose: bool,
    /// Do not look whether the names of the tests resolve
    #[arg(long)]
    pub no_check_subdomains: bool,
    /// Show a certificate of our own authority instead of the one that the configuration names
    #[arg(long)]
    pub own_ca: bool,
    /// One more port over TLS, for HTTP/2 and HTTP/1.1 by ALPN; 0: a free one
    #[arg(long, value_name = "PORT")]
    pub h2_h1_port: Option<u16>,
    /// Put this JavaScript into every page, before everything that the page has in it; beats the configuration
    #[arg(long, alias = "inject_script", value_name = "FILE")]
    pub inject_script: Option<PathBuf>,
    /// Faults of `wpt serve` that pages can see.
    #[command(flatten)]
    pub switches: SwitchArgs,
    /// Address to listen on, for all servers; repeat for more; beats the configuration [default: 127.0.0.1 and ::1]
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub bind: Vec<IpAddr>,
    /// Where our authority's certificates and compiled handlers are kept [default: as for serve]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Record every frame and message head of both directions in this file, which is emptied first; at most 256 MiB.
    /// Read it with `framewright wire`
    #[arg(long, value_name = "FILE")]
    pub wire_log: Option<PathBuf>,
    /// Flags of `wpt serve` that this version cannot honour.
    #[command(flatten)]
    pub lacking: LackingArgs,
}

/// Faults of `wpt serve` that pages can see, each mended (`on`) or kept (`off`).
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Mended (on) or as `wpt serve` has it (off)")]
pub struct SwitchArgs {
    /// Whole files have a Content-Length, so that the connection lives on [default: on]
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub static_length: Option<bool>,
    /// Templates and Python handlers see all request fields of one name [default: off]
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub request_duplicates: Option<bool>,
    /// Generated documents have all fields of one name of their script's .headers file [default: off]
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub document_duplicates: Option<bool>,
    /// Over HTTP/2 templates and Python handlers see the URL that was asked for [default: off]
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub http2_url: Option<bool>,
    /// Over HTTP/2 Python handlers can read request content [default: on]
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub http2_content: Option<bool>,
}

fn on_or_off(word: &str) -> Result<bool, &'static str> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("neither on nor off"),
    }
}

/// Flags of `wpt serve` and its relatives that are known, and refused by name where they ask for something that this
/// version does not do.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of `wpt serve`")]
pub struct LackingArgs {
    /// A server for QuicTransport
    #[arg(long, hide = true)]
    pub quic_transport: bool,
    /// A server for WebTransport over HTTP/3
    #[arg(long, hide = true, overrides_with = "no_webtransport_h3")]
    pub webtransport_h3: bool,
    /// No server for WebTransport over HTTP/3: there is none
    #[arg(long, hide = true, overrides_with = "webtransport_h3", action = ArgAction::SetTrue)]
    pub no_webtransport_h3: bool,
    /// The reporting server of `wpt serve-wave`
    #[arg(long, hide = true)]
    pub report: bool,
    /// A server for DNS
    #[arg(long, hide = true)]
    pub enable_dns: bool,
    /// How many labels its wildcards stand for
    #[arg(long, hide = true, value_name = "N")]
    pub wildcard_dns: Option<u32>,
}

impl LackingArgs {
    /// The first flag that asks for something that is not there.
    pub fn first(&self) -> Option<&'static str> {
        let asked = [
            (self.quic_transport, "--quic-transport"),
            (self.webtransport_h3, "--webtransport-h3"),
            (self.report, "--report"),
            (self.enable_dns, "--enable-dns"),
            (self.wildcard_dns.is_some(), "--wildcard-dns"),
        ];
        asked.into_iter().find(|(asked, _)| *asked).map(|(_, flag)| flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, exit_code, parse};

    fn wpt(line: &str) -> Result<Box<WptArgs>, clap::Error> {
        let cli = parse(["framewright", "wpt"].into_iter().chain(line.split_whitespace()))?;
        let Command::Wpt(arguments) = cli.command else { panic!("wpt") };
        Ok(arguments)
    }

    #[test]
    fn the_flags_of_wpt_serve_are_taken_in_its_spelling() {
        let arguments = wpt(
            "tree --latency 20 --config c.json --doc_root d --ws_doc_root w --alias_file a --no-h2 --exit-after-start \
             --verbose --no-webtransport-h3 --bind ::1 --own-ca --h2-h1-port 0 --no-check-subdomains",
        )
        .unwrap();
        assert_eq!(arguments.checkout, Some("tree".into()));
        assert_eq!((arguments.latency, arguments.h2_h1_port), (Some(20), Some(0)));
        assert_eq!(
            [arguments.doc_root, arguments.ws_doc_root, arguments.alias_file].map(Option::unwrap),
            ["d", "w", "a"].map(PathBuf::from)
        );
        assert!(arguments.no_h2 && arguments.exit_after_start && arguments.verbose && arguments.own_ca);
        assert_eq!(arguments.lacking.first(), None);
        assert!(!wpt("--no-h2 --h2").unwrap().no_h2, "the last one counts");
        assert_eq!(wpt("--doc-root d").unwrap().doc_root, Some("d".into()));
        assert_eq!(wpt("--inject-script x.js").unwrap().inject_script, Some("x.js".into()));
    }

    #[test]
    fn what_is_mended_is_switched_on_and_off() {
        let switches = wpt("--static-length off --request-duplicates on --http2-url=on").unwrap().switches;
        assert_eq!(
            [switches.static_length, switches.request_duplicates, switches.http2_url, switches.http2_content],
            [Some(false), Some(true), Some(true), None]
        );
        assert_eq!(exit_code(&wpt("--static-length yes").expect_err("no word for it")), 64);
    }

    #[test]
    fn a_folder_after_hosts_file_is_the_checkout() {
        let arguments = wpt("--hosts-file tree").unwrap();
        assert_eq!((arguments.checkout, arguments.hosts_file), (Some("tree".into()), Some([127, 0, 0, 1].into())));
        assert_eq!(wpt("--hosts-file=::1").unwrap().hosts_file, Some("::1".parse().unwrap()));
        assert_eq!(wpt("tree").unwrap().hosts_file, None);
    }

    #[test]
    fn unknown_flags_are_faults_of_usage_and_known_ones_that_lack_are_named() {
        for line in ["--unknown", "--latency x", "--h2-h1-port 70000", "--bind localhost", "a b", "--hosts-file=x"] {
            assert_eq!(exit_code(&wpt(line).expect_err(line)), 64, "{line}");
        }
        for (line, flag) in [
            ("--quic-transport", "--quic-transport"),
            ("--webtransport-h3", "--webtransport-h3"),
            ("--report", "--report"),
            ("--enable-dns", "--enable-dns"),
            ("--wildcard-dns=2", "--wildcard-dns"),
        ] {
            assert_eq!(wpt(line).unwrap().lacking.first(), Some(flag));
        }
        assert_eq!(wpt("--webtransport-h3 --no-webtransport-h3").unwrap().lacking.first(), None);
    }
}
