//! A wire log as text for people.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    names,
    octets::Octets,
    record::{Direction, Entry, FieldLine, FrameRecord, HeadRecord, OctetsRecord, Record, TrailersRecord},
};

/// Which records are wanted; what is about the log itself always is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Those of this connection only.
    pub connection: Option<u64>,
    /// Those of this stream only; 0 for frames of connections themselves.
    pub stream: Option<u32>,
}

/// Writes entries as text.
///
/// ```text
/// 10:20:30.000456 #7 3 > HEADERS END_STREAM END_HEADERS, 20 octets
///     :method: GET
/// ```
///
/// The connection has a `#` before it, the stream stands behind it; `>` is what the client sent, `<` the server.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    /// Whether terminal colours are used.
    pub color: bool,
}

/// Codes of SGR (ECMA-48 §8.3.117).
#[derive(Clone, Copy)]
enum Color {
    Faint = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Magenta = 35,
    Cyan = 36,
}

impl Filter {
    /// Whether this record is wanted.
    pub fn admits(&self, record: &Record) -> bool {
        let about_the_log = record.connection().is_none();
        let connection = self.connection.is_none_or(|wanted| record.connection() == Some(wanted));
        let stream = self.stream.is_none_or(|wanted| record.stream() == Some(wanted));
        about_the_log || (connection && stream)
    }
}

impl Printer {
    /// Writes one entry: a line, and one more, indented, for each thing that it holds.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn print(self, out: &mut impl Write, entry: &Entry) -> io::Result<()> {
        let mut text = String::new();
        let (hour, minute, second, microsecond) = entry.time.time().as_hms_micro();
        let time = format!("{hour:02}:{minute:02}:{second:02}.{microsecond:06}");
        self.paint(&mut text, Color::Faint, &time);
        match &entry.record {
            Record::Frame(frame) => self.frame(&mut text, frame),
            Record::Head(head) => self.head(&mut text, head),
            Record::Trailers(trailers) => self.trailers(&mut text, trailers),
            Record::Octets(octets) => self.octets(&mut text, octets),
            Record::Lost { records } => {
                text.push(' ');
                self.paint(&mut text, Color::Yellow, &format!("{records} records are missing: they came too fast"));
                text.push('\n');
            }
            Record::Full { limit } => {
                text.push(' ');
                self.paint(&mut text, Color::Yellow, &format!("the log has reached its limit of {limit} octets"));
                text.push('\n');
            }
        }
        out.write_all(text.as_bytes())
    }

    fn frame(self, text: &mut String, frame: &FrameRecord) {
        let mut what = frame.kind.name().into_owned();
        let mut unnamed = frame.flags;
        for (bit, name) in names::flag_names(frame.kind.0) {
            if frame.flags & bit != 0 {
                unnamed &= !bit;
                put(&mut what, format_args!(" {name}"));
            }
        }
        if unnamed != 0 {
            put(&mut what, format_args!(" flags {unnamed:#04x}"));
        }
        self.line(text, frame.connection, Some(frame.stream), frame.direction, &what, frame.length.into(), frame.raw);
        self.refused(text, frame.refused.as_deref());
        if let Some(detail) = &frame.detail {
            put(text, format_args!("    {}\n", without_controls(detail)));
        }
        self.fields(text, frame.fields.as_deref().unwrap_or_default());
    }

    fn head(self, text: &mut String, head: &HeadRecord) {
        self.line(text, head.connection, None, head.direction, &plain(&head.start.0), head.length, head.raw);
        self.fields(text, &head.fields);
    }

    fn trailers(self, text: &mut String, trailers: &TrailersRecord) {
        self.source(text, trailers.connection, None, trailers.direction, "trailers");
        text.push('\n');
        self.fields(text, &trailers.fields);
    }

    fn octets(self, text: &mut String, record: &OctetsRecord) {
        self.line(text, record.connection, record.stream, record.direction, "octets", record.length, record.raw);
        self.refused(text, record.refused.as_deref());
        let Octets(octets) = &record.octets;
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            put(text, format_args!("    {}\n", plain(line)));
        }
        if (octets.len() as u64) < record.length {
            text.push_str("    …\n");
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one line, each from a member of its own")]
    fn line(
        self,
        text: &mut String,
        connection: u64,
        stream: Option<u32>,
        direction: Direction,
        what: &str,
        length: u64,
        raw: bool,
    ) {
        self.source(text, connection, stream, direction, what);
        let unit = if length == 1 { "octet" } else { "octets" };
        put(text, format_args!(", {length} {unit}"));
        if raw {
            text.push_str(", ");
            self.paint(text, Color::Magenta, "raw");
        }
        text.push('\n');
    }

    /// Whose it is, who sent it, and what it is.
    fn source(self, text: &mut String, connection: u64, stream: Option<u32>, direction: Direction, what: &str) {
        put(text, format_args!(" #{connection} "));
        if let Some(stream) = stream {
            put(text, format_args!("{stream} "));
        }
        let (arrow, color) = match direction {
            Direction::In => (">", Color::Cyan),
            Direction::Out => ("<", Color::Green),
        };
        self.paint(text, color, &format!("{arrow} {what}"));
    }

    fn refused(self, text: &mut String, reason: Option<&str>) {
        if let Some(reason) = reason {
            text.push_str("    ");
            self.paint(text, Color::Red, &format!("refused: {}", plain(reason.as_bytes())));
            text.push('\n');
        }
    }

    fn fields(self, text: &mut String, fields: &[FieldLine]) {
        for FieldLine { name, value, representation } in fields {
            text.push_str("    ");
            self.paint(text, Color::Blue, &plain(&name.0));
            put(text, format_args!(": {}", plain(&value.0)));
            if let Some(representation) = representation {
                text.push_str("  ");
                self.paint(text, Color::Faint, &format!("({})", plain(representation.as_bytes())));
            }
            text.push('\n');
        }
    }

    fn paint(self, text: &mut String, color: Color, what: &str) {
        if self.color {
            put(text, format_args!("\x1b[{}m{what}\x1b[0m", color as u8));
        } else {
            text.push_str(what);
        }
    }
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

/// Printable ASCII and blanks as they are, all else escaped: neither terminal escapes nor line breaks get through.
fn plain(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

/// Words of our own, in which octets have been escaped already: only what a terminal would act on is.
fn without_controls(words: &str) -> String {
    words.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::{super::Kind, *};

    fn frame(connection: u64, stream: u32) -> FrameRecord {
        FrameRecord {
            connection,
            stream,
            direction: Direction::In,
            kind: Kind(1),
            flags: 0x45,
            length: 20,
            fields: Some(vec![FieldLine::new(b":path", b"/\x1b[1m\xff", Some("never-indexed"))]),
            detail: None,
            raw: false,
            refused: None,
        }
    }

    fn printed(color: bool, record: Record) -> String {
        let mut out = Vec::new();
        let entry = Entry { time: datetime!(2026-07-01 10:20:30.000456 UTC), record };
        Printer { color }.print(&mut out, &entry).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn entries_are_read_by_people() {
        let reset = FrameRecord {
            direction: Direction::Out,
            kind: Kind(3),
            flags: 0,
            length: 4,
            fields: None,
            detail: Some("PROTOCOL_ERROR".into()),
            raw: true,
            ..frame(7, 3)
        };
        let mut malformed = OctetsRecord::new(8, Direction::In, b"GET\r\n\x1b");
        (malformed.refused, malformed.length) = (Some("the request line is malformed".into()), 9);
        let head = HeadRecord::parse(8, Direction::Out, b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n");
        for (record, text) in [
            (
                Record::Frame(frame(7, 3)),
                " #7 3 > HEADERS END_STREAM END_HEADERS flags 0x40, 20 octets\n    :path: /\\x1b[1m\\xff  (never-indexed)\n",
            ),
            (Record::Frame(reset), " #7 3 < RST_STREAM, 4 octets, raw\n    PROTOCOL_ERROR\n"),
            (Record::Head(head), " #8 < HTTP/1.1 204 No Content, 33 octets\n    A: b\n"),
            (
                Record::Trailers(TrailersRecord {
                    connection: 8,
                    direction: Direction::In,
                    fields: vec![FieldLine::new(b"A", b"\x1b", None)],
                }),
                " #8 > trailers\n    A: \\x1b\n",
            ),
            (
                Record::Octets(malformed),
                " #8 > octets, 9 octets\n    refused: the request line is malformed\n    GET\\r\\n\n    \\x1b\n    …\n",
            ),
            (Record::Lost { records: 3 }, " 3 records are missing: they came too fast\n"),
            (Record::Full { limit: 9 }, " the log has reached its limit of 9 octets\n"),
        ] {
            assert_eq!(printed(false, record), format!("10:20:30.000456{text}"));
        }
    }

    #[test]
    fn colours_are_put_round_the_same_text() {
        let record = Record::Frame(FrameRecord { raw: true, refused: Some("no".into()), ..frame(7, 3) });
        let colored = printed(true, record.clone());
        for part in ["\x1b[36m> HEADERS", "\x1b[34m:path\x1b[0m", "\x1b[35mraw\x1b[0m", "\x1b[31mrefused: no\x1b[0m"] {
            assert!(colored.contains(part), "{part:?} in {colored:?}");
        }
        let mut bare = colored;
        for code in [0, 2, 31, 34, 35, 36] {
            bare = bare.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(bare, printed(false, record));
    }

    #[test]
    fn filters_choose_by_connection_and_stream() {
        let head = Record::Head(HeadRecord::parse(1, Direction::In, b"GET / HTTP/1.1\r\n\r\n"));
        let records = [Record::Frame(frame(1, 0)), Record::Frame(frame(1, 3)), Record::Frame(frame(2, 3)), head];
        for (connection, stream, admitted) in [
            (None, None, [true, true, true, true]),
            (Some(1), None, [true, true, false, true]),
            (None, Some(3), [false, true, true, false]),
            (Some(2), Some(3), [false, false, true, false]),
            (Some(1), Some(0), [true, false, false, false]),
        ] {
            let filter = Filter { connection, stream };
            assert_eq!(records.each_ref().map(|record| filter.admits(record)), admitted, "{filter:?}");
            assert!(filter.admits(&Record::Lost { records: 1 }) && filter.admits(&Record::Full { limit: 1 }));
        }
    }
}
