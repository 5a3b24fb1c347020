//! What ends connections and streams, and the code that the peer sees (RFC 9113 §5.4, §7).
//!
//! | fault | what the peer gets |
//! |---|---|
//! | no preface in time | nothing, the connection closes: it may not speak HTTP/2 at all |
//! | idle | GOAWAY(NO_ERROR) |
//! | stalled after that GOAWAY | nothing more, the connection closes |
//! | protocol, compression or flow-control error, a flood | GOAWAY with the code that h2 names |
//! | malformed request, stream over the concurrency limit | RST_STREAM with the code that h2 names |
//! | field section too large or of too many lines | 431, and RST_STREAM if content was to follow |
//! | [`StreamFault`] | RST_STREAM with the code of [`StreamFault::reason`] |
//! | handler gone without an end | RST_STREAM(INTERNAL_ERROR), by [`ResponseWriter`](crate::exchange::ResponseWriter) |

use std::{io, time::Duration};

use h2::Reason;

/// Why a connection ended other than by both sides closing it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The peer sent no connection preface in time (RFC 9113 §3.4).
    #[error("no connection preface within {0:?}")]
    PrefaceDeadline(Duration),
    /// The peer did not let its last streams end.
    #[error("nothing moved for {0:?} after the connection was to close")]
    Stalled(Duration),
    /// The peer broke the protocol; we sent GOAWAY with this code.
    #[error("the peer broke the protocol: {}", Reason::from(*.0))]
    Peer(u32),
    /// The peer ended the connection with this code.
    #[error("the peer sent GOAWAY: {}", Reason::from(*.0))]
    GoAway(u32),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[source] io::Error),
}

/// What we find wrong with one stream beyond what h2 does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum StreamFault {
    /// RFC 9113 §8.3.1, §8.5: no `:path`, or CONNECT without `:authority`. h2 lets both pass.
    #[error("a request has no target")]
    TargetMissing,
    /// h2 delivered a request whose field section the tap did not see.
    #[error("the field section of a request is missing")]
    SectionMissing,
    /// RFC 9113 §8.1: a pseudo-field in trailers. h2 lets it pass.
    #[error("a trailer section has a pseudo-field")]
    TrailersMalformed,
    /// h2 refused what the response writer had passed.
    #[error("a checked step of a response was refused")]
    StepRefused,
    /// The peer opened no window for content that waited.
    #[error("the peer took no content")]
    Stalled,
}

impl StreamFault {
    /// The code for RST_STREAM.
    pub(super) fn reason(self) -> Reason {
        match self {
            Self::TargetMissing | Self::TrailersMalformed => Reason::PROTOCOL_ERROR,
            Self::SectionMissing | Self::StepRefused => Reason::INTERNAL_ERROR,
            Self::Stalled => Reason::CANCEL,
        }
    }
}

impl From<h2::Error> for Fault {
    fn from(error: h2::Error) -> Self {
        match error.reason() {
            Some(reason) if error.is_remote() => Self::GoAway(reason.into()),
            Some(reason) => Self::Peer(reason.into()),
            None => Self::Io(error.into_io().unwrap_or_else(|| io::ErrorKind::Other.into())),
        }
    }
}
