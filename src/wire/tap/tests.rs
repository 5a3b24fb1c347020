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
        at += tap.write_vectored(&[IoSlice::new(&frames[at..middle]), IoSlice::new(&frames[middle..])]).await.unwrap();
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
