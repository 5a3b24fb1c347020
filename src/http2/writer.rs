//! Puts the steps of a response on an HTTP/2 stream.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, SendStream, server::SendResponse};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tokio::time::timeout;

use super::{
    content::Malformed,
    fault::StreamFault,
    resets::{Reset, Resets},
    settings::{INFORMATIONAL_BATCH, PIECE_OCTETS},
};
use crate::{
    exchange::{BoxFuture, ContentRule, FieldSection, ResponseHead, SendError, StreamWriter},
    wire::TapHandle,
};

/// One response on its stream.
pub(super) struct Writer {
    stream: Stream,
    tap: TapHandle,
    resets: Resets,
    id: u32,
    /// Octets of content handed to h2.
    used: u64,
    /// 1xx responses handed to h2.
    informational: u32,
    /// Longest wait for a window.
    stall: Duration,
    /// What the content says of the request, if there is content.
    malformed: Option<Malformed>,
}

enum Stream {
    Head(SendResponse<Bytes>),
    Content(SendStream<Bytes>),
    /// The connection resets it, or has.
    Reset,
}

impl Writer {
    /// The response on stream `id`, which the ledger behind `tap` holds until this is dropped.
    pub(super) fn new(stream: SendResponse<Bytes>, tap: TapHandle, resets: Resets, id: u32, stall: Duration) -> Self {
        Self { stream: Stream::Head(stream), tap, resets, id, used: 0, informational: 0, stall, malformed: None }
    }

    /// Resets the stream once the request turns out malformed.
    pub(super) fn heed(&mut self, malformed: Malformed) {
        self.malformed = Some(malformed);
    }

    /// Before a step: a malformed request gets no response, but a stream error (RFC 9113 §8.1.1).
    fn ensure_well_formed(&mut self) -> Result<(), SendError> {
        if !self.malformed.as_ref().is_some_and(Malformed::is_set) {
            return Ok(());
        }
        let code = StreamFault::TrailersMalformed.reason().into();
        self.reset(code);
        Err(SendError::PeerGone(Some(code)))
    }

    async fn informational(&mut self, status: u16, fields: &FieldSection) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        // h2 would queue it even on a stream that the peer has reset.
        if let Some(code) = poll_fn(|cx| Poll::Ready(self.gone_now(cx))).await {
            return Err(SendError::PeerGone(code));
        }
        let seen = self.tap.flushes();
        let Stream::Head(stream) = &mut self.stream else { return Err(self.refused("1xx behind the head").await) };
        let sent = message(status, fields).map(|response| stream.send_informational(response));
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.refused("1xx").await);
        }
        self.informational += 1;
        if self.informational.is_multiple_of(INFORMATIONAL_BATCH) {
            return self.flushed(seen).await;
        }
        Ok(())
    }

    /// Waits until what stands before the writer has left, or the peer has.
    async fn flushed(&mut self, seen: u64) -> Result<(), SendError> {
        let tap = self.tap.clone();
        let mut flushed = pin!(tap.flushed_since(seen));
        poll_fn(|cx| {
            if let Poll::Ready(code) = self.poll_peer_gone(cx) {
                return Poll::Ready(Err(SendError::PeerGone(code)));
            }
            flushed.as_mut().poll(cx).map(Ok)
        })
        .await
    }

    async fn head(&mut self, head: ResponseHead<'_>) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        let end = matches!(head.content, ContentRule::Forbidden | ContentRule::Empty);
        let Stream::Head(stream) = &mut self.stream else { return Err(self.refused("a second head").await) };
        match message(head.status, head.fields).map(|response| stream.send_response(response, end)) {
            Some(Ok(stream)) => self.stream = Stream::Content(stream),
            Some(Err(_)) | None => return Err(self.refused("the head").await),
        }
        Ok(())
    }

    /// Hands content over as the windows and h2's buffer take it.
    async fn data(&mut self, mut octets: Bytes, end: bool) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        loop {
            let Stream::Content(stream) = &mut self.stream else { return Err(self.refused("early content").await) };
            let mut piece = octets.len();
            if piece > 0 {
                stream.reserve_capacity(piece.min(PIECE_OCTETS));
                let mut room = stream.capacity();
                if room == 0 {
                    room = match timeout(self.stall, poll_fn(|cx| stream.poll_capacity(cx))).await {
                        Ok(Some(Ok(room))) => room,
                        Ok(Some(Err(_)) | None) => return Err(self.refused("content").await),
                        Err(_) => return Err(self.stalled()),
                    };
                }
                piece = piece.min(room);
            }
            let last = piece == octets.len();
            if stream.send_data(octets.split_to(piece), end && last).is_err() {
                return Err(self.refused("content").await);
            }
            self.used += piece as u64;
            if last {
                return Ok(());
            }
        }
    }

    async fn trailers(&mut self, fields: &FieldSection) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        let Stream::Content(stream) = &mut self.stream else { return Err(self.refused("early trailers").await) };
        match header_map(fields).map(|fields| stream.send_trailers(fields)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(self.refused("trailers").await),
        }
    }

    /// h2 refused a step: because the peer is gone, or else by a fault of ours, which ends the stream.
    async fn refused(&mut self, step: &'static str) -> SendError {
        if let Some(code) = poll_fn(|cx| Poll::Ready(self.gone_now(cx))).await {
            return SendError::PeerGone(code);
        }
        let fault = StreamFault::StepRefused;
        tracing::error!(stream = self.id, step, "{fault}");
        self.reset(fault.reason().into());
        SendError::PeerGone(None)
    }

    /// The peer opens no window. Somebody else can use what its stream holds.
    fn stalled(&mut self) -> SendError {
        let fault = StreamFault::Stalled;
        tracing::debug!(stream = self.id, "{fault} for {:?}", self.stall);
        self.reset(fault.reason().into());
        SendError::PeerGone(None)
    }

    fn gone_now(&mut self, cx: &mut Context<'_>) -> Option<Option<u32>> {
        match self.poll_peer_gone(cx) {
            Poll::Ready(code) => Some(code),
            Poll::Pending => None,
        }
    }
}

impl StreamWriter for Writer {
    fn send_informational<'a>(
        &'a mut self,
        status: u16,
        fields: &'a FieldSection,
    ) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(self.informational(status, fields))
    }

    fn send_head<'a>(&'a mut self, head: ResponseHead<'a>) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(self.head(head))
    }

    fn send_data(&mut self, octets: Bytes, end: bool) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(self.data(octets, end))
    }

    fn send_trailers<'a>(&'a mut self, fields: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(self.trailers(fields))
    }

    fn reset(&mut self, code: u32) {
        match std::mem::replace(&mut self.stream, Stream::Reset) {
            Stream::Head(mut stream) if self.informational == 0 => stream.send_reset(Reason::from(code)),
            Stream::Head(stream) => self.resets.after_what_was_sent(Reset::Head(stream, code)),
            Stream::Content(stream) => self.resets.after_what_was_sent(Reset::Content(stream, code)),
            Stream::Reset => {}
        }
    }

    /// Counted by the tap, as h2 tells only of windows that it has assigned. What other streams have handed over but
    /// not yet written is not counted, so that a little less may pass.
    fn open_window(&self) -> u64 {
        self.tap.open_window(self.id, self.used)
    }

    fn can_send_trailers(&self) -> bool {
        true
    }

    fn poll_peer_gone(&mut self, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        let gone = match &mut self.stream {
            Stream::Head(stream) => stream.poll_reset(cx),
            Stream::Content(stream) => stream.poll_reset(cx),
            Stream::Reset => return Poll::Ready(None),
        };
        // An error is the end of the connection.
        gone.map(|result| result.map_or_else(|error| error.reason(), Some).map(u32::from))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.tap.release(self.id);
    }
}

/// A response as h2 takes it; none if a field cannot be sent, which the response writer has excluded.
fn message(status: u16, fields: &FieldSection) -> Option<Response<()>> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = header_map(fields)?;
    Some(response)
}

/// Names keep the order of their first occurrence; lines of one name stand side by side.
fn header_map(fields: &FieldSection) -> Option<HeaderMap> {
    let mut map = HeaderMap::try_with_capacity(fields.len()).ok()?;
    for field in fields.iter() {
        let name = HeaderName::from_lowercase(field.name).ok()?;
        let value = HeaderValue::from_maybe_shared(fields.share(field.value)).ok()?;
        map.try_append(name, value).ok()?;
    }
    Some(map)
}
