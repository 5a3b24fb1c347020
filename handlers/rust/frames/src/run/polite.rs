//! Steps of the response writer, and pushes.

use frames_language::{Error, Line, Number, Piece, Statement, Step};
use framewright_guest::{WriteError, push::PushError};

use super::{Flow, Run};
use crate::wire::{OWN, Polite};

/// Promises of one run, each of which takes a stream of the client's.
const MOST_PUSHES: usize = 16;

impl Run<'_> {
    pub(super) fn polite(&mut self, step: &Step) -> Result<(), Error> {
        let writer = self.writer;
        let result = match step {
            Step::Informational { status, fields } => {
                let (status, fields) = (self.fit(status, "a status")?, self.fields(fields)?);
                self.wire.polite(writer, Polite::Informational(status, &fields))
            }
            Step::Status { status, fields, end_stream } => {
                let (status, fields) = (self.fit(status, "a status")?, self.fields(fields)?);
                self.wire.polite(writer, Polite::Headers(status, &fields, *end_stream))
            }
            Step::Data { octets, padding, one_frame, end_stream } => {
                let (octets, padding) = (self.octets(octets)?, self.optional(padding.as_ref(), "padding")?);
                let step = match one_frame {
                    true => Polite::DataFrame(&octets, padding, *end_stream),
                    false => Polite::Data(&octets, *end_stream),
                };
                self.wire.polite(writer, step)
            }
            Step::Trailers(fields) => {
                let fields = self.fields(fields)?;
                self.wire.polite(writer, Polite::Trailers(&fields))
            }
            Step::Reset(code) => {
                let code = self.code(code)?;
                self.wire.polite(writer, Polite::Reset(code))
            }
            Step::SplitFields(octets) => {
                let octets = self.fit(octets, "octets")?;
                self.wire.polite(writer, Polite::SplitFields(octets))
            }
            _ => self.wire.polite(writer, Polite::End),
        };
        self.written(result)
    }

    /// A client that has gone is an outcome; all else is the script's fault.
    fn written(&mut self, result: Result<(), WriteError>) -> Result<(), Error> {
        let message = match result {
            Ok(()) => return Ok(()),
            Err(WriteError::PeerGone(_)) => {
                "gone".clone_into(&mut self.outcome);
                return Ok(());
            }
            Err(WriteError::OutOfOrder(phase)) => format!("out of order: the response is in its phase {phase:?}"),
            Err(WriteError::InvalidStatus) => "no status that can be sent here".to_owned(),
            Err(WriteError::InvalidField(index)) => format!("field {} can't be sent politely", u64::from(index) + 1),
            Err(WriteError::LengthMismatch) => "the content does not agree with its Content-Length".to_owned(),
            Err(WriteError::NotAllowed) => "not possible for this response".to_owned(),
            Err(WriteError::FrameTooLarge(most)) => format!("one DATA frame holds at most {most} octets here"),
        };
        Err(self.fault(format!("`{}`: {message}", self.statement)))
    }

    pub(super) fn abort(&mut self, code: &Number) -> Result<(), Error> {
        let code = self.code(code)?;
        match self.wire.polite(OWN, Polite::Reset(code)) {
            // Complete already: there is nothing to abandon.
            Err(WriteError::OutOfOrder(_)) => Ok(()),
            result => self.written(result),
        }
    }

    pub(super) fn push(
        &mut self,
        path: &Piece,
        name: Option<&str>,
        method: &Piece,
        authority: Option<&Piece>,
        fields: &[Line],
    ) -> Result<(), Error> {
        if self.pushes.len() == MOST_PUSHES {
            return Err(self.fault(format!("more than {MOST_PUSHES} pushes")));
        }
        let (path, method) = (self.piece(path)?, self.piece(method)?);
        let authority = authority.map(|authority| self.piece(authority)).transpose()?;
        let fields = self.fields(fields)?;
        let result = self.wire.push(&method, authority.as_deref(), &path, &fields);
        let (outcome, writer) = match result {
            Ok(writer) => ("promised", Some(writer)),
            Err(PushError::WrongProtocol) => ("wrong-protocol", None),
            Err(PushError::Disabled) => ("disabled", None),
            Err(PushError::Closed) => ("closed", None),
            Err(PushError::Refused) => ("refused", None),
            Err(PushError::InvalidField(index)) => {
                return Err(self.fault(format!("field {} can't be promised", u64::from(index) + 1)));
            }
            Err(PushError::InvalidRequest) => return Err(self.fault("no request that can be promised")),
            Err(PushError::NotGranted) => return Err(self.fault("this path has no grant for `push`")),
        };
        outcome.clone_into(&mut self.outcome);
        self.pushes.push((name.unwrap_or_default().to_owned(), writer));
        Ok(())
    }

    /// Runs a block whose polite steps go to the last push of this name.
    pub(super) fn on(&mut self, name: &str, block: &[Statement]) -> Result<Flow, Error> {
        let Some((_, Some(writer))) = self.pushes.iter().rev().find(|(known, _)| known == name) else {
            return Ok(Flow::On);
        };
        let before = std::mem::replace(&mut self.writer, *writer);
        let flow = self.statements(block);
        self.writer = before;
        flow
    }
}
