//! `if`.

use super::{
    Error, Parser,
    lexer::{Kind, Token},
    template,
};
use crate::{Comparison, Condition, Operator};

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Result<Condition, Error> {
        let mut groups = vec![vec![self.comparison()?]];
        loop {
            if self.keyword("and") {
                let comparison = self.comparison()?;
                if let Some(group) = groups.last_mut() {
                    group.push(comparison);
                }
            } else if self.keyword("or") {
                groups.push(vec![self.comparison()?]);
            } else {
                return Ok(Condition(groups));
            }
        }
    }

    fn comparison(&mut self) -> Result<Comparison, Error> {
        let negated = self.keyword("not");
        let token = self.word("a fact")?;
        let fact = template::fact(token.text, token.at).map_err(|error| glued(token).unwrap_or(error))?;
        let next = self.peek();
        let against = match (next.kind == Kind::Word).then(|| operator(next.text)).flatten() {
            Some(operator) => {
                self.take();
                Some((operator, self.piece()?))
            }
            None => None,
        };
        Ok(Comparison { negated, fact, against })
    }
}

/// `attempt=1` is one word.
fn glued(token: Token<'_>) -> Option<Error> {
    let operator = token.text.contains(['=', '<', '>']);
    operator.then(|| Error::new(token.at, format!("`{}` needs spaces round its operator", token.text)))
}

fn operator(text: &str) -> Option<Operator> {
    Some(match text {
        "=" => Operator::Equal,
        "!=" => Operator::Unequal,
        "<" => Operator::Less,
        "<=" => Operator::AtMost,
        ">" => Operator::Greater,
        ">=" => Operator::AtLeast,
        "contains" => Operator::Contains,
        _ => return None,
    })
}
