//! Options: words after a statement's arguments, in any order, each at most once.

use super::{Error, Parser, lexer::Kind, template};
use crate::{Number, Position, names};

/// The options of one statement that nobody has asked for yet.
pub(super) struct Options<'a>(Vec<(&'a str, Option<&'a str>, Position)>);

/// Words that go on with the statement instead.
const CLAUSES: &[&str] = &["debug", "within"];

impl<'a> Parser<'a> {
    pub(super) fn options(&mut self) -> Options<'a> {
        let mut options = Vec::new();
        while self.peek().kind == Kind::Word && !CLAUSES.contains(&self.peek().text) {
            let token = self.take();
            let (key, value) = match token.text.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (token.text, None),
            };
            options.push((key, value, token.at));
        }
        Options(options)
    }
}

impl<'a> Options<'a> {
    pub(super) fn flag(&mut self, name: &str) -> bool {
        let found = self.0.iter().position(|(key, value, _)| *key == name && value.is_none());
        found.map(|index| self.0.remove(index)).is_some()
    }

    pub(super) fn value(&mut self, name: &str) -> Option<(&'a str, Position)> {
        let index = self.0.iter().position(|(key, value, _)| *key == name && value.is_some())?;
        let (_, value, at) = self.0.remove(index);
        Some((value?, at))
    }

    pub(super) fn number(&mut self, name: &str) -> Result<Option<Number>, Error> {
        self.value(name).map(|(text, at)| template::number(text, at, |_| None)).transpose()
    }

    /// `flags=`: a number, or names with commas between them.
    pub(super) fn flags(&mut self) -> Result<Option<Number>, Error> {
        let named =
            |text: &str| text.split(',').try_fold(0, |all, name| Some(all | names::number(names::FLAGS, name)?));
        self.value("flags").map(|(text, at)| template::number(text, at, named)).transpose()
    }

    pub(super) fn numbers(&mut self, name: &str) -> Result<Vec<Number>, Error> {
        let Some((text, at)) = self.value(name) else { return Ok(Vec::new()) };
        text.split(',').map(|one| template::number(one, at, |_| None)).collect()
    }

    /// The next `key=value` of those left, whatever its key.
    pub(super) fn any_value(&mut self) -> Option<(&'a str, &'a str, Position)> {
        let index = self.0.iter().position(|(_, value, _)| value.is_some())?;
        let (key, value, at) = self.0.remove(index);
        Some((key, value?, at))
    }

    /// # Errors
    ///
    /// An option is left that nobody asked for.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _, at)) => Err(Error::new(*at, format!("`{key}` is no option here, or stands here twice"))),
        }
    }
}
