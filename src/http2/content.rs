//! Request content from an HTTP/2 stream.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::RecvStream;

use super::fault::StreamFault;
use crate::{
    exchange::{ContentError, ContentEvent, ContentStream, FieldSection},
    wire::{TapHandle, hpack::FieldBlock},
};

/// DATA of one stream, and the trailers as the tap saw them.
///
/// The peer's window opens by what [`poll_next`](ContentStream::poll_next) hands out, when it does.
pub(super) struct Content {
    stream: RecvStream,
    state: State,
    tap: TapHandle,
    id: u32,
    malformed: Malformed,
}

/// Whether the request has turned out malformed (RFC 9113 §8.1.1). The content finds it, and the writer, which alone can
/// reset the stream, does so with its next step.
#[derive(Clone, Default)]
pub(super) struct Malformed(Arc<AtomicBool>);

#[derive(Clone, Copy)]
enum State {
    Data,
    Trailers,
    Ended,
    Failed(ContentError),
}

/// A trailer section over the limits is refused like a flood (RFC 9113 §10.5).
const OVER_LIMITS: ContentError = ContentError::Reset(Some(0xb));

impl Content {
    /// The content of stream `id`, which the ledger behind `tap` holds until this is dropped.
    pub(super) fn new(stream: RecvStream, tap: TapHandle, id: u32, malformed: Malformed) -> Self {
        Self { stream, state: State::Data, tap, id, malformed }
    }

    fn fail(&mut self, error: &h2::Error) -> Poll<Result<ContentEvent, ContentError>> {
        self.failed(ContentError::Reset(error.reason().map(u32::from)))
    }

    fn failed(&mut self, error: ContentError) -> Poll<Result<ContentEvent, ContentError>> {
        self.state = State::Failed(error);
        Poll::Ready(Err(error))
    }

    fn take(&mut self, data: Bytes) -> Poll<Result<ContentEvent, ContentError>> {
        match self.stream.flow_control().release_capacity(data.len()) {
            Ok(()) => Poll::Ready(Ok(ContentEvent::Data(data))),
            Err(error) => self.fail(&error),
        }
    }

    fn trailers(&mut self) -> Poll<Result<ContentEvent, ContentError>> {
        self.state = State::Ended;
        let section = match self.tap.claim_trailers(self.id) {
            Some(FieldBlock::Section(section)) => section,
            Some(FieldBlock::TooManyLines | FieldBlock::TooLarge) => return self.failed(OVER_LIMITS),
            None => FieldSection::new(),
        };
        if section.iter().any(|line| line.name.starts_with(b":")) {
            let fault = StreamFault::TrailersMalformed;
            tracing::debug!(stream = self.id, "{fault}");
            self.malformed.set();
            return self.failed(ContentError::Reset(Some(fault.reason().into())));
        }
        Poll::Ready(Ok(ContentEvent::Trailers(section)))
    }
}

impl ContentStream for Content {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<ContentEvent, ContentError>> {
        loop {
            match self.state {
                State::Data => match ready!(self.stream.poll_data(cx)) {
                    Some(Ok(data)) if data.is_empty() => {}
                    Some(Ok(data)) => return self.take(data),
                    Some(Err(error)) => return self.fail(&error),
                    None => self.state = State::Trailers,
                },
                State::Trailers => match ready!(self.stream.poll_trailers(cx)) {
                    Ok(Some(_)) => return self.trailers(),
                    Ok(None) => self.state = State::Ended,
                    Err(error) => return self.fail(&error),
                },
                State::Ended => return Poll::Ready(Ok(ContentEvent::End)),
                State::Failed(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Malformed {
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.tap.release(self.id);
    }
}
