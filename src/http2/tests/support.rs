//! Few verbs: start a connection, speak h2 frame by frame, read and answer an exchange.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
};

use crate::{
    drain::{Drain, DrainHandle},
    exchange::{
        BoxFuture, ConnectionFacts, ConnectionId, ContentError, ContentEvent, Dispatch, Exchange, FieldSection,
        ResponseWriter,
    },
    http2::{Fault, Settings, serve},
    wire::{
        FrameHeader, FrameKind, HEADER_OCTETS, flags,
        hpack::{Decoder, FieldBlock, encode_literal},
    },
};

pub(super) const END_HEADERS: u8 = flags::END_HEADERS;
pub(super) const END: u8 = flags::END_HEADERS | flags::END_STREAM;

/// How long a frame may take, unless a test pauses the clock and waits for the server's deadlines.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection being served.
pub(super) struct Server {
    pub(super) task: JoinHandle<Result<(), Fault>>,
    pub(super) drain: DrainHandle,
}

/// Answers exchanges with a closure.
pub(super) fn answer<F, R>(answer: F) -> Arc<dyn Dispatch>
where
    F: Fn(Exchange) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |exchange| -> BoxFuture<'static, ()> { Box::pin(answer(exchange)) })
}

/// Serves one connection over a pipe that holds `room` octets each way.
pub(super) fn start(dispatch: Arc<dyn Dispatch>, settings: Settings, room: usize) -> (Server, DuplexStream) {
    let (client, server) = tokio::io::duplex(room);
    let address = "127.0.0.1:1".parse().expect("an address");
    let facts =
        ConnectionFacts { id: ConnectionId::next(), peer: address, local: address, listener: "test".into(), tls: None };
    let (drain, signal) = Drain::pair();
    let task = tokio::spawn(serve(server, Arc::new(facts), dispatch, settings, signal));
    (Server { task, drain }, client)
}

/// Serves one connection and greets it with these settings of the client's.
pub(super) async fn greet(dispatch: Arc<dyn Dispatch>, settings: Settings, own: &[(u16, u32)]) -> (Server, Client) {
    let (server, io) = start(dispatch, settings, 1 << 20);
    (server, Client::over(io, own).await)
}

/// Serves with default settings.
pub(super) async fn serving<F, R>(handler: F) -> (Server, Client)
where
    F: Fn(Exchange) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    greet(answer(handler), Settings::default(), &[]).await
}

/// Speaks HTTP/2 frame by frame.
pub(super) struct Client {
    pub(super) io: DuplexStream,
    decoder: Decoder,
    pub(super) patience: Duration,
}

impl Client {
    /// A client on a pipe, which greets with these settings and accepts the server's.
    pub(super) async fn over(io: DuplexStream, settings: &[(u16, u32)]) -> Self {
        let mut client = Self { io, decoder: Decoder::new(1 << 20, 1 << 10), patience: PATIENCE };
        client.io.write_all(crate::wire::PREFACE).await.expect("the server reads");
        let mut payload = Vec::new();
        for (id, value) in settings {
            payload.extend_from_slice(&id.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        client.send(FrameKind::SETTINGS, 0, 0, &payload).await;
        let (header, _) = client.raw().await.expect("a frame");
        assert_eq!((header.kind, header.flags), (FrameKind::SETTINGS, 0));
        client.send(FrameKind::SETTINGS, flags::ACK, 0, &[]).await;
        client
    }

    pub(super) async fn send(&mut self, kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a short payload");
        let header = FrameHeader { length, kind, flags, reserved: false, stream };
        let octets = [header.encode().as_slice(), payload].concat();
        self.io.write_all(&octets).await.expect("the server reads");
    }

    /// A request head that is literal throughout.
    pub(super) async fn head(&mut self, flags: u8, stream: u32, lines: &[(&str, &str)]) {
        self.send(FrameKind::HEADERS, flags, stream, &block(lines)).await;
    }

    pub(super) async fn get(&mut self, stream: u32, path: &str) {
        self.head(END, stream, &[(":method", "GET"), (":scheme", "http"), (":path", path)]).await;
    }

    /// A POST whose content is to follow.
    pub(super) async fn post(&mut self, stream: u32) {
        self.head(END_HEADERS, stream, &[(":method", "POST"), (":scheme", "http"), (":path", "/")]).await;
    }

    pub(super) async fn data(&mut self, flags: u8, stream: u32, octets: &[u8]) {
        self.send(FrameKind::DATA, flags, stream, octets).await;
    }

    pub(super) async fn reset(&mut self, stream: u32, code: u32) {
        self.send(FrameKind::RST_STREAM, 0, stream, &code.to_be_bytes()).await;
    }

    pub(super) async fn window(&mut self, stream: u32, octets: u32) {
        self.send(FrameKind::WINDOW_UPDATE, 0, stream, &octets.to_be_bytes()).await;
    }

    /// The next frame that says something of a stream or the end, in words: `1 HEADERS :status=200`, `1. DATA x` (the
    /// dot is END_STREAM), `3 RST_STREAM 7`, `GOAWAY 0 after 1`, `WINDOW_UPDATE 1 16`, `CLOSED`. Answers PING on
    /// the way.
    pub(super) async fn next(&mut self) -> String {
        tokio::time::timeout(self.patience, self.frame()).await.expect("a frame in time")
    }

    pub(super) async fn raw(&mut self) -> Option<(FrameHeader, Vec<u8>)> {
        let mut header = [0; HEADER_OCTETS];
        self.io.read_exact(&mut header).await.ok()?;
        let header = FrameHeader::decode(header);
        let mut payload = vec![0; header.length as usize];
        self.io.read_exact(&mut payload).await.expect("a whole frame");
        Some((header, payload))
    }

    async fn frame(&mut self) -> String {
        loop {
            let Some((header, payload)) = self.raw().await else { return "CLOSED".into() };
            let end = if header.has(flags::END_STREAM) { "." } else { "" };
            let word = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().expect("four octets"));
            match header.kind {
                FrameKind::PING if !header.has(flags::ACK) => self.send(header.kind, flags::ACK, 0, &payload).await,
                FrameKind::HEADERS => {
                    let FieldBlock::Section(section) = self.decoder.decode(&payload).expect("a field block") else {
                        panic!("a large field section");
                    };
                    return format!("{}{end} HEADERS {}", header.stream, text(&section));
                }
                FrameKind::DATA => {
                    return format!("{}{end} DATA {}", header.stream, String::from_utf8_lossy(&payload));
                }
                FrameKind::RST_STREAM => return format!("{} RST_STREAM {}", header.stream, word(0)),
                FrameKind::GOAWAY if word(0) == u32::MAX >> 1 => return "GOAWAY soon".into(),
                FrameKind::GOAWAY => return format!("GOAWAY {} after {}", word(4), word(0)),
                FrameKind::WINDOW_UPDATE if header.stream != 0 => {
                    return format!("{} WINDOW_UPDATE {}", header.stream, word(0));
                }
                _ => {}
            }
        }
    }

    pub(super) async fn expect(&mut self, frames: &[&str]) {
        for frame in frames {
            assert_eq!(self.next().await, *frame);
        }
    }
}

/// A field block of literal lines.
pub(super) fn block(lines: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in lines {
        encode_literal(&mut block, name.as_bytes(), value.as_bytes());
    }
    block
}

/// The lines of a section, `name=value`.
pub(super) fn text(section: &FieldSection) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let lines: Vec<_> = section.iter().map(|line| text(line.name) + "=" + &text(line.value)).collect();
    lines.join(" ")
}

pub(super) fn fields(lines: &[(&str, &str)]) -> FieldSection {
    FieldSection::from_lines(lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

/// The next piece of content.
pub(super) async fn read(exchange: &mut Exchange) -> Result<ContentEvent, ContentError> {
    poll_fn(|cx| exchange.content.poll_next(cx)).await
}

/// All content, then the trailers in brackets, or the error.
pub(super) async fn read_all(exchange: &mut Exchange) -> String {
    let mut all = String::new();
    loop {
        match read(exchange).await {
            Ok(ContentEvent::Data(octets)) => all.push_str(&String::from_utf8_lossy(&octets)),
            Ok(ContentEvent::Trailers(section)) => all.push_str(&format!("[{}]", text(&section))),
            Ok(ContentEvent::End) => return all,
            Err(error) => return format!("{all}!{error}"),
        }
    }
}

/// A whole response.
pub(super) async fn respond(response: &mut ResponseWriter, content: &str) {
    response.send_head(200, &FieldSection::new(), false).await.expect("the head");
    response.send_data(Bytes::copy_from_slice(content.as_bytes()), true).await.expect("the content");
}
