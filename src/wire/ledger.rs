//! Files what [`Inbound`](super::Inbound) found under its stream, until whoever gets the stream from h2 claims it.

use std::{collections::VecDeque, task::Waker};

use tokio::time::Instant;

use super::{Arrival, ArrivedFrame, hpack::FieldBlock};
use crate::exchange::SeenFrame;

/// Windows before any frame says otherwise, in octets (RFC 9113 §6.9.2).
const DEFAULT_WINDOW: u32 = 65_535;

/// The longest frame before SETTINGS says otherwise, in octets of payload (RFC 9113 §4.2).
const DEFAULT_FRAME: u32 = 16_384;

/// Frames of the client's that a connection remembers: some hundred octets each, and more than a test looks back.
const FRAMES_SEEN: usize = 256;

/// Why a frame was refused, as far as the engine tells.
const REFUSED: &str = "malformed, or over a limit: the server reset its stream (RFC 9113 §5.4.2, §8.1.1)";

/// Field sections and windows by stream.
///
/// Client streams open in increasing order (RFC 9113 §5.1.1) and h2 delivers them in that order. So whatever is left
/// below a stream that h2 has delivered was refused, and is dropped.
#[derive(Debug)]
pub struct Ledger {
    /// Streams that h2 has not delivered, in order.
    arrived: VecDeque<Stream<Section>>,
    /// Streams that an exchange holds, in order.
    held: VecDeque<Stream<()>>,
    /// The highest stream seen.
    last: u32,
    /// The highest stream that the engine has promised, or skipped.
    promised: u32,
    /// Most entries of `arrived`.
    most_arrived: usize,
    initial_window: u32,
    connection_window: u64,
    frame_octets: u32,
    takes_promises: bool,
    /// The last frames, oldest first.
    frames: VecDeque<SeenFrame>,
    /// Frames seen so far.
    seen: u64,
    /// When the first one came.
    began: Option<Instant>,
    /// Who waits for frames.
    waiting: Vec<Waker>,
    ended: bool,
}

/// The field section that opened a stream.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its lines.
    pub block: FieldBlock,
    /// Whether it ended the stream: no content, no trailers.
    pub end_stream: bool,
    /// When its last octet had been read.
    pub arrived: Instant,
}

#[derive(Debug)]
struct Stream<H> {
    id: u32,
    head: H,
    /// Boxed, as few streams have them and entries are moved about.
    trailers: Option<Box<FieldBlock>>,
    /// What WINDOW_UPDATE added.
    window: u32,
    /// Octets of content that were sent raw.
    raw: u64,
    /// Octets of content that the engine has written.
    written: u64,
    /// How many parts of the exchange still hold it.
    holders: u8,
}

impl Ledger {
    /// An empty ledger; `most_arrived` sections wait to be claimed at most, later ones are not filed.
    pub fn new(most_arrived: usize) -> Self {
        Self {
            arrived: VecDeque::new(),
            held: VecDeque::new(),
            last: 0,
            promised: 0,
            most_arrived,
            initial_window: DEFAULT_WINDOW,
            connection_window: u64::from(DEFAULT_WINDOW),
            frame_octets: DEFAULT_FRAME,
            takes_promises: true,
            frames: VecDeque::new(),
            seen: 0,
            began: None,
            waiting: Vec::new(),
            ended: false,
        }
    }

    /// Files one arrival, that came at `now`. What belongs to no stream that is open here is dropped.
    pub fn file(&mut self, arrival: Arrival, now: Instant) {
        match arrival {
            Arrival::Section { stream, end_stream, block } if stream > self.last => {
                self.last = stream;
                if self.arrived.len() < self.most_arrived {
                    let head = Section { block, end_stream, arrived: now };
                    self.arrived.push_back(Stream {
                        id: stream,
                        head,
                        trailers: None,
                        window: 0,
                        raw: 0,
                        written: 0,
                        holders: 0,
                    });
                }
            }
            Arrival::Section { stream, block, .. } => {
                if let Some(held) = find(&mut self.held, stream) {
                    held.trailers.get_or_insert_with(|| Box::new(block));
                } else if let Some(arrived) = find(&mut self.arrived, stream) {
                    arrived.trailers.get_or_insert_with(|| Box::new(block));
                }
            }
            Arrival::Window { stream: 0, octets } => {
                self.connection_window = self.connection_window.saturating_add(u64::from(octets));
            }
            Arrival::Window { stream, octets } => {
                if let Some(held) = find(&mut self.held, stream) {
                    held.window = held.window.saturating_add(octets);
                } else if let Some(arrived) = find(&mut self.arrived, stream) {
                    arrived.window = arrived.window.saturating_add(octets);
                }
            }
            Arrival::InitialWindow(octets) => self.initial_window = octets,
            Arrival::EnablePush(enabled) => self.takes_promises = enabled,
            Arrival::FrameOctets(octets) => self.frame_octets = octets,
            Arrival::Frame(frame) => self.see(frame, now),
        }
    }

    fn see(&mut self, frame: ArrivedFrame, now: Instant) {
        let ArrivedFrame { header, padding, payload } = frame;
        if self.frames.len() == FRAMES_SEEN {
            self.frames.pop_front();
        }
        self.seen += 1;
        self.frames.push_back(SeenFrame {
            number: self.seen,
            arrived: now.saturating_duration_since(*self.began.get_or_insert(now)),
            kind: header.kind.0,
            flags: header.flags,
            reserved: header.reserved,
            stream: header.stream,
            length: header.length,
            padding,
            payload,
            refused: None,
        });
    }

    /// The frames that are remembered after number `after`, of one stream or of all.
    pub fn frames(&self, after: u64, stream: Option<u32>) -> impl Iterator<Item = &SeenFrame> {
        let skipped = self.frames.partition_point(|frame| frame.number <= after);
        self.frames.range(skipped..).filter(move |frame| stream.is_none_or(|stream| frame.stream == stream))
    }

    /// Has `waker` called once something was filed, or the connection is over.
    pub fn wait(&mut self, waker: &Waker) {
        if !self.waiting.iter().any(|waiting| waiting.will_wake(waker)) {
            self.waiting.push(waker.clone());
        }
    }

    /// Those to wake, now that something was filed.
    pub fn take_waiting(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.waiting)
    }

    /// Notes that nothing more will come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether nothing more will come.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Notes that the server has reset this stream. If no exchange had got it, its frames were refused: then says why.
    pub fn note_refused(&mut self, stream: u32) -> Option<&'static str> {
        if !self.arrived.iter().any(|arrived| arrived.id == stream) {
            return None;
        }
        if let Some(frame) = self.frames.iter_mut().rev().find(|frame| frame.stream == stream) {
            frame.refused = Some(REFUSED);
        }
        Some(REFUSED)
    }

    /// The longest frame that the client takes, in octets of payload.
    pub fn frame_octets(&self) -> u32 {
        self.frame_octets
    }

    /// Whether the client takes promises: SETTINGS_ENABLE_PUSH.
    pub fn takes_promises(&self) -> bool {
        self.takes_promises
    }

    /// An exchange holds a stream that the server has promised.
    pub fn hold_promised(&mut self, stream: u32) {
        self.note_promised(stream);
        let at = self.held.partition_point(|held| held.id < stream);
        self.held
            .insert(at, Stream { id: stream, head: (), trailers: None, window: 0, raw: 0, written: 0, holders: 1 });
    }

    /// The engine has promised this stream, or skipped it.
    pub fn note_promised(&mut self, stream: u32) {
        self.promised = self.promised.max(stream);
    }

    /// The highest stream that the engine has promised, or skipped; 0 if none.
    pub fn last_promised(&self) -> u32 {
        self.promised
    }

    /// The section that opened `stream`, for the exchange made of it, which then holds the stream in one part, or in
    /// two if there is content to read; a stream whose section is over the limits is not held. Drops all streams
    /// below that were not claimed.
    pub fn claim_head(&mut self, stream: u32) -> Option<Section> {
        while self.arrived.front().is_some_and(|arrived| arrived.id < stream) {
            self.arrived.pop_front();
        }
        let Stream { id, head, trailers, window, .. } = self.arrived.pop_front_if(|arrived| arrived.id == stream)?;
        if matches!(head.block, FieldBlock::Section(_)) {
            let holders = if head.end_stream { 1 } else { 2 };
            let at = self.held.partition_point(|held| held.id < id);
            self.held.insert(at, Stream { id, head: (), trailers, window, raw: 0, written: 0, holders });
        }
        Some(head)
    }

    /// The trailers of a stream that an exchange holds.
    pub fn claim_trailers(&mut self, stream: u32) -> Option<FieldBlock> {
        find(&mut self.held, stream)?.trailers.take().map(|trailers| *trailers)
    }

    /// One part of an exchange lets its stream go.
    pub fn release(&mut self, stream: u32) {
        let Ok(index) = self.held.binary_search_by_key(&stream, |held| held.id) else { return };
        let held = &mut self.held[index];
        held.holders -= 1;
        if held.holders == 0 {
            self.held.remove(index);
        }
    }

    /// Whether an exchange holds this stream.
    pub fn is_held(&self, stream: u32) -> bool {
        self.held.binary_search_by_key(&stream, |held| held.id).is_ok()
    }

    /// Content of these octets is sent raw on a stream.
    pub fn spend(&mut self, stream: u32, octets: u64) {
        if let Some(held) = find(&mut self.held, stream) {
            held.raw = held.raw.saturating_add(octets);
        }
    }

    /// The engine has written content of these octets on a stream.
    pub fn note_written(&mut self, stream: u32, octets: u32) {
        if let Some(held) = find(&mut self.held, stream) {
            held.written += u64::from(octets);
        }
    }

    /// Octets of content that the engine has written on a stream; none if nobody holds it, or nothing more will leave.
    pub fn written(&mut self, stream: u32) -> Option<u64> {
        if self.ended { None } else { find(&mut self.held, stream).map(|held| held.written) }
    }

    /// Octets that the peer has allowed the engine so far: on this stream, less what was sent raw there, and on the
    /// connection (RFC 9113 §6.9.1). A stream that is not held has none.
    pub fn allowed(&mut self, stream: u32) -> (u64, u64) {
        let initial = u64::from(self.initial_window);
        let stream =
            find(&mut self.held, stream).map_or(0, |held| (initial + u64::from(held.window)).saturating_sub(held.raw));
        (stream, self.connection_window)
    }
}

fn find<H>(streams: &mut VecDeque<Stream<H>>, id: u32) -> Option<&mut Stream<H>> {
    let index = streams.binary_search_by_key(&id, |stream| stream.id).ok()?;
    streams.get_mut(index)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        exchange::FieldSection,
        wire::frame::{FrameHeader, FrameKind},
    };

    fn section(stream: u32, name: &str, end_stream: bool) -> Arrival {
        let section = FieldSection::from_lines([(name.as_bytes(), b"".as_slice())]);
        Arrival::Section { stream, end_stream, block: FieldBlock::Section(section) }
    }

    fn file(ledger: &mut Ledger, arrival: Arrival) {
        ledger.file(arrival, Instant::now());
    }

    fn name(block: FieldBlock) -> String {
        let FieldBlock::Section(section) = block else { panic!("not a section") };
        String::from_utf8(section.iter().next().unwrap().name.to_vec()).unwrap()
    }

    #[test]
    fn heads_and_trailers_are_claimed_by_stream_and_refused_streams_forgotten() {
        let mut ledger = Ledger::new(10);
        for arrival in [
            section(1, "one", false),
            section(3, "refused", false),
            section(5, "five", false),
            section(1, "one-trailers", true),
            section(5, "five-trailers", true),
            section(5, "more-trailers", true),
            section(3, "refused-trailers", true),
        ] {
            file(&mut ledger, arrival);
        }
        assert_eq!(name(ledger.claim_head(1).unwrap().block), "one");
        assert_eq!(name(ledger.claim_head(5).unwrap().block), "five");
        assert!(ledger.claim_head(3).is_none() && ledger.arrived.is_empty());
        assert_eq!(name(ledger.claim_trailers(1).unwrap()), "one-trailers");
        assert_eq!(name(ledger.claim_trailers(5).unwrap()), "five-trailers");
        assert!(ledger.claim_trailers(5).is_none() && ledger.claim_trailers(3).is_none());
        for stream in [1, 5, 5, 1, 1, 7] {
            ledger.release(stream);
        }
        assert!(ledger.held.is_empty());
    }

    #[test]
    fn windows_add_up_and_follow_the_initial_one() {
        let mut ledger = Ledger::new(10);
        file(&mut ledger, section(1, "one", true));
        file(&mut ledger, Arrival::Window { stream: 1, octets: 5 });
        ledger.claim_head(1).unwrap();
        file(&mut ledger, Arrival::Window { stream: 1, octets: 5 });
        file(&mut ledger, Arrival::Window { stream: 0, octets: 1 });
        file(&mut ledger, Arrival::Window { stream: 9, octets: 1 });
        assert_eq!(ledger.allowed(1), (65_545, 65_536));
        file(&mut ledger, Arrival::InitialWindow(0));
        assert_eq!(ledger.allowed(1), (10, 65_536));
        assert_eq!(ledger.allowed(9), (0, 65_536));
    }

    #[test]
    fn no_more_sections_wait_than_allowed() {
        let mut ledger = Ledger::new(2);
        for stream in [1, 3, 5] {
            file(&mut ledger, section(stream, "x", true));
        }
        assert!(ledger.claim_head(3).is_some() && ledger.claim_head(5).is_none());
    }

    #[test]
    fn the_last_frames_are_remembered_in_order() {
        let mut ledger = Ledger::new(2);
        let start = Instant::now();
        for index in 0..300_u32 {
            let header = FrameHeader { length: 8, kind: FrameKind::PING, flags: 0, reserved: false, stream: index % 2 };
            let frame = ArrivedFrame { header, padding: None, payload: Box::default() };
            ledger.file(Arrival::Frame(frame), start + Duration::from_millis(u64::from(index)));
        }
        let numbers = |after, stream| ledger.frames(after, stream).map(|frame| frame.number).collect::<Vec<_>>();
        assert_eq!(numbers(0, None), (45..=300).collect::<Vec<_>>());
        assert_eq!(numbers(296, Some(1)), [298, 300]);
        assert!(numbers(300, None).is_empty());
        assert_eq!(ledger.frames(299, None).next().map(|frame| frame.arrived), Some(Duration::from_millis(299)));
    }

    #[test]
    fn a_stream_reset_before_its_exchange_is_refused() {
        let mut ledger = Ledger::new(2);
        let header = FrameHeader { length: 1, kind: FrameKind::HEADERS, flags: 5, reserved: false, stream: 1 };
        file(&mut ledger, Arrival::Frame(ArrivedFrame { header, padding: None, payload: Box::default() }));
        file(&mut ledger, section(1, "bad", true));
        assert_eq!(ledger.note_refused(3), None);
        assert!(ledger.frames(0, None).all(|frame| frame.refused.is_none()));
        assert!(ledger.note_refused(1).is_some());
        assert!(ledger.frames(0, None).all(|frame| frame.refused.is_some()));
    }
}
