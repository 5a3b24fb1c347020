//! Raw frames, with what was left open filled in.

use frames_language::{Body, Error, Frame, FrameItem, Number, Priority, Section, StreamRef};
use framewright_guest::raw;

use super::{
    Flow, Run,
    octets::{ITEM_OCTETS, MOST_ITEMS},
};

/// RFC 9113 §4.1.
const HEADER_OCTETS: usize = 9;
/// Stream identifiers have 31 bits.
const MOST_STREAM: u64 = (1 << 31) - 1;

impl Run<'_> {
    pub(super) fn send_frames(&mut self, items: &[FrameItem]) -> Result<(), Error> {
        let frames = self.frames(items)?;
        let result = self.wire.send_frames(&frames);
        self.touched |= result.is_ok();
        self.raw(result)
    }

    pub(super) fn frames(&mut self, items: &[FrameItem]) -> Result<Vec<raw::Frame>, Error> {
        let mut frames = Vec::new();
        self.items(items, &mut frames)?;
        Ok(frames)
    }

    fn items(&mut self, items: &[FrameItem], frames: &mut Vec<raw::Frame>) -> Result<(), Error> {
        for item in items {
            match item {
                FrameItem::Repeat(rounds, inner) => {
                    self.repeat(rounds, |run| run.items(inner, frames).map(|()| Flow::On))?;
                }
                FrameItem::Frame(frame) => {
                    self.tick()?;
                    self.spend(ITEM_OCTETS)?;
                    self.frame(frame, frames)?;
                }
            }
            if frames.len() > MOST_ITEMS {
                return Err(self.fault(format!("more than {MOST_ITEMS} frames at once")));
            }
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame, frames: &mut Vec<raw::Frame>) -> Result<(), Error> {
        let stream_id = frame.stream.as_ref().map(|stream| self.stream(stream)).transpose()?;
        let body = self.body(&frame.body)?;
        let flags: Option<u8> = self.optional(frame.flags.as_ref(), "flags")?;
        let length: Option<u32> = self.optional(frame.length.as_ref(), "a length")?;
        if length.is_some_and(|length| length >= 1 << 24) {
            return Err(self.fault("a frame's length has 24 bits"));
        }
        if let raw::Body::Other(mut other) = body {
            other.flags = flags.unwrap_or(0);
            (other.reserved, other.declared_length) = (frame.reserved, length);
            frames.push(raw::Frame { stream_id, body: raw::Body::Other(other) });
            return Ok(());
        }
        let typed = raw::Frame { stream_id, body };
        if flags.is_none() && length.is_none() && !frame.reserved {
            frames.push(typed);
            return Ok(());
        }
        let promised = if matches!(typed.body, raw::Body::PushPromise(_)) { self.promised } else { None };
        let octets = self.wire.encode(&[typed]);
        if let Some(promised) = promised {
            // The server does not look into frames made by hand.
            let result = self.wire.absorb(promised);
            self.raw(result)?;
        }
        let mut rest = octets.as_slice();
        let mut first = true;
        while let Some((mut plain, after)) = split(rest) {
            if first && let raw::Body::Other(other) = &mut plain.body {
                other.flags = flags.unwrap_or(other.flags);
                (other.reserved, other.declared_length) = (frame.reserved, length);
            }
            first = false;
            frames.push(plain);
            rest = after;
        }
        Ok(())
    }

    fn body(&mut self, body: &Body) -> Result<raw::Body, Error> {
        Ok(match body {
            Body::Data { octets, padding, end_stream } => raw::Body::Data(raw::Data {
                octets: self.octets(octets)?,
                padding: self.optional(padding.as_ref(), "padding")?,
                end_stream: *end_stream,
            }),
            Body::Headers { section, priority, end_stream } => raw::Body::Headers(raw::Headers {
                priority: priority.as_ref().map(|priority| self.priority(priority)).transpose()?,
                block: self.block(&section.block)?,
                split: self.split(section)?,
                padding: self.optional(section.padding.as_ref(), "padding")?,
                end_stream: *end_stream,
                end_headers: section.end_headers,
            }),
            Body::Priority(priority) => raw::Body::Priority(self.priority(priority)?),
            Body::RstStream(code) => raw::Body::RstStream(self.code(code)?),
            Body::Settings { ack, settings } => self.settings(*ack, settings)?,
            Body::PushPromise { promised, section } => self.push_promise(promised, section)?,
            Body::Ping { ack, octets } => {
                let octets = octets.as_ref().map(|octets| self.octets(octets)).transpose()?;
                raw::Body::Ping(raw::Ping { ack: *ack, opaque: octets.unwrap_or_else(|| vec![0; 8]) })
            }
            Body::Goaway { last, code, debug } => raw::Body::Goaway(raw::Goaway {
                last_stream_id: self.stream(last)?,
                error_code: self.code(code)?,
                debug_data: self.octets(debug)?,
            }),
            Body::WindowUpdate(increment) => raw::Body::WindowUpdate(self.fit(increment, "an increment")?),
            Body::Continuation(section) => raw::Body::Continuation(raw::Continuation {
                block: self.block(&section.block)?,
                end_headers: section.end_headers,
            }),
            Body::Altsvc { origin, value } => {
                raw::Body::Altsvc(raw::Altsvc { origin: self.piece(origin)?, value: self.piece(value)? })
            }
            Body::Origin(origins) => {
                raw::Body::Origin(origins.iter().map(|origin| self.piece(origin)).collect::<Result<_, _>>()?)
            }
            Body::PriorityUpdate { prioritized, value } => raw::Body::PriorityUpdate(raw::PriorityUpdate {
                prioritized_stream_id: self.stream(prioritized)?,
                value: self.octets(value)?,
            }),
            Body::Other { kind, payload } => raw::Body::Other(raw::Other {
                kind: self.fit(kind, "a frame type")?,
                flags: 0,
                reserved: false,
                payload: self.octets(payload)?,
                declared_length: None,
            }),
        })
    }

    fn settings(&mut self, ack: bool, settings: &[(Number, Number)]) -> Result<raw::Body, Error> {
        let mut pairs = Vec::new();
        for (identifier, value) in settings {
            let (identifier, value) = (self.fit(identifier, "a setting")?, self.fit(value, "its value")?);
            pairs.push(raw::Setting { identifier, value });
        }
        Ok(raw::Body::Settings(raw::Settings { ack, settings: pairs }))
    }

    fn push_promise(&mut self, promised: &StreamRef, section: &Section) -> Result<raw::Body, Error> {
        let promised_stream_id = self.stream(promised)?;
        self.promised = Some(promised_stream_id);
        Ok(raw::Body::PushPromise(raw::PushPromise {
            promised_stream_id,
            block: self.block(&section.block)?,
            split: self.split(section)?,
            padding: self.optional(section.padding.as_ref(), "padding")?,
            end_headers: section.end_headers,
        }))
    }

    fn split(&mut self, section: &Section) -> Result<Vec<u32>, Error> {
        section.split.iter().map(|octets| self.fit(octets, "octets")).collect()
    }

    fn priority(&mut self, priority: &Priority) -> Result<raw::Priority, Error> {
        Ok(raw::Priority {
            exclusive: priority.exclusive,
            dependency: self.stream(&priority.dependency)?,
            weight: self.fit(&priority.weight, "a weight")?,
        })
    }

    pub(super) fn stream(&mut self, stream: &StreamRef) -> Result<u32, Error> {
        let number = match stream {
            StreamRef::Own(offset) => {
                let Some(own) = self.facts.stream else {
                    return Err(self.fault(format!("there is no stream over {}", self.facts.protocol.name())));
                };
                // Before the first stream there is only the connection itself.
                u64::try_from(i64::from(own) + offset).unwrap_or(0)
            }
            StreamRef::NextEven => {
                let next = self.next_even;
                self.next_even = next.saturating_add(2);
                u64::from(next)
            }
            StreamRef::Promised => match self.promised {
                Some(promised) => u64::from(promised),
                None => return Err(self.fault("no stream has been promised")),
            },
            StreamRef::Number(number) => self.number(number)?,
        };
        match u32::try_from(number) {
            Ok(stream) if number <= MOST_STREAM => Ok(stream),
            _ => Err(self.fault(format!("{number} is no stream: identifiers have 31 bits"))),
        }
    }
}

/// The first of encoded frames as one made by hand, and what follows it.
fn split(octets: &[u8]) -> Option<(raw::Frame, &[u8])> {
    let (header, rest) = octets.split_at_checked(HEADER_OCTETS)?;
    let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let stream_id = u32::from_be_bytes([header[5] & 0x7f, header[6], header[7], header[8]]);
    let other = raw::Other {
        kind: header[3],
        flags: header[4],
        reserved: header[5] & 0x80 != 0,
        payload: payload.to_vec(),
        declared_length: None,
    };
    Some((raw::Frame { stream_id: Some(stream_id), body: raw::Body::Other(other) }, rest))
}
