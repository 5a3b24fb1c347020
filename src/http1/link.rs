//! What a connection's task shares with the two handles of its exchange, the [content](super::reader::Reader) and the
//! [response writer](super::writer::Writer).
//!
//! The handles work on the buffers and never touch the socket; the task moves octets between buffers and socket. The
//! lock is held for one step, never across an await, and nobody is woken under it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{
    Settings,
    decoder::{Decoder, Malformed},
    framing::Length,
    head::Request,
    inbox::Inbox,
    outbox::Outbox,
    response::Response,
    settings::OUTBOX_OCTETS,
};
use crate::{
    drain::Drain,
    exchange::{ContentError, ContentEvent, Leave},
};

/// One end of what is shared.
#[derive(Clone, Debug)]
pub(super) struct Link(Arc<Mutex<State>>);

/// What is shared.
#[derive(Debug)]
pub(super) struct State {
    /// From the peer.
    pub(super) inbox: Inbox,
    /// To the peer.
    pub(super) outbox: Outbox,
    /// What is known about the peer's ends of the connection.
    pub(super) peer: Peer,
    /// What the exchange wants to become of our direction.
    pub(super) departure: Departure,
    /// Whether a call of the exchange waits, or was cut off while it did: then nobody knows what it would have sent next.
    pub(super) unfinished: bool,
    /// Where the request content stands.
    pub(super) decoder: Decoder,
    /// Where the response stands.
    pub(super) response: Response,
    /// Whether the client still waits for `100 Continue`.
    awaits_continue: bool,
    /// The connection's task, while it sleeps.
    pub(super) task: Option<Waker>,
    /// Who waits for content, for room in the outbox, for the peer's departure.
    pub(super) waiting: Waiting,
}

/// What is known about the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Peer {
    /// Both directions are open, as far as we know.
    Open,
    /// It sends no more (RFC 9112 §9.6), but may still read.
    HalfClosed,
    /// It neither sends nor reads; or the exchange was cut off from the connection.
    Gone,
}

/// Where our own direction stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Departure {
    /// Open.
    None,
    /// To be left like this after what waits in the outbox.
    Asked(Leave),
    /// Left like this: nothing can be sent.
    Done(Leave),
}

/// Who waits for what; one each.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// For content.
    pub(super) content: Option<Waker>,
    /// For room in the outbox.
    pub(super) room: Option<Waker>,
    /// For the outbox to be empty and the departure, if there is one, to be done.
    pub(super) flushed: Option<Waker>,
    /// For the peer's departure.
    pub(super) departure: Option<Waker>,
}

impl Link {
    /// The link of a new connection.
    pub(super) fn new(drain: Drain) -> Self {
        Self(Arc::new(Mutex::new(State {
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            peer: Peer::Open,
            departure: Departure::None,
            unfinished: false,
            decoder: Decoder::Known(0),
            response: Response::new(drain),
            awaits_continue: false,
            task: None,
            waiting: Waiting::default(),
        })))
    }

    /// The shared state, for one step.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of ours panics under the lock; and if it did, the buffers would still be buffers.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step of a handle that gives the connection's task something to do.
    pub(super) fn step<R>(&self, step: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        let result = step(&mut state);
        let task = state.task.take();
        drop(state);
        // None when the exchange is answered from within the connection's task, the usual case.
        if let Some(task) = task {
            task.wake();
        }
        result
    }

    /// Ends what the handles of the last exchange can do. They may outlive it: then they keep the old state, and the
    /// connection goes on with its buffers in a new one.
    pub(super) fn detach(&mut self) {
        if Arc::strong_count(&self.0) == 1 {
            return;
        }
        let mut state = self.lock();
        let decoder = if state.decoder.is_done() { Decoder::Known(0) } else { Decoder::Broken };
        let fresh = State {
            inbox: std::mem::take(&mut state.inbox),
            outbox: std::mem::take(&mut state.outbox),
            peer: state.peer,
            departure: state.departure,
            unfinished: state.unfinished,
            decoder: std::mem::replace(&mut state.decoder, decoder),
            response: state.response.clone(),
            awaits_continue: state.awaits_continue,
            task: None,
            waiting: Waiting::default(),
        };
        drop(state);
        self.abandon();
        *self = Self(Arc::new(Mutex::new(fresh)));
    }

    /// Tells the handles that the peer is gone.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.peer = Peer::Gone;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        [waiting.content, waiting.room, waiting.flushed, waiting.departure].into_iter().flatten().for_each(Waker::wake);
    }
}

impl State {
    /// Starts an exchange.
    pub(super) fn begin(&mut self, request: &Request, settings: &Settings) {
        let framing = &request.framing;
        self.decoder = Decoder::new(framing.length, settings);
        self.awaits_continue = framing.expects_continue && framing.length != Length::Known(0);
        self.unfinished = false;
        self.response.begin(request.head.version, framing.persistent, settings.after_raw);
    }

    /// Whether the client waits for `100 Continue` before it sends content.
    pub(super) fn awaits_continue(&self) -> bool {
        // RFC 9110 §10.1.1: not once any content has arrived.
        self.awaits_continue && self.inbox.buffer.is_empty()
    }

    /// Whether something can still be sent.
    pub(super) fn can_send(&self) -> bool {
        self.peer != Peer::Gone && self.departure == Departure::None
    }

    /// Whether all that was sent has been handed to the socket, a departure too.
    pub(super) fn is_flushed(&self) -> bool {
        self.outbox.is_flushed() && !matches!(self.departure, Departure::Asked(_))
    }

    /// What a call of the exchange has come to; `None` waits.
    pub(super) fn note_call<R>(&mut self, result: Option<R>) -> Poll<R> {
        self.unfinished = result.is_none();
        result.map_or(Poll::Pending, Poll::Ready)
    }

    /// Whether the connection can carry another request after this exchange.
    pub(super) fn is_persistent(&self) -> bool {
        // A client that still waits to be told may send its content or its next request (RFC 9110 §10.1.1). Politely, the
        // head has settled that; what raw octets told it, nobody knows.
        let unclear = self.response.is_raw() && self.awaits_continue();
        self.departure == Departure::None && !self.unfinished && !unclear && self.response.is_persistent()
    }

    /// Whether a step of the response is done once queued.
    pub(super) fn has_room(&self) -> bool {
        self.outbox.len() <= OUTBOX_OCTETS
    }

    /// The next piece of content out of the inbox, which the wire log learns of where it is a trailer section.
    pub(super) fn next_content(&mut self) -> Result<Option<ContentEvent>, Malformed> {
        let event = self.decoder.next(&mut self.inbox.buffer)?;
        if let (Some(ContentEvent::Trailers(section)), Some(log)) = (&event, self.response.log()) {
            log.received_trailers(section);
        }
        Ok(event)
    }

    /// The next piece of content for the exchange.
    pub(super) fn poll_content(&mut self, cx: &Context<'_>) -> Poll<Result<ContentEvent, ContentError>> {
        match self.next_content() {
            Ok(Some(event)) => {
                self.awaits_continue = false;
                Poll::Ready(Ok(event))
            }
            Ok(None) if self.peer != Peer::Open => Poll::Ready(Err(ContentError::Reset(None))),
            Err(_) if self.peer == Peer::Gone => Poll::Ready(Err(ContentError::Reset(None))),
            Ok(None) => {
                // The raw door adds nothing that the handler has not sent.
                if self.awaits_continue() && !self.response.is_raw() {
                    self.response.send_continue(&mut self.outbox);
                    self.awaits_continue = false;
                }
                self.waiting.content = Some(cx.waker().clone());
                Poll::Pending
            }
            Err(_) => {
                self.response.close_after();
                Poll::Ready(Err(ContentError::Malformed))
            }
        }
    }
}
