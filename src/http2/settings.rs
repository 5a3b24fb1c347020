//! Limits of one HTTP/2 connection: what a peer can make us hold or do.

use std::{sync::Arc, time::Duration};

use crate::{exchange::AfterRaw, observe::wire_log::WireLog, wire::Limits};

/// Streams at once. Browsers use up to about 100; RFC 9113 §6.5.2 asks for no fewer.
const CONCURRENT_STREAMS: u32 = 256;

/// Octets of one stream that may come before its handler reads. The RFC's default: a handler that does not read
/// costs no more, and on a local network more does not make uploads faster.
const STREAM_WINDOW: u32 = 65_535;

/// Octets of all streams that may come before handlers read. 64 handlers can stop reading before the others feel it.
const CONNECTION_WINDOW: u32 = 4 << 20;

/// Octets in one frame: the RFC's default, and the largest share of the connection that one stream takes at a time.
const FRAME_OCTETS: u32 = 16_384;

/// Octets of the longest DATA frame that a handler can ask for politely, padding included.
pub(super) const OWN_FRAME_OCTETS: u32 = 65_535;

/// Octets of one field section, as RFC 9113 §6.5.2 counts. Browsers send up to a few KiB of cookies; tests go further.
const SECTION_OCTETS: u32 = 64 << 10;

/// Lines of one field section. h2 has no such limit, and small lines cost more than their octets.
const SECTION_LINES: usize = 512;

/// Streams that the peer may reset before we have looked at them (CVE-2023-44487). h2's default is 20; a page that
/// aborts all its fetches at once sends more in one segment.
const RESETS_BEFORE_ACCEPT: usize = 64;

/// Streams that we have reset and still remember, so that frames on their way are not errors (RFC 9113 §5.1). Tests
/// reset often.
const RESET_STREAMS: usize = 256;

/// How long we remember them: a few round trips.
const RESET_MEMORY: Duration = Duration::from_secs(1);

/// Streams that the peer may make us reset by breaking the protocol, over the life of a connection (CVE-2025-8671).
const ERROR_RESETS: usize = 1_024;

/// Octets of bookkeeping that unread DATA frames under 256 octets may cost: 8,000 frames of one octet.
const DATA_FRAME_BUDGET: usize = 2 << 20;

/// Octets that h2 holds of one response before the peer takes them: enough to fill a fast connection between two
/// turns of the handler.
const SEND_BUFFER: usize = 128 << 10;

/// Octets that one response may write in a single reservation, lest it take the connection's whole window.
pub(super) const PIECE_OCTETS: usize = SEND_BUFFER;

/// 1xx responses of one stream that may wait to be written. Flow control does not hold them back, so we do.
pub(super) const INFORMATIONAL_BATCH: u32 = 16;

/// How long one turn of a connection may begin exchanges in its own task and hold their answers back: some tens of short
/// ones, and too little for anybody to notice a delay. One that computes returns to us after a tick of the sandbox.
pub(super) const INLINE_TIME: Duration = Duration::from_micros(300);

/// From the accepted connection to its preface.
const PREFACE_DEADLINE: Duration = Duration::from_secs(10);

/// Without exchanges and without content leaving.
const IDLE_DEADLINE: Duration = Duration::from_secs(120);

/// While a peer opens no window for content that waits. A suspended page takes up its streams again much earlier.
const STALL_DEADLINE: Duration = Duration::from_secs(120);

/// Request heads per read that h2 has not looked at yet: a read of 16 KiB holds at most this many, 12 octets each, and
/// a half-read frame may stand before it.
const HEADS_PER_READ: usize = 2_048;

/// Limits of one connection.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most streams at once; more are refused with REFUSED_STREAM. 256.
    pub concurrent_streams: u32,
    /// Octets of content of one stream that may come before the handler reads. 65,535.
    pub stream_window: u32,
    /// Octets of content of all streams that may come before handlers read. 4 MiB.
    pub connection_window: u32,
    /// Octets of payload in one frame, 16,384 to 16,777,215. 16,384.
    pub frame_octets: u32,
    /// Octets of one field section, as RFC 9113 §6.5.2 counts; a larger one is answered with 431, one four times
    /// as large ends the connection. 64 KiB.
    pub section_octets: u32,
    /// Lines of one field section, pseudo-fields included; more are answered with 431. 512.
    pub section_lines: usize,
    /// Streams reset by the peer before we saw them; more end the connection. 64.
    pub resets_before_accept: usize,
    /// Streams of ours that we remember as reset. 256.
    pub reset_streams: usize,
    /// How long we remember them. 1 s.
    pub reset_memory: Duration,
    /// Streams that the peer made us reset, in all; more end the connection. 1,024.
    pub error_resets: usize,
    /// Octets of bookkeeping for small unread DATA frames, at 256 octets less the frame's own each; more end the
    /// connection, as do 100 empty ones in all. 2 MiB.
    pub data_frame_budget: usize,
    /// Octets of one response waiting to be written. 128 KiB.
    pub send_buffer: usize,
    /// From the accepted connection to its preface. 10 s.
    pub preface_deadline: Duration,
    /// Shortest time without exchanges and without content leaving, after which the connection closes; it may take
    /// twice as long. 120 s.
    pub idle_deadline: Duration,
    /// Longest time that a peer may open no window for content that waits; then the stream is reset with CANCEL. 120 s.
    pub stall_deadline: Duration,
    /// What becomes of a connection that an exchange wrote raw, where the exchange does not say. Default close.
    pub after_raw: AfterRaw,
    /// Where frames are logged. Default: nowhere.
    pub wire_log: Option<Arc<WireLog>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrent_streams: CONCURRENT_STREAMS,
            stream_window: STREAM_WINDOW,
            connection_window: CONNECTION_WINDOW,
            frame_octets: FRAME_OCTETS,
            section_octets: SECTION_OCTETS,
            section_lines: SECTION_LINES,
            resets_before_accept: RESETS_BEFORE_ACCEPT,
            reset_streams: RESET_STREAMS,
            reset_memory: RESET_MEMORY,
            error_resets: ERROR_RESETS,
            data_frame_budget: DATA_FRAME_BUDGET,
            send_buffer: SEND_BUFFER,
            preface_deadline: PREFACE_DEADLINE,
            idle_deadline: IDLE_DEADLINE,
            stall_deadline: STALL_DEADLINE,
            after_raw: AfterRaw::default(),
            wire_log: None,
        }
    }
}

impl Settings {
    pub(super) fn builder(&self) -> h2::server::Builder {
        let mut builder = h2::server::Builder::new();
        builder
            .max_concurrent_streams(self.concurrent_streams)
            .initial_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .max_frame_size(self.frame_octets)
            .max_header_list_size(self.section_octets)
            .max_pending_accept_reset_streams(self.resets_before_accept)
            .max_concurrent_reset_streams(self.reset_streams)
            .reset_stream_duration(self.reset_memory)
            .max_local_error_reset_streams(Some(self.error_resets))
            .data_frame_budget(self.data_frame_budget)
            .max_send_buffer_size(self.send_buffer);
        builder
    }

    /// What the tap lets through: no less than h2, whose guard against CONTINUATION floods (CVE-2024-27316) counts a
    /// quarter more frames than the section needs, and at least five, between the first and the last.
    pub(super) fn limits(&self) -> Limits {
        let needed = (self.section_octets / self.frame_octets).max(1);
        let frames = (needed + needed / 4).max(5) + 2;
        Limits {
            frame_octets: self.frame_octets,
            block_octets: frames as usize * self.frame_octets as usize,
            section_octets: self.section_octets as usize,
            section_lines: self.section_lines,
        }
    }

    /// Most request heads that the tap keeps for h2: those it may deliver, those it may refuse before it ends the
    /// connection, and those it has not read.
    pub(super) fn most_arrived(&self) -> usize {
        self.concurrent_streams as usize + self.resets_before_accept + self.error_resets + HEADS_PER_READ
    }
}
