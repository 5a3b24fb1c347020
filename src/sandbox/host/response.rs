//! `framewright:handler/types.response-writer`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use wasmtime::component::Resource;

use super::{Guest, Response};
use crate::{
    exchange::{FieldSection, Phase, ResponseWriter, Sent, WriteError},
    sandbox::{bindings::framewright::handler::types, limits::Exceeded, settings::OnDisconnect},
};

/// The response, shared by the guest's calls and by the one who runs the guest: it completes the response when the
/// guest is done. A call that may wait takes the writer out meanwhile; if that call is dropped, so is the writer, which
/// resets the stream, because nobody knows how much of the step has left.
#[derive(Clone)]
pub(in crate::sandbox) struct ResponseCell(Arc<Mutex<Place>>);

enum Place {
    Here(ResponseWriter),
    /// In use by a call, or lost with it; what had been sent before.
    Lent(Sent),
}

impl ResponseCell {
    pub(super) fn new(response: ResponseWriter) -> Self {
        Self(Arc::new(Mutex::new(Place::Here(response))))
    }

    /// Takes the writer out.
    ///
    /// # Errors
    /// What had been sent, while a call that waits has the writer, or has lost it.
    pub(in crate::sandbox) fn take(&self) -> Result<ResponseWriter, Sent> {
        let mut place = self.lock();
        let sent = match &*place {
            Place::Here(response) => response.sent(),
            Place::Lent(sent) => return Err(*sent),
        };
        match std::mem::replace(&mut *place, Place::Lent(sent)) {
            Place::Here(response) => Ok(response),
            Place::Lent(sent) => Err(sent),
        }
    }

    pub(super) fn put(&self, response: ResponseWriter) {
        *self.lock() = Place::Here(response);
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut ResponseWriter) -> T) -> Option<T> {
        match &mut *self.lock() {
            Place::Here(response) => Some(act(response)),
            Place::Lent(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the peer is gone; pending while a call has the writer, which then sees it itself.
    pub(in crate::sandbox) fn poll_peer_gone(&self, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        self.with(|response| response.poll_peer_gone(cx)).unwrap_or(Poll::Pending)
    }
}

/// What the guest gets: the host's answer, or a trap.
type Step = wasmtime::Result<Result<(), types::WriteError>>;

impl Guest {
    fn step(&mut self, which: &Resource<Response>, response: ResponseWriter, result: Result<(), WriteError>) -> Step {
        if let Some(cell) = self.cell(which) {
            cell.put(response);
        }
        self.answer(result)
    }

    fn answer(&mut self, result: Result<(), WriteError>) -> Step {
        let Err(error) = result else { return Ok(Ok(())) };
        Ok(Err(match error {
            WriteError::OutOfOrder(phase) => types::WriteError::OutOfOrder(to_phase(phase)),
            WriteError::InvalidStatus => types::WriteError::InvalidStatus,
            WriteError::InvalidField(index) => {
                types::WriteError::InvalidField(u32::try_from(index).unwrap_or(u32::MAX))
            }
            WriteError::LengthMismatch => types::WriteError::LengthMismatch,
            WriteError::NotAllowed => types::WriteError::NotAllowed,
            WriteError::PeerGone(_) if self.on_disconnect == OnDisconnect::Cancel => {
                return Err(self.exceed(Exceeded::PeerGone));
            }
            WriteError::PeerGone(code) => types::WriteError::PeerGone(code),
            WriteError::FrameTooLarge(most) => types::WriteError::FrameTooLarge(most),
            WriteError::OctetLimit(limit) => return Err(self.exceed(Exceeded::SentOctets(limit))),
        }))
    }

    /// The cell of the exchange's own response, or of one that it pushed; none if it was an earlier exchange's.
    fn cell(&self, which: &Resource<Response>) -> Option<&ResponseCell> {
        match which.rep().wrapping_sub(self.own) {
            0 => Some(&self.response),
            count => self.pushed.get(count as usize - 1),
        }
    }

    /// A writer, for a call that may wait. The guest makes one call at a time, so it is there.
    pub(super) fn writer(&mut self, which: &Resource<Response>) -> wasmtime::Result<ResponseWriter> {
        let cell = self.cell(which).ok_or_else(|| wasmtime::Error::msg("this response was an earlier exchange's"))?;
        cell.take().map_err(|_| wasmtime::Error::msg("the response writer is in use by another call"))
    }
}

impl types::HostResponseWriter for Guest {
    async fn send_informational(&mut self, own: Resource<Response>, status: u16, fields: Vec<types::Field>) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.send_informational(status, &to_section(&fields)).await;
        self.step(&own, response, result)
    }

    async fn send_headers(
        &mut self,
        own: Resource<Response>,
        status: u16,
        fields: Vec<types::Field>,
        end_stream: bool,
    ) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.send_head(status, &to_section(&fields), end_stream).await;
        self.step(&own, response, result)
    }

    async fn send_data(&mut self, own: Resource<Response>, octets: Vec<u8>, end_stream: bool) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.send_data(Bytes::from(octets), end_stream).await;
        self.step(&own, response, result)
    }

    async fn send_data_frame(
        &mut self,
        own: Resource<Response>,
        octets: Vec<u8>,
        padding: Option<u8>,
        end_stream: bool,
    ) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.send_data_frame(Bytes::from(octets), padding, end_stream).await;
        self.step(&own, response, result)
    }

    fn split_fields(&mut self, own: Resource<Response>, octets: u32) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.split_fields(octets);
        self.step(&own, response, result)
    }

    async fn send_trailers(&mut self, own: Resource<Response>, fields: Vec<types::Field>) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.send_trailers(&to_section(&fields)).await;
        self.step(&own, response, result)
    }

    async fn end_stream(&mut self, own: Resource<Response>) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.end_stream().await;
        self.step(&own, response, result)
    }

    fn reset(&mut self, own: Resource<Response>, error_code: u32) -> Step {
        let mut response = self.writer(&own)?;
        let result = response.reset(error_code);
        self.step(&own, response, result)
    }

    fn open_window(&mut self, own: Resource<Response>) -> wasmtime::Result<u64> {
        Ok(self.cell(&own).and_then(|cell| cell.with(|response| response.open_window())).unwrap_or(0))
    }

    fn phase(&mut self, own: Resource<Response>) -> wasmtime::Result<types::Phase> {
        let phase = self.cell(&own).and_then(|cell| cell.with(|response| to_phase(response.phase())));
        Ok(phase.unwrap_or(types::Phase::Closed))
    }

    /// The exchange's own response is completed after the guest; a pushed one that is dropped unfinished is reset.
    fn drop(&mut self, own: Resource<Response>) -> wasmtime::Result<()> {
        if own.rep() != self.own
            && let Some(pushed) = self.cell(&own)
        {
            drop(pushed.take());
        }
        Ok(())
    }
}

pub(super) fn to_section(fields: &[types::Field]) -> FieldSection {
    FieldSection::from_lines(fields.iter().map(|field| (field.name.as_slice(), field.value.as_slice())))
}

fn to_phase(phase: Phase) -> types::Phase {
    match phase {
        Phase::Head => types::Phase::Head,
        Phase::Content => types::Phase::Content,
        Phase::Closed => types::Phase::Closed,
    }
}
