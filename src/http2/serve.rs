//! Joins h2 to a socket: one connection, its streams, and the tasks that answer them.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::{Request, Response, StatusCode};
use tokio::{
    task::{JoinError, JoinSet, unconstrained},
    time::{Instant, sleep, timeout},
};

use super::{
    Fault, Settings,
    content::{Content, Malformed},
    fault::StreamFault,
    resets::{PendingResets, Resets},
    settings::INLINE_TIME,
    writer::{Stream, Writer},
};
use crate::{
    drain::Drain,
    exchange::{
        AfterRaw, BoxFuture, ConnectionFacts, ContentStream, Dispatch, Exchange, ExchangeId, FieldSection, NoContent,
        RequestHead, ResponseWriter, StreamWriter, Version, WireView,
    },
    wire::{Closing, Section, Tap, TapHandle, Transport, hpack::FieldBlock},
};

type Connection<T> = h2::server::Connection<Tap<T>, Bytes>;

/// Serves one HTTP/2 connection, from the client's preface on, and resolves when it is closed and every exchange on it
/// has been answered: handlers run on after the peer has gone, and are told. When the server drains, the peer gets
/// GOAWAY, and the connection closes after its last stream.
///
/// # Errors
/// What ended the connection; see [`Fault`].
///
/// # Cancel safety
/// Dropping the future closes the connection and abandons its exchanges.
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
    let mut tap = Tap::new(io, settings.limits(), settings.most_arrived());
    if let Some(log) = &settings.wire_log {
        tap.log_to(Arc::clone(log), facts.id.as_u64());
    }
    let handle = tap.handle();
    let preface = timeout(settings.preface_deadline, settings.builder().handshake(tap)).await;
    let mut connection = preface.map_err(|_| Fault::PrefaceDeadline(settings.preface_deadline))??;
    let (resets, pending) = Resets::new();
    let mut streams = Streams {
        facts,
        dispatch,
        view: Arc::new(handle.clone()),
        tap: handle,
        resets,
        tasks: JoinSet::new(),
        accepted: 0,
        stall: settings.stall_deadline,
        after_raw: settings.after_raw,
        closing: None,
    };
    let end = drive(&mut connection, &mut streams, pending, &settings, drain).await;
    // What still waits on the connection learns that it is gone.
    drop(connection);
    while let Some(end) = streams.tasks.join_next().await {
        report(end);
    }
    end
}

/// Keeps the connection going until it closes.
async fn drive<T>(
    connection: &mut Connection<T>,
    streams: &mut Streams,
    mut resets: PendingResets,
    settings: &Settings,
    mut drain: Drain,
) -> Result<(), Fault>
where
    T: Transport,
{
    let mut draining = pin!(async move { drain.draining().await });
    let mut tick = pin!(sleep(settings.idle_deadline));
    let mut drained = false;
    let mut closing = false;
    let mut progress = streams.progress();
    loop {
        tokio::select! {
            // The connection first: under load the others need no look, and resets follow what it writes.
            biased;
            end = poll_fn(|cx| streams.turn(connection, cx)) => return end,
            () = resets.turn() => {}
            () = &mut draining, if !drained => {
                drained = true;
                connection.graceful_shutdown();
            }
            () = &mut tick => {
                let now = streams.progress();
                if streams.are_quiet() && now == progress {
                    if closing {
                        return Err(Fault::Stalled(settings.idle_deadline));
                    }
                    closing = true;
                    connection.graceful_shutdown();
                }
                progress = now;
                tick.as_mut().reset(Instant::now() + settings.idle_deadline);
            }
        }
    }
}

/// The exchanges of one connection.
struct Streams {
    facts: Arc<ConnectionFacts>,
    dispatch: Arc<dyn Dispatch>,
    tap: TapHandle,
    /// The same, as exchanges see it.
    view: Arc<dyn WireView>,
    resets: Resets,
    tasks: JoinSet<()>,
    /// Streams accepted so far.
    accepted: u64,
    /// Longest wait of a response for a window.
    stall: Duration,
    /// What becomes of the connection after raw use, where nobody says.
    after_raw: AfterRaw,
    /// How the connection has been told to close after raw use.
    closing: Option<Closing>,
}

impl Streams {
    /// One turn of the connection: takes the requests that are there, and writes what is to be written. Ready when the
    /// connection is over.
    ///
    /// An exchange gets its first moments right here, and a task of its own only if it is not done by then: most are,
    /// and what they answer leaves in one write. A turn that has lasted too long for that gives the rest tasks at once.
    fn turn<T>(&mut self, connection: &mut Connection<T>, cx: &mut Context<'_>) -> Poll<Result<(), Fault>>
    where
        T: Transport,
    {
        let mut began = None;
        self.tap.driven_by(cx.waker());
        loop {
            self.close_after_raw(connection);
            match connection.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => {
                    let began = *began.get_or_insert_with(Instant::now);
                    let Some(exchange) = self.accept(request, respond) else { continue };
                    if began.elapsed() < INLINE_TIME {
                        self.tap.cork();
                        self.begin(exchange, cx);
                    } else {
                        self.tap.uncork();
                        self.tasks.spawn(exchange);
                    }
                }
                Poll::Ready(end) => {
                    self.tap.uncork();
                    return Poll::Ready(end.map_or(Ok(()), |end| end.map(|_| ()).map_err(Fault::from)));
                }
                // What was held back leaves with the next look.
                Poll::Pending if began.take().is_some() => self.tap.uncork(),
                Poll::Pending => {
                    self.tap.note_turn();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Closes the connection if an exchange's raw use makes it necessary.
    fn close_after_raw<T: Transport>(&mut self, connection: &mut Connection<T>) {
        let closing = self.tap.closing();
        if closing != self.closing {
            self.closing = closing;
            match closing {
                Some(Closing::Graceful) => connection.graceful_shutdown(),
                Some(Closing::Abrupt) => connection.abrupt_shutdown(Reason::NO_ERROR),
                None => {}
            }
        }
    }

    /// Polls an exchange once; one that is not done gets a task.
    fn begin(&mut self, mut exchange: BoxFuture<'static, ()>, cx: &mut Context<'_>) {
        // The connection's own budget is for its socket.
        let mut first = unconstrained(&mut exchange);
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut first).poll(cx))) {
            Ok(Poll::Ready(())) => {}
            Ok(Poll::Pending) => drop(self.tasks.spawn(exchange)),
            Err(_) => tracing::error!("an exchange panicked"),
        }
    }

    /// Makes an exchange of a request and has it dispatched; none if the request has been refused.
    fn accept(
        &mut self,
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Option<BoxFuture<'static, ()>> {
        self.reap();
        self.accepted += 1;
        let id = respond.stream_id().as_u32();
        let Some(Section { block, end_stream, arrived }) = self.tap.claim_head(id) else {
            let fault = StreamFault::SectionMissing;
            tracing::error!(stream = id, "{fault}");
            respond.send_reset(fault.reason());
            return None;
        };
        let FieldBlock::Section(fields) = block else {
            tracing::debug!(stream = id, "a request head has too many fields");
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            // An error says that the peer has reset the stream already.
            let _ = respond.send_response(response, true);
            return None;
        };
        // The parts of the exchange let the stream go when they are dropped, whatever follows.
        let mut writer = Box::new(Writer::new(
            Stream::Head(respond),
            self.tap.clone(),
            self.resets.clone(),
            id,
            self.stall,
            self.after_raw,
        ));
        let content: Box<dyn ContentStream> = if end_stream {
            Box::new(NoContent)
        } else {
            let malformed = Malformed::default();
            writer.heed(malformed.clone());
            Box::new(Content::new(request.into_body(), self.tap.clone(), id, malformed))
        };
        let Some(head) = request_head(fields, &self.facts) else {
            let fault = StreamFault::TargetMissing;
            tracing::debug!(stream = id, "{fault}");
            writer.reset(fault.reason().into());
            return None;
        };
        let head_only = head.method.as_ref() == b"HEAD";
        let exchange = Exchange {
            id: ExchangeId::next(),
            head,
            content,
            response: ResponseWriter::new(writer, Version::Http2, head_only),
            connection: Arc::clone(&self.facts),
            stream_id: Some(id),
            wire: Arc::clone(&self.view),
            arrived,
        };
        Some(self.dispatch.dispatch(exchange))
    }

    /// Forgets finished tasks. Done in passing, as to be woken for each would double the connection's turns.
    fn reap(&mut self) {
        while let Some(end) = self.tasks.try_join_next() {
            report(end);
        }
    }

    /// Whether no exchange is being answered.
    fn are_quiet(&mut self) -> bool {
        self.reap();
        self.tasks.is_empty()
    }

    /// Grows whenever a stream opens or content leaves.
    fn progress(&self) -> (u64, u64) {
        (self.accepted, self.tap.data_octets())
    }
}

fn report(end: Result<(), JoinError>) {
    if let Err(error) = end
        && error.is_panic()
    {
        tracing::error!("the task of an exchange panicked: {error}");
    }
}

/// The request head as the client wrote it; none if it names no target. h2 has seen to it that the pseudo-fields stand
/// first and once each, that there are a method and, but for CONNECT, a scheme, and that CONNECT has neither scheme nor
/// path (RFC 9113 §8.3.1, §8.5).
fn request_head(fields: FieldSection, facts: &ConnectionFacts) -> Option<RequestHead> {
    let [mut method, mut scheme, mut authority, mut path] = [const { None }; 4];
    for field in fields.iter().take_while(|field| field.name.starts_with(b":")) {
        match field.name {
            b":method" => method = Some(shared(&fields, field.value)),
            b":scheme" => scheme = Some(shared(&fields, field.value)),
            b":authority" => authority = Some(shared(&fields, field.value)),
            b":path" => path = Some(shared(&fields, field.value)),
            _ => {}
        }
    }
    let method = method?;
    let connect = method.as_ref() == b"CONNECT";
    let path_and_query = if connect { authority.clone() } else { path }?;
    let authority = authority.or_else(|| fields.first("host").map(|host| shared(&fields, host)));
    Some(RequestHead {
        method,
        scheme: scheme.unwrap_or_else(|| facts.scheme()),
        path_and_query,
        authority,
        version: Version::Http2,
        fields,
        verbatim: Bytes::new(),
    })
}

/// A value of the section; the most common ones without touching its reference count.
fn shared(fields: &FieldSection, value: &[u8]) -> Bytes {
    const COMMON: [&[u8]; 6] = [b"GET", b"https", b"http", b"POST", b"HEAD", b"/"];
    match COMMON.iter().find(|common| **common == value) {
        Some(common) => Bytes::from_static(common),
        None => fields.share(value),
    }
}
