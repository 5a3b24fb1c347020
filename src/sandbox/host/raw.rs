//! `framewright:handler/raw`.

use std::time::Duration;

use bytes::Bytes;

use super::{Guest, ResponseCell};
use crate::{
    exchange::{
        AfterRaw, Body, HoldEnd, Indexing, Instruction, Leave, Priority, RAW_OCTETS, RawDoor, RawError, RawFrame,
        RawSection, RawSendError, ResponseWriter, WriteError,
    },
    sandbox::{bindings::framewright::handler::raw, grants::Grants, limits::Exceeded},
    wire::compose,
};

/// What the guest gets: the host's answer, or a trap.
type Answer<T> = wasmtime::Result<Result<T, raw::RawError>>;

/// The most octets of others that a hold keeps back.
const HOLD_OCTETS: u32 = 1 << 20;

impl Guest {
    /// The writer of the exchange's own response, if the raw door is open to it.
    fn raw_writer(&mut self) -> Result<ResponseWriter, Refused> {
        if !self.grants.contains(Grants::RAW) {
            self.log.denied("framewright:handler/raw");
            return Err(Refused::Error(raw::RawError::NotGranted));
        }
        self.response.take().map_err(|_| Refused::Trap(wasmtime::Error::msg("the response writer is in use")))
    }

    fn raw_answer<T>(&mut self, result: Result<T, RawSendError>) -> Answer<T> {
        Ok(Err(match result {
            Ok(value) => return Ok(Ok(value)),
            Err(RawSendError::Refused(error)) => to_error(error),
            Err(RawSendError::Limit(WriteError::OctetLimit(limit))) => {
                return Err(self.exceed(Exceeded::SentOctets(limit)));
            }
            Err(RawSendError::Limit(_)) => raw::RawError::Gone,
        }))
    }
}

/// Why there is no raw door.
enum Refused {
    Error(raw::RawError),
    Trap(wasmtime::Error),
}

/// Takes the writer out for a call, and answers at once if there is none.
macro_rules! writer {
    ($guest:expr) => {
        match $guest.raw_writer() {
            Ok(writer) => (writer, $guest.response.clone()),
            Err(Refused::Error(error)) => return Ok(Err(error)),
            Err(Refused::Trap(trap)) => return Err(trap),
        }
    };
}

impl raw::Host for Guest {
    async fn send_frames(&mut self, frames: Vec<raw::Frame>) -> Answer<()> {
        let (mut response, cell): (_, ResponseCell) = writer!(self);
        let frames: Vec<_> = frames.into_iter().map(to_raw).collect();
        let result = match compose::octets_of(&frames) {
            octets if octets > RAW_OCTETS => Err(RawError::TooLarge(RAW_OCTETS).into()),
            octets => response.send_raw_frames(frames, octets).await,
        };
        cell.put(response);
        self.raw_answer(result)
    }

    fn encode(&mut self, frames: Vec<raw::Frame>) -> wasmtime::Result<Vec<u8>> {
        let frames: Vec<_> = frames.into_iter().map(to_raw).collect();
        Ok(compose::frames(&frames, self.request.stream_id.unwrap_or(0)).octets)
    }

    fn encode_block(&mut self, block: Vec<raw::Instruction>) -> wasmtime::Result<Vec<u8>> {
        Ok(compose::block(&to_block(block)))
    }

    async fn send_octets(&mut self, octets: Vec<u8>) -> Answer<()> {
        let (mut response, cell): (_, ResponseCell) = writer!(self);
        let result = response.send_raw_octets(Bytes::from(octets)).await;
        cell.put(response);
        self.raw_answer(result)
    }

    async fn flush(&mut self) -> Answer<()> {
        let (mut response, cell): (_, ResponseCell) = writer!(self);
        let result = match response.raw() {
            Ok(door) => door.flush().await,
            Err(error) => Err(error),
        };
        cell.put(response);
        Ok(result.map_err(to_error))
    }

    async fn close(&mut self, how: raw::How) -> Answer<()> {
        let (mut response, cell): (_, ResponseCell) = writer!(self);
        let how = match how {
            raw::How::HalfClose => Leave::HalfClose,
            raw::How::WithoutCloseNotify => Leave::WithoutCloseNotify,
            raw::How::Reset => Leave::Reset,
        };
        let result = match response.raw() {
            Ok(door) => door.close(how).await,
            Err(error) => Err(error),
        };
        cell.put(response);
        Ok(result.map_err(to_error))
    }

    async fn hold(&mut self, deadline_ns: u64, octets: u32) -> Answer<()> {
        let (mut response, cell): (_, ResponseCell) = writer!(self);
        let octets = octets.min(HOLD_OCTETS) as usize;
        let result = match response.raw() {
            Ok(door) => door.hold(Duration::from_nanos(deadline_ns), octets).await,
            Err(error) => Err(error),
        };
        cell.put(response);
        Ok(result.map_err(to_error))
    }

    fn release(&mut self) -> wasmtime::Result<raw::HoldEnd> {
        let end = self.with_door(|door| Ok(door.release()))?;
        Ok(match end {
            Ok(HoldEnd::Released) => raw::HoldEnd::Released,
            Ok(HoldEnd::Lost) => raw::HoldEnd::Lost,
            Ok(HoldEnd::None) | Err(_) => raw::HoldEnd::None,
        })
    }

    fn after(&mut self, rule: raw::Rule) -> wasmtime::Result<()> {
        let rule = match rule {
            raw::Rule::Keep => AfterRaw::Keep,
            raw::Rule::Close => AfterRaw::Close,
        };
        self.with_door(|door| {
            door.after(rule);
            Ok(())
        })
        .map(|_| ())
    }

    fn absorb(&mut self, stream_id: u32) -> Answer<()> {
        self.with_door(|door| door.absorb(stream_id))
    }
}

impl Guest {
    /// A call that does not wait.
    fn with_door<T>(&mut self, call: impl FnOnce(&mut dyn RawDoor) -> Result<T, RawError>) -> Answer<T> {
        let (mut response, cell): (_, ResponseCell) = writer!(self);
        let result = response.raw().and_then(call);
        cell.put(response);
        Ok(result.map_err(to_error))
    }
}

fn to_error(error: RawError) -> raw::RawError {
    match error {
        RawError::WrongProtocol => raw::RawError::WrongProtocol,
        RawError::Gone => raw::RawError::Gone,
        RawError::TooLarge(most) | RawError::Crowded(most) => raw::RawError::TooLarge(most as u64),
    }
}

fn to_raw(frame: raw::Frame) -> RawFrame {
    RawFrame { stream: frame.stream_id, body: to_body(frame.body) }
}

fn to_body(body: raw::Body) -> Body {
    match body {
        raw::Body::Data(raw::Data { octets, padding, end_stream }) => {
            Body::Data { octets: octets.into(), padding, end_stream }
        }
        raw::Body::Headers(raw::Headers { block, split, padding, priority, end_stream, end_headers }) => {
            Body::Headers {
                fields: RawSection { block: to_block(block), split, padding, end_headers },
                priority: priority.map(to_priority),
                end_stream,
            }
        }
        raw::Body::Priority(priority) => Body::Priority(to_priority(priority)),
        raw::Body::RstStream(code) => Body::RstStream(code),
        raw::Body::Settings(raw::Settings { ack, settings }) => {
            let settings = settings.into_iter().map(|setting| (setting.identifier, setting.value));
            Body::Settings { ack, settings: settings.collect() }
        }
        raw::Body::PushPromise(raw::PushPromise { promised_stream_id, block, split, padding, end_headers }) => {
            Body::PushPromise {
                promised: promised_stream_id,
                fields: RawSection { block: to_block(block), split, padding, end_headers },
            }
        }
        raw::Body::Ping(raw::Ping { ack, opaque }) => Body::Ping { ack, opaque: opaque.into() },
        raw::Body::Goaway(raw::Goaway { last_stream_id, error_code, debug_data }) => {
            Body::Goaway { last_stream: last_stream_id, code: error_code, debug: debug_data.into() }
        }
        raw::Body::WindowUpdate(increment) => Body::WindowUpdate(increment),
        raw::Body::Continuation(raw::Continuation { block, end_headers }) => {
            Body::Continuation { block: to_block(block), end_headers }
        }
        raw::Body::Altsvc(raw::Altsvc { origin, value }) => Body::Altsvc { origin: origin.into(), value: value.into() },
        raw::Body::Origin(origins) => Body::Origin(origins.into_iter().map(Bytes::from).collect()),
        raw::Body::PriorityUpdate(raw::PriorityUpdate { prioritized_stream_id, value }) => {
            Body::PriorityUpdate { prioritized: prioritized_stream_id, value: value.into() }
        }
        raw::Body::Other(raw::Other { kind, flags, reserved, payload, declared_length }) => {
            Body::Other { kind, flags, reserved, payload: payload.into(), declared: declared_length }
        }
    }
}

fn to_priority(priority: raw::Priority) -> Priority {
    Priority { exclusive: priority.exclusive, dependency: priority.dependency, weight: priority.weight }
}

fn to_block(block: Vec<raw::Instruction>) -> Vec<Instruction> {
    let piece = |piece| match piece {
        raw::Instruction::Literal(raw::Literal { name, value, indexing, huffman }) => Instruction::Literal {
            name: name.into(),
            value: value.into(),
            indexing: match indexing {
                raw::Indexing::WithoutIndexing => Indexing::Without,
                raw::Indexing::NeverIndexed => Indexing::Never,
                raw::Indexing::Incremental => Indexing::Incremental,
            },
            huffman,
        },
        raw::Instruction::Indexed(index) => Instruction::Indexed(index),
        raw::Instruction::SizeUpdate(size) => Instruction::SizeUpdate(size),
        raw::Instruction::Octets(octets) => Instruction::Octets(octets.into()),
    };
    block.into_iter().map(piece).collect()
}
