//! Compiles modules that scripts import, when the exchange that asked for them in vain is over: each in a fresh instance
//! that runs nothing but the compiler, so that no script has a hand in the code that a later one finds.

use std::{
    path::Path,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Grants, House, Program, Runtime, Sandbox, Script, Target, Task, bindings::HandlerPre, code_cache::Missed,
    fault::Case,
};
use crate::exchange::{
    BoxFuture, ConnectionFacts, ConnectionId, Exchange, ExchangeId, FieldSection, NoContent, NoFrames, RequestHead,
    ResponseHead, ResponseWriter, SendError, StreamWriter, Version,
};

impl Sandbox {
    /// Compiles these modules one after another, unless others are being compiled: then a later exchange asks again.
    /// So what exchanges cost beyond their own accounts is bounded by one instance at a time.
    pub(super) fn compile_aside(&self, house: &House, handler: &Arc<HandlerPre>, missed: Vec<Missed>) {
        if missed.is_empty() {
            return;
        }
        let (Some(own), Ok(turn)) = (self.own.upgrade(), Arc::clone(&self.aside).try_acquire_owned()) else { return };
        let (house, handler) = (house.clone(), Arc::clone(handler));
        // Nobody waits for it: it ends with the program.
        drop(tokio::spawn(async move {
            for (path, source) in missed {
                if house.code.has(&path, &source) {
                    continue;
                }
                let target = target(&path, source);
                let exchange = exchange();
                let case = Case { target: &target, exchange: exchange.id, house: &house };
                own.run_alone(&handler, &case, exchange).await;
                tracing::debug!(path, "a module that scripts import is compiled for later exchanges");
            }
            drop(turn);
        }));
    }
}

/// The module as a script that is only compiled. It sees nothing.
fn target(path: &str, source: Bytes) -> Target {
    let path: Arc<str> = path.into();
    let script = Script {
        runtime: Runtime::Python,
        path: Arc::clone(&path),
        source,
        facts: Arc::default(),
        task: Task::Compile,
        is_shared: false,
    };
    Target { program: Program::Script(script), name: path, grants: Grants::NONE, root: Arc::from(Path::new("/")) }
}

/// An exchange with nobody.
fn exchange() -> Exchange {
    let head = RequestHead {
        method: Bytes::from_static(b"GET"),
        scheme: Bytes::from_static(b"http"),
        authority: None,
        path_and_query: Bytes::from_static(b"/"),
        version: Version::Http11,
        fields: FieldSection::default(),
        verbatim: Bytes::new(),
    };
    let nowhere = ([0, 0, 0, 0], 0).into();
    let connection =
        ConnectionFacts { id: ConnectionId::next(), peer: nowhere, local: nowhere, listener: "none".into(), tls: None };
    Exchange {
        id: ExchangeId::next(),
        head,
        content: Box::new(NoContent),
        response: ResponseWriter::new(Box::new(Nobody), Version::Http11, false),
        connection: Arc::new(connection),
        stream_id: None,
        wire: Arc::new(NoFrames),
        arrived: Instant::now(),
    }
}

/// Takes every step of a response, and drops it.
struct Nobody;

type Sent<'a> = BoxFuture<'a, Result<(), SendError>>;

fn sent<'a>() -> Sent<'a> {
    Box::pin(std::future::ready(Ok(())))
}

impl StreamWriter for Nobody {
    fn send_informational<'a>(&'a mut self, _: u16, _: &'a FieldSection) -> Sent<'a> {
        sent()
    }

    fn send_head<'a>(&'a mut self, _: ResponseHead<'a>) -> Sent<'a> {
        sent()
    }

    fn send_data(&mut self, _: Bytes, _: bool) -> Sent<'_> {
        sent()
    }

    fn send_trailers<'a>(&'a mut self, _: &'a FieldSection) -> Sent<'a> {
        sent()
    }

    fn reset(&mut self, _: u32) {}

    fn open_window(&self) -> u64 {
        u64::MAX
    }

    fn can_send_trailers(&self) -> bool {
        false
    }

    fn poll_peer_gone(&mut self, _: &mut Context<'_>) -> Poll<Option<u32>> {
        Poll::Pending
    }
}
