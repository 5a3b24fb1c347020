//! The server under attack, and the well-behaved tenant's clock.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{Attack, report::Row};
use crate::support::{Builder, Server, Site, Stream, frames, h1, stream::connect_tcp};

/// The tenant that behaves well, and the one that does not.
pub const GOOD: &str = "good.test";
pub const HOSTILE: &str = "hostile.test";

/// Longest time that one attack may take.
pub const BOUND: Duration = Duration::from_secs(20);

/// Time that is given for what an attack held to be given back.
const RECOVERY: Duration = Duration::from_secs(10);

/// Resident KiB that may stay behind after an attack: warm slots, the allocator's reserve and the log of the test.
const RESIDUE_KIB: u64 = 96 << 10;

/// Between two requests of the good tenant's client.
const PAUSE: Duration = Duration::from_millis(5);

/// Limits low enough for every attack to meet its own within the bound.
const CONFIG: &str = "\
[limits]
handshake_s = 2
header_s = 2
idle_s = 4
stall_s = 3
wall_s = 4
cpu_ms = 300
memory_mib = 64
sent_mib = 64
log_kib = 64
table_elements = 20000

[tenants]
admin = \"127.0.0.1:0\"
compile_cpu_s = 5
compile_mib = 1024

[tenants.limits]
requests_per_s = 100000
requests_burst = 100000
stash_keys = 100
stash_value_kib = 64

[tenants.grant.\"/granted/*\"]
raw = true
stash = true
push = true
";

/// A server with both tenants.
pub struct Arena {
    pub server: Server,
    quiet: Duration,
}

/// What the good tenant's client saw.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    faults: Vec<String>,
}

impl Arena {
    /// Starts the server and measures the good tenant while nobody disturbs it.
    pub async fn open() -> Arc<Self> {
        let site = Site::new();
        site.handler(&format!("{GOOD}/hello.handler.wasm"), "rust/hello");
        for (to, from) in [
            ("hello", "rust/hello"),
            ("odd", "rust/misbehaving"),
            ("granted/raw", "rust/rawdriver"),
            ("granted/stash", "rust/stash"),
            ("raw", "rust/rawdriver"),
            ("stash", "rust/stash"),
            ("wasi", "c/surroundings"),
        ] {
            site.handler(&format!("{HOSTILE}/{to}.handler.wasm"), from);
        }
        site.file(&format!("{HOSTILE}/large"), vec![b'x'; 4 << 20]);
        let server = Builder::new(site).tenants().config(CONFIG).start();
        let mut arena = Self { server, quiet: Duration::ZERO };
        // Compiles both, so that the measurement is of warm handlers.
        assert_eq!(arena.get("/odd.handler.wasm?do=count").await.status, 200);
        arena.watch(async { tokio::time::sleep(Duration::from_millis(200)).await }).await;
        let ((), seen) = arena.watch(async { tokio::time::sleep(Duration::from_secs(2)).await }).await;
        assert!(seen.faults.is_empty(), "the good tenant on a quiet server: {:?}", seen.faults);
        arena.quiet = p99(seen.times);
        Arc::new(arena)
    }

    /// The good tenant's p99 on the quiet server.
    pub fn quiet(&self) -> Duration {
        self.quiet
    }

    /// Runs an attack and judges what became of the server.
    pub async fn endure(self: &Arc<Self>, attack: &Attack) -> Row {
        let before = self.server.resident_kib();
        let attacked = AssertUnwindSafe(timeout(BOUND, (attack.run)(self.clone()))).catch_unwind();
        let (outcome, seen) = self.watch(attacked).await;
        let mut faults = seen.faults;
        let refused = match outcome {
            Ok(Ok(refused)) => refused,
            Ok(Err(_)) => {
                faults.push(format!("it took more than {BOUND:?}"));
                String::new()
            }
            Err(panic) => {
                faults.push(told(panic.as_ref()));
                String::new()
            }
        };
        let after = self.recovered(before).await;
        if after > before + RESIDUE_KIB {
            faults.push(format!("{} KiB stayed behind", after - before));
        }
        if timeout(BOUND, self.asks_good()).await != Ok(Ok(())) {
            faults.push("the good tenant is not served afterwards".to_owned());
        }
        Row { name: attack.name.clone(), refused, quiet: self.quiet, during: p99(seen.times), before, after, faults }
    }

    /// Does something while the good tenant's client asks.
    async fn watch<T>(&self, what: impl Future<Output = T>) -> (T, Seen) {
        let done = AtomicBool::new(false);
        let asking = async {
            let mut seen = Seen::default();
            while !done.load(Ordering::Relaxed) {
                let started = Instant::now();
                match timeout(BOUND, self.asks_good()).await {
                    Ok(Ok(())) => seen.times.push(started.elapsed()),
                    Ok(Err(fault)) => seen.faults.push(format!("the good tenant got {fault}")),
                    Err(_) => seen.faults.push("the good tenant got no answer".to_owned()),
                }
                tokio::time::sleep(PAUSE).await;
            }
            seen
        };
        let doing = async {
            let done_with = what.await;
            done.store(true, Ordering::Relaxed);
            done_with
        };
        tokio::join!(doing, asking)
    }

    /// One request of the good tenant's client, on a connection of its own, so that accepting is measured as well.
    async fn asks_good(&self) -> Result<(), String> {
        let stream = TcpStream::connect(("127.0.0.1", self.server.port("http"))).await.map_err(|e| e.to_string())?;
        let mut connection = h1::Connection::new(Stream::Plain(stream));
        let request = format!("GET /hello.handler.wasm HTTP/1.1\r\nHost: {GOOD}\r\nConnection: close\r\n\r\n");
        connection.send(request).await;
        let text = String::from_utf8_lossy(&connection.rest().await).into_owned();
        if text.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(format!("{text:?}")) }
    }

    /// Resident memory, once it is back or time is up.
    async fn recovered(&self, before: u64) -> u64 {
        let started = Instant::now();
        loop {
            let now = self.server.resident_kib();
            if now <= before + RESIDUE_KIB || started.elapsed() > RECOVERY {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A cleartext connection on which nothing has been said.
    pub async fn tcp(&self) -> TcpStream {
        connect_tcp(self.server.port("http")).await
    }

    /// A cleartext HTTP/1.1 connection.
    pub async fn h1(&self) -> h1::Connection {
        h1::Connection::new(Stream::Plain(self.tcp().await))
    }

    /// A cleartext HTTP/2 connection with these settings.
    pub async fn h2(&self, settings: &[(u16, u32)]) -> frames::Connection {
        frames::Connection::new(Stream::Plain(self.tcp().await), settings).await
    }

    /// A GET for the hostile tenant.
    pub async fn get(&self, target: &str) -> h1::Response {
        let mut connection = self.h1().await;
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: {HOSTILE}\r\n\r\n")).await;
        connection.response("GET").await
    }

    /// Waits for a line of the log about the hostile tenant that has these words, behind this octet of it, and gives it.
    /// Unlike the server's own verb it leaves the thread to the good tenant's client.
    pub async fn logged(&self, from: usize, part: &str) -> String {
        let told = |line: &&str| line.contains(part) && line.contains(HOSTILE);
        loop {
            if let Some(line) = self.server.log()[from..].lines().find(told) {
                return line.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The hostile tenant's refusals so far, by quota, as the operator's figures tell.
    pub async fn refusals(&self, quota: &str) -> u64 {
        let port = self.server.port("admin");
        let mut connection = h1::Connection::new(Stream::Plain(connect_tcp(port).await));
        let metrics = connection.get("/metrics").await;
        let sample = format!("framewright_tenant_refused_total{{tenant=\"{HOSTILE}\",quota=\"{quota}\"}} ");
        let count = metrics.text().lines().find_map(|line| line.strip_prefix(&sample));
        count.map_or(0, |count| count.parse().expect("a number"))
    }
}

/// What a panic says.
fn told(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").chars().take(300).collect()
}

/// The time that one request in a hundred exceeds.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default()
}
