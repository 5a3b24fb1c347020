//! Octets on their way to the socket. Small ones are gathered in one buffer, so that a head, its content and their
//! framing leave together; large ones are sent from where they are.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

use super::settings::COPY_OCTETS;

/// Octets on their way to the socket, in order: first `pieces`, then `tail`.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pieces: VecDeque<Bytes>,
    tail: BytesMut,
    /// Octets in `pieces`.
    in_pieces: usize,
    /// The writer below may hold octets back until it is flushed (TLS).
    unflushed: bool,
}

impl Outbox {
    /// How many octets wait.
    pub(super) fn len(&self) -> usize {
        self.in_pieces + self.tail.len()
    }

    /// Whether nothing waits, here or in the writer below.
    pub(super) fn is_flushed(&self) -> bool {
        self.len() == 0 && !self.unflushed
    }

    /// Where small octets are appended.
    pub(super) fn text(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends content.
    pub(super) fn push(&mut self, octets: Bytes) {
        if octets.len() <= COPY_OCTETS {
            self.tail.extend_from_slice(&octets);
            return;
        }
        if !self.tail.is_empty() {
            let tail = self.tail.split().freeze();
            self.in_pieces += tail.len();
            self.pieces.push_back(tail);
        }
        self.in_pieces += octets.len();
        self.pieces.push_back(octets);
    }

    /// Writes what the socket takes; ready once all of it is flushed.
    pub(super) fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.len() > 0 {
            let written = ready!(self.poll_write_some(io, cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(written);
        }
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_some<T: AsyncWrite + Unpin>(&self, io: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(io);
        let Some(first) = self.pieces.front() else { return io.poll_write(cx, &self.tail) };
        if !io.is_write_vectored() {
            return io.poll_write(cx, first);
        }
        let mut slices = [IoSlice::new(&[]); MOST_SLICES];
        let octets = self.pieces.iter().map(|piece| &piece[..]).chain([&self.tail[..]]);
        let mut count = 0;
        for (slice, octets) in slices.iter_mut().zip(octets) {
            *slice = IoSlice::new(octets);
            count += 1;
        }
        io.poll_write_vectored(cx, &slices[..count])
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.pieces.front_mut() {
            let taken = written.min(first.len());
            self.in_pieces -= taken;
            written -= taken;
            first.advance(taken);
            if !first.is_empty() {
                return;
            }
            self.pieces.pop_front();
        }
        self.tail.advance(written);
    }
}

/// Slices in one system call: a full outbox of chunks just too large to be copied has about twice as many.
const MOST_SLICES: usize = 16;

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn octets_leave_in_order_through_a_narrow_pipe() {
        for width in [1, 3, 1000, 100_000] {
            let (mut near, mut far) = tokio::io::duplex(width);
            let mut outbox = Outbox::default();
            let mut expected = Vec::new();
            for (index, length) in [1, COPY_OCTETS + 1, 5, COPY_OCTETS * 2, COPY_OCTETS * 3, 0, 7].iter().enumerate() {
                let letter = b'a' + u8::try_from(index).expect("small");
                let octets = vec![letter; *length];
                expected.extend_from_slice(b"<>");
                expected.extend_from_slice(&octets);
                outbox.text().extend_from_slice(b"<>");
                outbox.push(octets.into());
            }
            assert_eq!(outbox.len(), expected.len());
            let write = async {
                poll_fn(|cx| outbox.poll_write(&mut near, cx)).await.expect("written");
                assert!(outbox.is_flushed());
                drop(near);
            };
            let mut received = Vec::new();
            let (_, read) = tokio::join!(write, far.read_to_end(&mut received));
            read.expect("read");
            assert_eq!(received, expected, "width {width}");
        }
    }
}
