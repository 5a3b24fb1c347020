//! A wire that writes down what is done to it, and plays a client from lists.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write,
    time::Duration,
};

use framewright_guest::{
    ContentEvent, Field, Level, Phase, ReadError, WriteError,
    inspect::{SeenFrame, WaitError},
    push::PushError,
    raw::{Body, Frame, HoldEnd, How, Indexing, Instruction, Priority, RawError, Rule},
    stash::StashError,
};

use crate::wire::{OWN, Polite, Wire};

#[derive(Default)]
pub struct Recorder {
    pub calls: Vec<String>,
    pub content: VecDeque<Result<ContentEvent, ReadError>>,
    pub frames: Vec<SeenFrame>,
    /// The client has left.
    pub gone: bool,
    /// Frames are for another protocol.
    pub http1: bool,
    pub locked: bool,
    /// The most octets of a value; 0: any.
    pub value_octets: usize,
    /// Keeps the stash's only value as it is at this call.
    pub kept_at: Option<String>,
    pub kept_then: Vec<u8>,
    pub stash: HashMap<String, Vec<u8>>,
    pub phase: usize,
    pub pushes: usize,
    pub clock: u64,
}

impl Recorder {
    fn call(&mut self, call: impl Into<String>) {
        let call = call.into();
        if self.kept_at.as_ref() == Some(&call) {
            self.kept_then = self.stash.values().next().cloned().unwrap_or_default();
        }
        self.calls.push(call);
    }

    fn raw(&mut self, call: impl Into<String>) -> Result<(), RawError> {
        if self.gone {
            return Err(RawError::Gone);
        }
        self.call(call);
        Ok(())
    }
}

pub fn seen(number: u64, kind: u8, flags: u8, stream_id: u32, payload: &[u8]) -> SeenFrame {
    let length = payload.len().try_into().expect("short");
    let (arrived_ns, payload) = (number * 100, payload.to_vec());
    let (reserved, padding, refused) = (false, None, None);
    SeenFrame { number, arrived_ns, kind, flags, reserved, stream_id, length, padding, payload, refused }
}

impl Wire for Recorder {
    fn polite(&mut self, writer: usize, step: Polite<'_>) -> Result<(), WriteError> {
        if self.gone {
            return Err(WriteError::PeerGone(None));
        }
        let end = |end_stream| if end_stream { " end-stream" } else { "" };
        let head = matches!(step, Polite::Headers(..));
        let call = match step {
            Polite::Informational(status, lines) => format!("informational {status}{}", fields(lines)),
            Polite::Headers(status, lines, end_stream) => {
                format!("headers {status}{}{}", fields(lines), end(end_stream))
            }
            Polite::Data(octets, end_stream) => format!("data {}{}", String::from_utf8_lossy(octets), end(end_stream)),
            Polite::DataFrame(octets, padding, end_stream) => {
                let padding = padding.map_or_else(String::new, |padding| format!(" padding={padding}"));
                format!("data-frame {}{padding}{}", text(octets), end(end_stream))
            }
            Polite::SplitFields(octets) => format!("split-fields {octets}"),
            Polite::Trailers(lines) => format!("trailers{}", fields(lines)),
            Polite::End => "end".to_owned(),
            Polite::Reset(code) => format!("reset {code}"),
        };
        if writer != OWN {
            self.call(format!("to {writer}: {call}"));
            return Ok(());
        }
        if head && self.phase == 1 {
            return Err(WriteError::OutOfOrder(Phase::Content));
        }
        self.phase = usize::from(head);
        self.call(call);
        Ok(())
    }

    fn phase(&mut self) -> Phase {
        if self.phase == 0 { Phase::Head } else { Phase::Content }
    }

    fn open_window(&mut self) -> u64 {
        65_535
    }

    fn push(
        &mut self,
        method: &[u8],
        authority: Option<&[u8]>,
        path: &[u8],
        lines: &[Field],
    ) -> Result<usize, PushError> {
        let authority = authority.map_or_else(String::new, |authority| text(authority) + " ");
        self.call(format!("push {} {authority}{}{}", text(method), text(path), fields(lines)));
        self.pushes += 1;
        Ok(self.pushes)
    }

    fn send_frames(&mut self, frames: &[Frame]) -> Result<(), RawError> {
        if self.http1 {
            return Err(RawError::WrongProtocol);
        }
        let all: Vec<_> = frames.iter().map(frame).collect();
        self.raw(format!("frames {}", all.join("; ")))
    }

    /// DATA without padding on stream 3 is all that is asked for here.
    fn encode(&mut self, frames: &[Frame]) -> Vec<u8> {
        let [Frame { body: Body::Data(data), .. }] = frames else { panic!("not one DATA frame") };
        let length = u8::try_from(data.octets.len()).expect("short");
        let mut octets = vec![0, 0, length, 0, u8::from(data.end_stream), 0, 0, 0, 3];
        octets.extend(&data.octets);
        octets
    }

    fn encode_block(&mut self, block: &[Instruction]) -> Vec<u8> {
        format!("block({})", block.len()).into_bytes()
    }

    fn send_octets(&mut self, octets: &[u8]) -> Result<(), RawError> {
        self.raw(format!("octets {}", text(octets)))
    }

    fn flush(&mut self) -> Result<(), RawError> {
        self.raw("flush")
    }

    fn close(&mut self, how: How) -> Result<(), RawError> {
        self.raw(format!("close {how:?}").replace("How::", ""))
    }

    fn hold(&mut self, deadline_ns: u64, octets: u32) -> Result<(), RawError> {
        self.raw(format!("hold {deadline_ns} {octets}"))
    }

    fn release(&mut self) -> HoldEnd {
        self.call("release");
        HoldEnd::Released
    }

    fn after(&mut self, rule: Rule) {
        self.call(format!("after {rule:?}").replace("Rule::", ""));
    }

    fn absorb(&mut self, stream_id: u32) -> Result<(), RawError> {
        self.raw(format!("absorb {stream_id}"))
    }

    fn read(&mut self, max: u32, _: u64) -> Result<ContentEvent, ReadError> {
        self.call(format!("read {max}"));
        self.content.pop_front().unwrap_or(Err(ReadError::Reset(None)))
    }

    fn seen(&mut self, after: u64, stream_id: Option<u32>) -> Vec<SeenFrame> {
        let fits = |frame: &&SeenFrame| frame.number > after && stream_id.is_none_or(|id| id == frame.stream_id);
        self.frames.iter().filter(fits).cloned().collect()
    }

    fn next_seen(&mut self, after: u64, stream_id: Option<u32>, deadline_ns: u64) -> Result<SeenFrame, WaitError> {
        let next = self.seen(after, stream_id).into_iter().next();
        self.clock += if next.is_none() { deadline_ns } else { 0 };
        next.ok_or(WaitError::Deadline)
    }

    fn now(&mut self) -> u64 {
        self.clock
    }

    fn sleep(&mut self, time: Duration) {
        self.call(format!("sleep {time:?}"));
    }

    fn random(&mut self) -> [u8; 16] {
        [7; 16]
    }

    fn log(&mut self, level: Level, message: &str) {
        let word = if matches!(level, Level::Warn) { "warn" } else { "log" };
        self.call(format!("{word} {message}"));
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), StashError> {
        if self.value_octets != 0 && value.len() > self.value_octets {
            return Err(StashError::ValueTooLarge(self.value_octets as u64));
        }
        assert!(self.stash.insert(key.to_owned(), value.to_vec()).is_none(), "{key} is occupied");
        Ok(())
    }

    fn take(&mut self, key: &str) -> Result<Option<Vec<u8>>, StashError> {
        assert!(self.locked, "taken without the lock");
        Ok(self.stash.remove(key))
    }

    fn peek(&mut self, key: &str) -> Result<Option<Vec<u8>>, StashError> {
        Ok(self.stash.get(key).cloned())
    }

    fn lock(&mut self) -> Result<(), StashError> {
        assert!(!std::mem::replace(&mut self.locked, true), "locked twice");
        Ok(())
    }

    fn unlock(&mut self) -> Result<(), StashError> {
        assert!(std::mem::replace(&mut self.locked, false), "not locked");
        Ok(())
    }

    fn fail(&mut self, cause: &str) {
        self.call(format!("fail {cause}"));
    }
}

/// Octets as text, those that are not printable as `\xHH`.
fn text(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = match octet {
            b' '..=b'~' => write!(text, "{}", char::from(*octet)),
            _ => write!(text, "\\x{octet:02x}"),
        };
        text
    })
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn fields(lines: &[Field]) -> String {
    lines.iter().map(|line| format!(" {}={}", text(&line.name), text(&line.value))).collect()
}

fn block(instructions: &[Instruction]) -> String {
    let mut all = String::new();
    for instruction in instructions {
        let literal = matches!(instruction, Instruction::Literal(_));
        all.push_str(if all.is_empty() {
            ""
        } else if literal {
            " "
        } else {
            ", "
        });
        all.push_str(&match instruction {
            Instruction::Literal(line) => {
                let mut text = format!("{}={}", text(&line.name), text(&line.value));
                text.push_str(match line.indexing {
                    Indexing::WithoutIndexing => "",
                    Indexing::NeverIndexed => " never-indexed",
                    Indexing::Incremental => " incremental",
                });
                text.push_str(if line.huffman { " huffman" } else { "" });
                text
            }
            Instruction::Indexed(index) => index.to_string(),
            Instruction::SizeUpdate(size) => format!("size {size}"),
            Instruction::Octets(octets) => hex(octets),
        });
    }
    format!("[{all}]")
}

fn framing(split: &[u32], padding: Option<u8>, priority: Option<Priority>, end_headers: bool) -> String {
    let mut text = String::new();
    let _ = match split.is_empty() {
        true => Ok(()),
        false => write!(text, " split={split:?}"),
    };
    text += &padding.map_or_else(String::new, |padding| format!(" padding={padding}"));
    text += &priority.map_or_else(String::new, |one| format!(" priority={}", weight(&one)));
    text + if end_headers { "" } else { " no-end-headers" }
}

fn weight(priority: &Priority) -> String {
    format!("{},{},{}", priority.exclusive, priority.dependency, priority.weight)
}

/// A frame as scripts spell it, near enough.
fn frame(frame: &Frame) -> String {
    let at = frame.stream_id.map_or_else(String::new, |stream| format!("@{stream}"));
    let set = |set, word: &str| if set { format!(" {word}") } else { String::new() };
    match &frame.body {
        Body::Data(data) => {
            let padding = framing(&[], data.padding, None, true);
            format!("DATA{at} {}{padding}{}", text(&data.octets), set(data.end_stream, "end-stream"))
        }
        Body::Headers(one) => {
            let framing = framing(&one.split, one.padding, one.priority, one.end_headers);
            format!("HEADERS{at} {}{framing}{}", block(&one.block), set(one.end_stream, "end-stream"))
        }
        Body::Priority(priority) => format!("PRIORITY{at} {}", weight(priority)),
        Body::RstStream(code) => format!("RST_STREAM{at} {code}"),
        Body::Settings(one) => {
            let pairs: String = one.settings.iter().map(|one| format!(" {}={}", one.identifier, one.value)).collect();
            format!("SETTINGS{at}{}{pairs}", set(one.ack, "ack"))
        }
        Body::PushPromise(one) => {
            let framing = framing(&one.split, one.padding, None, one.end_headers);
            format!("PROMISE{at} {} {}{framing}", one.promised_stream_id, block(&one.block))
        }
        Body::Ping(ping) => format!("PING{at}{} {}", set(ping.ack, "ack"), hex(&ping.opaque)),
        Body::Goaway(one) => format!("GOAWAY{at} {} {} {}", one.last_stream_id, one.error_code, text(&one.debug_data)),
        Body::WindowUpdate(increment) => format!("WINDOW_UPDATE{at} {increment}"),
        Body::Continuation(one) => {
            format!("CONTINUATION{at} {}{}", block(&one.block), framing(&[], None, None, one.end_headers))
        }
        Body::Altsvc(one) => format!("ALTSVC{at} {} {}", text(&one.origin), text(&one.value)),
        Body::Origin(origins) => {
            format!("ORIGIN{at} {}", origins.iter().map(|one| text(one)).collect::<Vec<_>>().join(" "))
        }
        Body::PriorityUpdate(one) => format!("PRIORITY_UPDATE{at} {} {}", one.prioritized_stream_id, text(&one.value)),
        Body::Other(one) => {
            let length = one.declared_length.map_or_else(String::new, |length| format!(" length={length}"));
            let reserved = set(one.reserved, "reserved");
            format!("OTHER{at} {} flags={}{reserved}{length} {}", one.kind, one.flags, hex(&one.payload))
        }
    }
}
