//! The raw door as an exchange goes through it: what is sent counts, and what it touches is not completed.

use bytes::Bytes;

use super::{ResponseWriter, State, WriteError};
use crate::exchange::{PushError, PushedRequest, RAW_OCTETS, RawDoor, RawError, RawFrame};

/// Why a raw call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RawSendError {
    /// The protocol refused it.
    #[error(transparent)]
    Refused(#[from] RawError),
    /// The exchange has sent as many octets as it may.
    #[error(transparent)]
    Limit(WriteError),
}

impl ResponseWriter {
    /// The raw door, for what sends nothing.
    ///
    /// # Errors
    /// [`RawError::WrongProtocol`] where there is no wire.
    pub fn raw(&mut self) -> Result<&mut dyn RawDoor, RawError> {
        self.stream.raw().ok_or(RawError::WrongProtocol)
    }

    /// Whether a raw call has touched the response's own stream: then nobody but the handler completes it.
    pub fn is_raw(&self) -> bool {
        self.stream.is_raw()
    }

    /// See [`RawDoor::send_frames`]; `octets` is what they will be on the wire.
    ///
    /// # Errors
    /// See [`RawSendError`].
    pub async fn send_raw_frames(&mut self, frames: Vec<RawFrame>, octets: usize) -> Result<(), RawSendError> {
        self.count_raw(octets)?;
        Ok(self.raw()?.send_frames(frames).await?)
    }

    /// See [`RawDoor::send_octets`].
    ///
    /// # Errors
    /// See [`RawSendError`].
    pub async fn send_raw_octets(&mut self, octets: Bytes) -> Result<(), RawSendError> {
        self.count_raw(octets.len())?;
        Ok(self.raw()?.send_octets(octets).await?)
    }

    fn count_raw(&mut self, octets: usize) -> Result<(), RawSendError> {
        if octets > RAW_OCTETS {
            return Err(RawError::TooLarge(RAW_OCTETS).into());
        }
        let total = self.sent.octets.saturating_add(octets as u64);
        if total > self.octet_limit {
            return Err(RawSendError::Limit(WriteError::OctetLimit(self.octet_limit)));
        }
        self.sent.octets = total;
        Ok(())
    }

    /// Promises a response (RFC 9113 §8.4), and gives its writer.
    ///
    /// # Errors
    /// See [`PushError`].
    pub fn push(&mut self, request: &PushedRequest<'_>) -> Result<Self, PushError> {
        if !matches!(self.state, State::Head | State::Content { .. }) {
            return Err(PushError::Closed);
        }
        let mut lines = request.fields.iter().enumerate();
        if let Some(index) = lines.position(|(index, field)| !self.can_send(index, field.name, field.value)) {
            return Err(PushError::InvalidField(index));
        }
        // RFC 9113 §8.4: safe and cacheable, without content.
        if !matches!(request.method, b"GET" | b"HEAD") || !request.path_and_query.starts_with(b"/") {
            return Err(PushError::InvalidRequest);
        }
        let stream = self.stream.push(request)?;
        let mut pushed = Self::new(stream, self.version, request.method == b"HEAD");
        pushed.limit_octets(self.octet_limit.saturating_sub(self.sent.octets));
        Ok(pushed)
    }
}
