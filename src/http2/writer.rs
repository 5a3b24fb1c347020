//! Puts the steps of a response on an HTTP/2 stream.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::{
    Reason, SendStream,
    server::{SendPushedResponse, SendResponse},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tokio::time::timeout;

use super::{
    content::Malformed,
    fault::StreamFault,
    raw::Raw,
    resets::{Reset, Resets},
    settings::{INFORMATIONAL_BATCH, OWN_FRAME_OCTETS, PIECE_OCTETS},
};
use crate::{
    exchange::{
        AfterRaw, BoxFuture, ContentRule, FieldSection, PushError, PushedRequest, RawDoor, ResponseHead, SendError,
        StreamWriter,
    },
    wire::TapHandle,
};

/// One response on its stream.
pub(super) struct Writer {
    pub(super) stream: Stream,
    pub(super) tap: TapHandle,
    pub(super) resets: Resets,
    pub(super) id: u32,
    /// Octets of the stream's window that are spent: content handed to h2, and what flow control counts beside it.
    pub(super) used: u64,
    /// Octets of them that h2 does not know of.
    pub(super) unknown: u64,
    /// 1xx responses handed to h2.
    informational: u32,
    /// Longest wait for a window.
    pub(super) stall: Duration,
    /// Whether h2 has been handed something since it last wrote all.
    pub(super) is_ahead: bool,
    /// The longest fragment of a field section that was asked for and not told to the tap.
    fragment: Option<u32>,
    pub(super) raw: Raw,
    pub(super) after_raw: AfterRaw,
    /// What the content says of the request, if there is content.
    malformed: Option<Malformed>,
}

pub(super) enum Stream {
    Head(SendResponse<Bytes>),
    Pushed(SendPushedResponse<Bytes>),
    /// After the head; the second makes promises.
    Content(SendStream<Bytes>, Option<SendResponse<Bytes>>),
    /// The connection resets it, or has.
    Reset,
}

impl Writer {
    /// The response on stream `id`, which the ledger behind `tap` holds until this is dropped.
    pub(super) fn new(
        stream: Stream,
        tap: TapHandle,
        resets: Resets,
        id: u32,
        stall: Duration,
        after_raw: AfterRaw,
    ) -> Self {
        Self {
            stream,
            tap,
            resets,
            id,
            used: 0,
            unknown: 0,
            informational: 0,
            stall,
            is_ahead: false,
            fragment: None,
            raw: Raw::new(after_raw),
            after_raw,
            malformed: None,
        }
    }

    /// Tells the tap how to split the next field section, once those before have left.
    async fn shape_section(&mut self) {
        if let Some(octets) = self.fragment.take() {
            let tap = self.tap.clone();
            // A peer that is gone takes no more; h2 forgets what it had. Sections that wait for no window are all there is.
            let _ = self.unless_gone(tap.written()).await;
            let id = self.id;
            self.tap.handle(|hand| hand.split(id, octets));
        }
    }

    /// Resolves once h2 has written what it was handed; to false if the peer opens no window for it.
    pub(super) fn all_written(&self) -> impl Future<Output = bool> + use<> {
        let (tap, id, content, stall) = (self.tap.clone(), self.id, self.used - self.unknown, self.stall);
        async move { tap.content_written(id, content, stall).await }
    }

    /// Waits until h2 has written what it was handed.
    async fn catch_up(&mut self) -> Result<(), SendError> {
        if self.is_ahead {
            let written = self.all_written();
            // A peer that is gone takes no more; h2 forgets what it had.
            if self.unless_gone(written).await == Ok(false) {
                return Err(self.stalled());
            }
            self.is_ahead = false;
        }
        Ok(())
    }

    /// Waits for this, or for the peer to go.
    pub(super) async fn unless_gone<T>(&mut self, wanted: impl Future<Output = T>) -> Result<T, SendError> {
        let mut wanted = pin!(wanted);
        poll_fn(|cx| match self.poll_peer_gone(cx) {
            Poll::Ready(code) => Poll::Ready(Err(SendError::PeerGone(code))),
            Poll::Pending => wanted.as_mut().poll(cx).map(Ok),
        })
        .await
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
        self.shape_section().await;
        let seen = self.tap.flushes();
        let Stream::Head(stream) = &mut self.stream else { return Err(self.refused("1xx behind the head").await) };
        self.is_ahead = true;
        let sent = message(status, fields).map(|response| stream.send_informational(response));
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.refused("1xx").await);
        }
        self.informational += 1;
        if self.informational.is_multiple_of(INFORMATIONAL_BATCH) {
            let tap = self.tap.clone();
            return self.unless_gone(tap.flushed_since(seen)).await;
        }
        Ok(())
    }

    async fn head(&mut self, head: ResponseHead<'_>) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        self.shape_section().await;
        let end = matches!(head.content, ContentRule::Forbidden | ContentRule::Empty);
        let Some(response) = message(head.status, head.fields) else { return Err(self.refused("the head").await) };
        self.is_ahead = true;
        let sent = match &mut self.stream {
            Stream::Head(stream) => stream.send_response(response, end),
            Stream::Pushed(stream) => stream.send_response(response, end),
            Stream::Content(..) | Stream::Reset => return Err(self.refused("a second head").await),
        };
        let Ok(content) = sent else { return Err(self.refused("the head").await) };
        let before = std::mem::replace(&mut self.stream, Stream::Reset);
        let promiser = if let Stream::Head(stream) = before { Some(stream) } else { None };
        self.stream = Stream::Content(content, promiser);
        Ok(())
    }

    /// Hands content over as the windows and h2's buffer take it.
    async fn data(&mut self, mut octets: Bytes, end: bool) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        loop {
            let wanted = octets.len().min(PIECE_OCTETS);
            let mut piece = octets.len();
            if wanted > 0 {
                let room = self.capacity(wanted, 1).await?;
                piece = piece.min(room);
            }
            let last = piece == octets.len();
            self.hand_over(octets.split_to(piece), end && last).await?;
            if last {
                return Ok(());
            }
        }
    }

    /// Hands over one DATA frame: h2 makes one of what its windows and the peer's frames hold.
    async fn data_frame(&mut self, octets: Bytes, padding: Option<u8>, end: bool) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        let beside = padding.map_or(0, |padding| usize::from(padding) + 1);
        let most = self.tap.frame_octets().min(OWN_FRAME_OCTETS);
        let whole = octets.len() + beside;
        if whole > most as usize {
            return Err(SendError::FrameTooLarge(most));
        }
        if !octets.is_empty() {
            self.capacity(octets.len(), octets.len()).await?;
        }
        self.window(whole).await?;
        if let Some(padding) = padding {
            self.catch_up().await?;
            let id = self.id;
            self.tap.handle(|hand| hand.pad_next(id, padding));
            self.used += beside as u64;
            self.unknown += beside as u64;
        }
        self.hand_over(octets, end).await
    }

    /// Octets that h2 takes, at least `least` and no more than `most`.
    async fn capacity(&mut self, most: usize, least: usize) -> Result<usize, SendError> {
        let Stream::Content(stream, _) = &mut self.stream else { return Err(self.refused("early content").await) };
        stream.reserve_capacity(most);
        let mut room = stream.capacity();
        while room < least {
            let Stream::Content(stream, _) = &mut self.stream else { return Err(SendError::PeerGone(None)) };
            room = match timeout(self.stall, poll_fn(|cx| stream.poll_capacity(cx))).await {
                Ok(Some(Ok(room))) => room,
                Ok(Some(Err(_)) | None) => return Err(self.refused("content").await),
                Err(_) => return Err(self.stalled()),
            };
        }
        if self.unknown > 0 || self.tap.is_handled() {
            // h2 believes that there is more of the windows than there is.
            self.window(least).await?;
            let open = usize::try_from(self.open_window()).unwrap_or(usize::MAX);
            room = room.min(open.max(least));
        }
        Ok(room)
    }

    /// Waits for the windows as the peer counts them to hold `octets`.
    async fn window(&mut self, octets: usize) -> Result<(), SendError> {
        let tap = self.tap.clone();
        let (id, used, stall) = (self.id, self.used, self.stall);
        let waiting = self.unless_gone(poll_fn(move |cx| tap.poll_window(id, used, octets as u64, cx)));
        match timeout(stall, waiting).await {
            Ok(open) => open,
            Err(_) => Err(self.stalled()),
        }
    }

    async fn hand_over(&mut self, octets: Bytes, end: bool) -> Result<(), SendError> {
        let Stream::Content(stream, _) = &mut self.stream else { return Err(self.refused("early content").await) };
        let length = octets.len() as u64;
        if stream.send_data(octets, end).is_err() {
            return Err(self.refused("content").await);
        }
        self.used += length;
        self.is_ahead = true;
        Ok(())
    }

    async fn trailers(&mut self, fields: &FieldSection) -> Result<(), SendError> {
        self.ensure_well_formed()?;
        self.shape_section().await;
        let Stream::Content(stream, _) = &mut self.stream else { return Err(self.refused("early trailers").await) };
        self.is_ahead = true;
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

    fn send_data_frame(
        &mut self,
        octets: Bytes,
        padding: Option<u8>,
        end: bool,
    ) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(self.data_frame(octets, padding, end))
    }

    fn split_fields(&mut self, octets: u32) {
        self.fragment = Some(octets);
    }

    fn push(&mut self, request: &PushedRequest<'_>) -> Result<Box<dyn StreamWriter>, PushError> {
        Ok(Box::new(self.promise(request)?))
    }

    fn raw(&mut self) -> Option<&mut dyn RawDoor> {
        Some(self)
    }

    fn is_raw(&self) -> bool {
        self.raw.is_own()
    }

    fn send_trailers<'a>(&'a mut self, fields: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(self.trailers(fields))
    }

    fn reset(&mut self, code: u32) {
        if self.raw.is_own() {
            let id = self.id;
            self.tap.handle(|hand| hand.allow_reset(id));
        }
        match std::mem::replace(&mut self.stream, Stream::Reset) {
            Stream::Head(mut stream) if self.informational == 0 => stream.send_reset(Reason::from(code)),
            Stream::Head(stream) => self.resets.after_what_was_sent(Reset::Head(stream, code)),
            Stream::Pushed(mut stream) => stream.send_reset(Reason::from(code)),
            Stream::Content(stream, _) => self.resets.after_what_was_sent(Reset::Content(stream, code)),
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
            Stream::Pushed(stream) => stream.poll_reset(cx),
            Stream::Content(stream, _) => stream.poll_reset(cx),
            Stream::Reset => return Poll::Ready(None),
        };
        // An error is the end of the connection.
        gone.map(|result| result.map_or_else(|error| error.reason(), Some).map(u32::from))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.raw.finish(&self.tap, self.id);
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
pub(super) fn header_map(fields: &FieldSection) -> Option<HeaderMap> {
    let mut map = HeaderMap::try_with_capacity(fields.len()).ok()?;
    for field in fields.iter() {
        let name = HeaderName::from_lowercase(field.name).ok()?;
        let value = HeaderValue::from_maybe_shared(fields.share(field.value)).ok()?;
        map.try_append(name, value).ok()?;
    }
    Some(map)
}
