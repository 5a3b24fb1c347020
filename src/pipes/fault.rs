//! Why a response cannot be piped. The server answers 500 and says so.

use crate::{reply::ReadFault, substitution::SubstitutionError};

/// A pipe that cannot be applied.
#[derive(Debug, thiserror::Error)]
#[error("pipe `{pipe}` at octet {at}: {fault}")]
pub struct PipeError {
    /// Where its name starts in the text, in octets.
    pub at: usize,
    /// Its name; shortened.
    pub pipe: String,
    /// What is wrong with it.
    pub fault: PipeFault,
}

/// What is wrong with a pipe.
#[derive(Debug, thiserror::Error)]
pub enum PipeFault {
    /// No pipe has this name.
    #[error("unknown; there are status, header, slice, gzip, trickle and sub")]
    Unknown,
    /// The text ends in the middle of an escape.
    #[error("a backslash at the very end escapes nothing")]
    Escape,
    /// There are more pipes than any test needs.
    #[error("more than {0} pipes")]
    TooMany(usize),
    /// A pipe has other arguments than it takes.
    #[error("it takes {least} to {most} arguments, not {has} (`name()` has one, the empty text)")]
    Arguments {
        /// The fewest that it takes.
        least: usize,
        /// The most that it takes.
        most: usize,
        /// How many it has.
        has: usize,
    },
    /// An argument or a part of one is not a whole number.
    #[error("`{0}` is not a whole number")]
    Integer(String),
    /// An argument is not a truth value.
    #[error("`{0}` is none of true, 1, false and 0")]
    Boolean(String),
    /// A number is no status that could be sent.
    #[error("{0} is no status: 0 to 65535 are")]
    Status(i64),
    /// A field's name or value cannot be sent.
    #[error("`{0}` has characters beyond ISO 8859-1")]
    NotLatin1(String),
    /// A delay of `trickle` is not a number, or cannot be waited.
    #[error("`d{0}` is no delay: seconds from 0 on")]
    Delay(String),
    /// A repetition of `trickle` has an odd number.
    #[error("`r{0}` repeats an odd number of items")]
    OddRepeat(String),
    /// Two items of one kind stand side by side in `trickle`.
    #[error("`{0}` follows an item of its own kind: add them up")]
    SameKind(String),
    /// `trickle` waits for too long.
    #[error("it waits for more than {0} seconds")]
    TooLong(u64),
    /// `trickle` takes too many steps.
    #[error("it takes more than {0} steps")]
    TooManySteps(usize),
    /// The content that the pipe is to change cannot be had.
    #[error(transparent)]
    Content(#[from] ReadFault),
    /// The content cannot be substituted.
    #[error(transparent)]
    Substitution(#[from] SubstitutionError),
}
