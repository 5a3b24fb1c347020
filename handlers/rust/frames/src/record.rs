//! What becomes of an attempt, as one line of JSON (`docs/frames.md`, Reports).

use frames_language::names;
use framewright_guest::inspect::SeenFrame;

use crate::{
    facts::{Facts, FieldLine},
    json::{Json, hex, optional, string},
};

/// Frames kept of an attempt, so that a hundred attempts fit into a value of the stash.
const MOST_FRAMES: usize = 64;
/// Octets kept of a frame's payload, for the same reason: more than any frame but PING floods and debug data needs.
const MOST_PAYLOAD: usize = 64;

/// The state of an attempt beside the request's facts.
#[derive(Clone, Debug)]
pub struct State {
    pub number: u64,
    pub content_octets: u64,
    pub outcome: String,
    pub finished: bool,
    pub line: u32,
    pub statement: &'static str,
}

/// The record of an attempt.
pub fn record(facts: &Facts, state: &State, frames: &[SeenFrame]) -> String {
    let ours: Vec<_> =
        frames.iter().filter(|frame| frame.stream_id == 0 || Some(frame.stream_id) == facts.stream).collect();
    let latest = &ours[ours.len().saturating_sub(MOST_FRAMES)..];
    let last = Json::object().member("line", state.line).member("statement", string(state.statement.as_bytes()));
    Json::object()
        .member("number", state.number)
        .member("script", string(facts.script.as_bytes()))
        .member("connection", facts.connection)
        .member("stream", optional(facts.stream, |stream| stream.to_string()))
        .member("protocol", string(facts.protocol.name().as_bytes()))
        .member("method", string(&facts.method))
        .member("target", string(&facts.target))
        .member("fields", facts.fields.iter().fold(Json::array(), |all, line| all.element(field(line))).end())
        .member("content_octets", state.content_octets)
        .member("outcome", string(state.outcome.as_bytes()))
        .member("finished", state.finished)
        .member("last", last.end())
        .member("frames", latest.iter().fold(Json::array(), |all, one| all.element(frame(one))).end())
        .member("codes", latest.iter().filter_map(|one| code_entry(one)).fold(Json::array(), Json::element).end())
        .end()
}

fn field(line: &FieldLine) -> String {
    Json::array()
        .element(string(&line.name))
        .element(string(&line.value))
        .element(string(line.representation.as_bytes()))
        .end()
}

fn frame(one: &SeenFrame) -> String {
    let json = Json::object()
        .member("number", one.number)
        .member("arrived_ns", one.arrived_ns)
        .member("type", kind(one.kind))
        .member("kind", one.kind)
        .member("flags", one.flags)
        .member("reserved", one.reserved)
        .member("stream", one.stream_id)
        .member("length", one.length)
        .member("padding", optional(one.padding, |padding| padding.to_string()))
        .member("payload", hex(&one.payload[..one.payload.len().min(MOST_PAYLOAD)]))
        .member("refused", optional(one.refused.as_ref(), |why| string(why.as_bytes())));
    match code(one) {
        Some(code) => json.member("code", code).end(),
        None => json.end(),
    }
}

fn code_entry(one: &SeenFrame) -> Option<String> {
    let code = code(one)?;
    let name = optional(names::code_name(code), |name| string(name.as_bytes()));
    let json = Json::object().member("type", kind(one.kind)).member("stream", one.stream_id).member("code", code);
    Some(json.member("name", name).end())
}

fn kind(kind: u8) -> String {
    optional(names::kind_name(kind), |name| string(name.as_bytes()))
}

/// The error code of RST_STREAM and GOAWAY (RFC 9113 §6.4, §6.8).
pub fn code(frame: &SeenFrame) -> Option<u32> {
    let octets = match frame.kind {
        0x3 => frame.payload.get(..4)?,
        0x7 => frame.payload.get(4..8)?,
        _ => return None,
    };
    Some(u32::from_be_bytes(octets.try_into().ok()?))
}
