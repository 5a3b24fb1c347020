//! What a handler's function may return, and how a failure is logged.

use crate::{Level, ReadError, WriteError, log, raw::RawError};

/// Why a handler stopped before its response was complete.
#[derive(Debug)]
pub enum Fault {
    /// Request content could not be read.
    Read(ReadError),
    /// A step of the response was refused.
    Write(WriteError),
    /// A raw call was refused.
    Raw(RawError),
}

impl From<RawError> for Fault {
    fn from(error: RawError) -> Self {
        Self::Raw(error)
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<WriteError> for Fault {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

/// Nothing, or a `Result` with a [`Fault`] or what becomes one.
pub trait Outcome {
    /// Logs a failure: a peer that left as `debug`, anything else, being the handler's own fault, as `warn`.
    fn report(self);
}

impl Outcome for () {
    fn report(self) {}
}

impl<E: Into<Fault>> Outcome for Result<(), E> {
    fn report(self) {
        let Err(error) = self else { return };
        match error.into() {
            Fault::Read(error @ ReadError::Reset(_)) => log(Level::Debug, &format!("stopped reading: {error:?}")),
            Fault::Read(error) => log(Level::Warn, &format!("stopped reading: {error:?}")),
            Fault::Write(error @ WriteError::PeerGone(_)) => log(Level::Debug, &format!("stopped writing: {error:?}")),
            Fault::Write(error) => log(Level::Warn, &format!("stopped writing: {error:?}")),
            Fault::Raw(error @ RawError::Gone) => log(Level::Debug, &format!("stopped writing: {error:?}")),
            Fault::Raw(error) => log(Level::Warn, &format!("stopped writing: {error:?}")),
        }
    }
}
