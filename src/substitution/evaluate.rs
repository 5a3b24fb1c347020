//! What an expression comes to.

use std::collections::BTreeMap;

use super::{
    facts::{Facts, Value},
    fault::{ExpressionFault, Kind},
    functions::Function,
    scan::{Index, Token, tokens},
};

/// Variables by name, `$` included.
pub(super) type Variables = BTreeMap<String, Value>;

/// What an expression or the beginning of one comes to.
enum Thing<'a> {
    /// A value of the configuration.
    Config(&'a Value),
    /// A text, octets or a number.
    Made(Value),
    Function(Function),
    /// `headers`
    Fields,
    /// `GET`
    Query,
    /// `location`
    Location,
}

/// Evaluates an expression, and keeps the value if it is assigned. The value is text, octets or a number.
pub(super) fn evaluate(
    expression: &[u8],
    facts: &dyn Facts,
    variables: &mut Variables,
) -> Result<Value, ExpressionFault> {
    let mut tokens = tokens(expression)?.into_iter();
    let (mut first, mut variable) = (tokens.next(), None);
    if let Some(Token::Assignment(name)) = first {
        variable = Some(name);
        first = tokens.next();
    }
    let name = match first {
        Some(Token::Name(name)) => name,
        Some(other) => return Err(ExpressionFault::NotName(other.part())),
        None => return Err(ExpressionFault::NoName),
    };
    let mut thing = look_up(name, facts, variables)?;
    for token in tokens {
        thing = match token {
            Token::Index(index) => member(thing, index, facts)?,
            Token::Arguments(arguments) => match thing {
                Thing::Function(function) => Thing::Made(function.call(&arguments, facts)?),
                other => return Err(ExpressionFault::NotCallable(other.kind())),
            },
            other => return Err(ExpressionFault::NotStep(other.part())),
        };
    }
    let value = thing.result()?;
    if let Some(variable) = variable {
        variables.insert(variable.to_owned(), value.clone());
    }
    Ok(value)
}

/// The order decides which of two things of one name is meant.
fn look_up<'a>(name: &str, facts: &'a dyn Facts, variables: &Variables) -> Result<Thing<'a>, ExpressionFault> {
    if let Some(value) = variables.get(name) {
        return Ok(Thing::Made(value.clone()));
    }
    if let Some(function) = Function::named(name) {
        return Ok(Thing::Function(function));
    }
    match name {
        "headers" => return Ok(Thing::Fields),
        "GET" => return Ok(Thing::Query),
        _ => {}
    }
    if let Some(value) = facts.config(name) {
        return Ok(Thing::Config(value));
    }
    match name {
        "location" => Ok(Thing::Location),
        "url_base" => Ok(Thing::Made(Value::Text(facts.url_base().to_owned()))),
        _ => Err(ExpressionFault::Undefined(name.to_owned())),
    }
}

fn member<'a>(thing: Thing<'a>, index: Index<'_>, facts: &'a dyn Facts) -> Result<Thing<'a>, ExpressionFault> {
    let value = match (thing, index) {
        (Thing::Config(Value::Map(members)), Index::Text(key)) => {
            return members.get(key).map(Thing::Config).ok_or_else(|| no_member(index));
        }
        (Thing::Config(Value::List(items)), Index::Number(number)) => {
            let item = position(number, items.len()).map(|at| Thing::Config(&items[at]));
            return item.ok_or_else(|| no_member(index));
        }
        (Thing::Config(value), index) => member_of_value(value, index)?,
        (Thing::Made(value), index) => member_of_value(&value, index)?,
        (Thing::Fields, Index::Text(name)) => {
            let value = facts.field(latin1(name)?);
            Value::Octets(value.ok_or_else(|| ExpressionFault::NoField(name.to_owned()))?)
        }
        (Thing::Fields, Index::Number(_)) => {
            return Err(ExpressionFault::IndexKind { of: Kind::Map, by: Kind::Number });
        }
        (Thing::Query, Index::Text(name)) => {
            facts.query(latin1(name)?).map_or_else(|| Value::Text(String::new()), Value::Octets)
        }
        // Names are octets, so no parameter has a number's name, not even one that is spelled so.
        (Thing::Query, Index::Number(_)) => Value::Text(String::new()),
        (Thing::Location, Index::Text(part)) => {
            let text = facts.location(part).ok_or_else(|| no_member(index))?;
            match text.parse() {
                Ok(port) if part == "port" => Value::Number(port),
                _ => Value::Text(text),
            }
        }
        (Thing::Location, Index::Number(_)) => return Err(no_member(index)),
        (Thing::Function(_), _) => return Err(ExpressionFault::NoMembers(Kind::Function)),
    };
    Ok(Thing::Made(value))
}

/// A character of a text, an octet's number, or why there is none.
fn member_of_value(value: &Value, index: Index<'_>) -> Result<Value, ExpressionFault> {
    match (value, index) {
        (Value::Text(text), Index::Number(number)) => {
            let at = position(number, text.chars().count()).ok_or_else(|| no_member(index))?;
            Ok(Value::Text(text.chars().skip(at).take(1).collect()))
        }
        (Value::Octets(octets), Index::Number(number)) => {
            let at = position(number, octets.len()).ok_or_else(|| no_member(index))?;
            Ok(Value::Number(octets[at].into()))
        }
        (Value::Number(_) | Value::Nothing, _) => Err(ExpressionFault::NoMembers(kind(value))),
        (Value::Map(_), _) => Err(no_member(index)),
        (_, Index::Text(_)) => Err(ExpressionFault::IndexKind { of: kind(value), by: Kind::Text }),
        (Value::List(_), Index::Number(_)) => Err(no_member(index)),
    }
}

/// Where a member is; negative numbers count from the end.
fn position(number: i64, length: usize) -> Option<usize> {
    let distance = usize::try_from(number.unsigned_abs()).ok()?;
    if number < 0 { length.checked_sub(distance) } else { Some(distance).filter(|&at| at < length) }
}

fn no_member(index: Index<'_>) -> ExpressionFault {
    ExpressionFault::NoMember(match index {
        Index::Number(number) => number.to_string(),
        Index::Text(key) => format!("`{key}`"),
    })
}

/// A name of a field or a parameter, if it can be one: they are octets, read as ISO 8859-1.
pub(super) fn latin1(name: &str) -> Result<&str, ExpressionFault> {
    if name.chars().all(|character| u32::from(character) < 0x100) {
        Ok(name)
    } else {
        Err(ExpressionFault::NotLatin1(name.to_owned()))
    }
}

pub(super) fn kind(value: &Value) -> Kind {
    match value {
        Value::Text(_) => Kind::Text,
        Value::Octets(_) => Kind::Octets,
        Value::Number(_) => Kind::Number,
        Value::List(_) => Kind::List,
        Value::Map(_) => Kind::Map,
        Value::Nothing => Kind::Nothing,
    }
}

impl Thing<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(value) => kind(value),
            Self::Made(value) => kind(value),
            Self::Function(_) => Kind::Function,
            Self::Fields | Self::Query | Self::Location => Kind::Map,
        }
    }

    /// The value, if it may stand in a document.
    fn result(self) -> Result<Value, ExpressionFault> {
        match self {
            Thing::Made(value) => Ok(value),
            Thing::Config(value @ (Value::Text(_) | Value::Octets(_) | Value::Number(_))) => Ok(value.clone()),
            other => Err(ExpressionFault::NoResult(other.kind())),
        }
    }
}
