//! I/O round I/O: hands every octet on unchanged, and reads along in both directions.

use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

use super::{Arrival, Boundary, Inbound, Ledger, Limits, Section, hpack::FieldBlock};

/// A stream of octets under an HTTP/2 connection.
///
/// What arrives is filed in the [`TapHandle`] before the reader gets it, so that whoever learns of a request from the
/// reader finds its field section there.
#[derive(Debug)]
pub struct Tap<T> {
    io: T,
    inbound: Inbound,
    /// Scratch of one read.
    arrivals: Vec<Arrival>,
    outbound: Boundary,
    /// What was accepted while corked and has not left.
    held: BytesMut,
    handle: TapHandle,
}

/// Octets that are gathered while corked: the content of one TLS record (RFC 8446 §5.1).
const HELD_OCTETS: usize = 16 << 10;

/// What a tap found, shared with the exchanges of the connection. Cheap to clone.
#[derive(Clone)]
pub struct TapHandle(Arc<Shared>);

struct Shared {
    ledger: Mutex<Ledger>,
    corked: AtomicBool,
    /// Octets of DATA payload that have left.
    data_octets: AtomicU64,
    /// How often everything that the writer held has left.
    flushes: AtomicU64,
    flushed: Notify,
}

impl<T> Tap<T> {
    /// A tap at the client's first octet; see [`Ledger::new`] for `most_arrived`.
    pub fn new(io: T, limits: Limits, most_arrived: usize) -> Self {
        let shared = Shared {
            ledger: Mutex::new(Ledger::new(most_arrived)),
            corked: AtomicBool::new(false),
            data_octets: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
            flushed: Notify::new(),
        };
        Self {
            io,
            inbound: Inbound::new(limits),
            arrivals: Vec::new(),
            outbound: Boundary::new(),
            held: BytesMut::new(),
            handle: TapHandle(Arc::new(shared)),
        }
    }

    /// What the tap finds.
    pub fn handle(&self) -> TapHandle {
        self.handle.clone()
    }

    /// Counts what the inner writer accepted: the first `accepted` octets of these slices.
    fn sent<'a>(&mut self, slices: impl IntoIterator<Item = &'a [u8]>, accepted: usize) {
        let mut left = accepted;
        let data = self.outbound.data_octets();
        for slice in slices {
            let passed = slice.len().min(left);
            self.outbound.pass(&slice[..passed]);
            left -= passed;
            if left == 0 {
                break;
            }
        }
        if self.outbound.data_octets() != data {
            self.handle.0.data_octets.store(self.outbound.data_octets(), Ordering::Relaxed);
        }
    }
}

impl<T: AsyncWrite + Unpin> Tap<T> {
    /// While corked: takes what there is room for, and is pending without.
    fn hold<'a>(&mut self, slices: impl Iterator<Item = &'a [u8]> + Clone) -> Poll<io::Result<usize>> {
        let before = self.held.len();
        for slice in slices.clone() {
            let taken = slice.len().min(HELD_OCTETS.saturating_sub(self.held.len()));
            self.held.extend_from_slice(&slice[..taken]);
        }
        let accepted = self.held.len() - before;
        if accepted == 0 && slices.clone().any(|slice| !slice.is_empty()) {
            return Poll::Pending;
        }
        self.sent(slices, accepted);
        Poll::Ready(Ok(accepted))
    }

    /// Writes what was held.
    fn poll_let_go(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn is_corked(&self) -> bool {
        self.handle.0.corked.load(Ordering::Relaxed)
    }
}

impl TapHandle {
    /// From here on the tap gathers what is written, and lets nothing leave. When it has no more room, and on a flush,
    /// it is pending and wakes nobody: whoever drives the connection polls it again after [`uncork`](Self::uncork). So
    /// what many short exchanges answer in one turn leaves in one write and one TLS record.
    pub fn cork(&self) {
        self.0.corked.store(true, Ordering::Relaxed);
    }

    /// Lets what was gathered leave with the next write or flush.
    pub fn uncork(&self) {
        self.0.corked.store(false, Ordering::Relaxed);
    }

    /// See [`Ledger::claim_head`].
    pub fn claim_head(&self, stream: u32) -> Option<Section> {
        self.ledger().claim_head(stream)
    }

    /// See [`Ledger::claim_trailers`].
    pub fn claim_trailers(&self, stream: u32) -> Option<FieldBlock> {
        self.ledger().claim_trailers(stream)
    }

    /// See [`Ledger::release`].
    pub fn release(&self, stream: u32) {
        self.ledger().release(stream);
    }

    /// Octets of content that flow control lets through now: the smaller of what is left of the stream's and of the
    /// connection's window (RFC 9113 §5.2), once `used` octets of the stream's have been spent. Octets of other
    /// streams that still wait to be written are not counted against the connection.
    pub fn open_window(&self, stream: u32, used: u64) -> u64 {
        let (on_stream, on_connection) = self.ledger().allowed(stream);
        on_stream.saturating_sub(used).min(on_connection.saturating_sub(self.data_octets()))
    }

    /// Octets of DATA payload that have left on this connection.
    pub fn data_octets(&self) -> u64 {
        self.0.data_octets.load(Ordering::Relaxed)
    }

    /// How often everything that waited to be written has left.
    pub fn flushes(&self) -> u64 {
        self.0.flushes.load(Ordering::Acquire)
    }

    /// Resolves once there have been more flushes than `seen`. What was handed over after `seen` was read is on its
    /// way then, or is the only thing that is not.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn flushed_since(&self, seen: u64) {
        loop {
            let mut flushed = std::pin::pin!(self.0.flushed.notified());
            flushed.as_mut().enable();
            if self.flushes() > seen {
                return;
            }
            flushed.await;
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TapHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapHandle").field("data_octets", &self.data_octets()).finish_non_exhaustive()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Tap<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        this.inbound.take(&buf.filled()[before..], &mut this.arrivals);
        if !this.arrivals.is_empty() {
            let mut ledger = this.handle.ledger();
            for arrival in this.arrivals.drain(..) {
                ledger.file(arrival);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tap<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_corked() {
            return self.hold([buf].into_iter());
        }
        ready!(self.poll_let_go(cx))?;
        let accepted = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.sent([buf], accepted);
        Poll::Ready(Ok(accepted))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_corked() {
            return self.hold(bufs.iter().map(|buf| &**buf));
        }
        ready!(self.poll_let_go(cx))?;
        let accepted = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs))?;
        self.sent(bufs.iter().map(|buf| &**buf), accepted);
        Poll::Ready(Ok(accepted))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_corked() {
            return Poll::Pending;
        }
        ready!(self.poll_let_go(cx))?;
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.handle.0.flushes.fetch_add(1, Ordering::AcqRel);
        self.handle.0.flushed.notify_waiters();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_corked() {
            return Poll::Pending;
        }
        ready!(self.poll_let_go(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const LIMITS: Limits =
        Limits { frame_octets: 16_384, block_octets: 131_072, section_octets: 65_536, section_lines: 256 };

    /// Accepts at most three octets per call.
    struct Reluctant(Vec<u8>);

    impl AsyncWrite for Reluctant {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            let taken = buf.len().min(3);
            self.0.extend_from_slice(&buf[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).take(3).collect();
            self.0.extend_from_slice(&all);
            Poll::Ready(Ok(all.len()))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn counts_only_what_the_writer_accepted() {
        let mut tap = Tap::new(Reluctant(Vec::new()), LIMITS, 10);
        let handle = tap.handle();
        assert!(tap.is_write_vectored());
        let frames: &[u8] = &[0, 0, 4, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 0, 0, 2, 0, 1, 0, 0, 0, 1, 5, 6];
        let mut at = 0;
        while at < frames.len() {
            let middle = at + (frames.len() - at) / 2;
            at += tap
                .write_vectored(&[IoSlice::new(&frames[at..middle]), IoSlice::new(&frames[middle..])])
                .await
                .unwrap();
            assert_eq!(tap.outbound.octets(), at as u64);
        }
        tap.write_all(&frames[..13]).await.unwrap();
        assert_eq!((handle.data_octets(), tap.outbound.frames()), (10, 3));
        let seen = handle.flushes();
        let (flushed, ()) = tokio::join!(tap.flush(), handle.flushed_since(seen));
        flushed.unwrap();
    }

    #[tokio::test]
    async fn files_sections_before_the_reader_gets_the_octets() {
        let preface = super::super::inbound::PREFACE;
        let octets = [preface.as_slice(), &[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x82]].concat();
        let mut tap = Tap::new(octets.as_slice(), LIMITS, 10);
        let handle = tap.handle();
        let mut read = Vec::new();
        tap.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, octets);
        assert!(handle.claim_head(1).is_some_and(|section| section.end_stream));
    }
}
