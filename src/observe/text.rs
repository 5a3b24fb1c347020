//! Log lines for people: time, level, message, fields, and the spans around them.

use std::fmt;

use time::OffsetDateTime;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use super::ACCESS_TARGET;

/// Writes events as lines of text.
pub(super) struct Text {
    /// Tells the time, in UTC.
    pub(super) clock: fn() -> OffsetDateTime,
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let color = writer.has_ansi_escapes();
        write_time(&mut writer, (self.clock)(), color)?;
        write_level(&mut writer, *event.metadata().level(), color)?;
        if event.metadata().target() == ACCESS_TARGET {
            let mut line = AccessLine { writer: writer.by_ref(), result: Ok(()) };
            event.record(&mut line);
            line.result?;
            return writeln!(writer);
        }
        context.format_fields(writer.by_ref(), event)?;
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && !fields.is_empty()
            {
                write!(writer, " {fields}")?;
            }
        }
        writeln!(writer)
    }
}

/// RFC 3339 with milliseconds.
fn write_time(writer: &mut Writer<'_>, now: OffsetDateTime, color: bool) -> fmt::Result {
    let (before, after) = if color { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    let (year, month, day) = (now.year(), u8::from(now.month()), now.day());
    let (hour, minute, second, millisecond) = now.time().as_hms_milli();
    write!(writer, "{before}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z{after} ")
}

fn write_level(writer: &mut Writer<'_>, level: Level, color: bool) -> fmt::Result {
    let (name, code) = match level {
        Level::ERROR => ("ERROR", 31),
        Level::WARN => ("WARN ", 33),
        Level::INFO => ("INFO ", 32),
        Level::DEBUG => ("DEBUG", 34),
        Level::TRACE => ("TRACE", 35),
    };
    if color { write!(writer, "\x1b[{code}m{name}\x1b[0m ") } else { write!(writer, "{name} ") }
}

/// Writes the fields of an access line, the first ones as bare words.
struct AccessLine<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl AccessLine<'_> {
    fn put(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.result.is_err() {
            return;
        }
        self.result = match field.name() {
            "method" => write!(self.writer, "{value}"),
            "path" | "version" | "status" => write!(self.writer, " {value}"),
            "octets" => write!(self.writer, " {value} octets"),
            name => write!(self.writer, " {name}={value}"),
        };
    }
}

impl Visit for AccessLine<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if matches!(field.name(), "cause" | "handler") {
            self.put(field, format_args!("{value:?}"));
        } else {
            self.put(field, format_args!("{value}"));
        }
    }
}
