//! The interpreter: statements in order, each one or few calls of [`Wire`].

mod condition;
mod fact;
mod frames;
mod octets;
mod polite;
mod reading;

use std::time::Duration;

use frames_language::{Error, Late, Number, Position, Statement, Step, names, parse_number, parse_time};
use framewright_guest::{
    Field, Level,
    inspect::SeenFrame,
    raw::{self, RawError},
};

use crate::{
    facts::Facts,
    memory,
    record::{self, State},
    wire::{OWN, Wire},
};

/// Statements, frames and field lines that one run executes: bounds the log and the time of loops within loops.
const MOST_STEPS: u64 = 1_000_000;
/// Rounds of one `repeat`.
const MOST_ROUNDS: u64 = 100_000;
/// Octets that one statement makes, intermediate ones included: as many as one raw call may send.
const MOST_OCTETS: u64 = 16 << 20;
/// The longest wait, in nanoseconds: ten minutes, beyond what an exchange may last by default.
const MOST_TIME: u64 = 600_000_000_000;
/// Octets of request content kept for `{{content}}`.
const MOST_CONTENT: usize = 64 << 10;

/// Which attempt this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u64,
    /// The connection of the attempt before.
    pub previous: Option<u64>,
}

/// Whether the script goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    On,
    Stop,
}

/// One run of a script.
pub struct Run<'a> {
    wire: &'a mut dyn Wire,
    facts: &'a Facts,
    attempt: Attempt,
    token: Option<&'a str>,
    /// Whether something left that the response writer doesn't know of.
    pub touched: bool,
    outcome: String,
    /// The statement that runs.
    at: Position,
    statement: &'static str,
    finished: bool,
    steps: u64,
    /// Octets that the statement may still make.
    room: u64,
    /// The number of each `repeat`'s round, the innermost last.
    rounds: Vec<u64>,
    /// The writer that polite steps go to.
    writer: usize,
    pushes: Vec<(String, Option<usize>)>,
    promised: Option<u32>,
    next_even: u32,
    content: Vec<u8>,
    content_octets: u64,
    trailers: Vec<Field>,
    seen: Option<SeenFrame>,
    /// The number of the client's frame from which on `await` looks; none before the first.
    cursor: Option<u64>,
}

impl<'a> Run<'a> {
    pub fn new(wire: &'a mut dyn Wire, facts: &'a Facts, attempt: Attempt, token: Option<&'a str>) -> Self {
        Self {
            wire,
            facts,
            attempt,
            token,
            touched: false,
            outcome: String::new(),
            at: Position { line: 1, column: 1 },
            statement: "",
            finished: false,
            steps: 0,
            room: MOST_OCTETS,
            rounds: Vec::new(),
            writer: OWN,
            pushes: Vec::new(),
            promised: None,
            next_even: facts.stream.map_or(2, |own| own.saturating_add(2) & !1),
            content: Vec::new(),
            content_octets: 0,
            trailers: Vec::new(),
            seen: None,
            cursor: None,
        }
    }

    /// Runs statements until one stops the script or is at fault.
    pub fn statements(&mut self, statements: &[Statement]) -> Result<Flow, Error> {
        for statement in statements {
            self.at = statement.at;
            self.statement = statement.word;
            self.room = MOST_OCTETS;
            self.tick()?;
            if self.step(&statement.step)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    /// Writes down how the attempt went.
    pub fn finish(&mut self, result: &Result<Flow, Error>) {
        if let Err(error) = result {
            self.outcome = format!("fault: {error}");
        }
        self.finished = true;
        self.save();
    }

    fn step(&mut self, step: &Step) -> Result<Flow, Error> {
        match step {
            Step::Informational { .. }
            | Step::Status { .. }
            | Step::Data { .. }
            | Step::Trailers(_)
            | Step::End
            | Step::Reset(_)
            | Step::SplitFields(_) => self.polite(step)?,
            Step::Push { path, name, method, authority, fields } => {
                self.push(path, name.as_deref(), method, authority.as_ref(), fields)?;
            }
            Step::On { name, block } => return self.on(name, block),
            Step::Frames(items) => self.send_frames(items)?,
            Step::Octets(_)
            | Step::Flush
            | Step::Close(_)
            | Step::Hold { .. }
            | Step::Release
            | Step::After(_)
            | Step::Absorb(_) => self.connection(step)?,
            Step::Read { what, within } => self.read(what, within)?,
            Step::Await(what) => self.wait_for(what)?,
            Step::Wait(time) => {
                let time = self.time(time)?;
                self.wire.sleep(Duration::from_nanos(time));
            }
            Step::Hang(time) => self.hang(time)?,
            Step::Log(octets) => {
                let octets = self.octets(octets)?;
                self.wire.log(Level::Info, &String::from_utf8_lossy(&octets));
            }
            Step::Stop => return Ok(Flow::Stop),
            Step::Abort(code) => {
                self.abort(code)?;
                return Ok(Flow::Stop);
            }
            Step::Repeat { rounds, block } => return self.repeat(rounds, |run| run.statements(block)),
            Step::If { branches, otherwise } => {
                for (condition, block) in branches {
                    if self.holds(condition)? {
                        return self.statements(block);
                    }
                }
                return self.statements(otherwise);
            }
            Step::Attempts => {}
        }
        Ok(Flow::On)
    }

    fn connection(&mut self, step: &Step) -> Result<(), Error> {
        let result = match step {
            Step::Octets(octets) => {
                let octets = self.octets(octets)?;
                let result = self.wire.send_octets(&octets);
                self.touched |= result.is_ok();
                result
            }
            Step::Flush => self.wire.flush(),
            Step::Close(how) => {
                let how = match how {
                    frames_language::How::HalfClose => raw::How::HalfClose,
                    frames_language::How::WithoutCloseNotify => raw::How::WithoutCloseNotify,
                    frames_language::How::Reset => raw::How::Reset,
                };
                let result = self.wire.close(how);
                self.touched |= result.is_ok();
                result
            }
            Step::Hold { time, octets } => {
                let (time, octets) = (self.time(time)?, self.fit(octets, "octets")?);
                self.wire.hold(time, octets)
            }
            Step::Release => {
                self.outcome = match self.wire.release() {
                    raw::HoldEnd::Released => "released",
                    raw::HoldEnd::Lost => "lost",
                    raw::HoldEnd::None => "none",
                }
                .to_owned();
                Ok(())
            }
            Step::After(rule) => {
                self.wire.after(match rule {
                    frames_language::Rule::Keep => raw::Rule::Keep,
                    frames_language::Rule::Close => raw::Rule::Close,
                });
                Ok(())
            }
            Step::Absorb(stream) => {
                let stream = self.stream(stream)?;
                self.wire.absorb(stream)
            }
            _ => Ok(()),
        };
        self.raw(result)
    }

    /// A client that has gone is an outcome; all else is the script's fault.
    fn raw(&mut self, result: Result<(), RawError>) -> Result<(), Error> {
        let message = match result {
            Ok(()) => return Ok(()),
            Err(RawError::Gone) => {
                "gone".clone_into(&mut self.outcome);
                return Ok(());
            }
            Err(RawError::WrongProtocol) => {
                format!("`{}` can't be done over {}", self.statement, self.facts.protocol.name())
            }
            Err(RawError::TooLarge(most)) => {
                format!("more than {most} octets in one call, or waiting on the connection")
            }
            Err(RawError::NotGranted) => "this path has no grant for `raw`".to_owned(),
        };
        Err(self.fault(message))
    }

    fn repeat(
        &mut self,
        rounds: &Number,
        mut round: impl FnMut(&mut Self) -> Result<Flow, Error>,
    ) -> Result<Flow, Error> {
        let rounds = self.number(rounds)?;
        if rounds > MOST_ROUNDS {
            return Err(self.fault(format!("more than {MOST_ROUNDS} rounds")));
        }
        for number in 1..=rounds {
            self.tick()?;
            self.rounds.push(number);
            let flow = round(self);
            self.rounds.pop();
            if flow? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    fn tick(&mut self) -> Result<(), Error> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err(self.fault(format!("more than {MOST_STEPS} steps"))) } else { Ok(()) }
    }

    fn fault(&self, message: impl Into<String>) -> Error {
        Error { at: self.at, message: message.into() }
    }

    fn number(&mut self, number: &Number) -> Result<u64, Error> {
        self.late(number, parse_number, "a number")
    }

    fn code(&mut self, code: &Number) -> Result<u32, Error> {
        let code = self.late(code, |text| parse_number(text).or_else(|| names::code_number(text)), "an error code")?;
        u32::try_from(code).map_err(|_| self.fault(format!("{code} is too large for an error code")))
    }

    /// Nanoseconds.
    fn time(&mut self, time: &Number) -> Result<u64, Error> {
        Ok(self.late(time, parse_time, "a time")?.min(MOST_TIME))
    }

    fn late(&mut self, number: &Number, parse: impl Fn(&str) -> Option<u64>, what: &str) -> Result<u64, Error> {
        match number {
            Number::Known(number) => Ok(*number),
            Number::Late(Late { template, at }) => {
                let octets = self.template(template)?;
                let text = String::from_utf8_lossy(&octets);
                parse(&text).ok_or_else(|| Error { at: *at, message: format!("`{text}` is not {what}") })
            }
        }
    }

    /// A number that has to fit into the field it is for.
    fn fit<T: TryFrom<u64>>(&mut self, number: &Number, what: &str) -> Result<T, Error> {
        let number = self.number(number)?;
        T::try_from(number).map_err(|_| self.fault(format!("{number} is too large for {what}")))
    }

    fn optional<T: TryFrom<u64>>(&mut self, number: Option<&Number>, what: &str) -> Result<Option<T>, Error> {
        number.map(|number| self.fit(number, what)).transpose()
    }

    /// The attempt's record so far; without frames where space is to be saved.
    pub fn record(&mut self, sparing: bool) -> String {
        let frames = if sparing { Vec::new() } else { self.wire.seen(0, None) };
        let state = State {
            number: self.attempt.number,
            content_octets: self.content_octets,
            outcome: self.outcome.clone(),
            finished: self.finished,
            line: self.at.line,
            statement: self.statement,
        };
        record::record(self.facts, &state, &frames)
    }

    /// Keeps the record under the token, if there is one. That it can't be kept is no fault of the script.
    fn save(&mut self) {
        let Some(token) = self.token else { return };
        let records = [self.record(false), self.record(true)];
        let index = usize::try_from(self.attempt.number - 1).unwrap_or(usize::MAX);
        let kept = memory::change(self.wire, token, |_, attempts, sparing| {
            // Not there: the stash has forgotten the token meanwhile.
            if let Some(record) = attempts.records.get_mut(index) {
                record.clone_from(&records[usize::from(sparing)]);
            }
        });
        if let Err(error) = kept {
            self.wire.log(Level::Warn, &format!("the attempt's record could not be kept: {error:?}"));
        }
    }
}
