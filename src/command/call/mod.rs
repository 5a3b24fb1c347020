//! `framewright call`: one exchange with one handler, without a socket, and what it put on the wire.
//!
//! The request goes through the same protocol code as any other; only the transport is a pipe in memory.

mod http1;
mod http2;

use std::{io::Write, net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use tokio::io::AsyncReadExt;

use super::parts::Parts;
use framewright::{
    cli::CallArgs,
    config::ServePlan,
    drain::Drain,
    exchange::{ConnectionFacts, ConnectionId},
};

/// The pipe's size in octets: a handler that fills it waits, as it would for a socket.
const PIPE_OCTETS: usize = 256 << 10;

/// A request as typed.
struct Request {
    method: String,
    target: String,
    fields: Vec<(String, String)>,
    content: Vec<u8>,
}

/// Runs the exchange and prints the transcript.
///
/// # Errors
/// If the sandbox cannot be set up, the content file not be read, or the response never ends.
pub(super) async fn run(arguments: &CallArgs, plan: &ServePlan) -> Result<()> {
    let parts = Parts::build(plan).await?;
    let request = Request {
        method: arguments.method().to_owned(),
        target: arguments.target.clone(),
        fields: arguments.header.iter().map(|field| (field.name.clone(), field.value.clone())).collect(),
        content: content(arguments).await?,
    };
    let (client, server) = tokio::io::duplex(PIPE_OCTETS);
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let facts = Arc::new(ConnectionFacts {
        id: ConnectionId::next(),
        peer: address,
        local: address,
        listener: "call".into(),
        tls: None,
    });
    let (_handle, drain) = Drain::pair();
    if arguments.h2 {
        let serving = framewright::http2::serve(server, facts, parts.dispatch, parts.http2, drain);
        with_server(serving, http2::exchange(client, &request)).await
    } else {
        let serving = framewright::http1::serve(server, facts, parts.dispatch, parts.http1, drain);
        with_server(serving, http1::exchange(client, &request)).await
    }
}

/// Runs both ends until the client has seen enough.
async fn with_server<E: std::fmt::Display>(
    serving: impl Future<Output = Result<(), E>>,
    client: impl Future<Output = Result<()>>,
) -> Result<()> {
    let serving = async {
        if let Err(error) = serving.await {
            tracing::debug!("the connection ended: {error}");
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = client => result,
        () = serving => Ok(()),
    }
}

async fn content(arguments: &CallArgs) -> Result<Vec<u8>> {
    match &arguments.body {
        None => Ok(Vec::new()),
        Some(path) if path.as_os_str() == "-" => {
            let mut octets = Vec::new();
            tokio::io::stdin().read_to_end(&mut octets).await.context("standard input")?;
            Ok(octets)
        }
        Some(path) => tokio::fs::read(path).await.with_context(|| path.display().to_string()),
    }
}

/// Prints octets as text, a line for each line feed, with everything else that is not printable escaped.
fn print_octets(indent: &str, octets: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        writeln!(out, "{indent}{}", line.escape_ascii())?;
    }
    Ok(())
}

/// Prints one line of our own.
fn print_line(line: &str) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}
