use futures_util::FutureExt as _;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::{
    exchange::{Body, RawFrame},
    wire::{FrameHeader, FrameKind, compose, inbound::PREFACE},
};

const LIMITS: Limits =
    Limits { frame_octets: 16_384, block_octets: 131_072, section_octets: 65_536, section_lines: 256 };

/// Accepts at most so many octets per call.
#[derive(Debug)]
struct Reluctant {
    taken: Vec<u8>,
    most: usize,
    how: Option<Leave>,
    /// Half-closes are never done.
    is_stuck: bool,
}

impl Reluctant {
    fn new(most: usize) -> Self {
        Self { taken: Vec::new(), most, how: None, is_stuck: false }
    }
}

impl AsyncRead for Reluctant {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Reluctant {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = buf.len().min(self.most);
        self.taken.extend_from_slice(&buf[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).take(self.most).collect();
        self.taken.extend_from_slice(&all);
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

impl Transport for Reluctant {
    fn poll_leave(&mut self, how: Leave, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.how = Some(how);
        if self.is_stuck && how == Leave::HalfClose { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

fn frame(kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&FrameHeader { length, kind, flags, reserved: false, stream }.encode(), payload].concat()
}

fn ping(opaque: &[u8]) -> [RawFrame; 1] {
    let opaque = bytes::Bytes::copy_from_slice(opaque);
    [RawFrame { stream: None, body: Body::Ping { ack: false, opaque } }]
}

#[tokio::test]
async fn counts_only_what_the_writer_accepted() {
    let mut tap = Tap::new(Reluctant::new(3), LIMITS, 10);
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
    let octets = [PREFACE.as_slice(), &[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x82]].concat();
    let (mut far, near) = duplex(1 << 10);
    far.write_all(&octets).await.unwrap();
    drop(far);
    let mut tap = Tap::new(near, LIMITS, 10);
    let handle = tap.handle();
    let mut read = Vec::new();
    tap.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, octets);
    assert!(handle.claim_head(1).is_some_and(|section| section.end_stream));
}

#[tokio::test]
async fn while_corked_nothing_leaves_and_nothing_is_lost() {
    let mut tap = Tap::new(Reluctant::new(5), LIMITS, 10);
    let handle = tap.handle();
    let frames: Vec<u8> = (0..200).flat_map(|index| frame(FrameKind::DATA, 0, 1, &[index; 100])).collect();
    handle.cork();
    let mut taken = 0;
    while let Some(written) = tap.write(&frames[taken..]).now_or_never() {
        taken += written.unwrap();
    }
    assert_eq!((taken, tap.io.taken.len()), (HELD_OCTETS, 0));
    assert!(tap.flush().now_or_never().is_none());
    handle.uncork();
    tap.write_all(&frames[taken..]).await.unwrap();
    tap.flush().await.unwrap();
    assert_eq!(tap.io.taken, frames);
}

#[tokio::test]
async fn a_raw_write_stands_before_the_next_frame_even_if_one_is_half_written() {
    let mut tap = Tap::new(Reluctant::new(1000), LIMITS, 10);
    let handle = tap.handle();
    let [first, second] = [frame(FrameKind::DATA, 0, 1, b"first"), frame(FrameKind::DATA, 0, 1, b"second")];
    tap.write_all(&first[..11]).await.unwrap();
    let mut composed = compose::frames(&ping(b"12345678"), 1);
    let raw = composed.octets.clone();
    let mut written = handle.write(1, &mut composed, handle.share(0, false).unwrap());
    tap.write_all(&[&first[11..], &second].concat()).await.unwrap();
    tap.flush().await.unwrap();
    assert_eq!(tap.io.taken, [first, raw, second].concat());
    written.try_recv().expect("written");
}

#[tokio::test]
async fn leaving_comes_after_everything_and_what_follows_is_dropped() {
    let mut tap = Tap::new(Reluctant::new(2), LIMITS, 10);
    let handle = tap.handle();
    let first = frame(FrameKind::DATA, 0, 1, b"first");
    tap.write_all(&first).await.unwrap();
    let mut left = handle.handle(|hand| hand.leave(1, Leave::WithoutCloseNotify));
    tap.flush().await.unwrap();
    left.try_recv().expect("left");
    tap.write_all(&first).await.unwrap();
    tap.flush().await.unwrap();
    tap.shutdown().await.unwrap();
    assert_eq!((tap.io.taken.as_slice(), tap.io.how), (first.as_slice(), Some(Leave::WithoutCloseNotify)));
    let gone = handle.write(1, &mut compose::frames(&ping(b"12345678"), 1), handle.share(0, false).unwrap());
    assert!(gone.await.is_err(), "nothing leaves any more");
}

#[tokio::test]
async fn what_two_who_leave_have_in_line_leaves_first_and_the_first_says_how() {
    let mut tap = Tap::new(Reluctant::new(100_000), LIMITS, 10);
    let handle = tap.handle();
    let (full, first) = (frame(FrameKind::DATA, 0, 5, &[0; 65_000]), frame(FrameKind::DATA, 0, 1, &[1; 1_000]));
    let second = frame(FrameKind::DATA, 0, 3, &[3; 600]);
    handle.handle(|_| {});
    tap.write_all(&[&full[..], &first].concat()).await.unwrap();
    let mut left = vec![handle.handle(|hand| hand.leave(1, Leave::WithoutCloseNotify))];
    tap.flush().await.unwrap();
    tap.write_all(&second).await.unwrap();
    left.push(handle.handle(|hand| hand.leave(3, Leave::HalfClose)));
    tap.flush().await.unwrap();
    assert_eq!((tap.io.taken.len(), tap.io.how), (full.len(), None), "the window holds no more");
    // Room for the first one's content, and not for the second one's.
    handle.file(&mut vec![Arrival::Window { stream: 0, octets: 500 }]);
    tap.flush().await.unwrap();
    assert_eq!((tap.io.taken.len(), tap.io.how), (full.len() + first.len(), None));
    handle.file(&mut vec![Arrival::Window { stream: 0, octets: 600 }]);
    tap.flush().await.unwrap();
    assert_eq!((&tap.io.taken[..], tap.io.how), (&[full, first, second].concat()[..], Some(Leave::WithoutCloseNotify)));
    left.iter_mut().for_each(|left| left.try_recv().expect("left"));
}

#[tokio::test]
async fn a_reset_does_not_wait_for_a_half_close_that_has_begun() {
    let mut tap = Tap::new(Reluctant { is_stuck: true, ..Reluctant::new(9) }, LIMITS, 10);
    let handle = tap.handle();
    let mut half_closed = handle.handle(|hand| hand.leave(1, Leave::HalfClose));
    assert!(tap.flush().now_or_never().is_none());
    assert!(handle.peer_idle_since().is_some(), "who waits for it knows that the peer takes nothing");
    let mut reset = handle.handle(|hand| hand.leave(3, Leave::Reset));
    tap.flush().now_or_never().expect("at once").unwrap_err();
    assert_eq!(tap.io.how, Some(Leave::Reset));
    half_closed.try_recv().expect("left");
    reset.try_recv().expect("left");
}

#[tokio::test]
async fn who_waits_when_the_connection_ends_is_told() {
    let tap = Tap::new(Reluctant::new(2), LIMITS, 10);
    let handle = tap.handle();
    let written = handle.write(1, &mut compose::frames(&ping(b"12345678"), 1), handle.share(0, false).unwrap());
    drop(tap);
    assert!(written.await.is_err());
}

proptest! {
    /// Without raw frames octets leave as they came; with raw frames, whatever the writer accepts at a time and however
    /// the engine's writes are cut, the engine's frames stay whole and in order, and so do the raw ones.
    #[test]
    fn raw_frames_stand_between_whole_frames(
        lengths in prop::collection::vec(0usize..40, 1..30),
        raw_after in prop::collection::vec(0usize..400, 0..6),
        most in 1usize..60,
        width in 1usize..70,
        cork in any::<bool>(),
    ) {
        let frames: Vec<Vec<u8>> =
            lengths.iter().enumerate().map(|(index, length)| {
                frame(FrameKind::DATA, 0, 1, &vec![u8::try_from(index).unwrap(); *length])
            }).collect();
        let raw: Vec<Vec<u8>> =
            (0..raw_after.len()).map(|index| compose::frames(&ping(&[0xf0 + u8::try_from(index).unwrap(); 8]), 1).octets).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let taken = runtime.block_on(async {
            let mut tap = Tap::new(Reluctant::new(most), LIMITS, 10);
            let handle = tap.handle();
            let engine = frames.concat();
            let (mut written, mut sent) = (0, 0);
            for piece in engine.chunks(width) {
                while sent < raw_after.len() && raw_after[sent] <= written {
                    let mut composed = compose::frames(&ping(&[0xf0 + u8::try_from(sent).unwrap(); 8]), 1);
                    drop(handle.write(1, &mut composed, handle.share(0, false).unwrap()));
                    sent += 1;
                }
                if cork && written % 3 == 0 {
                    handle.cork();
                    assert!(tap.flush().now_or_never().is_none());
                    handle.uncork();
                }
                tap.write_all(piece).await.unwrap();
                written += piece.len();
            }
            tap.flush().await.unwrap();
            (tap.io.taken.clone(), sent)
        });
        let (taken, sent) = taken;
        let mut units = Vec::new();
        let mut rest = taken.as_slice();
        while let Some(header) = rest.first_chunk::<9>() {
            let end = 9 + FrameHeader::decode(*header).length as usize;
            units.push(rest[..end].to_vec());
            rest = &rest[end..];
        }
        prop_assert!(rest.is_empty());
        let of = |kind: u8| units.iter().filter(|unit| unit[3] == kind).cloned().collect::<Vec<_>>();
        prop_assert_eq!(of(0), frames);
        prop_assert_eq!(of(6), raw[..sent].to_vec());
        if sent == 0 {
            prop_assert_eq!(taken, lengths.iter().enumerate().flat_map(|(index, length)| {
                frame(FrameKind::DATA, 0, 1, &vec![u8::try_from(index).unwrap(); *length])
            }).collect::<Vec<_>>());
        }
    }
}
