//! Which stream is meant.

use super::{Error, options::Options, template};
use crate::{Number, Position, StreamFilter, StreamRef};

/// `own`, `own+2`, `zero`, `next`, `next-even`, `promised`, or a number.
pub(super) fn stream(text: &str, at: Position) -> Result<StreamRef, Error> {
    Ok(match text {
        "own" => StreamRef::Own(0),
        "zero" => StreamRef::Number(Number::Known(0)),
        "next" => StreamRef::Own(2),
        "next-even" => StreamRef::NextEven,
        "promised" => StreamRef::Promised,
        _ => match text.strip_prefix("own").filter(|offset| offset.starts_with(['+', '-'])) {
            Some(offset) => match offset.parse::<i32>() {
                Ok(offset) => StreamRef::Own(offset.into()),
                Err(_) => return Err(Error::new(at, format!("`{text}` is no stream"))),
            },
            None => StreamRef::Number(template::number(text, at, |_| None)?),
        },
    })
}

impl Options<'_> {
    pub(super) fn stream(&mut self, name: &str) -> Result<Option<StreamRef>, Error> {
        self.value(name).map(|(text, at)| stream(text, at)).transpose()
    }

    pub(super) fn filter(&mut self) -> Result<Option<StreamFilter>, Error> {
        let Some((text, at)) = self.value("stream") else { return Ok(None) };
        Ok(Some(if text == "any" { StreamFilter::Any } else { StreamFilter::One(stream(text, at)?) }))
    }
}
