//! What pipes do, as checked data.

use bytes::Bytes;

use super::{
    fault::{PipeError, PipeFault},
    parse::{Call, Name},
    trickle::Trickle,
};
use crate::substitution::{Escape, parse_integer};

/// A change to a response.
#[derive(Clone, PartialEq, Debug)]
pub enum Pipe {
    /// Replaces the status; the reason phrase becomes that of the status.
    Status(u16),
    /// Replaces a field, or adds a line of it.
    Header {
        /// The field's name.
        name: Bytes,
        /// Its value.
        value: Bytes,
        /// Whether lines of this name stay.
        append: bool,
    },
    /// Sends a part of the content; members as in Python's slices.
    Slice {
        /// The first octet; negative: from the end.
        start: Option<i64>,
        /// The octet behind the last.
        end: Option<i64>,
    },
    /// Compresses the content.
    Gzip,
    /// Sends the content piece by piece.
    Trickle(Trickle),
    /// Substitutes the content's expressions.
    Sub(Escape),
}

impl Call {
    /// What is to be done.
    ///
    /// # Errors
    /// Too many arguments, too few, or such as are not of the kind that the pipe takes.
    pub fn check(&self) -> Result<Pipe, PipeError> {
        check(self.name, &self.arguments).map_err(|fault| self.error(fault))
    }
}

fn check(name: Name, arguments: &[String]) -> Result<Pipe, PipeFault> {
    let (least, most) = match name {
        Name::Status | Name::Trickle => (1, 1),
        Name::Header => (2, 3),
        Name::Slice => (1, 2),
        Name::Gzip => (0, 0),
        Name::Sub => (0, 1),
    };
    match (name, arguments) {
        (Name::Status, [status]) => {
            let status = integer(status)?;
            Ok(Pipe::Status(u16::try_from(status).map_err(|_| PipeFault::Status(status))?))
        }
        (Name::Header, [name, value]) => header(name, value, false),
        (Name::Header, [name, value, append]) => header(name, value, boolean(append)?),
        (Name::Slice, [start]) => Ok(Pipe::Slice { start: nullable(start)?, end: None }),
        (Name::Slice, [start, end]) => Ok(Pipe::Slice { start: nullable(start)?, end: nullable(end)? }),
        (Name::Gzip, []) => Ok(Pipe::Gzip),
        (Name::Trickle, [script]) => Trickle::parse(script).map(Pipe::Trickle),
        (Name::Sub, []) => Ok(Pipe::Sub(Escape::Html)),
        (Name::Sub, [escape]) => Ok(Pipe::Sub(Escape::named(escape))),
        _ => Err(PipeFault::Arguments { least, most, has: arguments.len() }),
    }
}

fn header(name: &str, value: &str, append: bool) -> Result<Pipe, PipeFault> {
    Ok(Pipe::Header { name: latin1(name)?, value: latin1(value)?, append })
}

/// Text as the octets of ISO 8859-1, which fields are made of.
fn latin1(text: &str) -> Result<Bytes, PipeFault> {
    let octets: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    octets.map(Bytes::from).map_err(|_| PipeFault::NotLatin1(text.to_owned()))
}

fn boolean(text: &str) -> Result<bool, PipeFault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(PipeFault::Boolean(text.to_owned())),
    }
}

fn nullable(text: &str) -> Result<Option<i64>, PipeFault> {
    if text.eq_ignore_ascii_case("null") { Ok(None) } else { integer(text).map(Some) }
}

pub(super) fn integer(text: &str) -> Result<i64, PipeFault> {
    parse_integer(text).ok_or_else(|| PipeFault::Integer(text.to_owned()))
}
