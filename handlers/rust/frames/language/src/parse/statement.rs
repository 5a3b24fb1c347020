//! Polite steps and control: words in lower case.

use super::{
    Error, Parser,
    lexer::{Kind, Token},
    stream, template,
};
use crate::{
    Await, FrameItem, How, Number, Piece, Read, Rule, Statement, Step, StreamFilter, StreamRef, Template, names,
};

/// The most that `attempts cap=` takes: the stash holds the record of each.
const MOST_CAP: u64 = 100;
/// `read`, `await`: longest wait unless `within` says otherwise, in nanoseconds. Longer than a client takes to answer.
const DEFAULT_WITHIN: Number = Number::Known(10_000_000_000);
/// `hang`: longer than a test waits, in nanoseconds.
const DEFAULT_HANG: Number = Number::Known(60_000_000_000);
/// `hold`: the most that the contract allows, in nanoseconds and octets.
const DEFAULT_HOLD: (Number, Number) = (Number::Known(10_000_000_000), Number::Known(1 << 20));
/// CANCEL, RFC 9113 §7.
const CANCEL: Number = Number::Known(8);

/// All first words, so that a statement can name its own for ever.
const WORDS: &[&str] = &[
    "informational",
    "status",
    "data",
    "trailers",
    "end",
    "reset",
    "split-fields",
    "push",
    "on",
    "frames",
    "octets",
    "flush",
    "close",
    "hold",
    "release",
    "after",
    "absorb",
    "read",
    "await",
    "wait",
    "hang",
    "log",
    "stop",
    "abort",
    "repeat",
    "if",
    "attempts",
];

impl<'a> Parser<'a> {
    pub(super) fn statements(&mut self, end: Kind) -> Result<Vec<Statement>, Error> {
        self.items(end, &mut Self::statement)
    }

    fn statement_block(&mut self) -> Result<Vec<Statement>, Error> {
        self.block(Self::statement)
    }

    fn statement(&mut self) -> Result<Statement, Error> {
        let token = self.word("a statement")?;
        if let Some(frame) = self.frame(token.text, token.at)? {
            let word = names::KINDS.iter().map(|(name, _)| *name).find(|name| *name == token.text).unwrap_or("FRAME");
            let step = Step::Frames(vec![FrameItem::Frame(Box::new(frame))]);
            return Ok(Statement { at: token.at, word, step });
        }
        let Some(word) = WORDS.iter().find(|word| **word == token.text) else {
            return Err(Error::new(token.at, format!("there is no statement `{}`", token.text)));
        };
        Ok(Statement { at: token.at, word, step: self.step(token)? })
    }

    fn step(&mut self, token: Token<'a>) -> Result<Step, Error> {
        Ok(match token.text {
            "informational" | "status" | "data" | "trailers" | "reset" | "split-fields" | "push" => {
                return self.polite(token);
            }
            "end" => Step::End,
            "on" => self.on()?,
            "frames" => Step::Frames(self.frames()?),
            "octets" => Step::Octets(self.octets()?),
            "flush" => Step::Flush,
            "close" => Step::Close(self.how()?),
            "hold" => self.hold()?,
            "release" => Step::Release,
            "after" => Step::After(self.rule()?),
            "absorb" => {
                let name = self.word("a stream")?;
                Step::Absorb(stream::stream(name.text, name.at)?)
            }
            "read" => self.read()?,
            "await" => Step::Await(self.wait_for()?),
            "wait" => Step::Wait(self.time()?),
            "hang" => Step::Hang(if self.peek().kind == Kind::Word { self.time()? } else { DEFAULT_HANG }),
            "log" => Step::Log(self.octets()?),
            "stop" => Step::Stop,
            "abort" => Step::Abort(if self.peek().kind == Kind::Word { self.code()? } else { CANCEL }),
            "repeat" => Step::Repeat { rounds: self.number("a number")?, block: self.statement_block()? },
            "attempts" => self.attempts(token)?,
            _ => self.branches()?,
        })
    }

    fn polite(&mut self, token: Token<'a>) -> Result<Step, Error> {
        Ok(match token.text {
            "informational" => Step::Informational { status: self.number("a status")?, fields: self.polite_fields()? },
            "status" => {
                let status = self.number("a status")?;
                let mut options = self.options();
                let end_stream = options.flag("end-stream");
                options.finish()?;
                Step::Status { status, fields: self.polite_fields()?, end_stream }
            }
            "data" => {
                let octets = self.content()?;
                let mut options = self.options();
                let padding = options.number("padding")?;
                let one_frame = options.flag("frame") || padding.is_some();
                let end_stream = options.flag("end-stream");
                options.finish()?;
                Step::Data { octets, padding, one_frame, end_stream }
            }
            "trailers" => Step::Trailers(self.polite_fields()?),
            "reset" => Step::Reset(self.code()?),
            "split-fields" => Step::SplitFields(self.number("a number")?),
            _ => self.push()?,
        })
    }

    fn on(&mut self) -> Result<Step, Error> {
        let token = self.word("the name of a push")?;
        if !self.pushes.contains(&token.text) {
            return Err(Error::new(token.at, format!("no push above is called `{}`", token.text)));
        }
        Ok(Step::On { name: token.text.to_owned(), block: self.statement_block()? })
    }

    fn push(&mut self) -> Result<Step, Error> {
        let path = self.piece()?;
        let mut name = None;
        if self.keyword("as") {
            let word = self.word("a name")?.text;
            self.pushes.push(word);
            name = Some(word.to_owned());
        }
        let mut options = self.options();
        let piece = |(text, at)| Ok(Piece::Template(template::template(Token { kind: Kind::Word, text, at })?));
        let method = options.value("method").map(piece).transpose()?;
        let authority = options.value("authority").map(piece).transpose()?;
        options.finish()?;
        let method = method.unwrap_or_else(|| Piece::Template(Template::of(b"GET".to_vec())));
        Ok(Step::Push { path, name, method, authority, fields: self.polite_fields()? })
    }

    fn how(&mut self) -> Result<How, Error> {
        if self.peek().kind != Kind::Word {
            return Ok(How::HalfClose);
        }
        let token = self.take();
        match token.text {
            "half-close" => Ok(How::HalfClose),
            "without-close-notify" => Ok(How::WithoutCloseNotify),
            "reset" => Ok(How::Reset),
            _ => Err(Error::new(token.at, "`close` takes `half-close`, `without-close-notify` or `reset`")),
        }
    }

    fn rule(&mut self) -> Result<Rule, Error> {
        match self.take() {
            Token { kind: Kind::Word, text: "keep", .. } => Ok(Rule::Keep),
            Token { kind: Kind::Word, text: "close", .. } => Ok(Rule::Close),
            token => Err(Error::new(token.at, "`after` takes `keep` or `close`")),
        }
    }

    fn hold(&mut self) -> Result<Step, Error> {
        let (mut time, mut octets) = DEFAULT_HOLD;
        if self.peek().kind == Kind::Word {
            time = self.time()?;
        }
        if self.peek().kind == Kind::Word {
            octets = self.number("a number")?;
        }
        Ok(Step::Hold { time, octets })
    }

    fn read(&mut self) -> Result<Step, Error> {
        let token = self.word("`all`, `trailers` or a number")?;
        let what = match token.text {
            "all" => Read::All,
            "trailers" => Read::Trailers,
            _ => Read::Octets(template::number(token.text, token.at, |_| None)?),
        };
        Ok(Step::Read { what, within: self.within()? })
    }

    fn within(&mut self) -> Result<Number, Error> {
        if self.keyword("within") { self.time() } else { Ok(DEFAULT_WITHIN) }
    }

    fn wait_for(&mut self) -> Result<Await, Error> {
        let token = self.word("a frame type")?;
        let named = |name: &str| names::number(names::KINDS, name);
        let kind = (token.text != "any").then(|| template::number(token.text, token.at, named)).transpose()?;
        let mut options = self.options();
        let own = matches!(token.text, "DATA" | "HEADERS" | "RST_STREAM" | "CONTINUATION");
        let usual = if own { StreamFilter::One(StreamRef::Own(0)) } else { StreamFilter::Any };
        let stream = options.filter()?.unwrap_or(usual);
        let flags = options.flags()?;
        let code =
            options.value("code").map(|(text, at)| template::number(text, at, names::code_number)).transpose()?;
        let from_start = match options.value("from") {
            None => false,
            Some(("start", _)) => true,
            Some((_, at)) => return Err(Error::new(at, "`from=` takes `start`")),
        };
        options.finish()?;
        Ok(Await { kind, stream, flags, code, from_start, within: self.within()? })
    }

    fn attempts(&mut self, token: Token<'a>) -> Result<Step, Error> {
        match self.options().number("cap")? {
            Some(Number::Known(cap)) if (1..=MOST_CAP).contains(&cap) => self.cap = cap,
            _ => return Err(Error::new(token.at, format!("`attempts` takes `cap=`, from 1 to {MOST_CAP}"))),
        }
        Ok(Step::Attempts)
    }

    fn branches(&mut self) -> Result<Step, Error> {
        let mut branches = vec![(self.condition()?, self.statement_block()?)];
        while self.keyword("else") {
            if !self.keyword("if") {
                return Ok(Step::If { branches, otherwise: self.statement_block()? });
            }
            branches.push((self.condition()?, self.statement_block()?));
        }
        Ok(Step::If { branches, otherwise: Vec::new() })
    }
}
