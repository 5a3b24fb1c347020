//! JSON whose values know their line, so that whoever finds fault with one can name it; and how one file's values beat
//! another's.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::{Value, value::RawValue};

use crate::config::error::{ConfigError, Fault, Place};

/// A JSON value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Keys from the top, joined by dots.
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    List(Vec<Node>),
    Map(BTreeMap<String, Node>),
    /// Null, a boolean, a number or a string.
    Scalar(Value),
}

/// Deepest nesting that is read: the configuration has three levels.
const MAX_DEPTH: usize = 32;

impl Node {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Faults of syntax, by line.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let name: Arc<str> = path.display().to_string().into();
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            let place = Place::Line(Arc::clone(&name), error.line());
            ConfigError { place, fault: Fault::Malformed(without_line(&error)) }
        })?;
        let source = Source { text, place: &|line| Place::Line(Arc::clone(&name), line) };
        source.node(raw, String::new(), MAX_DEPTH)
    }

    /// Reads what is built in: its place is `default`.
    pub(super) fn built_in(text: &str) -> Self {
        let raw: &RawValue = serde_json::from_str(text).expect("what is built in is JSON");
        let source = Source { text, place: &|_| Place::Argument("default") };
        source.node(raw, String::new(), MAX_DEPTH).expect("what is built in is not deep")
    }

    /// Takes over what another says: objects merge, but only under keys that are here already; everything else is
    /// replaced. Whoever spoke last is to blame. Gives the keys that were left out.
    ///
    /// # Errors
    /// Something that is no object in the place of one.
    pub(super) fn merge(&mut self, other: Self) -> Result<Vec<Self>, ConfigError> {
        let Content::Map(own) = &mut self.value else {
            *self = other;
            return Ok(Vec::new());
        };
        let Content::Map(theirs) = other.value else { return Err(other.wrong("an object")) };
        self.place = other.place;
        let mut left_out = Vec::new();
        for (key, node) in theirs {
            match own.get_mut(&key) {
                Some(known) => left_out.extend(known.merge(node)?),
                None => left_out.push(node),
            }
        }
        Ok(left_out)
    }

    /// What stands under a key that is built in.
    pub(super) fn at(&self, key: &str) -> &Self {
        match &self.value {
            Content::Map(map) => map.get(key).expect("only keys that are built in are asked for"),
            _ => unreachable!("objects stay objects when they merge"),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Content::Scalar(Value::Null))
    }

    /// # Errors
    /// If it is something else.
    pub(super) fn text(&self) -> Result<&str, ConfigError> {
        match &self.value {
            Content::Scalar(Value::String(text)) => Ok(text),
            _ => Err(self.wrong("a string")),
        }
    }

    /// # Errors
    /// If it is neither a string nor null.
    pub(super) fn text_or_null(&self) -> Result<Option<&str>, ConfigError> {
        if self.is_null() { Ok(None) } else { self.text().map(Some) }
    }

    /// # Errors
    /// If it is something else.
    pub(super) fn boolean(&self) -> Result<bool, ConfigError> {
        match self.value {
            Content::Scalar(Value::Bool(value)) => Ok(value),
            _ => Err(self.wrong("true or false")),
        }
    }

    /// # Errors
    /// If it is something else.
    pub(super) fn list(&self) -> Result<&[Self], ConfigError> {
        match &self.value {
            Content::List(list) => Ok(list),
            _ => Err(self.wrong("a list")),
        }
    }

    /// # Errors
    /// If it is something else.
    pub(super) fn map(&self) -> Result<&BTreeMap<String, Self>, ConfigError> {
        match &self.value {
            Content::Map(map) => Ok(map),
            _ => Err(self.wrong("an object")),
        }
    }

    /// A list of strings.
    ///
    /// # Errors
    /// If it is something else.
    pub(super) fn texts(&self) -> Result<Vec<String>, ConfigError> {
        self.list()?.iter().map(|node| node.text().map(str::to_owned)).collect()
    }

    /// The value without places.
    pub(super) fn to_value(&self) -> Value {
        match &self.value {
            Content::Scalar(value) => value.clone(),
            Content::List(list) => list.iter().map(Self::to_value).collect(),
            Content::Map(map) => map.iter().map(|(key, node)| (key.clone(), node.to_value())).collect(),
        }
    }

    /// A fault at this value.
    pub(super) fn fault(&self, fault: Fault) -> ConfigError {
        ConfigError { place: self.place.clone(), fault }
    }

    /// The fault of being something else than what was expected.
    pub(super) fn wrong(&self, expected: &'static str) -> ConfigError {
        let key = if self.key.is_empty() { "the whole file".to_owned() } else { format!("`{}`", self.key) };
        self.fault(Fault::WrongType { key, expected })
    }
}

/// A text that is being read.
struct Source<'a> {
    text: &'a str,
    place: &'a dyn Fn(usize) -> Place,
}

impl Source<'_> {
    fn node(&self, raw: &RawValue, key: String, depth: usize) -> Result<Node, ConfigError> {
        let text = raw.get();
        let place = (self.place)(self.line(text));
        let malformed = |error: &serde_json::Error| ConfigError {
            place: place.clone(),
            fault: Fault::Malformed(without_line(error)),
        };
        if depth == 0 {
            return Err(ConfigError { place, fault: Fault::Malformed("nested too deeply".to_owned()) });
        }
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(|e| malformed(&e))?;
                let member = |(name, raw): (String, &RawValue)| {
                    let below = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                    self.node(raw, below, depth - 1).map(|node| (name, node))
                };
                Content::Map(members.into_iter().map(member).collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| malformed(&e))?;
                let item = |(at, raw): (usize, &RawValue)| self.node(raw, format!("{key}[{at}]"), depth - 1);
                Content::List(items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?)
            }
            _ => Content::Scalar(serde_json::from_str(text).map_err(|e| malformed(&e))?),
        };
        Ok(Node { key, place, value })
    }

    /// The line on which a part of the text begins, from 1.
    fn line(&self, part: &str) -> usize {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        1 + before.iter().filter(|&&octet| octet == b'\n').count()
    }
}

/// What serde_json says, without the place, which is told otherwise.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Result<Node, ConfigError> {
        Node::parse(text, Path::new("c.json"))
    }

    #[test]
    fn every_value_knows_its_line_and_its_key() {
        let node = parse("{\n \"a\": {\n\n  \"b\": [1,\n 2]}\n}").unwrap();
        let two = &node.at("a").at("b").list().unwrap()[1];
        assert_eq!((two.key.as_str(), two.place.to_string()), ("a.b[1]", "c.json:5".to_owned()));
        assert_eq!(two.text().expect_err("a number").to_string(), "c.json:5: `a.b[1]` must be a string");
        assert_eq!(node.list().expect_err("an object").to_string(), "c.json:1: the whole file must be a list");
    }

    #[test]
    fn objects_merge_under_known_keys_and_the_rest_is_replaced() {
        for (base, other, merged, left_out) in [
            (json!({"a": 1}), json!({"a": "x"}), json!({"a": "x"}), vec![]),
            (json!({"a": [1, 2]}), json!({"a": []}), json!({"a": []}), vec![]),
            (json!({"a": null}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}}), vec![]),
            (
                json!({"a": {"b": 1, "c": 2}}),
                json!({"a": {"c": 3, "d": 4}}),
                json!({"a": {"b": 1, "c": 3}}),
                vec!["a.d"],
            ),
            (json!({"a": {}}), json!({"a": {"b": 1}, "z": 2}), json!({"a": {}}), vec!["a.b", "z"]),
        ] {
            let mut node = Node::built_in(&base.to_string());
            let rest = node.merge(parse(&other.to_string()).unwrap()).unwrap();
            assert_eq!(node.to_value(), merged);
            assert_eq!(rest.iter().map(|node| node.key.as_str()).collect::<Vec<_>>(), left_out);
        }
        let error = Node::built_in("{\"a\": {}}").merge(parse("{\n\"a\": 3}").unwrap()).expect_err("no object");
        assert_eq!(error.to_string(), "c.json:2: `a` must be an object");
    }

    #[test]
    fn faults_of_syntax_name_the_line() {
        for (text, line) in [("", 1), ("{\n\"a\": tru}", 2), ("{\n\n\"a\": 1,\n}", 4), ("{} {}", 1), ("[1\n", 2)] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(&format!("c.json:{line}: ")) && !error.contains("at line"), "{text:?}: {error}");
        }
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(parse(&deep).expect_err("deep").to_string().contains("nested too deeply"));
    }
}
