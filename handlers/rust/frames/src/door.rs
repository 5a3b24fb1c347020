//! The contract, as [`Wire`].

use std::time::Duration;

use framewright_guest::{
    ContentEvent, Field, Level, Phase, ReadError, Request, ResponseWriter, WriteError, clock,
    inspect::{self, SeenFrame, WaitError},
    log,
    push::{self, PushError},
    raw::{self, Frame, HoldEnd, How, Instruction, RawError, Rule},
    stash::{self, StashError},
};

use self::bindings::{framewright::handler::script, wasi::random::random};
use crate::{
    facts::{Facts, FieldLine, Tls},
    wire::{OWN, Polite, Wire},
};

mod bindings {
    // What only the server's own runtimes may import, and of `wasi:random` no more than is used.
    wit_bindgen::generate!({
        path: "../../../wit",
        inline: "
            package framewright:frames;

            world scripts {
                import framewright:handler/script@0.1.0;
                import wasi:random/random@0.2.0;
            }

            package wasi:random@0.2.0 {
                interface random {
                    get-random-bytes: func(len: u64) -> list<u8>;
                }
            }
        ",
        world: "framewright:frames/scripts",
        generate_all,
    });
}

/// Where all scripts keep their attempts in the stash.
const STASH_PATH: Option<&str> = Some("/.frames");

/// The script's octets.
pub fn source() -> Vec<u8> {
    script::source()
}

/// What is known of the exchange.
pub fn facts(request: &Request) -> Facts {
    let connection = request.connection();
    let line = |line: inspect::SentField| FieldLine {
        name: line.name,
        value: line.value,
        representation: framewright_guest::representation(line.representation),
    };
    Facts {
        script: script::path(),
        method: request.method(),
        scheme: request.scheme(),
        authority: request.authority(),
        target: request.path_with_query(),
        protocol: request.version().into(),
        fields: inspect::fields().into_iter().map(line).collect(),
        head: inspect::head(),
        connection: connection.connection_id,
        stream: connection.stream_id,
        tls: inspect::tls().map(|tls| Tls {
            version: tls.version,
            cipher_suite: tls.cipher_suite,
            sni: tls.sni,
            alpn: tls.alpn,
            resumed: tls.resumed,
        }),
    }
}

/// One exchange.
pub struct Door {
    request: Request,
    /// The exchange's own first, then those promised.
    writers: Vec<ResponseWriter>,
}

impl Door {
    pub fn new(request: Request, response: ResponseWriter) -> Self {
        Self { request, writers: vec![response] }
    }
}

impl Wire for Door {
    fn polite(&mut self, writer: usize, step: Polite<'_>) -> Result<(), WriteError> {
        let to = &self.writers[writer];
        match step {
            Polite::Informational(status, fields) => to.send_informational(status, fields),
            Polite::Headers(status, fields, end_stream) => to.send_headers(status, fields, end_stream),
            Polite::Data(octets, end_stream) => to.send_data(octets, end_stream),
            Polite::DataFrame(octets, padding, end_stream) => to.send_data_frame(octets, padding, end_stream),
            Polite::SplitFields(octets) => to.split_fields(octets),
            Polite::Trailers(fields) => to.send_trailers(fields),
            Polite::End => to.end_stream(),
            Polite::Reset(code) => to.reset(code),
        }
    }

    fn phase(&mut self) -> Phase {
        self.writers[OWN].phase()
    }

    fn open_window(&mut self) -> u64 {
        self.writers[OWN].open_window()
    }

    fn push(
        &mut self,
        method: &[u8],
        authority: Option<&[u8]>,
        path: &[u8],
        fields: &[Field],
    ) -> Result<usize, PushError> {
        self.writers.push(push::push(method, authority, path, fields)?);
        Ok(self.writers.len() - 1)
    }

    fn send_frames(&mut self, frames: &[Frame]) -> Result<(), RawError> {
        raw::send_frames(frames)
    }

    fn encode(&mut self, frames: &[Frame]) -> Vec<u8> {
        raw::encode(frames)
    }

    fn encode_block(&mut self, block: &[Instruction]) -> Vec<u8> {
        raw::encode_block(block)
    }

    fn send_octets(&mut self, octets: &[u8]) -> Result<(), RawError> {
        raw::send_octets(octets)
    }

    fn flush(&mut self) -> Result<(), RawError> {
        raw::flush()
    }

    fn close(&mut self, how: How) -> Result<(), RawError> {
        raw::close(how)
    }

    fn hold(&mut self, deadline_ns: u64, octets: u32) -> Result<(), RawError> {
        raw::hold(deadline_ns, octets)
    }

    fn release(&mut self) -> HoldEnd {
        raw::release()
    }

    fn after(&mut self, rule: Rule) {
        raw::after(rule);
    }

    fn absorb(&mut self, stream_id: u32) -> Result<(), RawError> {
        raw::absorb(stream_id)
    }

    fn read(&mut self, max: u32, deadline_ns: u64) -> Result<ContentEvent, ReadError> {
        self.request.read(max, Some(deadline_ns))
    }

    fn seen(&mut self, after: u64, stream_id: Option<u32>) -> Vec<SeenFrame> {
        inspect::frames(after, stream_id)
    }

    fn next_seen(&mut self, after: u64, stream_id: Option<u32>, deadline_ns: u64) -> Result<SeenFrame, WaitError> {
        inspect::next_frame(after, stream_id, Some(deadline_ns))
    }

    fn now(&mut self) -> u64 {
        u64::try_from(clock::now().as_nanos()).unwrap_or(u64::MAX)
    }

    fn sleep(&mut self, time: Duration) {
        clock::sleep(time);
    }

    fn random(&mut self) -> [u8; 16] {
        random::get_random_bytes(16).try_into().unwrap_or_default()
    }

    fn log(&mut self, level: Level, message: &str) {
        log(level, message);
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), StashError> {
        stash::put(STASH_PATH, key, value)
    }

    fn take(&mut self, key: &str) -> Result<Option<Vec<u8>>, StashError> {
        stash::take(STASH_PATH, key)
    }

    fn peek(&mut self, key: &str) -> Result<Option<Vec<u8>>, StashError> {
        stash::peek(STASH_PATH, key)
    }

    fn lock(&mut self) -> Result<(), StashError> {
        stash::lock()
    }

    fn unlock(&mut self) -> Result<(), StashError> {
        stash::unlock()
    }

    fn fail(&mut self, cause: &str) {
        script::fail(cause);
    }
}
