//! The tap under h2: what leaves are the octets of plain h2, less what handlers suppress, with whole raw frames between.

use std::{
    collections::BTreeSet,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use h2::{Reason, server::SendResponse};
use http::{HeaderMap, HeaderValue, Response};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::support::block;
use crate::{
    exchange::{Body, Leave, RawFrame},
    http2::Settings,
    wire::{FrameHeader, FrameKind, HEADER_OCTETS, PREFACE, Tap, TapHandle, Transport, compose, flags},
};

/// A type that only raw frames have.
const RAW: FrameKind = FrameKind(0xfe);

/// A client that sends what it has, `width` octets at a time, and takes at most `most` at once.
struct Wire {
    octets: Vec<u8>,
    width: usize,
    most: usize,
    taken: Arc<Mutex<Vec<u8>>>,
    /// Where to put raw frames, once there is a tap, and after how many writes.
    tap: Arc<Mutex<Option<TapHandle>>>,
    raw_after: Vec<usize>,
    writes: usize,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let taken = self.octets.len().min(self.width).min(buf.remaining());
        if taken == 0 {
            return Poll::Pending;
        }
        buf.put_slice(&self.octets.drain(..taken).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = buf.len().min(self.most);
        self.taken.lock().unwrap().extend_from_slice(&buf[..taken]);
        self.writes += 1;
        if let Some(tap) = &*self.tap.lock().unwrap() {
            for (index, _) in self.raw_after.iter().enumerate().filter(|(_, after)| **after == self.writes) {
                write_raw(tap, index, false);
            }
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Transport for Wire {
    fn poll_leave(&mut self, _: Leave, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A raw frame of the exchange on one of the first streams, and of this index.
fn write_raw(tap: &TapHandle, index: usize, suppresses: bool) {
    let owner = stream_of(index % 8);
    let payload = Bytes::from(index.to_be_bytes().to_vec());
    let body = Body::Other { kind: RAW.0, flags: 0, reserved: false, payload, declared: None };
    let mut composed = compose::frames(&[RawFrame { stream: None, body }], owner);
    if suppresses {
        composed.touched.push(owner);
    }
    let share = tap.share(composed.octets.len(), false).unwrap();
    drop(tap.write(owner, &mut composed, share));
}

fn stream_of(index: usize) -> u32 {
    2 * u32::try_from(index).unwrap() + 1
}

/// What a request is answered with.
#[derive(Clone, Copy, Debug)]
struct Answer {
    octets: usize,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Stream,
    Trailers,
    Reset,
}

/// A connection: its answers, the client's initial window, and how octets are cut.
#[derive(Clone, Debug)]
struct Plot {
    answers: Vec<Answer>,
    window: u32,
    width: usize,
    most: usize,
}

fn frame(kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&FrameHeader { length, kind, flags, reserved: false, stream }.encode(), payload].concat()
}

impl Plot {
    /// What the client sends: all requests, then windows for what is left of each answer.
    fn octets(&self) -> Vec<u8> {
        let window = [&[0, 4][..], &self.window.to_be_bytes()].concat();
        let mut octets = [PREFACE.as_slice(), &frame(FrameKind::SETTINGS, 0, 0, &window)].concat();
        octets.extend(frame(FrameKind::WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes()));
        let head = block(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]);
        for index in 0..self.answers.len() {
            octets.extend(frame(FrameKind::HEADERS, flags::END_HEADERS | flags::END_STREAM, stream_of(index), &head));
        }
        for index in 0..self.answers.len() {
            octets.extend(frame(FrameKind::WINDOW_UPDATE, 0, stream_of(index), &100_000_u32.to_be_bytes()));
        }
        octets
    }

    /// The frames that leave over plain h2, or over h2 on a tap: then with raw frames after so many writes, and before
    /// the answers of these streams, whose RST_STREAM they suppress.
    fn frames(&self, raw: Option<(&[usize], &BTreeSet<usize>)>) -> Vec<Vec<u8>> {
        let (taken, tap) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<Option<TapHandle>>>::default());
        let raw_after = raw.map_or(Vec::new(), |(after, _)| after.to_vec());
        let (width, most) = (self.width, self.most);
        let wire =
            Wire { octets: self.octets(), width, most, taken: taken.clone(), tap: tap.clone(), raw_after, writes: 0 };
        let settings = Settings { concurrent_streams: 1_000, ..Settings::default() };
        match raw {
            None => self.drive(settings.builder().handshake(wire), None),
            Some((_, suppressed)) => {
                let under = Tap::new(wire, settings.limits(), settings.most_arrived());
                let handle = under.handle();
                *tap.lock().unwrap() = Some(handle.clone());
                self.drive(settings.builder().handshake(under), Some((&handle, suppressed)));
            }
        }
        let taken = taken.lock().unwrap();
        let (mut frames, mut rest) = (Vec::new(), &taken[..]);
        while let Some(header) = rest.first_chunk() {
            let (frame, after) = rest.split_at(HEADER_OCTETS + FrameHeader::decode(*header).length as usize);
            frames.push(frame.to_vec());
            rest = after;
        }
        assert!(rest.is_empty(), "whole frames");
        frames
    }

    fn drive<T: AsyncRead + AsyncWrite + Unpin>(
        &self,
        handshake: h2::server::Handshake<T, Bytes>,
        raw: Option<(&TapHandle, &BTreeSet<usize>)>,
    ) {
        let mut connection = handshake.now_or_never().expect("the preface is there").expect("a preface");
        let mut answers = self.answers.iter().enumerate();
        let mut open = Vec::new();
        // What is put between frames by the last write leaves with the next look.
        for _ in 0..8 {
            while let Some(Some(request)) = connection.accept().now_or_never() {
                let (index, answer) = answers.next().expect("as many requests as answers");
                if let Some((tap, suppressed)) = raw
                    && suppressed.contains(&index)
                {
                    write_raw(tap, index, true);
                }
                open.push(answer.give(request.expect("a request").1));
            }
        }
        assert!(answers.next().is_none(), "every request is answered");
    }
}

impl Answer {
    fn give(self, mut respond: SendResponse<Bytes>) -> h2::SendStream<Bytes> {
        let mut stream = respond.send_response(Response::new(()), false).expect("a head");
        let content = Bytes::from((0..self.octets).map(|at| at.to_le_bytes()[0]).collect::<Vec<_>>());
        stream.send_data(content, matches!(self.end, End::Stream)).expect("content");
        match self.end {
            End::Stream => {}
            End::Trailers => {
                let trailers = HeaderMap::from_iter([(http::header::AGE, HeaderValue::from_static("1"))]);
                stream.send_trailers(trailers).expect("trailers");
            }
            End::Reset => stream.send_reset(Reason::CANCEL),
        }
        stream
    }
}

fn header(frame: &[u8]) -> FrameHeader {
    FrameHeader::decode(*frame.first_chunk().unwrap())
}

/// Over a tap the same octets leave; with raw frames, the same less what they suppress, and each of them whole.
fn compare(plot: &Plot, raw_after: &[usize], suppressed: &BTreeSet<usize>) {
    let plain = plot.frames(None);
    assert_eq!(plot.frames(Some((&[][..], &BTreeSet::new()))), plain, "without raw frames");

    let mixed = plot.frames(Some((raw_after, suppressed)));
    let is_suppressed = |frame: &[u8]| {
        let FrameHeader { kind, stream, .. } = header(frame);
        kind == FrameKind::RST_STREAM && suppressed.iter().any(|index| stream_of(*index) == stream)
    };
    let (raw, polite): (Vec<_>, Vec<_>) = mixed.into_iter().partition(|frame| header(frame).kind == RAW);
    let expected: Vec<_> = plain.into_iter().filter(|frame| !is_suppressed(frame)).collect();
    assert_eq!(polite, expected, "with raw frames");
    // Writes are fewer than some tests ask for: those frames were never sent.
    let sent: BTreeSet<_> = raw.iter().map(|frame| frame[HEADER_OCTETS..].to_vec()).collect();
    assert_eq!((sent.len(), raw.iter().all(|frame| frame.len() == HEADER_OCTETS + 8)), (raw.len(), true));
    assert!(
        suppressed.iter().all(|index| sent.contains(index.to_be_bytes().as_slice())),
        "those that suppress have left"
    );
}

fn answers(most: usize) -> impl Strategy<Value = Vec<Answer>> {
    let end = prop::sample::select(vec![End::Stream, End::Trailers, End::Reset]);
    prop::collection::vec((0..40_000_usize, end).prop_map(|(octets, end)| Answer { octets, end }), 8..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_leaves_are_the_octets_of_plain_h2_and_whole_raw_frames(
        answers in answers(24),
        window in 0..50_000_u32,
        width in 1..2_000_usize,
        most in 1..30_000_usize,
        raw_after in prop::collection::vec(1..200_usize, 0..12),
        suppressed in prop::collection::btree_set(0..8_usize, 0..4),
    ) {
        // The first eight are for those that suppress.
        let raw_after: Vec<_> = [usize::MAX; 8].into_iter().chain(raw_after).collect();
        compare(&Plot { answers, window, width, most }, &raw_after, &suppressed);
    }
}

#[test]
fn five_hundred_streams_leave_as_over_plain_h2() {
    let ends = [End::Stream, End::Trailers, End::Reset];
    let answers = (0..500).map(|index| Answer { octets: index * 37 % 5_000, end: ends[index % 3] }).collect();
    let plot = Plot { answers, window: 3_000, width: 16_384, most: 1_400 };
    let raw_after: Vec<_> = [usize::MAX; 8].into_iter().chain((0..300).map(|index| index * 17 % 2_000 + 1)).collect();
    compare(&plot, &raw_after, &BTreeSet::from([2, 5]));
}
