//! Load, by h2load where that can be, and what it says about it.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, bail, ensure};
use tokio::{process::Command, time::timeout};

use super::reconnect;

/// The protocol that carries the load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carrier {
    /// HTTP/2 over TLS.
    Http2,
    /// HTTP/1.1 in clear text.
    Http1,
    /// HTTP/1.1 in clear text, where servers may end the connection with a response: not by h2load, but by our own.
    Http1Reconnecting,
    /// HTTP/1.1 over TLS.
    Http1Tls,
}

/// How much load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// The protocol.
    pub(crate) carrier: Carrier,
    /// Connections.
    pub(crate) connections: u32,
    /// Requests in flight on each: streams of HTTP/2; HTTP/1.1 has one.
    pub(crate) streams: u32,
}

/// What came back from a run that went right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answered {
    /// Responses that were counted in its time.
    pub(crate) succeeded: u64,
    /// All responses, those before and after the time included: what the server spent its processor time on.
    pub(crate) responses: u64,
    /// Requests per second.
    pub(crate) rate: f64,
}

/// What h2load printed.
#[derive(Debug, PartialEq)]
struct Printed {
    seconds: f64,
    /// total, started, done, succeeded, failed, errored, timeout
    requests: [u64; 7],
    /// 2xx, 3xx, 4xx, 5xx
    statuses: [u64; 4],
    content_octets: u64,
}

impl Carrier {
    pub(crate) fn is_cleartext(self) -> bool {
        matches!(self, Self::Http1 | Self::Http1Reconnecting)
    }
}

impl Load {
    /// As a reader needs it: `50 × 20 h2`.
    pub(crate) fn describe(&self) -> String {
        let carrier = match self.carrier {
            Carrier::Http2 => "h2, TLS",
            Carrier::Http1 => "h1",
            Carrier::Http1Reconnecting => "h1, reconnecting",
            Carrier::Http1Tls => "h1, TLS",
        };
        format!("{} × {} {carrier}", self.connections, self.streams)
    }

    /// Loads `path` of the server at `port` for about `length`. Each response has `octets` of content.
    ///
    /// # Errors
    /// Anything but success throughout: a run with one failed request is no measurement.
    pub(crate) async fn run(&self, port: u16, path: &str, octets: u64, length: Duration) -> anyhow::Result<Answered> {
        if self.carrier == Carrier::Http1Reconnecting {
            return reconnect::run(self.connections, port, path, usize::try_from(octets)?, length).await;
        }
        let scheme = if self.carrier.is_cleartext() { "http" } else { "https" };
        let mut command = Command::new("h2load");
        command.arg(format!("-c{}", self.connections)).arg(format!("-m{}", self.streams));
        command.arg(format!("-D{}ms", length.as_millis()));
        if self.carrier != Carrier::Http2 {
            command.arg("--h1");
        }
        command.arg(format!("{scheme}://127.0.0.1:{port}{path}")).stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(length + Duration::from_secs(60), command.output())
            .await
            .context("h2load did not end a minute after its time")?
            .context("starting h2load (Debian: nghttp2-client)")?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "h2load failed: {text}{}", String::from_utf8_lossy(&output.stderr));
        let in_flight = u64::from(self.connections) * u64::from(self.streams);
        judge(&parse(&text)?, octets, in_flight).with_context(|| format!("h2load printed:\n{}", summary(&text)))
    }
}

/// Takes a run for right or refuses it.
fn judge(printed: &Printed, octets: u64, in_flight: u64) -> anyhow::Result<Answered> {
    let [_, _, _, succeeded, failed, errored, timed_out] = printed.requests;
    let [right, redirected, refused, broken] = printed.statuses;
    ensure!(failed + errored + timed_out == 0, "requests failed");
    ensure!(redirected + refused + broken == 0, "responses other than 2xx");
    ensure!(succeeded > 0 && right >= succeeded && printed.seconds > 0.0, "no responses");
    // Responses under way when the clock starts lend some of their content to the time before it.
    let missing = (succeeded * octets).saturating_sub(printed.content_octets);
    ensure!(missing <= in_flight * octets, "responses are shorter than {octets} octets");
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    let rate = succeeded as f64 / printed.seconds;
    Ok(Answered { succeeded, responses: right, rate })
}

fn parse(text: &str) -> anyhow::Result<Printed> {
    let line = |start: &str| {
        text.lines().find(|line| line.starts_with(start)).with_context(|| format!("h2load printed no {start:?} line"))
    };
    let finished = line("finished in ")?;
    let seconds = finished.strip_prefix("finished in ").and_then(|rest| rest.split(',').next()).and_then(seconds);
    let requests = numbers(line("requests: ")?);
    let statuses = numbers(line("status codes: ")?.split_once(": ").context("status line")?.1);
    let traffic = line("traffic: ")?;
    let content = traffic.rsplit('(').next().map(numbers).unwrap_or_default();
    // "871 2xx, 0 3xx, …": every second number is the name of the class.
    let classes: Vec<u64> = statuses.into_iter().step_by(2).collect();
    match (seconds, requests.try_into(), classes.try_into(), content.first()) {
        (Some(seconds), Ok(requests), Ok(statuses), Some(&content_octets)) => {
            Ok(Printed { seconds, requests, statuses, content_octets })
        }
        _ => bail!("h2load printed something unexpected:\n{text}"),
    }
}

/// `3.01s`, `950.12ms` or `1m2s` is never printed for the lengths that we use but for the first two.
fn seconds(text: &str) -> Option<f64> {
    match text.strip_suffix("ms") {
        Some(milliseconds) => Some(milliseconds.parse::<f64>().ok()? / 1000.0),
        None => text.strip_suffix('s')?.parse().ok(),
    }
}

fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// The lines that say how a run ended.
fn summary(text: &str) -> String {
    let start = text.find("\nfinished in").map_or(0, |at| at + 1);
    text[start..].lines().take(4).collect::<Vec<_>>().join("\n")
}

/// Checks the parser against what h2load 1.52 prints; called at start, since a bench without harness has no tests.
///
/// # Errors
/// A fault of ours.
pub(crate) fn self_check() -> anyhow::Result<()> {
    let text = "\
finished in 2.01s, 430.00 req/s, 11.31KB/s
requests: 860 total, 900 started, 860 done, 860 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 871 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 22.62KB (23161) total, 1.78KB (1822) headers (space savings 93.46%), 5.04KB (5160) data
";
    let printed = parse(text)?;
    let expected = Printed {
        seconds: 2.01,
        requests: [860, 900, 860, 860, 0, 0, 0],
        statuses: [871, 0, 0, 0],
        content_octets: 5160,
    };
    ensure!(printed == expected, "reading h2load's output gave {printed:?}");
    ensure!(judge(&printed, 6, 10).is_ok() && judge(&printed, 7, 10).is_err(), "short responses pass");
    Ok(())
}
