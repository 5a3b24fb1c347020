//! HTTP/2 frame by frame: what was sent is what the test says, valid or not, and what came back is shown as it came.
//!
//! The client acknowledges SETTINGS and PING by itself and opens windows only where a verb says so.

mod octets;
mod response;

use std::collections::{HashMap, VecDeque};

use framewright::wire::{
    FrameHeader, FrameKind, HEADER_OCTETS, flags,
    hpack::{Decoder, FieldBlock},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub use octets::{block, frame, head};
pub use response::{End, Response};

use super::{Stream, client::Fields, soon};

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// RFC 9113 §6.5.2.
pub const INITIAL_WINDOW_SIZE: u16 = 0x4;
/// RFC 9113 §6.5.2.
pub const MAX_CONCURRENT_STREAMS: u16 = 0x3;
/// Octets of a window at first (RFC 9113 §6.9.2), and of payload in a frame at most.
pub const WINDOW: i64 = 65_535;
pub const FRAME_OCTETS: usize = 16_384;

/// A frame as it came.
#[derive(Clone, Debug)]
pub struct Frame {
    pub header: FrameHeader,
    pub payload: Vec<u8>,
    /// HEADERS: what it decoded to, together with the CONTINUATION frames behind it.
    pub section: Fields,
}

/// A connection on which frames are written and read by hand.
pub struct Connection {
    pub stream: Stream,
    decoder: Decoder,
    /// Frames that came while something else was waited for.
    kept: VecDeque<Frame>,
    /// The server's settings so far.
    pub settings: HashMap<u16, u32>,
    /// Octets that may be sent: on the connection, and on each stream relative to the server's initial window.
    window: i64,
    windows: HashMap<u32, i64>,
}

impl Frame {
    /// The 32-bit number at this octet: an error code, a window increment.
    pub fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four octets"))
    }

    fn is(&self, kind: FrameKind) -> bool {
        self.header.kind == kind
    }
}

impl Connection {
    /// Says hello with these settings; the server's come later, as any frame.
    pub async fn new(stream: Stream, settings: &[(u16, u32)]) -> Self {
        Self::resume(stream, 0, settings).await
    }

    /// The same where so many octets of the preface have been sent.
    pub async fn resume(stream: Stream, sent: usize, settings: &[(u16, u32)]) -> Self {
        let decoder = Decoder::new(16 << 20, usize::MAX);
        let (kept, windows) = (VecDeque::new(), HashMap::new());
        let mut connection = Self { stream, decoder, kept, settings: HashMap::new(), window: WINDOW, windows };
        connection.octets(&PREFACE[sent..]).await;
        connection.settings(settings).await;
        connection
    }

    pub async fn octets(&mut self, octets: impl AsRef<[u8]>) {
        assert!(self.try_octets(octets).await, "the server is gone");
    }

    /// Whether the server still takes octets.
    pub async fn try_octets(&mut self, octets: impl AsRef<[u8]>) -> bool {
        let written = async { self.stream.write_all(octets.as_ref()).await.and(self.stream.flush().await) };
        soon("room to write", written).await.is_ok()
    }

    pub async fn frame(&mut self, kind: FrameKind, flags: u8, stream: u32, payload: impl AsRef<[u8]>) {
        self.octets(frame(kind, flags, stream, payload)).await;
    }

    pub async fn settings(&mut self, settings: &[(u16, u32)]) {
        let payload: Vec<u8> =
            settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
        self.frame(FrameKind::SETTINGS, 0, 0, payload).await;
    }

    /// Opens a window. A server that has sent all it wanted may be gone.
    pub async fn open_window(&mut self, stream: u32, octets: u32) {
        self.try_octets(frame(FrameKind::WINDOW_UPDATE, 0, stream, octets.to_be_bytes())).await;
    }

    pub async fn reset(&mut self, stream: u32, code: u32) {
        self.frame(FrameKind::RST_STREAM, 0, stream, code.to_be_bytes()).await;
    }

    /// Sends a field block, in as many frames as it needs.
    pub async fn fields(&mut self, stream: u32, fields: &[(&[u8], &[u8])], end: bool) {
        let block = block(fields);
        let mut kind = (FrameKind::HEADERS, if end { flags::END_STREAM } else { 0 });
        let mut pieces = block.chunks(FRAME_OCTETS).peekable();
        while let Some(piece) = pieces.next() {
            let last = if pieces.peek().is_none() { flags::END_HEADERS } else { 0 };
            self.frame(kind.0, kind.1 | last, stream, piece).await;
            kind = (FrameKind::CONTINUATION, 0);
        }
    }

    /// Opens a stream with a request without content.
    pub async fn get(&mut self, stream: u32, path: &str) {
        self.fields(stream, &head("GET", path), true).await;
    }

    /// Opens a stream with a request whose content follows.
    pub async fn post(&mut self, stream: u32, path: &str) {
        self.fields(stream, &head("POST", path), false).await;
    }

    /// Sends content within the windows, waiting for them to open as needed.
    pub async fn content(&mut self, stream: u32, mut octets: &[u8], end: bool) {
        if octets.is_empty() && end {
            return self.frame(FrameKind::DATA, flags::END_STREAM, stream, []).await;
        }
        while !octets.is_empty() {
            let room = usize::try_from(self.room(stream)).unwrap_or(0);
            let count = octets.len().min(room).min(FRAME_OCTETS);
            if count == 0 {
                let frame = self.read_one().await.expect("the connection ended while its window was shut");
                self.kept.extend(frame);
                continue;
            }
            let (piece, rest) = octets.split_at(count);
            octets = rest;
            let end = if end && rest.is_empty() { flags::END_STREAM } else { 0 };
            self.frame(FrameKind::DATA, end, stream, piece).await;
            self.spend(stream, count);
        }
    }

    /// Octets that may be sent on this stream now, as far as is known.
    pub fn room(&self, stream: u32) -> i64 {
        let initial = self.settings.get(&INITIAL_WINDOW_SIZE).map_or(WINDOW, |octets| i64::from(*octets));
        self.window.min(initial + self.windows.get(&stream).copied().unwrap_or(0))
    }

    /// Notes octets sent by hand.
    pub fn spend(&mut self, stream: u32, octets: usize) {
        let octets = i64::try_from(octets).expect("few");
        self.window -= octets;
        *self.windows.entry(stream).or_default() -= octets;
    }

    /// Answers once the server has handled all that was sent before, as PING shows. What came meanwhile is kept.
    pub async fn round_trip(&mut self) {
        const MARK: [u8; 8] = *b"position";
        self.frame(FrameKind::PING, 0, 0, MARK).await;
        loop {
            let frame = self.read().await.expect("the connection ended");
            if frame.is(FrameKind::PING) && frame.header.has(flags::ACK) && frame.payload == MARK {
                return;
            }
            self.kept.push_back(frame);
        }
    }

    /// The next frame, those kept first; none at the end of the connection. SETTINGS of the server are not shown.
    pub async fn next(&mut self) -> Option<Frame> {
        match self.kept.pop_front() {
            Some(frame) => Some(frame),
            None => self.read().await,
        }
    }

    /// Frames that came and nobody has asked for.
    pub fn kept(&self) -> impl Iterator<Item = &Frame> {
        self.kept.iter()
    }

    /// The next frame of this stream or the end of the connection; others are kept.
    pub async fn next_on(&mut self, stream: u32) -> Option<Frame> {
        let ours = |frame: &Frame| frame.header.stream == stream || frame.is(FrameKind::GOAWAY);
        if let Some(at) = self.kept.iter().position(ours) {
            return self.kept.remove(at);
        }
        loop {
            let frame = self.read().await?;
            if ours(&frame) {
                return Some(frame);
            }
            self.kept.push_back(frame);
        }
    }

    /// Reads on until a frame of this kind comes, dropping others; none at the end of the connection.
    pub async fn find(&mut self, kind: FrameKind) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.is(kind) {
                return Some(frame);
            }
        }
    }

    /// Reads a whole response, opening windows for what comes.
    pub async fn response(&mut self, stream: u32) -> Response {
        let head = self.head(stream).await;
        self.rest(stream, head).await
    }

    /// Reads what follows a head.
    pub async fn rest(&mut self, stream: u32, mut response: Response) -> Response {
        while response.end == End::Closed {
            let Some(frame) = self.next_on(stream).await else { break };
            response.note_end(&frame);
            if frame.is(FrameKind::HEADERS) {
                response.trailers = frame.section;
            } else if frame.is(FrameKind::DATA) && !frame.payload.is_empty() {
                self.open_window(0, frame.header.length).await;
                self.open_window(stream, frame.header.length).await;
                response.content.extend(&frame.payload);
            }
        }
        response
    }

    /// Reads up to the final head, or the end.
    pub async fn head(&mut self, stream: u32) -> Response {
        let (informational, fields, content, trailers) = Default::default();
        let mut response = Response { informational, status: 0, fields, content, trailers, end: End::Closed };
        while response.status == 0 && response.end == End::Closed {
            let Some(frame) = self.next_on(stream).await else { break };
            response.note_end(&frame);
            if frame.is(FrameKind::HEADERS) {
                let mut fields = frame.section;
                assert_eq!(fields[0].0, b":status", "RFC 9113 §8.3: the status comes first");
                let status = String::from_utf8(fields.remove(0).1).expect("digits").parse().expect("a status");
                if status < 200 {
                    response.informational.push((status, fields));
                } else {
                    (response.status, response.fields) = (status, fields);
                }
            }
        }
        response
    }

    /// Shows the end of a stream once more, for those who read content and end one by one.
    pub fn keep_end(&mut self, stream: u32) {
        let header =
            FrameHeader { length: 0, kind: FrameKind::DATA, flags: flags::END_STREAM, reserved: false, stream };
        self.kept.push_front(Frame { header, payload: Vec::new(), section: Vec::new() });
    }

    /// The code of the GOAWAY with which the server ends the connection; none if it just closes.
    pub async fn goaway(&mut self) -> Option<u32> {
        self.find(FrameKind::GOAWAY).await.map(|frame| frame.number(4))
    }

    async fn read(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.read_one().await? {
                return Some(frame);
            }
        }
    }

    /// Reads a frame; none inside if it was for the connection itself and has been dealt with.
    async fn read_one(&mut self) -> Option<Option<Frame>> {
        let mut frame = self.read_raw().await?;
        let header = frame.header;
        match header.kind {
            FrameKind::SETTINGS if !header.has(flags::ACK) => {
                for setting in frame.payload.chunks_exact(6) {
                    let value = u32::from_be_bytes(setting[2..].try_into().expect("four octets"));
                    self.settings.insert(u16::from_be_bytes([setting[0], setting[1]]), value);
                }
                self.try_octets(self::frame(FrameKind::SETTINGS, flags::ACK, 0, [])).await;
            }
            FrameKind::SETTINGS => {}
            FrameKind::PING if !header.has(flags::ACK) => {
                self.try_octets(self::frame(FrameKind::PING, flags::ACK, 0, &frame.payload)).await;
            }
            FrameKind::WINDOW_UPDATE if header.stream == 0 => self.window += i64::from(frame.number(0)),
            FrameKind::WINDOW_UPDATE => {
                *self.windows.entry(header.stream).or_default() += i64::from(frame.number(0));
            }
            FrameKind::HEADERS => {
                frame.section = self.section(&frame).await?;
                return Some(Some(frame));
            }
            _ => return Some(Some(frame)),
        }
        Some(None)
    }

    /// Decodes the field block that begins with this frame: at once, as the table changes with each.
    async fn section(&mut self, frame: &Frame) -> Option<Fields> {
        let mut block = frame.payload.clone();
        let mut complete = frame.header.has(flags::END_HEADERS);
        while !complete {
            let more = self.read_raw().await?;
            assert!(more.is(FrameKind::CONTINUATION), "RFC 9113 §6.10: {more:?}");
            block.extend(&more.payload);
            complete = more.header.has(flags::END_HEADERS);
        }
        match self.decoder.decode(&block).expect("a field block") {
            FieldBlock::Section(section) => {
                Some(section.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    async fn read_raw(&mut self) -> Option<Frame> {
        let mut header = [0; HEADER_OCTETS];
        soon("a frame or a close", self.stream.read_exact(&mut header)).await.ok()?;
        let header = FrameHeader::decode(header);
        let mut payload = vec![0; header.length as usize];
        soon("a payload", self.stream.read_exact(&mut payload)).await.ok()?;
        Some(Frame { header, payload, section: Vec::new() })
    }
}
