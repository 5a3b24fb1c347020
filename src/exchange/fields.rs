//! Field sections (RFC 9110 §6.3, §6.5) as they stood on the wire: octets, order and duplicates kept.
//!
//! A section is one buffer and an index into it, so that keeping a request head verbatim costs no copy per field. It is
//! not a map: looking a name up reads the lines from the front.

use bytes::Bytes;

/// A field section in wire order.
#[derive(Clone, Default, Debug)]
pub struct FieldSection {
    octets: Bytes,
    lines: Vec<Line>,
}

/// One field line of a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field<'a> {
    /// The field name as sent; not empty in messages that a protocol accepted.
    pub name: &'a [u8],
    /// The field value without surrounding white space.
    pub value: &'a [u8],
    /// How it was written on the wire.
    pub representation: Representation,
}

/// How a field line was written on the wire (RFC 7541 §6 for HTTP/2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Representation {
    /// HTTP/1.x text, or a field that did not come from the wire.
    #[default]
    Text,
    /// RFC 7541 §6.1: name and value from a table.
    Indexed,
    /// RFC 7541 §6.2.1: literal, added to the dynamic table.
    Incremental,
    /// RFC 7541 §6.2.2: literal, not added.
    WithoutIndexing,
    /// RFC 7541 §6.2.3: literal, never to be added by anyone.
    NeverIndexed,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    name: Span,
    value: Span,
    representation: Representation,
}

/// Octets `start..end` of the section's buffer. 32 bits hold any head that the protocols' limits let through.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

impl Representation {
    /// The name by which RFC 7541 §6 calls it, in one word; none for text.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Indexed => Some("indexed"),
            Self::Incremental => Some("incremental"),
            Self::WithoutIndexing => Some("without-indexing"),
            Self::NeverIndexed => Some("never-indexed"),
        }
    }
}

impl FieldSection {
    /// An empty section.
    pub fn new() -> Self {
        Self::default()
    }

    /// A section over `octets`; add its lines with [`push_range`](Self::push_range).
    pub fn over(octets: Bytes) -> Self {
        Self { octets, lines: Vec::with_capacity(16) }
    }

    /// Adds a line whose name and value are these ranges of the section's buffer.
    ///
    /// # Panics
    /// If a range lies outside the buffer: the caller cut the ranges out of it.
    pub fn push_range(
        &mut self,
        name: std::ops::Range<usize>,
        value: std::ops::Range<usize>,
        representation: Representation,
    ) {
        let len = self.octets.len();
        assert!(name.start <= name.end && name.end <= len && value.start <= value.end && value.end <= len);
        self.lines.push(Line { name: Span::new(&name), value: Span::new(&value), representation });
    }

    /// A section made of copies of these lines.
    pub fn from_lines<'a>(lines: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut octets = Vec::new();
        let mut index = Vec::new();
        for (name, value) in lines {
            let start = octets.len();
            octets.extend_from_slice(name);
            let middle = octets.len();
            octets.extend_from_slice(value);
            index.push(Line {
                name: Span::new(&(start..middle)),
                value: Span::new(&(middle..octets.len())),
                representation: Representation::Text,
            });
        }
        Self { octets: octets.into(), lines: index }
    }

    /// The lines in wire order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Field<'_>> + Clone {
        self.lines.iter().map(|line| Field {
            name: line.name.of(&self.octets),
            value: line.value.of(&self.octets),
            representation: line.representation,
        })
    }

    /// The value of the first line with this name, compared without case.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|field| field.name.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.value)
    }

    /// The values of all lines with this name, compared without case, in wire order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.value)
    }

    /// A copy of a value's octets that shares the section's buffer.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.octets.slice_ref(part)
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl Span {
    fn new(range: &std::ops::Range<usize>) -> Self {
        let narrow = |at: usize| u32::try_from(at).expect("heads are limited to far less than 4 GiB");
        Self { start: narrow(range.start), end: narrow(range.end) }
    }

    fn of(self, octets: &[u8]) -> &[u8] {
        &octets[self.start as usize..self.end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_case_and_duplicates() {
        let section = FieldSection::from_lines([(b"B".as_slice(), b"1".as_slice()), (b"a", b"2"), (b"b", b"")]);
        let lines: Vec<_> = section.iter().map(|f| (f.name, f.value)).collect();
        assert_eq!(lines, [(b"B".as_slice(), b"1".as_slice()), (b"a", b"2"), (b"b", b"")]);
        assert_eq!(section.all("B").collect::<Vec<_>>(), [b"1".as_slice(), b""]);
        assert_eq!(section.first("A"), Some(b"2".as_slice()));
        assert_eq!(section.first("c"), None);
    }

    #[test]
    fn ranges_share_the_head() {
        let head = Bytes::from_static(b"Name: value");
        let mut section = FieldSection::over(head);
        section.push_range(0..4, 6..11, Representation::Text);
        let field = section.iter().next().expect("one line");
        assert_eq!((field.name, field.value), (b"Name".as_slice(), b"value".as_slice()));
        assert_eq!(section.share(field.value), Bytes::from_static(b"value"));
    }
}
