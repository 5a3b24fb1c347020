//! Parameters in a request target's query, as `application/x-www-form-urlencoded` (URL Standard §5.1).

use crate::Request;

/// The parameters of one request, in order.
pub struct Query(Vec<Parameter>);

struct Parameter {
    name: String,
    text: String,
    octets: Vec<u8>,
}

impl Query {
    /// Reads what follows the first `?` of the request's target.
    pub fn of(request: &Request) -> Self {
        Self::parse(&request.path_with_query())
    }

    /// Reads what follows the first `?`. In names and texts, octets that are not UTF-8 become U+FFFD.
    pub fn parse(target: &[u8]) -> Self {
        let query = target.iter().position(|&octet| octet == b'?').map_or(&[][..], |mark| &target[mark + 1..]);
        let pairs = query.split(|&octet| octet == b'&').filter(|pair| !pair.is_empty());
        Self(pairs.map(split).collect())
    }

    /// The first parameter of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.first(name).map(|parameter| parameter.text.as_str())
    }

    /// The first parameter of this name, decoded to any octets.
    pub fn octets(&self, name: &str) -> Option<&[u8]> {
        self.first(name).map(|parameter| parameter.octets.as_slice())
    }

    /// The first parameter of this name if it is a decimal number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    fn first(&self, name: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| parameter.name == name)
    }
}

fn split(pair: &[u8]) -> Parameter {
    let mut halves = pair.splitn(2, |&octet| octet == b'=').map(decode);
    let mut next = || halves.next().unwrap_or_default();
    let (name, octets) = (next(), next());
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Parameter { name: text(&name), text: text(&octets), octets }
}

fn decode(octets: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let [first, tail @ ..] = rest {
        let escaped = if *first == b'%' { tail.get(..2).and_then(hexadecimal) } else { None };
        match (first, escaped) {
            (_, Some(octet)) => plain.push(octet),
            (b'+', None) => plain.push(b' '),
            (other, None) => plain.push(*other),
        }
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    plain
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_what_is_no_escape_stays() {
        for (written, meant) in [("a%20b+c", "a b c"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41%62", "Ab")] {
            assert_eq!(decode(written.as_bytes()), meant.as_bytes(), "{written}");
        }
    }
}
