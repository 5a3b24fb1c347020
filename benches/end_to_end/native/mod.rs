//! The native control: what the same answers cost without a sandbox.
//!
//! A server on tokio, rustls, h2 and hyper alone, with the TLS settings of the server under test. It answers from
//! memory what it is told to (see [`Answer`]), status, fields and octets alike, so that a ratio compares the same octets
//! on the wire. It is a control, not a rival: it reads no file, knows no limit and writes no log.

mod answers;
mod serve;

use std::{net::Ipv4Addr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::Parser;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) use answers::Answer;
use answers::Answers;

/// The first argument that turns this program into the control.
pub(crate) const COMMAND: &str = "native";

/// How the control is started.
#[derive(Debug, Parser)]
#[command(name = COMMAND)]
struct Arguments {
    /// Port of the cleartext listener (HTTP/1.1); 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    http: u16,
    /// Port of the TLS listener (h2 and http/1.1 by ALPN); 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    https: u16,
    /// Certificate chain, PEM.
    #[arg(long)]
    cert: PathBuf,
    /// Private key, PEM.
    #[arg(long)]
    key: PathBuf,
    /// What to answer: a JSON list of answers.
    #[arg(long)]
    answers: PathBuf,
    /// What speaks HTTP/2.
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What speaks HTTP/2.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum Engine {
    /// The h2 crate, each request answered where it is accepted: no task, no channel, no body type in between.
    #[default]
    H2,
    /// hyper's server, with its task for each request.
    Hyper,
}

/// Runs the control until it is killed. `arguments` start with [`COMMAND`].
///
/// # Errors
/// Arguments, files or ports that cannot be used.
pub(crate) fn main(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let arguments = Arguments::parse_from(arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let answers = Arc::new(Answers::load(&arguments.answers)?);
    let acceptor = TlsAcceptor::from(Arc::new(tls_settings(&arguments)?));
    let http = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.http)).await.context("binding --http")?;
    let https = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.https)).await.context("binding --https")?;
    let ready = serde_json::json!({"event": "ready", "listeners": [
        {"name": "http", "port": http.local_addr()?.port()},
        {"name": "https", "port": https.local_addr()?.port()},
    ]});
    println!("{ready}");
    let clear = serve::accept_clear(http, Arc::clone(&answers));
    let tls = serve::accept_tls(https, acceptor, answers, arguments.engine);
    tokio::select! {
        result = clear => result,
        result = tls => result,
    }
}

/// TLS 1.2 and 1.3 on ring with rustls's defaults, as the server under test has them.
fn tls_settings(arguments: &Arguments) -> anyhow::Result<rustls::ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&arguments.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("reading {}", arguments.cert.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(&arguments.key).with_context(|| format!("reading {}", arguments.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut settings = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(settings)
}
