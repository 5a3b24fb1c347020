//! Raw frames: words in upper case.

use super::{Error, Parser, lexer::Kind, options::Options, stream, template};
use crate::{Body, Frame, FrameItem, Number, Octets, Position, Priority, Section, StreamRef, names};

impl<'a> Parser<'a> {
    /// `{`, frames and repeats, `}`.
    pub(super) fn frames(&mut self) -> Result<Vec<FrameItem>, Error> {
        self.block(|parser| {
            let token = parser.word("a frame")?;
            if token.text == "repeat" {
                return Ok(FrameItem::Repeat(parser.number("a number")?, parser.frames()?));
            }
            match parser.frame(token.text, token.at)? {
                Some(frame) => Ok(FrameItem::Frame(Box::new(frame))),
                None => Err(Error::new(token.at, format!("`{}` is no frame; only frames stand here", token.text))),
            }
        })
    }

    /// The frame with this name, if it is one.
    pub(super) fn frame(&mut self, name: &str, at: Position) -> Result<Option<Frame>, Error> {
        match name {
            "DATA" => self.data(at),
            "HEADERS" => self.headers(at),
            "PRIORITY" => self.priority(at),
            "RST_STREAM" => {
                let code = self.code()?;
                self.plain(at, Body::RstStream(code))
            }
            "SETTINGS" => self.settings(at),
            "PUSH_PROMISE" => self.push_promise(at),
            "PING" => self.ping(at),
            "GOAWAY" => self.goaway(at),
            "WINDOW_UPDATE" => {
                let increment = self.number("an increment")?;
                self.plain(at, Body::WindowUpdate(increment))
            }
            "CONTINUATION" => self.continuation(at),
            "ALTSVC" => {
                let body = Body::Altsvc { origin: self.piece()?, value: self.piece()? };
                self.plain(at, body)
            }
            "ORIGIN" => {
                let mut origins = Vec::new();
                while self.peek().kind == Kind::Text {
                    origins.push(self.piece()?);
                }
                self.plain(at, Body::Origin(origins))
            }
            "PRIORITY_UPDATE" => {
                let value = self.octets()?;
                let mut options = self.options();
                let prioritized = options.stream("prioritized")?.unwrap_or(StreamRef::Own(0));
                finish(at, options, Body::PriorityUpdate { prioritized, value })
            }
            "FRAME" => self.other(at),
            _ => return Ok(None),
        }
        .map(Some)
    }

    fn plain(&mut self, at: Position, body: Body) -> Result<Frame, Error> {
        finish(at, self.options(), body)
    }

    fn data(&mut self, at: Position) -> Result<Frame, Error> {
        let octets = self.content()?;
        let mut options = self.options();
        let body = Body::Data { octets, padding: options.number("padding")?, end_stream: options.flag("end-stream") };
        finish(at, options, body)
    }

    fn headers(&mut self, at: Position) -> Result<Frame, Error> {
        let mut options = self.options();
        let priority = priority(&mut options)?;
        let end_stream = options.flag("end-stream");
        let section = self.section(&mut options)?;
        finish(at, options, Body::Headers { section, priority, end_stream })
    }

    fn priority(&mut self, at: Position) -> Result<Frame, Error> {
        let mut options = self.options();
        let body = Body::Priority(priority(&mut options)?.unwrap_or_else(no_priority));
        finish(at, options, body)
    }

    fn settings(&mut self, at: Position) -> Result<Frame, Error> {
        let mut options = self.options();
        let ack = options.flag("ack");
        let common = Common::of(&mut options)?;
        let mut settings = Vec::new();
        while let Some((key, value, place)) = options.any_value() {
            let identifier = template::number(key, place, |name| names::number(names::SETTINGS, name))?;
            settings.push((identifier, template::number(value, place, |_| None)?));
        }
        options.finish()?;
        Ok(common.frame(at, Body::Settings { ack, settings }))
    }

    fn push_promise(&mut self, at: Position) -> Result<Frame, Error> {
        let mut options = self.options();
        let promised = options.stream("promised")?.unwrap_or(StreamRef::NextEven);
        let section = self.section(&mut options)?;
        finish(at, options, Body::PushPromise { promised, section })
    }

    fn ping(&mut self, at: Position) -> Result<Frame, Error> {
        // A word here is an option: the octets of a PING are a string, `hex` or `N of …`.
        let next = self.peek();
        let word = next.kind == Kind::Word;
        let option = word && (next.text == "ack" || next.text == "reserved" || next.text.contains('='));
        let octets = match next.kind {
            Kind::Text | Kind::ParenOpen => Some(self.octets()?),
            Kind::Word if !option => Some(self.octets()?),
            _ => None,
        };
        let mut options = self.options();
        let ack = options.flag("ack");
        finish(at, options, Body::Ping { ack, octets })
    }

    fn goaway(&mut self, at: Position) -> Result<Frame, Error> {
        let code = self.code()?;
        let mut options = self.options();
        let last = options.stream("last")?.unwrap_or(StreamRef::Own(0));
        let debug = if self.keyword("debug") { self.octets()? } else { Octets::default() };
        finish(at, options, Body::Goaway { last, code, debug })
    }

    fn continuation(&mut self, at: Position) -> Result<Frame, Error> {
        let mut options = self.options();
        let section = Section {
            split: Vec::new(),
            padding: None,
            end_headers: !options.flag("no-end-headers"),
            block: self.fields()?,
        };
        finish(at, options, Body::Continuation(section))
    }

    fn other(&mut self, at: Position) -> Result<Frame, Error> {
        let next = self.peek();
        let option = next.kind == Kind::Word && (next.text == "reserved" || next.text.contains('='));
        let ended = matches!(next.kind, Kind::Break | Kind::Close | Kind::End);
        let payload = if option || ended { Octets::default() } else { self.octets()? };
        let mut options = self.options();
        let Some((text, place)) = options.value("type") else {
            return Err(Error::new(at, "FRAME needs `type=`"));
        };
        let kind = template::number(text, place, |name| names::number(names::KINDS, name))?;
        finish(at, options, Body::Other { kind, payload })
    }

    fn section(&mut self, options: &mut Options<'a>) -> Result<Section, Error> {
        Ok(Section {
            split: options.numbers("split")?,
            padding: options.number("padding")?,
            end_headers: !options.flag("no-end-headers"),
            block: self.fields()?,
        })
    }
}

/// What every frame takes.
struct Common {
    stream: Option<StreamRef>,
    flags: Option<Number>,
    reserved: bool,
    length: Option<Number>,
}

impl Common {
    fn of(options: &mut Options<'_>) -> Result<Self, Error> {
        Ok(Self {
            stream: options.stream("stream")?,
            flags: options.flags()?,
            reserved: options.flag("reserved"),
            length: options.number("length")?,
        })
    }

    fn frame(self, at: Position, body: Body) -> Frame {
        let Self { stream, flags, reserved, length } = self;
        Frame { at, stream, flags, reserved, length, body }
    }
}

fn finish(at: Position, mut options: Options<'_>, body: Body) -> Result<Frame, Error> {
    let common = Common::of(&mut options)?;
    options.finish()?;
    Ok(common.frame(at, body))
}

fn priority(options: &mut Options<'_>) -> Result<Option<Priority>, Error> {
    let exclusive = options.flag("exclusive");
    let dependency = options.value("dependency").map(|(text, at)| stream::stream(text, at)).transpose()?;
    let weight = options.number("weight")?;
    if !exclusive && dependency.is_none() && weight.is_none() {
        return Ok(None);
    }
    let usual = no_priority();
    Ok(Some(Priority {
        exclusive,
        dependency: dependency.unwrap_or(usual.dependency),
        weight: weight.unwrap_or(usual.weight),
    }))
}

/// RFC 7540 §5.3.5: the root, weight 16.
fn no_priority() -> Priority {
    Priority { exclusive: false, dependency: StreamRef::Number(Number::Known(0)), weight: Number::Known(15) }
}
