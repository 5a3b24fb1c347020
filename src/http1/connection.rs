//! One connection: the only place where codec, clock and socket meet.
//!
//! ```text
//! next_request ──▶ open ──▶ run ──▶ settle ──┐
//!   ▲ │ fault        answered │ │ reset, gone │ not persistent
//!   │ └─▶ refuse ──▶ close ◀──┼─┘◀────────────┤
//!   └─────────────────────────┴──── persistent┘
//! ```

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use super::{
    Fault, Settings,
    deadline::Deadline,
    ending::Settled,
    framing::Length,
    head::{Heads, Request},
    head_log::HeadLog,
    link::{Link, Peer},
    reader::Reader,
    response::Progress,
    transfer,
    writer::Writer,
};
use crate::{
    drain::Drain,
    exchange::{BoxFuture, ConnectionFacts, Dispatch, Exchange, ExchangeId, NoContent, NoFrames, ResponseWriter},
    wire::Transport,
};
use futures_util::future::join;

/// Serves one connection to its end: reads requests one after the other, has each answered, frames the responses.
///
/// The exchange is answered *within* this future, not in a task of its own. A step of the response then wakes nobody:
/// when the answering side waits, the octets it left are written before anything else happens, a head and its content in
/// one go. A busy guest cannot hold them back, as it yields at every tick of the sandbox; and an exchange that outlives
/// its connection is still owned by it.
///
/// When the peer leaves, the exchange is told and runs on; the future resolves after it. Dropping the future closes the
/// connection and abandons the exchange. Once the server drains, a waiting connection closes at once, a busy one after
/// its response.
///
/// # Errors
/// What the peer got wrong, after telling it. Losing the peer is no error.
pub async fn serve<T>(
    io: T,
    facts: Arc<ConnectionFacts>,
    dispatch: Arc<dyn Dispatch>,
    settings: Settings,
    drain: Drain,
) -> Result<(), Fault>
where
    T: Transport + 'static,
{
    let mut connection = Connection::new(io, facts, settings, drain);
    loop {
        let request = match connection.next_request().await {
            Ok(Some(request)) => request,
            Ok(None) => {
                connection.shut_down().await;
                return Ok(());
            }
            Err(fault) => {
                connection.log_refused(fault);
                tracing::debug!(connection = %connection.facts.id, %fault, "refused a request");
                connection.refuse(fault).await;
                return Err(fault);
            }
        };
        let mut answer = dispatch.dispatch(connection.open(request));
        match connection.run(&mut answer).await {
            Ran::Answered => drop(answer),
            Ran::Reset => {
                connection.link.detach();
                join(connection.close(), answer).await;
                return Ok(());
            }
            Ran::Gone => {
                drop(connection);
                answer.await;
                return Ok(());
            }
        }
        match connection.settle().await {
            Settled::Persistent => {}
            Settled::Closing => {
                connection.close().await;
                return Ok(());
            }
            Settled::Gone => return Ok(()),
        }
    }
}

pub(super) struct Connection<T> {
    pub(super) io: T,
    facts: Arc<ConnectionFacts>,
    pub(super) link: Link,
    heads: Heads,
    pub(super) log: Option<HeadLog>,
    pub(super) settings: Settings,
    /// The one deadline of whatever the connection is doing.
    pub(super) deadline: Deadline,
    /// Kept for the whole connection, because registering anew for every request has a price.
    draining: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The deadline that the next head has to meet.
    wait: Wait,
}

/// What a connection without an exchange waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// A whole head, within the deadline for heads.
    Head,
    /// The first octet of the next head.
    Idle,
}

/// How an exchange ended, for its connection.
enum Ran {
    /// The answering side is done.
    Answered,
    /// The response was abandoned, and all that was accepted before is written. The answering side may go on.
    Reset,
    /// The peer is gone, or is once the stream is dropped. The answering side may go on.
    Gone,
}

impl<T: Transport> Connection<T> {
    fn new(io: T, facts: Arc<ConnectionFacts>, settings: Settings, drain: Drain) -> Self {
        let mut signal = drain.clone();
        let log = HeadLog::new(&settings, &facts);
        let link = Link::new(drain);
        link.lock().response.log_to(log.clone());
        Self {
            io,
            facts,
            link,
            heads: Heads::default(),
            log,
            settings,
            deadline: Deadline::default(),
            draining: Box::pin(async move { signal.draining().await }),
            wait: Wait::Head,
        }
    }

    /// The next request; none if the connection ends in good order before its first octet, or the peer is gone.
    async fn next_request(&mut self) -> Result<Option<Request>, Fault> {
        let request = poll_fn(|cx| self.poll_request(cx)).await;
        self.deadline.disarm();
        self.wait = Wait::Idle;
        request
    }

    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Request>, Fault>> {
        let mut state = self.link.lock();
        loop {
            let buffer = &mut state.inbox.buffer;
            if let Some(request) = self.heads.next(buffer, || self.facts.scheme(), &self.settings)? {
                return Poll::Ready(Ok(Some(request)));
            }
            if !buffer.is_empty() && self.wait == Wait::Idle {
                self.wait = Wait::Head;
                self.deadline.disarm();
            }
            if state.peer != Peer::Open {
                let clean = state.inbox.buffer.is_empty();
                return Poll::Ready(if clean { Ok(None) } else { Err(Fault::Incomplete) });
            }
            match state.inbox.poll_read(&mut self.io, cx) {
                Poll::Ready(Ok(0)) => state.peer = Peer::HalfClosed,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    tracing::debug!(connection = %self.facts.id, %error, "lost the peer between requests");
                    state.peer = Peer::Gone;
                    return Poll::Ready(Ok(None));
                }
                Poll::Pending => break,
            }
        }
        let silent = state.inbox.buffer.is_empty();
        drop(state);
        if silent && self.draining.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(None));
        }
        self.deadline.arm_once(match self.wait {
            Wait::Head => self.settings.head_deadline,
            Wait::Idle => self.settings.idle_deadline,
        });
        ready!(self.deadline.poll(cx));
        Poll::Ready(if silent { Ok(None) } else { Err(Fault::Timeout) })
    }

    fn log_refused(&self, fault: Fault) {
        if let Some(log) = &self.log {
            log.refused(self.heads.refused(&self.link.lock().inbox.buffer), fault);
        }
    }

    /// Makes an exchange of a request.
    fn open(&mut self, request: Request) -> Exchange {
        if let Some(log) = &self.log {
            log.received(&request.head.verbatim);
        }
        self.link.lock().begin(&request, &self.settings);
        let Request { head, framing } = request;
        let head_only = head.method == b"HEAD"[..];
        Exchange {
            id: ExchangeId::next(),
            content: match framing.length {
                Length::Known(0) => Box::new(NoContent),
                _ => Box::new(Reader(self.link.clone())),
            },
            response: ResponseWriter::new(Box::new(Writer(self.link.clone())), head.version, head_only),
            head,
            connection: Arc::clone(&self.facts),
            stream_id: None,
            wire: Arc::new(NoFrames),
            arrived: tokio::time::Instant::now(),
        }
    }

    /// Has the exchange answered, moving its octets meanwhile.
    async fn run(&mut self, answer: &mut BoxFuture<'static, ()>) -> Ran {
        poll_fn(|cx| self.poll_run(answer, cx)).await
    }

    fn poll_run(&mut self, answer: &mut BoxFuture<'static, ()>, cx: &mut Context<'_>) -> Poll<Ran> {
        // Awake: steps of the response need not wake this task.
        self.link.lock().task = None;
        loop {
            if answer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ran::Answered);
            }
            let mut state = self.link.lock();
            let moved = transfer::send(&mut self.io, &mut state, &mut self.deadline, &self.settings, cx)
                .and_then(|()| transfer::receive(&mut self.io, &mut state, cx));
            let Ok(arrived) = moved else {
                drop(state);
                self.link.abandon();
                return Poll::Ready(Ran::Gone);
            };
            if state.response.progress() == Progress::Reset && state.outbox.is_flushed() {
                return Poll::Ready(Ran::Reset);
            }
            let content = if arrived { state.waiting.content.take() } else { None };
            let room = if state.has_room() { state.waiting.room.take() } else { None };
            let flushed = if state.is_flushed() { state.waiting.flushed.take() } else { None };
            let mut again = false;
            let mut others = [content, room, flushed];
            for waiting in &mut others {
                // Whoever waits in this very task needs no waking.
                again |= waiting.take_if(|waker| waker.will_wake(cx.waker())).is_some();
            }
            if !again {
                state.task = Some(cx.waker().clone());
            }
            drop(state);
            others.into_iter().flatten().for_each(Waker::wake);
            if !again {
                return Poll::Pending;
            }
        }
    }
}

impl<T> Drop for Connection<T> {
    /// The handles of an exchange may live elsewhere and wait.
    fn drop(&mut self) {
        self.link.abandon();
    }
}
