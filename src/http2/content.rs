//! Request content from an HTTP/2 stream.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;

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
}

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
    pub(super) fn new(stream: RecvStream, tap: TapHandle, id: u32) -> Self {
        Self { stream, state: State::Data, tap, id }
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

impl Drop for Content {
    fn drop(&mut self) {
        self.tap.release(self.id);
    }
}
