//! The language of `.frames` scripts, as `docs/frames.md` writes it down: text in, a [`Script`] or an [`Error`] with line
//! and column out. Sans I/O, and without a dependency, so that the runtime, tests and fuzzing use the same code.
//!
//! A script is a list of [`Statement`]s. What is known only when it runs stands in it as [`Template`]s.

pub mod names;
mod octets;
mod parse;
mod script;

pub use octets::{Fact, Indexing, Late, Line, Name, Number, Octets, Part, Piece, Template, parse_number, parse_time};
pub use parse::{Error, MOST_DEPTH, MOST_SOURCE, MOST_STATEMENTS};
pub use script::{
    Await, Body, Comparison, Condition, Frame, FrameItem, How, Operator, Position, Priority, Read, Rule, Script,
    Section, Statement, Step, StreamFilter, StreamRef,
};
