//! What a connection may cost: every limit with its unit and its reason.

use std::{sync::Arc, time::Duration};

use crate::{exchange::AfterRaw, observe::wire_log::WireLog};

/// The limits that an operator may change. Whatever a peer does, a connection holds at most one head, 64 KiB of what
/// follows it, and 64 KiB of the response beside the step that is being sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Octets of a request head, and of a trailer section. Default 64 KiB: four times what browsers send with full
    /// cookie jars.
    pub head_octets: usize,
    /// Octets of a request line. Default 32 KiB: tests send targets of several KiB, none needs more.
    pub request_line_octets: usize,
    /// Field lines in a head or a trailer section. Default 512, as wptserve has it: a fetch test sends one field for
    /// each of the 253 octets that a value may hold, beside the browser's own.
    pub field_lines: usize,
    /// Longest time from the first octet of a head (on a new connection: from its start) to the last. Default 30 s.
    pub head_deadline: Duration,
    /// Longest time that a connection may wait for its next request. Default 60 s, less than what browsers keep.
    pub idle_deadline: Duration,
    /// Longest time that a peer may take none of the octets waiting for it. Default 120 s: a suspended test page takes
    /// up its streams again much earlier.
    pub stall_deadline: Duration,
    /// What becomes of a connection once a handler has sent raw octets, if the handler does not say. Default: it closes.
    pub after_raw: AfterRaw,
    /// Where message heads are logged. Default: nowhere.
    pub wire_log: Option<Arc<WireLog>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            head_octets: 64 * 1024,
            request_line_octets: 32 * 1024,
            field_lines: 512,
            head_deadline: Duration::from_secs(30),
            idle_deadline: Duration::from_secs(60),
            stall_deadline: Duration::from_secs(120),
            after_raw: AfterRaw::Close,
            wire_log: None,
        }
    }
}

/// Octets of empty lines skipped before a request line (RFC 9112 §2.2): eight CRLFs. Old clients send one.
pub(super) const LEADING_OCTETS: usize = 16;

/// Received octets that wait for the handler before the socket is left alone: two reads' worth.
pub(super) const READ_AHEAD_OCTETS: usize = 32 * 1024;

/// Most octets read at once: enough that an upload's cost is not its system calls.
pub(super) const READ_OCTETS: usize = 32 * 1024;

/// Octets read at once at first: one page holds nearly every head, and idle connections keep no more.
pub(super) const FIRST_READ_OCTETS: usize = 4 * 1024;

/// Octets of the response that may wait for the socket while a step of the response counts as done. One step's octets
/// come on top until the socket has taken them.
pub(super) const OUTBOX_OCTETS: usize = 64 * 1024;

/// Pieces of content up to this many octets are copied next to their framing; larger ones are sent from where they are.
pub(super) const COPY_OCTETS: usize = 4 * 1024;

/// Octets of a chunk-size line with its extensions (RFC 9112 §7.1.1). No known client sends any extension.
pub(super) const CHUNK_LINE_OCTETS: usize = 1024;

/// Octets of chunk extensions in one message, so that they cannot outweigh the content; hyper's figure.
pub(super) const CHUNK_EXTENSION_OCTETS: usize = 16 * 1024;

/// Octets of unread content discarded after a response to keep the connection; beyond it, closing is cheaper.
pub(super) const DISCARD_OCTETS: usize = 256 * 1024;

/// How long that may take: a peer on the same machine needs milliseconds.
pub(super) const DISCARD_TIME: Duration = Duration::from_secs(1);

/// Octets read and dropped while closing, so that the peer sees the response and not a reset (RFC 9112 §9.6). Clients
/// finish their upload before they look at the response: hence room for a large one, in constant memory.
pub(super) const LINGER_OCTETS: usize = 16 * 1024 * 1024;

/// How long closing may take.
pub(super) const LINGER_TIME: Duration = Duration::from_secs(2);
