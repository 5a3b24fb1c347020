//! What the wire log learns of an HTTP/2 connection: every frame in both directions, with the field sections decoded.

use std::sync::Arc;

use super::{
    Arrival,
    frame::{FrameHeader, FrameKind, HEADER_OCTETS, flags},
    hpack::{Decoder, FieldBlock},
};
use crate::{
    exchange::FieldSection,
    observe::wire_log::{Direction, FieldLine, FrameRecord, Kind, OctetsRecord, WireLog},
};

/// The most that a field section of ours is decoded to, in octets and lines; longer ones are logged without fields.
const SECTION_OCTETS: usize = 1 << 20;
const SECTION_LINES: usize = 16_384;

/// The largest dynamic table that is followed, in octets: what a client may allow us, h2 uses far less.
const TABLE_OCTETS: usize = 1 << 20;

/// The wire log of one connection.
#[derive(Debug)]
pub(super) struct Trace {
    log: Arc<WireLog>,
    connection: u64,
    /// Of what leaves; none once a block could not be decoded.
    decoder: Option<Decoder>,
    /// The field block that has begun to leave.
    block: Vec<u8>,
}

impl Trace {
    pub(super) fn new(log: Arc<WireLog>, connection: u64) -> Self {
        let decoder = Decoder::new(SECTION_OCTETS, SECTION_LINES).with_table(TABLE_OCTETS);
        Self { log, connection, decoder: Some(decoder), block: Vec::new() }
    }

    /// Logs frames of the client, each with the section that ends with it.
    pub(super) fn arrived(&self, arrivals: &[Arrival]) {
        for (index, arrival) in arrivals.iter().enumerate() {
            let Arrival::Frame(frame) = arrival else { continue };
            let block = match arrivals.get(index + 1) {
                Some(Arrival::Section { block, .. }) => Some(block),
                _ => None,
            };
            let record = self.record(Direction::In, frame.header, &frame.payload, block, false);
            self.log.frame(record);
        }
    }

    /// Logs whole frames of ours; `refused` says what a reset among them refuses.
    pub(super) fn left(&mut self, octets: &[u8], raw: bool, refused: Option<&str>) {
        let mut rest = octets;
        while let Some(header) = rest.first_chunk().map(|header| FrameHeader::decode(*header)) {
            let Some(payload) = rest.get(HEADER_OCTETS..HEADER_OCTETS + header.length as usize) else { break };
            let block = self.decode(header, payload);
            let mut record = self.record(Direction::Out, header, payload, block.as_ref(), raw);
            if !raw {
                record.refused = match header.kind {
                    FrameKind::RST_STREAM => refused.map(str::to_owned),
                    FrameKind::GOAWAY => connection_error(payload),
                    _ => None,
                };
            }
            self.log.frame(record);
            rest = &rest[HEADER_OCTETS + payload.len()..];
        }
        if !rest.is_empty() {
            let record = OctetsRecord::new(self.connection, Direction::Out, rest);
            self.log.octets(OctetsRecord { raw, ..record });
        }
    }

    /// The field block that ends with a frame of ours.
    fn decode(&mut self, header: FrameHeader, payload: &[u8]) -> Option<FieldBlock> {
        let fragment = header.block_fragment(payload)?;
        if header.kind != FrameKind::CONTINUATION {
            self.block.clear();
        }
        self.block.extend_from_slice(fragment);
        if !header.has(flags::END_HEADERS) {
            return None;
        }
        let block = std::mem::take(&mut self.block);
        match self.decoder.as_mut()?.decode(&block) {
            Ok(block) => Some(block),
            Err(_) => {
                // RFC 9113 §4.3: from here on the table is not what the client's is.
                self.decoder = None;
                None
            }
        }
    }

    fn record(
        &self,
        direction: Direction,
        header: FrameHeader,
        payload: &[u8],
        block: Option<&FieldBlock>,
        raw: bool,
    ) -> FrameRecord {
        FrameRecord {
            connection: self.connection,
            stream: header.stream,
            direction,
            kind: Kind(header.kind.0),
            flags: header.flags,
            length: header.length,
            fields: block.and_then(|block| match block {
                FieldBlock::Section(section) => Some(lines(section)),
                FieldBlock::TooManyLines | FieldBlock::TooLarge => None,
            }),
            detail: detail(header, payload),
            raw,
            refused: None,
        }
    }
}

/// What a GOAWAY refuses: with NO_ERROR nothing, else what came last (RFC 9113 §5.4.1).
fn connection_error(payload: &[u8]) -> Option<String> {
    let code = u32::from_be_bytes(payload.get(4..8)?.try_into().ok()?);
    (code != 0).then(|| format!("what the client sent last is a connection error, code {code} (RFC 9113 §5.4.1)"))
}

fn lines(section: &FieldSection) -> Vec<FieldLine> {
    section.iter().map(|line| FieldLine::new(line.name, line.value, line.representation.as_str())).collect()
}

/// What a payload says, in words (RFC 9113 §6); none of frames whose content is not for a log.
fn detail(header: FrameHeader, payload: &[u8]) -> Option<String> {
    let word = |at: usize| Some(u32::from_be_bytes(payload.get(at..at + 4)?.try_into().ok()?));
    Some(match header.kind {
        FrameKind::RST_STREAM => format!("error code {}", word(0)?),
        FrameKind::GOAWAY => {
            let debug = payload.get(8..).map(|debug| debug.escape_ascii().to_string()).unwrap_or_default();
            format!("last stream {}, error code {} {debug}", word(0)? & (u32::MAX >> 1), word(4)?).trim_end().to_owned()
        }
        FrameKind::WINDOW_UPDATE => format!("increment {}", word(0)?),
        FrameKind::PING => payload.escape_ascii().to_string(),
        FrameKind::SETTINGS => {
            let settings = payload.chunks_exact(6).filter_map(|setting| {
                let (identifier, value) = setting.split_first_chunk::<2>()?;
                Some(format!("{:#x}={}", u16::from_be_bytes(*identifier), u32::from_be_bytes(value.try_into().ok()?)))
            });
            settings.collect::<Vec<_>>().join(" ")
        }
        FrameKind::PRIORITY => format!("dependency {}, weight octet {}", word(0)?, payload.get(4)?),
        FrameKind::PUSH_PROMISE => format!("promised stream {}", word(usize::from(header.has(flags::PADDED)))?),
        FrameKind::PRIORITY_UPDATE => {
            format!("stream {} {}", word(0)?, payload.get(4..)?.escape_ascii())
        }
        _ => return None,
    })
    .filter(|detail: &String| !detail.is_empty())
}
