//! Puts what a step answered into the WIT's own words.

use framewright_guest::{Phase, WriteError};

pub fn outcome(result: &Result<(), WriteError>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(WriteError::OutOfOrder(at)) => format!("out-of-order({})", phase(*at)),
        Err(WriteError::InvalidStatus) => "invalid-status".to_owned(),
        Err(WriteError::InvalidField(index)) => format!("invalid-field({index})"),
        Err(WriteError::LengthMismatch) => "length-mismatch".to_owned(),
        Err(WriteError::NotAllowed) => "not-allowed".to_owned(),
        Err(WriteError::FrameTooLarge(most)) => format!("frame-too-large({most})"),
        Err(WriteError::PeerGone(reason)) => format!("peer-gone({})", code(*reason)),
    }
}

pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Head => "head",
        Phase::Content => "content",
        Phase::Closed => "closed",
    }
}

/// An error code, if the peer gave one.
pub fn code(code: Option<u32>) -> String {
    code.map_or_else(|| "none".to_owned(), |code| code.to_string())
}
