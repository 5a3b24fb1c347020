//! The names that the operator gives to a tenant. Sans I/O.

use super::Host;

/// One host, or with a `*` in its first label every host that fits: `pr-*.example.org`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NamePattern {
    /// This host.
    Exact(Host),
    /// The hosts that have something between these two.
    Wildcard {
        /// What stands before the `*`: the beginning of a label.
        before: Box<str>,
        /// What follows it: the rest of the label, and the parent with its dot.
        after: Box<str>,
    },
}

/// Why a text is no name of a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameFault {
    /// It is no host.
    #[error("it is neither a host name nor an IP address")]
    NoHost,
    /// A `*` in the wrong place.
    #[error("`*` can stand once, in the first label, with a parent after it, as in `pr-*.example.org`")]
    Wildcard,
}

impl NamePattern {
    /// Reads a name.
    ///
    /// # Errors
    /// See [`NameFault`].
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let Some((before, after)) = text.split_once('*') else {
            return Host::parse(text).map(Self::Exact).ok_or(NameFault::NoHost);
        };
        let (label, parent) = after.split_once('.').ok_or(NameFault::Wildcard)?;
        if before.contains('.') || label.contains('*') || parent.contains('*') {
            return Err(NameFault::Wildcard);
        }
        let sample = Host::parse(&format!("{before}x{after}")).ok_or(NameFault::NoHost)?;
        if !sample.as_str().contains('.') {
            return Err(NameFault::Wildcard);
        }
        let before = before.to_ascii_lowercase();
        let after = sample.as_str()[before.len() + 1..].into();
        Ok(Self::Wildcard { before: before.into(), after })
    }

    /// Whether this host is meant; what stands in the place of the `*`, if there is one.
    pub fn matches<'a>(&self, host: &'a Host) -> Option<Option<&'a str>> {
        match self {
            Self::Exact(own) => (own == host).then_some(None),
            Self::Wildcard { before, after } => {
                let middle = host.as_str().strip_prefix(&**before)?.strip_suffix(&**after)?;
                (!middle.is_empty() && !middle.contains(['.', ':'])).then_some(Some(middle))
            }
        }
    }

    /// The host, if it is only one.
    pub fn exact(&self) -> Option<&Host> {
        match self {
            Self::Exact(host) => Some(host),
            Self::Wildcard { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_a_part_of_the_first_label() {
        for (pattern, host, expected) in [
            ("a.example", "a.example", Some(None)),
            ("A.example.", "a.example", Some(None)),
            ("a.example", "b.a.example", None),
            ("*.example", "a.example", Some(Some("a"))),
            ("pr-*.example.org", "pr-12.example.org", Some(Some("12"))),
            ("PR-*-x.example.org", "pr-12-x.example.org", Some(Some("12"))),
            ("pr-*.example.org", "pr-.example.org", None),
            ("pr-*.example.org", "pr-1.2.example.org", None),
            ("pr-*.example.org", "xpr-1.example.org", None),
            ("pr-*.example.org", "pr-1.example.organic", None),
            ("*.example", "::1", None),
        ] {
            let host = Host::parse(host).expect("a host");
            assert_eq!(NamePattern::parse(pattern).expect(pattern).matches(&host), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for (pattern, fault) in [
            ("*", NameFault::Wildcard),
            ("pr-*", NameFault::Wildcard),
            ("a.*.example", NameFault::Wildcard),
            ("**.example", NameFault::Wildcard),
            ("*.a.*", NameFault::Wildcard),
            ("*.", NameFault::Wildcard),
            ("", NameFault::NoHost),
            ("a/b", NameFault::NoHost),
            ("*.a/b", NameFault::NoHost),
            ("a.example:80", NameFault::NoHost),
        ] {
            assert_eq!(NamePattern::parse(pattern), Err(fault), "{pattern}");
        }
    }
}
