//! Parameters of a query as handlers and templates see them (`GET`): octets, in their order. Sans I/O.
//!
//! Pipes read the query by other rules: as UTF-8, and without parameters that have no value.

use super::file_path::decode_octets;

/// Names and values; names may repeat and be empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    /// Reads what follows a URL's question mark, as [isomorphic](super::isomorphic) text: `&` alone separates, `+` is a
    /// space, a name without `=` has an empty value.
    pub fn parse(query: &str) -> Self {
        let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
        Self(
            parameters
                .map(|parameter| {
                    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                    (decode_octets(&name.replace('+', " ")), decode_octets(&value.replace('+', " ")))
                })
                .collect(),
        )
    }

    /// The first value of this name.
    pub fn first(&self, name: &[u8]) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The values of this name.
    pub fn all(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value)
    }

    /// All names and values, as they follow each other.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&name[..], &value[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_octets() {
        for (query, expected) in [
            ("", &[][..]),
            ("&&", &[]),
            ("a=1&a=2", &[(&b"a"[..], &b"1"[..]), (b"a", b"2")]),
            ("a;b=c;d=e", &[(b"a;b", b"c;d=e")]),
            ("a+b=c+%2B", &[(b"a b", b"c +")]),
            ("a&=b&=", &[(b"a", b""), (b"", b"b"), (b"", b"")]),
            ("%41=%FF%C3%A9%&x=%4", &[(b"A", b"\xff\xc3\xa9%"), (b"x", b"%4")]),
            ("\u{e9}=\u{ff}", &[(b"\xe9", b"\xff")]),
        ] {
            assert_eq!(Query::parse(query).iter().collect::<Vec<_>>(), expected, "{query}");
        }
        let query = Query::parse("a=1&b=2&a=3");
        assert_eq!((query.first(b"a"), query.first(b"c")), (Some(&b"1"[..]), None));
        assert_eq!(query.all(b"a").count(), 2);
    }
}
