//! `if`.

use frames_language::{Comparison, Condition, Error, Operator};

use super::Run;

impl Run<'_> {
    pub(super) fn holds(&mut self, condition: &Condition) -> Result<bool, Error> {
        for group in &condition.0 {
            let mut all = true;
            for comparison in group {
                all = all && self.compare(comparison)?;
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compare(&mut self, comparison: &Comparison) -> Result<bool, Error> {
        let fact = self.fact(&comparison.fact);
        let holds = match (&comparison.against, fact) {
            (None, fact) => fact.is_some(),
            (Some((operator, _)), None) => *operator == Operator::Unequal,
            (Some((operator, piece)), Some(fact)) => {
                let other = self.piece(piece)?;
                relation(*operator, &fact, &other)
            }
        };
        Ok(holds != comparison.negated)
    }
}

fn relation(operator: Operator, left: &[u8], right: &[u8]) -> bool {
    let numbers = decimal(left).zip(decimal(right));
    let compared = |holds: fn(&u64, &u64) -> bool| numbers.is_some_and(|(left, right)| holds(&left, &right));
    let equal = numbers.map_or(left == right, |(left, right)| left == right);
    match operator {
        Operator::Equal => equal,
        Operator::Unequal => !equal,
        Operator::Less => compared(u64::lt),
        Operator::AtMost => compared(u64::le),
        Operator::Greater => compared(u64::gt),
        Operator::AtLeast => compared(u64::ge),
        Operator::Contains => right.is_empty() || left.windows(right.len()).any(|window| window == right),
    }
}

fn decimal(octets: &[u8]) -> Option<u64> {
    let digits = !octets.is_empty() && octets.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(octets).ok()?.parse().ok() } else { None }
}
