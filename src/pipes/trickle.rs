//! The `trickle` pipe: content piece by piece, with pauses. Its language is sans I/O; what comes out is the content's
//! steps, which are sent, and waited for, when the head has left.

use std::{mem::discriminant, time::Duration};

use bytes::Bytes;

use super::{fault::PipeFault, pipe::integer, slice::selected};
use crate::reply::Step;

/// A script such as `100:d1:r2`: items with colons between them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trickle {
    items: Vec<Item>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Item {
    /// `100`: send so many octets. Negative numbers are bounds from the end, as in Python's slices.
    Octets(i64),
    /// `d0.5`: wait so many seconds.
    Delay(Duration),
    /// `r2`: repeat so many items before this one until all is sent. In other places than the last it means nothing.
    Repeat(i64),
}

impl Trickle {
    pub(super) fn parse(script: &str) -> Result<Self, PipeFault> {
        let mut items: Vec<Item> = Vec::new();
        for text in script.split(':') {
            let item = Item::parse(text)?;
            // The original means to add the two up, and fails; tests can rely on that alone.
            if items.last().is_some_and(|last| discriminant(last) == discriminant(&item)) {
                return Err(PipeFault::SameKind(text.to_owned()));
            }
            items.push(item);
        }
        Ok(Self { items })
    }

    /// The steps that send all of the content.
    ///
    /// # Errors
    /// There would be too many, or they would take too long.
    pub(super) fn steps(&self, content: &Bytes) -> Result<Vec<Step>, PipeFault> {
        let mut course = Course { content, offset: 0, sent: 0, steps: Vec::new(), waited: Duration::ZERO, moves: 0 };
        course.run(&self.items)?;
        if let Some(Item::Repeat(number)) = self.items.last() {
            let first = number.saturating_add(1).saturating_neg();
            course.repeat(&self.items[selected(Some(first), Some(-1), self.items.len())])?;
        }
        course.send_to(None);
        Ok(course.steps)
    }
}

impl Item {
    fn parse(text: &str) -> Result<Self, PipeFault> {
        if let Some(delay) = text.strip_prefix('d') {
            // DEVIATES: the original finds out in the middle of the response what cannot be waited, and leaves the peer
            // hanging there, which no test can want.
            return seconds(delay).map(Self::Delay).ok_or_else(|| PipeFault::Delay(delay.to_owned()));
        }
        if let Some(number) = text.strip_prefix('r') {
            let repeated = integer(number)?;
            return if repeated % 2 == 0 {
                Ok(Self::Repeat(repeated))
            } else {
                Err(PipeFault::OddRepeat(number.to_owned()))
            };
        }
        integer(text).map(Self::Octets)
    }
}

/// A time as Python's `float` reads it: space around it, and single underscores between digits, are allowed.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let octets = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| octets.get(at)).is_some_and(u8::is_ascii_digit);
    if memchr::memchr_iter(b'_', octets).any(|at| !digit(at.checked_sub(1)) || !digit(Some(at + 1))) {
        return None;
    }
    Duration::try_from_secs_f64(text.replace('_', "").parse().ok()?).ok()
}

/// A script as it is carried out.
struct Course<'a> {
    content: &'a Bytes,
    /// Where the next piece starts; negative: from the end.
    offset: i64,
    /// Octets sent.
    sent: usize,
    steps: Vec<Step>,
    /// How long all pauses are.
    waited: Duration,
    /// Items carried out.
    moves: usize,
}

impl Course<'_> {
    fn run(&mut self, items: &[Item]) -> Result<(), PipeFault> {
        for item in items {
            self.moves += 1;
            if self.moves > MOST_STEPS {
                return Err(PipeFault::TooManySteps(MOST_STEPS));
            }
            match item {
                Item::Octets(number) => self.send(*number),
                Item::Delay(time) => self.wait(*time)?,
                Item::Repeat(_) => {}
            }
        }
        Ok(())
    }

    fn repeat(&mut self, items: &[Item]) -> Result<(), PipeFault> {
        while self.remains() {
            let before = (self.offset, self.sent);
            self.run(items)?;
            // What changes nothing goes on until the peer leaves, as with the original.
            if (self.offset, self.sent) == before {
                let rest = MOST_WAITED.saturating_sub(self.waited);
                self.wait(rest)?;
                self.offset = i64::MAX;
            }
        }
        Ok(())
    }

    fn send(&mut self, number: i64) {
        let end = self.offset.saturating_add(number);
        self.send_to(Some(end));
        self.offset = end;
    }

    fn send_to(&mut self, end: Option<i64>) {
        let piece = self.content.slice(selected(Some(self.offset), end, self.content.len()));
        if !piece.is_empty() {
            self.sent = self.sent.saturating_add(piece.len());
            self.steps.push(Step::Send(piece));
        }
    }

    fn wait(&mut self, time: Duration) -> Result<(), PipeFault> {
        self.waited = self.waited.saturating_add(time);
        if self.waited > MOST_WAITED {
            return Err(PipeFault::TooLong(MOST_WAITED.as_secs()));
        }
        self.steps.push(Step::Pause(time));
        Ok(())
    }

    fn remains(&self) -> bool {
        usize::try_from(self.offset).map_or(true, |offset| offset < self.content.len())
    }
}

/// The most items that are carried out for a response: some ten megabytes of steps, and more than any peer waits for.
const MOST_STEPS: usize = 1 << 18;

/// The longest that all pauses of a response take: longer than any test waits.
const MOST_WAITED: Duration = Duration::from_secs(24 * 60 * 60);
