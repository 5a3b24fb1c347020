//! What was typed on the command line: clap's structs, with nothing resolved.
//!
//! What it means together with the environment and the configuration file is decided by [`config`](crate::config).

mod warm;
mod wpt;

use std::{ffi::OsString, net::IpAddr, path::PathBuf, str::FromStr};

pub use warm::WarmArgs;
pub use wpt::{LackingArgs, SwitchArgs, WptArgs};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The exit code for faults of usage or configuration: `EX_USAGE` of `sysexits.h`.
pub const EXIT_USAGE: u8 = 64;

/// A web test server whose handlers are sandboxed WebAssembly components with exact control of the wire.
#[derive(Clone, Debug, Parser)]
#[command(name = "framewright", version, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What to log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serve the files and handlers under a folder
    Serve(ServeArgs),
    /// Serve a web-platform-tests checkout as `wpt serve` does
    Wpt(Box<WptArgs>),
    /// Parse the configuration and compile every handler; say what each imports and whether that is granted
    Check(CheckArgs),
    /// Compile runtimes and handlers ahead of the first start
    Warm(WarmArgs),
    /// Say where the certificate of the local authority is, or export it
    Ca(CaArgs),
    /// Run one handler without a browser and print what it put on the wire
    Call(CallArgs),
    /// Print a wire log, as `serve --wire-log` writes it, as text
    Wire(WireArgs),
    /// Compile the component on standard input, within bounds: what a server with tenants starts
    #[command(hide = true)]
    CompileComponent(CompileArgs),
}

/// What every subcommand that reads a site takes.
#[derive(Clone, Debug, Default, Args)]
pub struct SiteArgs {
    /// Folder that is served [default: the file's `root`, else the current folder]
    #[arg(value_name = "ROOT")]
    pub root: Option<PathBuf>,
    /// Configuration file (TOML); flags beat it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where certificates and compiled handlers are kept [default: $XDG_STATE_HOME/framewright, else
    /// ~/.local/state/framewright]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// Arguments of `serve`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Naming any of --http, --https and --h2 replaces all three defaults. Standard output gets one \
    line of JSON once everything listens; logs go to standard error. Ctrl-C drains, a second one aborts.")]
pub struct ServeArgs {
    /// Root, configuration file, state directory.
    #[command(flatten)]
    pub site: SiteArgs,
    /// Address to listen on; repeat for more [default: 127.0.0.1 and ::1]
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub bind: Vec<IpAddr>,
    /// Port for HTTP/1.1 and HTTP/2 with prior knowledge, in cleartext; repeat for more. `none`: no such port, 0: a
    /// free one [default: 8000]
    #[arg(long, value_name = "PORT")]
    pub http: Vec<PortArg>,
    /// Port for HTTP/2 and HTTP/1.1 by ALPN, over TLS; as --http [default: 8443]
    #[arg(long, value_name = "PORT")]
    pub https: Vec<PortArg>,
    /// Port for HTTP/2 alone, over TLS; as --http [default: 9000]
    #[arg(long, value_name = "PORT")]
    pub h2: Vec<PortArg>,
    /// Certificate chain, leaf first, instead of one from the local authority
    #[arg(long, value_name = "PEM", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Private key of the certificate
    #[arg(long, value_name = "PEM", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Record every frame, message head and trailer section of both directions in this file, which is emptied first; at
    /// most 256 MiB. Read it with `framewright wire`
    #[arg(long, value_name = "FILE")]
    pub wire_log: Option<PathBuf>,
    /// Serve strangers' sites: every folder in this one is a tenant whose host name is the folder's name
    #[arg(long, value_name = "DIR", conflicts_with = "root")]
    pub tenants: Option<PathBuf>,
    /// Certificates of tenants' names, NAME.pem and NAME.key each; read again when they change
    #[arg(long, value_name = "DIR")]
    pub certs: Option<PathBuf>,
    /// Answer /metrics, /healthz and /readyz on this loopback address and port
    #[arg(long, value_name = "ADDR:PORT")]
    pub admin: Option<String>,
}

/// Arguments of `compile-component`.
#[derive(Clone, Copy, Debug, Args)]
pub struct CompileArgs {
    /// CPU time, in seconds
    #[arg(value_name = "SECONDS")]
    pub cpu: u64,
    /// Memory, in octets
    #[arg(value_name = "OCTETS")]
    pub memory: u64,
    /// Octets of the result
    #[arg(value_name = "OCTETS")]
    pub result: u64,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Default, Args)]
pub struct CheckArgs {
    /// Root, configuration file, state directory.
    #[command(flatten)]
    pub site: SiteArgs,
    /// Load every Python handler of a web-platform-tests checkout, which the root is, and say what it lacks
    #[arg(long)]
    pub wpt: bool,
}

/// Arguments of `ca`.
#[derive(Clone, Debug, Default, Args)]
pub struct CaArgs {
    /// Copy the certificate to this file
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Configuration file (TOML), for its `state_dir`
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where certificates are kept [default: as for serve]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// Arguments of `call`.
#[derive(Clone, Debug, Args)]
pub struct CallArgs {
    /// Path and query of the request, such as `/hello?name=x`
    #[arg(value_name = "PATH")]
    pub target: String,
    /// Root, configuration file, state directory.
    #[command(flatten)]
    pub site: SiteArgs,
    /// Speak HTTP/1.1 [default]
    #[arg(long, conflicts_with = "h2")]
    pub h1: bool,
    /// Speak HTTP/2
    #[arg(long)]
    pub h2: bool,
    /// Method [default: GET, or POST with --body]
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,
    /// Field line, as `name: value`; repeat for more
    #[arg(long, value_name = "FIELD")]
    pub header: Vec<FieldArg>,
    /// Send this file as content; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
}

/// Arguments of `wire`.
#[derive(Clone, Debug, Args)]
pub struct WireArgs {
    /// The wire log
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show this connection only, by the number that access lines have too
    #[arg(long, value_name = "N")]
    pub connection: Option<u64>,
    /// Show this HTTP/2 stream only; 0 for frames of connections themselves
    #[arg(long, value_name = "N")]
    pub stream: Option<u32>,
    /// Whether to use terminal colours; `auto`: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorArg,
}

/// The value of `--color`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless the environment says NO_COLOR.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to log; every subcommand takes it.
#[derive(Clone, Debug, Default, Args)]
pub struct LogArgs {
    /// trace, debug, info, warn, error or off, or directives such as `warn,framewright=debug,h2=trace` [default: info
    /// for serve, what the configuration says for wpt, else warn]
    #[arg(long, value_name = "LEVEL", global = true, help_heading = "Logging")]
    pub log_level: Option<String>,
    /// How log lines are written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, global = true, help_heading = "Logging")]
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// The value of a port flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PortArg {
    /// `none`: no listener of this kind.
    None,
    /// A port; 0 picks a free one.
    Port(u16),
}

/// The value of `--header`: a field line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldArg {
    /// The name as typed; not empty.
    pub name: String,
    /// The value without surrounding blanks.
    pub value: String,
}

/// Parses a whole command line, the program's name included.
///
/// # Errors
/// Faults of usage, and requests for help or the version: print the error, then leave with [`exit_code`].
pub fn parse<I>(arguments: I) -> Result<Cli, clap::Error>
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    Cli::try_parse_from(arguments)
}

/// The exit code that goes with an error of [`parse`]: 0 for help and version, else [`EXIT_USAGE`].
pub fn exit_code(error: &clap::Error) -> u8 {
    if error.use_stderr() { EXIT_USAGE } else { 0 }
}

impl CallArgs {
    /// The method: as typed, else POST with content and GET without.
    pub fn method(&self) -> &str {
        match (&self.method, &self.body) {
            (Some(method), _) => method,
            (None, Some(_)) => "POST",
            (None, None) => "GET",
        }
    }
}

impl FromStr for PortArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::None);
        }
        text.parse().map(Self::Port).map_err(|_| "expected a port from 0 to 65535, or `none`".to_owned())
    }
}

impl FromStr for FieldArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.trim_matches([' ', '\t']).to_owned() })
            }
            _ => Err("expected `name: value`".to_owned()),
        }
    }
}

/// An IP address, IPv6 with or without brackets.
fn parse_address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| "expected an IP address such as 127.0.0.1 or ::1".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse_line(line: &str) -> Result<Cli, clap::Error> {
        parse(std::iter::once("framewright").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definitions_agree_with_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_takes_what_is_typed() {
        let cli = parse_line(
            "serve site --http 0 --http 8001 --https none --bind [::1] --bind 127.0.0.1 --cert c.pem --key k.pem \
             --state-dir s --log-level debug --log-format json --config f.toml",
        )
        .unwrap();
        let Command::Serve(serve) = cli.command else { panic!("serve") };
        assert_eq!(serve.http, [PortArg::Port(0), PortArg::Port(8001)]);
        assert_eq!(serve.https, [PortArg::None]);
        assert!(serve.h2.is_empty());
        assert_eq!(serve.bind, ["::1".parse::<IpAddr>().unwrap(), "127.0.0.1".parse().unwrap()]);
        assert_eq!(serve.site.root, Some("site".into()));
        assert_eq!(cli.log.log_level.as_deref(), Some("debug"));
        assert_eq!(cli.log.log_format, LogFormat::Json);
    }

    #[test]
    fn call_takes_a_path_before_the_root() {
        let arguments = ["framewright", "call", "/hello?x", "site", "--h2", "--header", "A:  b: c ", "--body", "f"];
        let Command::Call(call) = parse(arguments).unwrap().command else { panic!("call") };
        assert_eq!((call.target.as_str(), call.method()), ("/hello?x", "POST"));
        assert_eq!(call.site.root, Some("site".into()));
        assert_eq!(call.header, [FieldArg { name: "A".into(), value: "b: c".into() }]);
        assert!(call.h2 && !call.h1);
    }

    #[test]
    fn faults_of_usage_leave_with_64_and_help_with_0() {
        for (line, code) in [
            ("--help", 0),
            ("--version", 0),
            ("serve --help", 0),
            ("", 64),
            ("bogus", 64),
            ("serve --http 65536", 64),
            ("serve --http -1", 64),
            ("serve --http nothing", 64),
            ("serve --bind localhost", 64),
            ("serve --cert c.pem", 64),
            ("serve --key k.pem", 64),
            ("serve a b", 64),
            ("serve --log-format xml", 64),
            ("call", 64),
            ("call / --h1 --h2", 64),
            ("call / --header novalue", 64),
            ("call / --header :x", 64),
            ("wire", 64),
            ("wire f --stream -1", 64),
            ("wire f --color sometimes", 64),
            ("warm --baseline", 64),
            ("warm site --wpt checkout", 64),
            ("warm --out o --state-dir s", 64),
        ] {
            let error = parse_line(line).expect_err(line);
            assert_eq!(exit_code(&error), code, "{line}");
        }
    }
}
