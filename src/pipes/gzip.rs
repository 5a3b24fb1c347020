//! The `gzip` pipe (RFC 1952).

use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use time::OffsetDateTime;

/// The content in gzip's format: no name, `now` as the time of modification, the best compression.
///
/// # Cancel safety
/// What was compressed is lost.
pub(super) async fn compress(content: &[u8], now: OffsetDateTime) -> Vec<u8> {
    // RFC 1952 §2.3.1: 0 says that no time is known, as after 2106.
    let seconds = u32::try_from(now.unix_timestamp()).unwrap_or(0);
    let mut encoder = GzBuilder::new().mtime(seconds).write(Vec::new(), Compression::best());
    for piece in content.chunks(PIECE_OCTETS) {
        encoder.write_all(piece).expect(TAKES_ALL);
        tokio::task::yield_now().await;
    }
    encoder.finish().expect(TAKES_ALL)
}

/// Why writing cannot fail.
const TAKES_ALL: &str = "a vector takes every octet";

/// Compressed before others get a turn: a few milliseconds of work.
const PIECE_OCTETS: usize = 32 << 10;
