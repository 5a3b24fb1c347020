//! Sends content in pieces with pauses between them, each on its way before the next pause begins.
//!
//! Query: `n` pieces (5), `delay` milliseconds between two (200), `size` octets of each (8).

use std::time::Duration;

use framewright_guest::{Query, Request, ResponseWriter, WriteError, clock, field, handler};

handler!(trickle);

fn trickle(request: Request, response: ResponseWriter) -> Result<(), WriteError> {
    let query = Query::of(&request);
    let pieces = query.number("n").unwrap_or(5);
    let delay = Duration::from_millis(query.number("delay").unwrap_or(200));
    let size = query.number("size").unwrap_or(8).min(LARGEST_PIECE) as usize;

    response.send_headers(200, &[field("content-type", "text/plain")], false)?;
    for piece in 0..pieces {
        if piece > 0 {
            clock::sleep(delay);
        }
        response.send_data(&numbered(piece, size), false)?;
    }
    response.end_stream()
}

/// A line of exactly `size` octets that says which one it is.
fn numbered(piece: u64, size: usize) -> Vec<u8> {
    let mut line = format!("piece {piece}").into_bytes();
    line.resize(size, b'.');
    if let Some(last) = line.last_mut() {
        *last = b'\n';
    }
    line
}

/// Octets: a piece is built in memory before it is sent.
const LARGEST_PIECE: u64 = 1 << 20;
