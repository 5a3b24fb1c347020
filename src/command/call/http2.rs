//! The client's side of `call --h2`: frames written and read by hand, so that all of them show.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::{Request, print_line, print_octets};
use framewright::{
    observe::wire_log::{flag_names, frame_name},
    wire::{
        FrameHeader, FrameKind, HEADER_OCTETS, flags,
        hpack::{Decoder, FieldBlock, encode_literal},
    },
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const STREAM: u32 = 1;
/// RFC 9113 §6.9.2: the window at the start, in octets.
const INITIAL_WINDOW: i64 = 65_535;
/// RFC 9113 §6.9.1: the largest window, in octets. We never make the handler wait.
const LARGEST_WINDOW: u32 = (1 << 31) - 1;
/// RFC 9113 §6.5.2: the frame size that every peer takes, in octets.
const FRAME_OCTETS: usize = 16_384;
/// SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2).
const SETTINGS_INITIAL_WINDOW_SIZE: u16 = 0x4;
/// Octets of a field section that we print: any.
const SECTION_OCTETS: usize = 16 << 20;

/// The client's end of a connection with one stream.
struct Connection<'a> {
    pipe: DuplexStream,
    decoder: Decoder,
    /// The field block at hand (RFC 9113 §4.3).
    block: Vec<u8>,
    unsent: &'a [u8],
    connection_window: i64,
    stream_window: i64,
    initial_window: i64,
    /// The response ended, one way or another.
    done: bool,
}

pub(super) async fn exchange(pipe: DuplexStream, request: &Request) -> Result<()> {
    let mut connection = Connection {
        pipe,
        decoder: Decoder::new(SECTION_OCTETS, usize::MAX),
        block: Vec::new(),
        unsent: &request.content,
        connection_window: INITIAL_WINDOW,
        stream_window: INITIAL_WINDOW,
        initial_window: INITIAL_WINDOW,
        done: false,
    };
    connection.open(request).await?;
    while !connection.done {
        connection.send_content().await?;
        connection.receive().await?;
    }
    Ok(())
}

impl Connection<'_> {
    async fn open(&mut self, request: &Request) -> Result<()> {
        self.pipe.write_all(PREFACE).await?;
        let [w0, w1, w2, w3] = LARGEST_WINDOW.to_be_bytes();
        let [s0, s1] = SETTINGS_INITIAL_WINDOW_SIZE.to_be_bytes();
        self.send(FrameKind::SETTINGS, 0, 0, &[s0, s1, w0, w1, w2, w3]).await?;
        let more = LARGEST_WINDOW - u32::try_from(INITIAL_WINDOW).context("a constant")?;
        self.send(FrameKind::WINDOW_UPDATE, 0, 0, &more.to_be_bytes()).await?;
        let mut block = Vec::new();
        let host = request.fields.iter().find(|field| field.0.eq_ignore_ascii_case("host"));
        let authority = host.map_or("localhost", |field| &field.1);
        for (name, value) in
            [(":method", &*request.method), (":scheme", "http"), (":authority", authority), (":path", &*request.target)]
        {
            encode_literal(&mut block, name.as_bytes(), value.as_bytes());
        }
        for (name, value) in request.fields.iter().filter(|field| !field.0.eq_ignore_ascii_case("host")) {
            encode_literal(&mut block, name.to_ascii_lowercase().as_bytes(), value.as_bytes());
        }
        let end = if request.content.is_empty() { flags::END_STREAM } else { 0 };
        let mut pieces = block.chunks(FRAME_OCTETS).peekable();
        let mut kind = (FrameKind::HEADERS, end);
        while let Some(piece) = pieces.next() {
            let last = if pieces.peek().is_none() { flags::END_HEADERS } else { 0 };
            self.send(kind.0, kind.1 | last, STREAM, piece).await?;
            kind = (FrameKind::CONTINUATION, 0);
        }
        Ok(())
    }

    /// Sends as much content as the windows let through (RFC 9113 §5.2).
    async fn send_content(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            let window = usize::try_from(self.connection_window.min(self.stream_window)).unwrap_or(0);
            let count = window.min(FRAME_OCTETS).min(self.unsent.len());
            if count == 0 {
                return Ok(());
            }
            let (piece, rest) = self.unsent.split_at(count);
            self.unsent = rest;
            let end = if rest.is_empty() { flags::END_STREAM } else { 0 };
            self.send(FrameKind::DATA, end, STREAM, piece).await?;
            let sent = i64::try_from(count)?;
            self.connection_window -= sent;
            self.stream_window -= sent;
        }
        Ok(())
    }

    async fn send(&mut self, kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) -> Result<()> {
        let length = u32::try_from(payload.len())?;
        let header = FrameHeader { length, kind, flags, reserved: false, stream };
        self.pipe.write_all(&header.encode()).await?;
        self.pipe.write_all(payload).await?;
        Ok(())
    }

    async fn receive(&mut self) -> Result<()> {
        let mut header = [0; HEADER_OCTETS];
        if self.pipe.read_exact(&mut header).await.is_err() {
            bail!("the connection was closed before the response ended");
        }
        let header = FrameHeader::decode(header);
        let mut payload = vec![0; header.length as usize];
        self.pipe.read_exact(&mut payload).await.context("the connection was closed inside a frame")?;
        print_line(&format!("< {}", describe(header)))?;
        self.print_payload(header, &payload)?;
        self.react(header, &payload).await
    }

    fn print_payload(&mut self, header: FrameHeader, payload: &[u8]) -> Result<()> {
        match header.kind {
            FrameKind::DATA => print_octets("    ", payload),
            FrameKind::HEADERS | FrameKind::CONTINUATION => {
                self.block.extend_from_slice(payload);
                if !header.has(flags::END_HEADERS) {
                    return Ok(());
                }
                let block = std::mem::take(&mut self.block);
                if let FieldBlock::Section(section) = self.decoder.decode(&block)? {
                    for field in section.iter() {
                        print_line(&format!("    {}: {}", field.name.escape_ascii(), field.value.escape_ascii()))?;
                    }
                }
                Ok(())
            }
            FrameKind::RST_STREAM => print_line(&format!("    error code {}", number(payload, 0))),
            FrameKind::GOAWAY => print_line(&format!("    error code {}", number(payload, 4))),
            FrameKind::WINDOW_UPDATE => print_line(&format!("    {} octets", number(payload, 0))),
            FrameKind::SETTINGS => {
                for setting in payload.chunks_exact(6) {
                    let id = u16::from_be_bytes([setting[0], setting[1]]);
                    print_line(&format!("    {id:#06x} = {}", number(setting, 2)))?;
                }
                Ok(())
            }
            _ => print_octets("    ", payload),
        }
    }

    async fn react(&mut self, header: FrameHeader, payload: &[u8]) -> Result<()> {
        let of_stream = header.stream == STREAM;
        match header.kind {
            FrameKind::SETTINGS if !header.has(flags::ACK) => {
                for setting in payload.chunks_exact(6) {
                    if u16::from_be_bytes([setting[0], setting[1]]) == SETTINGS_INITIAL_WINDOW_SIZE {
                        let window = i64::from(number(setting, 2));
                        self.stream_window += window - self.initial_window;
                        self.initial_window = window;
                    }
                }
                self.send(FrameKind::SETTINGS, flags::ACK, 0, &[]).await?;
            }
            FrameKind::PING if !header.has(flags::ACK) => self.send(FrameKind::PING, flags::ACK, 0, payload).await?,
            FrameKind::WINDOW_UPDATE if header.stream == 0 => self.connection_window += i64::from(number(payload, 0)),
            FrameKind::WINDOW_UPDATE if of_stream => self.stream_window += i64::from(number(payload, 0)),
            FrameKind::DATA | FrameKind::HEADERS if of_stream && header.has(flags::END_STREAM) => self.done = true,
            FrameKind::DATA if header.length > 0 => {
                for stream in [0, STREAM] {
                    self.send(FrameKind::WINDOW_UPDATE, 0, stream, &header.length.to_be_bytes()).await?;
                }
            }
            FrameKind::RST_STREAM if of_stream => self.done = true,
            FrameKind::GOAWAY => self.done = true,
            _ => {}
        }
        Ok(())
    }
}

/// `HEADERS stream 1, END_HEADERS, 40 octets`.
fn describe(header: FrameHeader) -> String {
    let mut line = match frame_name(header.kind.0) {
        Some(name) => format!("{name} stream {}", header.stream),
        None => format!("type {:#04x} stream {}", header.kind.0, header.stream),
    };
    for (_, flag) in flag_names(header.kind.0).iter().filter(|(bit, _)| header.has(*bit)) {
        let _ = write!(line, ", {flag}");
    }
    let _ = write!(line, ", {} octets", header.length);
    line
}

/// The 32-bit number at `at`; 0 if the payload is too short, which the frame's length shows.
fn number(payload: &[u8], at: usize) -> u32 {
    payload.get(at..at + 4).and_then(|octets| octets.try_into().ok()).map_or(0, u32::from_be_bytes)
}
