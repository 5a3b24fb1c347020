//! Puts refusals into the WIT's own words, and octets into digits.

use framewright_guest::{WriteError, inspect::WaitError, push::PushError, raw::RawError};

/// Why a step was refused.
pub struct Refused(pub String);

/// A line that is no step.
pub const NO_STEP: &str = "no step";

impl From<RawError> for Refused {
    fn from(error: RawError) -> Self {
        Self(match error {
            RawError::WrongProtocol => "wrong-protocol".to_owned(),
            RawError::Gone => "gone".to_owned(),
            RawError::TooLarge(most) => format!("too-large({most})"),
            RawError::NotGranted => "not-granted".to_owned(),
        })
    }
}

impl From<PushError> for Refused {
    fn from(error: PushError) -> Self {
        Self(match error {
            PushError::WrongProtocol => "wrong-protocol".to_owned(),
            PushError::Disabled => "disabled".to_owned(),
            PushError::Closed => "closed".to_owned(),
            PushError::InvalidField(index) => format!("invalid-field({index})"),
            PushError::InvalidRequest => "invalid-request".to_owned(),
            PushError::Refused => "refused".to_owned(),
            PushError::NotGranted => "not-granted".to_owned(),
        })
    }
}

impl From<WriteError> for Refused {
    fn from(error: WriteError) -> Self {
        Self(match error {
            WriteError::OutOfOrder(_) => "out-of-order".to_owned(),
            WriteError::InvalidStatus => "invalid-status".to_owned(),
            WriteError::InvalidField(index) => format!("invalid-field({index})"),
            WriteError::LengthMismatch => "length-mismatch".to_owned(),
            WriteError::NotAllowed => "not-allowed".to_owned(),
            WriteError::PeerGone(_) => "peer-gone".to_owned(),
            WriteError::FrameTooLarge(most) => format!("frame-too-large({most})"),
        })
    }
}

pub fn wait(error: WaitError) -> &'static str {
    match error {
        WaitError::Deadline => "deadline",
        WaitError::Closed => "closed",
        WaitError::WrongProtocol => "wrong-protocol",
    }
}

/// Octets as digits, `-` for none.
pub fn to_hex(octets: &[u8]) -> String {
    if octets.is_empty() { "-".to_owned() } else { octets.iter().map(|octet| format!("{octet:02x}")).collect() }
}

/// What [`to_hex`] wrote.
pub fn from_hex(digits: &str) -> Result<Vec<u8>, Refused> {
    if digits == "-" {
        return Ok(Vec::new());
    }
    let pairs = digits.as_bytes().chunks(2);
    let octet = |pair: &[u8]| {
        let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        match pair {
            [high, low] => Some(value(high)? << 4 | value(low)?),
            _ => None,
        }
    };
    pairs.map(octet).collect::<Option<_>>().ok_or_else(|| Refused(NO_STEP.to_owned()))
}
