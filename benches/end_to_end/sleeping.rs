//! What Python handlers cost while they sleep, and whether others notice.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{
    lab::{Lab, NotMeasured},
    load::Carrier,
    probe,
    process::Server,
    report::Figure,
};

/// Handlers that sleep at one time.
const SLEEPERS: u32 = 500;

/// Requests of others before and meanwhile, one after another.
const OTHERS: usize = 500;

/// Sleeps for longer than this takes, once its head has left, so that we see it run.
const SLEEPER: &str =
    "import time\n\n\ndef main(request, response):\n    response.write_status_headers()\n    time.sleep(1000)\n";

/// What others ask for.
const HELLO: &str = "/hello.py";
const FILE: &str = "/1k.bin";

/// Longest wait for a sleeper to begin; the first of all has CPython compiled.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server at one moment.
struct Moment {
    resident: u64,
    anonymous: u64,
    threads: u64,
    /// Milliseconds below which half, and 99 of 100, of others' requests stay.
    hello: [f64; 2],
    file: [f64; 2],
}

/// Has handlers sleep and compares the server with itself.
///
/// # Errors
/// Handlers that do not begin, and responses that are not 200.
pub(crate) async fn run(lab: &Lab) -> anyhow::Result<Vec<Figure>> {
    if lab.is_rehearsal() {
        return Err(NotMeasured("the control has no handlers".to_owned()).into());
    }
    let root = lab.path("sleeping");
    lay_out(lab, &root)?;
    let server = lab.start_framewright("[site]\nbehaviour = \"wptserve\"\n", &root, &[]).await?;
    let port = server.http.context("no cleartext listener")?;
    // The first requests compile, and touch what is shared.
    for path in [HELLO, FILE, HELLO] {
        timeout(PATIENCE, probe::get(Carrier::Http1, port, path)).await.context(path)??;
    }
    drop(begin(port).await?);
    sleep(Duration::from_secs(1)).await;
    let before = look(&server, port).await?;
    let mut sleepers = Vec::new();
    for _ in 0..SLEEPERS {
        sleepers.push(begin(port).await?);
    }
    sleep(Duration::from_secs(2)).await;
    let meanwhile = look(&server, port).await?;
    drop(sleepers);
    server.stop().await?;
    Ok(figures(&before, &meanwhile))
}

fn lay_out(lab: &Lab, root: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(root)?;
    fs::write(root.join("sleeper.py"), SLEEPER)?;
    fs::write(root.join("hello.py"), "def main(request, response):\n    return \"Hello, world!\\n\"\n")?;
    fs::write(root.join("1k.bin"), vec![b'x'; 1 << 10]).with_context(|| lab.path("sleeping").display().to_string())
}

/// A connection whose handler has sent its head, and sleeps.
async fn begin(port: u16) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /sleeper.py HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut status = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut status)).await.context("no head")??;
    ensure!(&status == b"HTTP/1.1 200", "the handler that sleeps answers {}", status.escape_ascii());
    Ok(stream)
}

async fn look(server: &Server, port: u16) -> anyhow::Result<Moment> {
    let (hello, file) = (latency(port, HELLO).await?, latency(port, FILE).await?);
    let memory = server.memory()?;
    let threads = server.threads()?;
    Ok(Moment { resident: memory.resident, anonymous: memory.anonymous, threads, hello, file })
}

/// Median and 99th percentile in milliseconds, each request on a connection of its own.
async fn latency(port: u16, path: &str) -> anyhow::Result<[f64; 2]> {
    let mut times = Vec::with_capacity(OTHERS);
    for _ in 0..OTHERS {
        let started = Instant::now();
        let response = probe::get(Carrier::Http1, port, path).await?;
        ensure!(response.status == 200, "{path} answers {}", response.status);
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok([times[OTHERS / 2], times[OTHERS * 99 / 100]])
}

fn figures(before: &Moment, meanwhile: &Moment) -> Vec<Figure> {
    let figure =
        |what: &str, value: String, remark: String| Figure { what: what.to_owned(), value, goal: None, remark };
    #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
    let each = |after: u64, before: u64| after.saturating_sub(before) as f64 / 1024.0 / f64::from(SLEEPERS);
    let times = |what: &str, before: [f64; 2], meanwhile: [f64; 2]| {
        figure(
            &format!("{what}, 99 of 100 below, ms"),
            format!("{:.2}", meanwhile[1]),
            format!("without them {:.2}; half below {:.2}, without them {:.2}", before[1], meanwhile[0], before[0]),
        )
    };
    vec![
        figure(
            &format!("memory of its own for each of {SLEEPERS} sleeping Python handlers, KiB"),
            format!("{:.0}", each(meanwhile.anonymous, before.anonymous)),
            // The kernel counts a page of the snapshot once for each instance that has it mapped.
            format!(
                "resident pages not backed by a file; with the snapshot's, which all share, {:.0}",
                each(meanwhile.resident, before.resident)
            ),
        ),
        figure("threads meanwhile", meanwhile.threads.to_string(), format!("without them {}", before.threads)),
        times("other Python requests meanwhile", before.hello, meanwhile.hello),
        times("requests for a file meanwhile", before.file, meanwhile.file),
    ]
}
