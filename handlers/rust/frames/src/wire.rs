//! What the interpreter does to the world: the contract as a trait, so that tests can record it.

use std::time::Duration;

use framewright_guest::{
    ContentEvent, Field, Level, Phase, ReadError, WriteError,
    inspect::{SeenFrame, WaitError},
    push::PushError,
    raw::{Frame, HoldEnd, How, Instruction, RawError, Rule},
    stash::StashError,
};

/// The exchange's own response.
pub const OWN: usize = 0;

/// A step of a response writer.
#[derive(Debug)]
pub enum Polite<'a> {
    Informational(u16, &'a [Field]),
    Headers(u16, &'a [Field], bool),
    Data(&'a [u8], bool),
    DataFrame(&'a [u8], Option<u8>, bool),
    SplitFields(u32),
    Trailers(&'a [Field]),
    End,
    Reset(u32),
}

/// One method for each function of the contract that scripts reach; see `wit/`.
pub trait Wire {
    /// A step of the writer with this number: [`OWN`], or what `push` gave.
    fn polite(&mut self, writer: usize, step: Polite<'_>) -> Result<(), WriteError>;
    fn phase(&mut self) -> Phase;
    fn open_window(&mut self) -> u64;
    fn push(
        &mut self,
        method: &[u8],
        authority: Option<&[u8]>,
        path: &[u8],
        fields: &[Field],
    ) -> Result<usize, PushError>;

    fn send_frames(&mut self, frames: &[Frame]) -> Result<(), RawError>;
    fn encode(&mut self, frames: &[Frame]) -> Vec<u8>;
    fn encode_block(&mut self, block: &[Instruction]) -> Vec<u8>;
    fn send_octets(&mut self, octets: &[u8]) -> Result<(), RawError>;
    fn flush(&mut self) -> Result<(), RawError>;
    fn close(&mut self, how: How) -> Result<(), RawError>;
    fn hold(&mut self, deadline_ns: u64, octets: u32) -> Result<(), RawError>;
    fn release(&mut self) -> HoldEnd;
    fn after(&mut self, rule: Rule);
    fn absorb(&mut self, stream_id: u32) -> Result<(), RawError>;

    fn read(&mut self, max: u32, deadline_ns: u64) -> Result<ContentEvent, ReadError>;
    fn seen(&mut self, after: u64, stream_id: Option<u32>) -> Vec<SeenFrame>;
    fn next_seen(&mut self, after: u64, stream_id: Option<u32>, deadline_ns: u64) -> Result<SeenFrame, WaitError>;

    /// Nanoseconds since a moment that is the same throughout.
    fn now(&mut self) -> u64;
    fn sleep(&mut self, time: Duration);
    fn random(&mut self) -> [u8; 16];
    fn log(&mut self, level: Level, message: &str);

    /// All of the stash under the one path of scripts.
    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), StashError>;
    fn take(&mut self, key: &str) -> Result<Option<Vec<u8>>, StashError>;
    fn peek(&mut self, key: &str) -> Result<Option<Vec<u8>>, StashError>;
    fn lock(&mut self) -> Result<(), StashError>;
    fn unlock(&mut self) -> Result<(), StashError>;

    /// The server's own 500 page.
    fn fail(&mut self, cause: &str);
}
