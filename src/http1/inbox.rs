//! Octets received and not yet taken: the one receive buffer of a connection.

use std::{
    future::Future,
    io,
    pin::pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::settings::{FIRST_READ_OCTETS, READ_AHEAD_OCTETS, READ_OCTETS};

/// The receive buffer. Heads and content are cut off its front without a copy.
#[derive(Debug)]
pub(super) struct Inbox {
    /// What has been received.
    pub(super) buffer: BytesMut,
    /// Octets to make room for; grows while the peer fills them.
    read_octets: usize,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { buffer: BytesMut::new(), read_octets: FIRST_READ_OCTETS }
    }
}

impl Inbox {
    /// Whether so much waits that the socket is left alone.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= READ_AHEAD_OCTETS
    }

    /// Reads once; 0 is the end of what the peer sends.
    pub(super) fn poll_read<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.spare() < self.read_octets / 4 {
            self.buffer.reserve(self.read_octets);
        }
        let spare = self.spare();
        // The future keeps nothing between polls, so a new one each time loses nothing.
        let read = ready!(pin!(io.read_buf(&mut self.buffer)).poll(cx))?;
        if read == spare {
            self.read_octets = (self.read_octets * 2).min(READ_OCTETS);
        }
        Poll::Ready(Ok(read))
    }

    fn spare(&self) -> usize {
        self.buffer.capacity() - self.buffer.len()
    }
}
