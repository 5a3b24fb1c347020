//! One line of a wire log: the same type is written and read back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{names, octets::Octets};

/// A record and when it was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// In UTC; microseconds are kept.
    #[serde(with = "timestamp")]
    pub time: OffsetDateTime,
    /// What happened.
    #[serde(flatten)]
    pub record: Record,
}

/// What a line tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// An HTTP/2 frame.
    Frame(FrameRecord),
    /// An HTTP/1.x message head.
    Head(HeadRecord),
    /// The trailer section of an HTTP/1.1 message.
    Trailers(TrailersRecord),
    /// Octets that are neither: a head that was refused, or what a handler wrote raw to an HTTP/1.x connection.
    Octets(OctetsRecord),
    /// So many records came faster than the file took them, and are missing here.
    Lost {
        /// How many.
        records: u64,
    },
    /// The last line of a log that has reached its limit.
    Full {
        /// The limit in octets.
        limit: u64,
    },
}

/// An HTTP/2 frame (RFC 9113 §4.1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FrameRecord {
    /// The connection, as access lines name it.
    pub connection: u64,
    /// The stream identifier; 0 for the connection itself.
    pub stream: u32,
    /// Who sent it.
    pub direction: Direction,
    /// The frame type.
    #[serde(flatten)]
    pub kind: Kind,
    /// The flags, unused ones included.
    pub flags: u8,
    /// Octets of payload as declared, padding included.
    pub length: u32,
    /// The field section that ends with this frame, decoded, in wire order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldLine>>,
    /// What else the payload says, in words: settings, an error code, an increment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether a handler wrote it through the raw door.
    #[serde(default)]
    pub raw: bool,
    /// Why the server refused it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An HTTP/1.x message head (RFC 9112 §2.1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeadRecord {
    /// The connection, as access lines name it.
    pub connection: u64,
    /// Who sent it.
    pub direction: Direction,
    /// The request line or status line, without its end.
    pub start: Octets,
    /// The field lines in wire order.
    pub fields: Vec<FieldLine>,
    /// Octets of the whole head, final empty line included.
    pub length: u64,
    /// Whether a handler wrote it through the raw door.
    #[serde(default)]
    pub raw: bool,
}

/// The trailer section of a chunked HTTP/1.1 message (RFC 9112 §7.1.2). An empty one is none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrailersRecord {
    /// The connection, as access lines name it.
    pub connection: u64,
    /// Who sent it.
    pub direction: Direction,
    /// The field lines in wire order.
    pub fields: Vec<FieldLine>,
}

/// Octets outside any message that was understood.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OctetsRecord {
    /// The connection, as access lines name it.
    pub connection: u64,
    /// The stream identifier, on HTTP/2 where they belong to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// Who sent them.
    pub direction: Direction,
    /// The octets, cut to the first 4,096.
    pub octets: Octets,
    /// How many there were.
    pub length: u64,
    /// Whether a handler wrote them through the raw door.
    #[serde(default)]
    pub raw: bool,
    /// Why the server refused them, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A field line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldLine {
    /// The name as sent.
    pub name: Octets,
    /// The value as sent.
    pub value: Octets,
    /// How it was written on HTTP/2 (RFC 7541 §6): `indexed`, `incremental`, `without-indexing` or `never-indexed`.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub representation: Option<Cow<'static, str>>,
}

/// Who sent it, seen from the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The client.
    In,
    /// The server.
    Out,
}

/// A frame type, written with both its name and its number; the number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "NamedKind", from = "NamedKind")]
pub struct Kind(pub u8);

/// As a frame type stands in the file.
#[derive(Serialize, Deserialize)]
struct NamedKind {
    #[serde(rename = "type", default)]
    name: Cow<'static, str>,
    number: u8,
}

/// Octets of an [`OctetsRecord`] that are kept: a test's malformed head is far shorter.
const SHOWN_OCTETS: usize = 4_096;

impl FieldLine {
    /// A line; `representation` as [`FieldLine::representation`] has it.
    pub fn new(name: &[u8], value: &[u8], representation: Option<&'static str>) -> Self {
        Self { name: name.into(), value: value.into(), representation: representation.map(Cow::Borrowed) }
    }
}

impl HeadRecord {
    /// Takes a well-formed head apart: start line, field lines, empty line, each ended by LF or CRLF.
    pub fn parse(connection: u64, direction: Direction, head: &[u8]) -> Self {
        let mut lines = head.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let start = lines.next().unwrap_or_default().into();
        let fields = lines.take_while(|line| !line.is_empty()).map(|line| {
            let colon = line.iter().position(|octet| *octet == b':').unwrap_or(line.len());
            let value = line.get(colon + 1..).unwrap_or_default();
            FieldLine::new(&line[..colon], value.trim_ascii(), None)
        });
        Self { connection, direction, start, fields: fields.collect(), length: head.len() as u64, raw: false }
    }
}

impl OctetsRecord {
    /// A record of these octets, of which the first 4,096 are kept.
    pub fn new(connection: u64, direction: Direction, octets: &[u8]) -> Self {
        let shown = &octets[..octets.len().min(SHOWN_OCTETS)];
        let length = octets.len() as u64;
        Self { connection, stream: None, direction, octets: shown.into(), length, raw: false, refused: None }
    }
}

impl Record {
    /// The connection that it belongs to, if it is about one.
    pub fn connection(&self) -> Option<u64> {
        match self {
            Self::Frame(frame) => Some(frame.connection),
            Self::Head(head) => Some(head.connection),
            Self::Trailers(trailers) => Some(trailers.connection),
            Self::Octets(octets) => Some(octets.connection),
            Self::Lost { .. } | Self::Full { .. } => None,
        }
    }

    /// The stream that it belongs to, if it is about one.
    pub fn stream(&self) -> Option<u32> {
        match self {
            Self::Frame(frame) => Some(frame.stream),
            Self::Octets(octets) => octets.stream,
            Self::Head(_) | Self::Trailers(_) | Self::Lost { .. } | Self::Full { .. } => None,
        }
    }

    /// Octets of memory, roughly, that it takes while it waits to be written.
    pub(super) fn weight(&self) -> usize {
        let of_fields = |fields: &[FieldLine]| -> usize {
            fields.iter().map(|line| size_of::<FieldLine>() + line.name.0.len() + line.value.0.len()).sum()
        };
        let of_text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Entry>()
            + match self {
                Self::Frame(frame) => {
                    frame.fields.as_deref().map_or(0, of_fields) + of_text(&frame.detail) + of_text(&frame.refused)
                }
                Self::Head(head) => head.start.0.len() + of_fields(&head.fields),
                Self::Trailers(trailers) => of_fields(&trailers.fields),
                Self::Octets(octets) => octets.octets.0.len() + of_text(&octets.refused),
                Self::Lost { .. } | Self::Full { .. } => 0,
            }
    }
}

impl Kind {
    /// Its name; of a type without one, its number in hexadecimal.
    pub fn name(self) -> Cow<'static, str> {
        names::frame_name(self.0).map_or_else(|| Cow::Owned(format!("{:#04x}", self.0)), Cow::Borrowed)
    }
}

impl From<Kind> for NamedKind {
    fn from(kind: Kind) -> Self {
        Self { name: kind.name(), number: kind.0 }
    }
}

impl From<NamedKind> for Kind {
    fn from(kind: NamedKind) -> Self {
        Self(kind.number)
    }
}

/// RFC 3339 with microseconds, in UTC.
mod timestamp {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use time::{
        OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::BorrowedFormatItem,
        macros::format_description,
    };

    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

    pub(super) fn serialize<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        let text = time.to_offset(UtcOffset::UTC).format(FORMAT).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        PrimitiveDateTime::parse(&text, FORMAT).map(PrimitiveDateTime::assume_utc).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_record_survives_a_round_trip_and_reads_as_documented() {
        let frame = FrameRecord {
            connection: 7,
            stream: 3,
            direction: Direction::In,
            kind: Kind(1),
            flags: 5,
            length: 20,
            fields: Some(vec![
                FieldLine::new(b":method", b"GET", Some("indexed")),
                FieldLine::new(b"X", b"\xff\\", None),
            ]),
            detail: None,
            raw: false,
            refused: Some("upper case".into()),
        };
        let unknown = FrameRecord {
            kind: Kind(0xfe),
            fields: None,
            detail: Some("d".into()),
            raw: true,
            refused: None,
            ..frame.clone()
        };
        let mut octets = OctetsRecord::new(7, Direction::Out, &[b'x'; 5_000]);
        octets.octets.0.truncate(1);
        for (record, json) in [
            (
                Record::Frame(frame),
                r#""record":"frame","connection":7,"stream":3,"direction":"in","type":"HEADERS","number":1,"flags":5,"length":20,"fields":[{"name":":method","value":"GET","as":"indexed"},{"name":"X","value":"\\xff\\\\"}],"raw":false,"refused":"upper case"}"#,
            ),
            (
                Record::Frame(unknown),
                r#""record":"frame","connection":7,"stream":3,"direction":"in","type":"0xfe","number":254,"flags":5,"length":20,"detail":"d","raw":true}"#,
            ),
            (
                Record::Head(HeadRecord::parse(2, Direction::Out, b"HTTP/1.1 200 OK\r\nA:  b: c\t\r\nB:\r\n\r\n")),
                r#""record":"head","connection":2,"direction":"out","start":"HTTP/1.1 200 OK","fields":[{"name":"A","value":"b: c"},{"name":"B","value":""}],"length":34,"raw":false}"#,
            ),
            (
                Record::Trailers(TrailersRecord {
                    connection: 2,
                    direction: Direction::In,
                    fields: vec![FieldLine::new(b"A", b"b", None)],
                }),
                r#""record":"trailers","connection":2,"direction":"in","fields":[{"name":"A","value":"b"}]}"#,
            ),
            (
                Record::Octets(octets),
                r#""record":"octets","connection":7,"direction":"out","octets":"x","length":5000,"raw":false}"#,
            ),
            (Record::Lost { records: 4 }, r#""record":"lost","records":4}"#),
            (Record::Full { limit: 1_000 }, r#""record":"full","limit":1000}"#),
        ] {
            let entry = Entry { time: datetime!(2026-07-01 10:20:30.000456 UTC), record };
            let text = serde_json::to_string(&entry).unwrap();
            assert_eq!(text, format!(r#"{{"time":"2026-07-01T10:20:30.000456Z",{json}"#));
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry, "{text}");
        }
    }

    #[test]
    fn octets_are_cut_and_counted() {
        let record = OctetsRecord::new(1, Direction::In, &[0; 5_000]);
        assert_eq!((record.octets.0.len(), record.length), (4_096, 5_000));
    }
}
