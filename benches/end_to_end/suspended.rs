//! What an exchange costs in memory while its handler waits.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use tokio::{net::TcpStream, task::JoinSet, time::sleep};

use super::{
    lab::{Lab, NotMeasured},
    load::Carrier,
    probe,
    process::{Memory, Server},
    report::Figure,
    stats::{Bound, Goal, Spread},
};

/// Connections; each carries [`STREAMS`] exchanges.
const CONNECTIONS: u32 = 50;

/// Exchanges on each connection; the server allows 256.
const STREAMS: u32 = 200;

/// Exchanges at one time: all the slots there are.
const EXCHANGES: u32 = CONNECTIONS * STREAMS;

/// KiB of resident memory for each exchange.
const GOAL: Goal = Goal { bound: Bound::Under(100.0), name: "KiB" };

/// The handler that waits, and how it is told to: once its head has left, so that we see it run.
const HANDLER: &str = "rust/misbehaving.wasm";
const PATH: &str = "/misbehaving.handler.wasm?do=wait&at=head";

/// What has become of the exchanges.
#[derive(Default)]
struct Tally {
    /// Heads that have arrived.
    begun: AtomicU32,
    /// Responses that have ended, or failed.
    ended: AtomicU32,
}

/// Fills every slot with an exchange that waits and divides what the server grew by.
///
/// # Errors
/// [`NotMeasured`] if the kernel's limits do not let the server start with so many slots; otherwise exchanges that do not
/// begin, or end.
pub(crate) async fn run(lab: &Lab) -> anyhow::Result<Vec<Figure>> {
    if lab.is_rehearsal() {
        return Err(NotMeasured("the control has no handlers".to_owned()).into());
    }
    let server = start(lab).await?;
    let port = server.http.context("no cleartext listener")?;
    // The first exchange compiles the handler and touches what is shared.
    let first = probe::get(Carrier::Http1, port, &format!("{PATH}&ms=1")).await?;
    ensure!(first.status == 200, "the handler that waits answers {}", first.status);
    sleep(Duration::from_secs(1)).await;
    let before = server.memory()?;
    let tally = Arc::new(Tally::default());
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        open(port, &tally, &mut connections).await?;
    }
    let after = settled(&server, &tally).await?;
    connections.shutdown().await;
    server.stop().await?;
    let each = |octets: u64| {
        #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
        let octets = octets as f64;
        octets / 1024.0 / f64::from(EXCHANGES)
    };
    let resident = each(after.resident.saturating_sub(before.resident));
    let spread = Spread::of([resident])?;
    Ok(vec![Figure {
        what: format!("resident memory for each of {EXCHANGES} suspended exchanges, KiB"),
        value: format!("{resident:.1}"),
        goal: Some((GOAL, GOAL.verdict(spread))),
        remark: format!(
            "{CONNECTIONS} × {STREAMS} h2, clear text; {:.1} KiB not backed by a file; {} → {} MiB in all",
            each(after.anonymous.saturating_sub(before.anonymous)),
            before.resident >> 20,
            after.resident >> 20
        ),
    }])
}

async fn start(lab: &Lab) -> anyhow::Result<Server> {
    let root = lab.path("waiting");
    fs::create_dir_all(&root)?;
    fs::write(root.join("misbehaving.handler.wasm"), lab.handler(HANDLER)?)?;
    let configuration = format!("[limits]\nslots = {EXCHANGES}\n");
    lab.start_framewright(&configuration, &root, &[]).await.map_err(|error| {
        let message = format!("{error:#}");
        if message.contains("max_map_count") || message.contains("NOFILE") {
            let maps = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
            NotMeasured(format!("refused with vm.max_map_count at {}: {message}", maps.trim())).into()
        } else {
            error
        }
    })
}

/// Opens a connection and all its exchanges; tasks of `connections` keep them open and count those that end.
async fn open(port: u16, tally: &Arc<Tally>, connections: &mut JoinSet<()>) -> anyhow::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut client, connection) =
        h2::client::Builder::new().initial_max_send_streams(STREAMS as usize).handshake::<_, Bytes>(stream).await?;
    connections.spawn(async move {
        let _ = connection.await;
    });
    for _ in 0..STREAMS {
        client = client.ready().await?;
        let request = http::Request::get(format!("http://127.0.0.1:{port}{PATH}")).body(())?;
        let (response, _) = client.send_request(request, true)?;
        let tally = Arc::clone(tally);
        connections.spawn(async move {
            if let Ok(mut response) = response.await
                && response.status() == 200
            {
                tally.begun.fetch_add(1, Ordering::Relaxed);
                while let Some(Ok(_)) = response.body_mut().data().await {}
            }
            tally.ended.fetch_add(1, Ordering::Relaxed);
        });
    }
    let client = client.ready().await?;
    // Dropping the last handle would end the connection once its streams end; they do not.
    drop(client);
    Ok(())
}

/// Waits until all exchanges have begun and the server has stopped growing.
async fn settled(server: &Server, tally: &Tally) -> anyhow::Result<Memory> {
    let mut last = server.memory()?;
    for _ in 0..60 {
        sleep(Duration::from_secs(2)).await;
        let now = server.memory()?;
        let (begun, ended) = (tally.begun.load(Ordering::Relaxed), tally.ended.load(Ordering::Relaxed));
        ensure!(ended == 0, "{ended} of {EXCHANGES} exchanges ended");
        if begun == EXCHANGES && now.resident.abs_diff(last.resident) < last.resident / 1000 {
            return Ok(now);
        }
        last = now;
    }
    let begun = tally.begun.load(Ordering::Relaxed);
    bail!("after two minutes {begun} of {EXCHANGES} exchanges have begun, {} MiB are resident", last.resident >> 20)
}
