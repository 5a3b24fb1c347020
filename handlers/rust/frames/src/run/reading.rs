//! Waiting for the client: its content, its frames, its end.

use std::time::Duration;

use frames_language::{Await, Error, Number, Read, StreamFilter};
use framewright_guest::{
    ContentEvent, ReadError,
    inspect::{SeenFrame, WaitError},
};

use super::{MOST_CONTENT, Run};
use crate::record;

/// RFC 9113 §6.2 and §6.4.
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;

impl Run<'_> {
    pub(super) fn read(&mut self, what: &Read, within: &Number) -> Result<(), Error> {
        let most = match what {
            Read::Octets(number) => self.number(number)?,
            Read::All | Read::Trailers => u64::MAX,
        };
        let end = self.deadline(within)?;
        let goal = self.content_octets.saturating_add(most);
        let outcome = loop {
            let wanted = goal - self.content_octets;
            if wanted == 0 {
                break "ok";
            }
            // 0 stands for as much as there is.
            let max = u32::try_from(wanted).unwrap_or(0);
            let left = end.saturating_sub(self.wire.now());
            match self.wire.read(max, left) {
                Ok(ContentEvent::Data(octets)) => self.keep(&octets),
                Ok(ContentEvent::Trailers(trailers)) => {
                    self.trailers = trailers;
                    if *what == Read::Trailers {
                        break "trailers";
                    }
                }
                Ok(ContentEvent::End) => break "end",
                Err(ReadError::Deadline) => break "deadline",
                Err(ReadError::Reset(_)) => break "reset",
                Err(ReadError::Malformed) => break "malformed",
            }
        };
        outcome.clone_into(&mut self.outcome);
        Ok(())
    }

    fn keep(&mut self, octets: &[u8]) {
        self.content_octets = self.content_octets.saturating_add(octets.len() as u64);
        let room = MOST_CONTENT - self.content.len();
        self.content.extend_from_slice(&octets[..octets.len().min(room)]);
    }

    pub(super) fn wait_for(&mut self, what: &Await) -> Result<(), Error> {
        let Some(own) = self.facts.stream else {
            "wrong-protocol".clone_into(&mut self.outcome);
            return Ok(());
        };
        let stream = match &what.stream {
            StreamFilter::Any => None,
            StreamFilter::One(stream) => Some(self.stream(stream)?),
        };
        let kind: Option<u8> = self.optional(what.kind.as_ref(), "a frame type")?;
        let flags: u8 = self.optional(what.flags.as_ref(), "flags")?.unwrap_or(0);
        let code = what.code.as_ref().map(|code| self.code(code)).transpose()?;
        let matches = |frame: &SeenFrame| {
            kind.is_none_or(|kind| kind == frame.kind)
                && frame.flags & flags == flags
                && (code.is_none() || record::code(frame) == code)
        };
        let end = self.deadline(&what.within)?;
        let start = if what.from_start { 0 } else { self.start(own) };
        match self.find(start, stream, end, matches) {
            Ok(frame) => {
                "seen".clone_into(&mut self.outcome);
                self.cursor = self.cursor.max(Some(frame.number));
                self.seen = Some(frame);
            }
            Err(error) => waited(&error).clone_into(&mut self.outcome),
        }
        Ok(())
    }

    /// Writes nothing until the time is over, the client resets the stream, or it is gone.
    pub(super) fn hang(&mut self, time: &Number) -> Result<(), Error> {
        self.save();
        let end = self.deadline(time)?;
        let outcome = match self.facts.stream {
            None => {
                let left = end.saturating_sub(self.wire.now());
                self.wire.sleep(Duration::from_nanos(left));
                "deadline"
            }
            Some(own) => {
                let start = self.headers_of(own);
                match self.find(start, Some(own), end, |frame| frame.kind == RST_STREAM) {
                    Ok(_) => "reset",
                    Err(error) => waited(&error),
                }
            }
        };
        outcome.clone_into(&mut self.outcome);
        Ok(())
    }

    /// The first frame after number `after` that fits.
    fn find(
        &mut self,
        mut after: u64,
        stream: Option<u32>,
        end: u64,
        matches: impl Fn(&SeenFrame) -> bool,
    ) -> Result<SeenFrame, WaitError> {
        loop {
            let left = end.saturating_sub(self.wire.now());
            let frame = self.wire.next_seen(after, stream, left)?;
            if matches(&frame) {
                return Ok(frame);
            }
            after = frame.number;
        }
    }

    fn start(&mut self, own: u32) -> u64 {
        match self.cursor {
            Some(cursor) => cursor,
            None => self.headers_of(own),
        }
    }

    /// The number of the request's HEADERS; 0 if the server remembers it no more.
    fn headers_of(&mut self, own: u32) -> u64 {
        let frames = self.wire.seen(0, Some(own));
        frames.iter().find(|frame| frame.kind == HEADERS).map_or(0, |frame| frame.number)
    }

    fn deadline(&mut self, within: &Number) -> Result<u64, Error> {
        let time = self.time(within)?;
        Ok(self.wire.now().saturating_add(time))
    }
}

fn waited(error: &WaitError) -> &'static str {
    match error {
        WaitError::Deadline => "deadline",
        WaitError::Closed => "closed",
        WaitError::WrongProtocol => "wrong-protocol",
    }
}
