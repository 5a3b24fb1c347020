//! One exchange of the handler `hello` in process: from the exchange to the handler's return, in a fresh instance, with a
//! response that goes nowhere. No protocol, no socket; what is left is the sandbox.
//!
//! Prints percentiles of its own first, since the goal is a median (under 15 µs) and criterion shows means.

#![expect(clippy::print_stdout, reason = "the percentiles are what it is for")]

use std::{
    hint::black_box,
    path::Path,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::ensure;
use bytes::Bytes;
use criterion::Criterion;
use framewright::{
    exchange::{
        BoxFuture, ConnectionFacts, ConnectionId, Exchange, ExchangeId, FieldSection, NoContent, NoFrames, RequestHead,
        ResponseHead, ResponseWriter, SendError, StreamWriter, Version,
    },
    sandbox::{Grants, Outcome, Program, Sandbox, Settings, Target},
};
use tokio::{runtime::Runtime, time::Instant};

/// The goal for the median.
const GOAL: Duration = Duration::from_micros(15);

/// Exchanges before the clock starts, and those that are timed.
const WARM_UP: usize = 2_000;
const TIMED: usize = 50_000;

const HANDLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/handlers/rust/hello.wasm");

fn main() -> anyhow::Result<()> {
    let handler = Path::new(HANDLER);
    ensure!(handler.is_file(), "{HANDLER} is not there; `make handlers` builds it");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bench = Bench::new(handler)?;
    bench.percentiles(&runtime)?;
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("instantiate to return, hello", |bencher| {
        bencher.to_async(&runtime).iter(|| bench.run_once());
    });
    criterion.final_summary();
    Ok(())
}

/// The sandbox, and what all exchanges share.
struct Bench {
    sandbox: Arc<Sandbox>,
    target: Target,
    head: RequestHead,
    connection: Arc<ConnectionFacts>,
}

impl Bench {
    fn new(handler: &Path) -> anyhow::Result<Self> {
        let fields: [(&[u8], &[u8]); 6] = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":path", b"/hello.handler.wasm"),
            (b":authority", b"127.0.0.1:8443"),
            (b"user-agent", b"h2load nghttp2/1.52.0"),
            (b"accept", b"*/*"),
        ];
        let head = RequestHead {
            method: Bytes::from_static(b"GET"),
            scheme: Bytes::from_static(b"https"),
            authority: Some(Bytes::from_static(b"127.0.0.1:8443")),
            path_and_query: Bytes::from_static(b"/hello.handler.wasm"),
            version: Version::Http2,
            fields: FieldSection::from_lines(fields),
            verbatim: Bytes::new(),
        };
        let connection = Arc::new(ConnectionFacts {
            id: ConnectionId::next(),
            peer: ([127, 0, 0, 1], 50_000).into(),
            local: ([127, 0, 0, 1], 8443).into(),
            listener: "https".into(),
            tls: None,
        });
        let target = Target {
            program: Program::Component(handler.into()),
            name: "/hello.handler.wasm".into(),
            grants: Grants::NONE,
            root: handler.parent().unwrap_or(handler).into(),
        };
        Ok(Self { sandbox: Sandbox::new(Settings::default())?, target, head, connection })
    }

    async fn run_once(&self) -> bool {
        let exchange = Exchange {
            id: ExchangeId::next(),
            head: self.head.clone(),
            content: Box::new(NoContent),
            response: ResponseWriter::new(Box::new(Nowhere), Version::Http2, false),
            connection: Arc::clone(&self.connection),
            stream_id: Some(1),
            wire: Arc::new(NoFrames),
            arrived: tokio::time::Instant::now(),
        };
        let report = black_box(self.sandbox.run(&self.target, exchange).await);
        matches!(report.outcome, Outcome::Returned) && report.sent.status == Some(200)
    }

    fn percentiles(&self, runtime: &Runtime) -> anyhow::Result<()> {
        let mut times = runtime.block_on(async {
            for _ in 0..WARM_UP {
                ensure!(self.run_once().await, "the handler does not answer as it should");
            }
            let mut times = Vec::with_capacity(TIMED);
            for _ in 0..TIMED {
                let start = Instant::now();
                let right = self.run_once().await;
                times.push(start.elapsed());
                ensure!(right, "the handler does not answer as it should");
            }
            Ok(times)
        })?;
        times.sort_unstable();
        let at = |part: usize| times[(TIMED - 1) * part / 1000];
        let median = at(500);
        let verdict = if median < GOAL { "met" } else { "missed" };
        println!("instantiate to return, hello, {TIMED} exchanges:");
        println!("  p10 {:?}, p50 {median:?}, p90 {:?}, p99 {:?}, p99.9 {:?}", at(100), at(900), at(990), at(999));
        println!("  goal: p50 < {GOAL:?}: {verdict}");
        if cfg!(debug_assertions) {
            println!("  (says nothing: this is no release build)");
        }
        Ok(())
    }
}

/// A stream whose octets go nowhere.
struct Nowhere;

impl StreamWriter for Nowhere {
    fn send_informational<'a>(&'a mut self, _: u16, _: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async { Ok(()) })
    }

    fn send_head<'a>(&'a mut self, head: ResponseHead<'a>) -> BoxFuture<'a, Result<(), SendError>> {
        black_box(head);
        Box::pin(async { Ok(()) })
    }

    fn send_data(&mut self, octets: Bytes, _: bool) -> BoxFuture<'_, Result<(), SendError>> {
        black_box(octets);
        Box::pin(async { Ok(()) })
    }

    fn send_trailers<'a>(&'a mut self, _: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async { Ok(()) })
    }

    fn reset(&mut self, _: u32) {}

    fn open_window(&self) -> u64 {
        u64::MAX
    }

    fn can_send_trailers(&self) -> bool {
        true
    }

    fn poll_peer_gone(&mut self, _: &mut Context<'_>) -> Poll<Option<u32>> {
        Poll::Pending
    }
}
