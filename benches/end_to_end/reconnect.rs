//! Load over HTTP/1.1 on servers that may end the connection with a response, which h2load takes for a fault. A connection
//! is used again if the server leaves it open, and a new one is made if it does not, as browsers do.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout},
};

use super::load::Answered;

/// Longest wait for one response.
const PATIENCE: Duration = Duration::from_secs(30);

/// Loads `path` of the server at `port` with one request at a time on each of so many connections.
///
/// # Errors
/// Any response but a 200 with `octets` of content: a run with one failed request is no measurement.
pub(crate) async fn run(
    connections: u32,
    port: u16,
    path: &str,
    octets: usize,
    length: Duration,
) -> anyhow::Result<Answered> {
    let begin = Instant::now();
    let mut users = JoinSet::new();
    for _ in 0..connections {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        users.spawn(ask_until(begin + length, port, request, octets));
    }
    let (mut succeeded, mut responses) = (0, 0);
    while let Some(user) = users.join_next().await {
        let count = user??;
        succeeded += count.in_time;
        responses += count.in_all;
    }
    ensure!(succeeded > 0, "no responses");
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    let rate = succeeded as f64 / length.as_secs_f64();
    Ok(Answered { succeeded, responses, rate })
}

#[derive(Default)]
struct Count {
    in_time: u64,
    in_all: u64,
}

async fn ask_until(end: Instant, port: u16, request: String, octets: usize) -> anyhow::Result<Count> {
    let mut count = Count::default();
    let mut open = None;
    while Instant::now() < end {
        let stream = match open.take() {
            Some(stream) => stream,
            None => TcpStream::connect(("127.0.0.1", port)).await?,
        };
        open = timeout(PATIENCE, ask(stream, &request, octets)).await.context("no response in half a minute")??;
        count.in_all += 1;
        count.in_time += u64::from(Instant::now() < end);
    }
    Ok(count)
}

/// One request; the connection, if the response has not ended it.
async fn ask(mut stream: TcpStream, request: &str, octets: usize) -> anyhow::Result<Option<TcpStream>> {
    stream.write_all(request.as_bytes()).await?;
    let mut received = Vec::with_capacity(2 * octets + 1024);
    let end_of_head = loop {
        if let Some(at) = received.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        ensure!(stream.read_buf(&mut received).await? > 0, "the connection ended within a head");
    };
    let head = String::from_utf8_lossy(&received[..end_of_head]).to_ascii_lowercase();
    ensure!(head.starts_with("http/1.1 200 "), "no 200: {head}");
    let has_length = head.contains("\r\ncontent-length:");
    while received.len() < end_of_head + octets || !has_length {
        if stream.read_buf(&mut received).await? == 0 {
            break;
        }
    }
    ensure!(received.len() == end_of_head + octets, "{} octets of content", received.len() - end_of_head);
    Ok((has_length && !head.contains("\r\nconnection: close")).then_some(stream))
}
