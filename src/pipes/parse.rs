//! The grammar of pipes: `name`, `name(argument,argument)`, one behind another with `|` between them. Sans I/O.

use super::fault::{PipeError, PipeFault};

/// A pipe as it is written. Its arguments are looked at only when its turn comes, so that what is wrong with them is
/// said after what is wrong with the pipes before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    pub(super) name: Name,
    pub(super) arguments: Vec<String>,
    at: usize,
}

/// The names that there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Name {
    Status,
    Header,
    Slice,
    Gzip,
    Trickle,
    Sub,
}

/// Reads pipes. Empty ones are passed over (`a||b`), a list of arguments may end with the text, and behind a list `|`
/// may be left out.
///
/// # Errors
/// The first unknown name or unfinished escape, or too many pipes.
pub fn parse(text: &str) -> Result<Vec<Call>, PipeError> {
    let mut calls = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let end = rest.find(['(', '|']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let error = |fault| error_at(at, name, fault);
        let arguments = tail.strip_prefix('(');
        rest = arguments.unwrap_or_else(|| tail.strip_prefix('|').unwrap_or(tail));
        if name.is_empty() && arguments.is_none() {
            continue;
        }
        let mut call =
            Call { name: Name::parse(name).ok_or_else(|| error(PipeFault::Unknown))?, arguments: vec![], at };
        if arguments.is_some() {
            (call.arguments, rest) = read_arguments(rest).map_err(error)?;
        }
        if calls.len() == MOST_CALLS {
            return Err(error(PipeFault::TooMany(MOST_CALLS)));
        }
        calls.push(call);
    }
    Ok(calls)
}

/// The arguments, and what follows their closing parenthesis.
fn read_arguments(text: &str) -> Result<(Vec<String>, &str), PipeFault> {
    let (mut arguments, mut argument) = (Vec::new(), String::new());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ')' => break,
            ',' => arguments.push(std::mem::take(&mut argument)),
            '\\' => argument.push(match characters.next().ok_or(PipeFault::Escape)? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }),
            other => argument.push(other),
        }
    }
    arguments.push(argument);
    Ok((arguments, characters.as_str()))
}

impl Call {
    pub(super) fn error(&self, fault: PipeFault) -> PipeError {
        error_at(self.at, self.name.spelling(), fault)
    }
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        let all = [Self::Status, Self::Header, Self::Slice, Self::Gzip, Self::Trickle, Self::Sub];
        all.into_iter().find(|known| known.spelling() == name)
    }

    fn spelling(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Header => "header",
            Self::Slice => "slice",
            Self::Gzip => "gzip",
            Self::Trickle => "trickle",
            Self::Sub => "sub",
        }
    }
}

fn error_at(at: usize, name: &str, fault: PipeFault) -> PipeError {
    PipeError { at, pipe: name.chars().take(SHOWN_CHARACTERS).collect(), fault }
}

/// The most pipes that are applied to a response: ten times what tests use. Each may cost the time to compress the whole
/// content.
const MOST_CALLS: usize = 100;

/// The most characters of an unknown name that an error repeats.
const SHOWN_CHARACTERS: usize = 80;
