//! Sets the process's logging up.

use std::io::{BufWriter, IsTerminal};

use time::OffsetDateTime;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::MakeWriter,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use super::text::Text;

/// What is logged and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is logged.
    pub filter: Filter,
    /// How lines are written.
    pub format: Format,
}

/// How lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Which lines are logged; known to be well-formed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter(String);

/// A filter that cannot be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is neither trace, debug, info, warn, error or off, nor directives such as `warn,framewright=debug`")]
pub struct FilterError(String);

/// Logging was set up before.
#[derive(Debug, thiserror::Error)]
#[error("logging is set up already")]
pub struct InitError(#[source] TryInitError);

impl Filter {
    /// Parses a level, or directives as `tracing_subscriber::EnvFilter` takes them.
    ///
    /// A level alone speaks of this program; the libraries under it stay at `warn`.
    ///
    /// # Errors
    /// Text that is neither. A bare word that is no level is taken for a mistyped one, not for a target.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let error = || FilterError(text.to_owned());
        let word = text.trim().to_ascii_lowercase();
        let directives = match word.as_str() {
            "trace" | "debug" | "info" => format!("warn,framewright={word}"),
            "warn" | "error" | "off" => word,
            _ => text.to_owned(),
        };
        let bare_word = |directive: &str| !directive.contains(['=', '[']) && !is_level(directive.trim());
        if directives.split(',').any(bare_word) || EnvFilter::try_new(&directives).is_err() {
            return Err(error());
        }
        Ok(Self(directives))
    }

    fn build(&self) -> EnvFilter {
        // Parsed once already; were it otherwise, the directives that can be read would still count.
        EnvFilter::new(&self.0)
    }
}

/// Keeps the log's own thread; dropping it writes what still waits.
#[must_use = "lines that wait are lost unless this lives as long as the program"]
pub struct LogGuard {
    _thread: WorkerGuard,
}

/// Lines that may wait for standard error; with more, whoever logs waits too. At 200 octets a line, 6 MiB.
const WAITING_LINES: usize = 32_768;

/// Octets written at once when many lines wait; a single line is written at once.
const BATCH_OCTETS: usize = 64 << 10;

/// Logs to standard error from here on, by a thread of its own: a line costs an exchange no system call.
///
/// # Errors
/// If logging was set up before.
pub fn init(settings: &Settings) -> Result<LogGuard, InitError> {
    let color = std::io::stderr().is_terminal();
    let batches = BufWriter::with_capacity(BATCH_OCTETS, std::io::stderr());
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(false).buffered_lines_limit(WAITING_LINES).finish(batches);
    tracing_subscriber::registry().with(layer(settings, color, writer)).try_init().map_err(InitError)?;
    Ok(LogGuard { _thread: guard })
}

/// The layer that writes lines.
fn layer<W>(settings: &Settings, color: bool, writer: W) -> impl Layer<Registry> + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer = match settings.format {
        Format::Text => layer.with_ansi(color).event_format(Text { clock: OffsetDateTime::now_utc }).boxed(),
        Format::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed(),
    };
    layer.with_filter(settings.filter.build())
}

fn is_level(word: &str) -> bool {
    // Not by `LevelFilter`'s own parser, which takes numbers and nothing at all for levels too.
    ["trace", "debug", "info", "warn", "error", "off"].iter().any(|level| word.eq_ignore_ascii_case(level))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use super::*;
    use crate::observe::{Access, access, span};

    #[derive(Clone, Default)]
    struct Capture(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Capture {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(filter: &str, format: Format, emit: impl FnOnce()) -> String {
        let capture = Capture::default();
        let writer = capture.clone();
        let settings = Settings { filter: Filter::parse(filter).unwrap(), format };
        let subscriber = tracing_subscriber::registry().with(layer(&settings, false, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, emit);
        String::from_utf8(capture.0.lock().unwrap().clone()).unwrap()
    }

    fn one_access() {
        access(&Access {
            exchange: &"0000002a",
            connection: &7,
            stream: Some(3),
            listener: "https",
            tenant: None,
            version: "HTTP/2",
            method: b"GET",
            path_and_query: b"/a\x1b[1m\n",
            status: Some(500),
            octets: 12,
            handler_time: Some(Duration::from_micros(310)),
            cpu_time: Some(Duration::from_micros(45)),
            cause: Some("out of fuel"),
            handler: Some("/a"),
        });
    }

    /// The part after the time.
    fn after_time(line: &str) -> &str {
        line.split_once("Z ").expect("a time").1
    }

    #[test]
    fn text_lines_are_read_by_people() {
        let line = log("info", Format::Text, one_access);
        assert_eq!(
            after_time(&line),
            "INFO  GET /a\\x1b[1m\\x0a HTTP/2 500 12 octets handler_us=310 cpu_us=45 cause=\"out of fuel\" \
             handler=\"/a\" exchange=0000002a connection=7 stream=3 listener=https\n"
        );
        let line = log("warn", Format::Text, || {
            let _outer = span::connection(&7, "http", "127.0.0.1:5".parse().unwrap()).entered();
            let _inner = span::exchange(&"0000002a", None).entered();
            tracing::warn!(reason = "x", "handler trapped");
        });
        assert_eq!(
            after_time(&line),
            "WARN  handler trapped reason=\"x\" connection=7 listener=\"http\" peer=127.0.0.1:5 exchange=0000002a\n"
        );
    }

    #[test]
    fn json_lines_are_objects() {
        let line = log("info", Format::Json, one_access);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["level"], "INFO");
        assert_eq!(value["exchange"], "0000002a");
        assert_eq!(value["status"], 500);
        assert_eq!(value["handler_us"], 310);
        assert_eq!(value["target"], "framewright::access");
        assert_eq!(value["path"], "/a\\x1b[1m\\x0a");
    }

    #[test]
    fn a_level_alone_speaks_of_this_program() {
        let emit = || {
            tracing::debug!("ours");
            tracing::debug!(target: "h2", "theirs");
            tracing::warn!(target: "h2", "their warning");
        };
        let lines = log("debug", Format::Text, emit);
        assert!(lines.contains("ours") && !lines.contains("theirs") && lines.contains("their warning"), "{lines}");
        assert_eq!(log("off", Format::Text, emit), "");
        assert_eq!(log("warn", Format::Text, one_access), "");
    }

    #[test]
    fn filters_are_levels_or_directives() {
        for (text, well_formed) in [
            ("info", true),
            ("WARN", true),
            ("warn,framewright=debug,h2=trace", true),
            ("framewright[exchange]=trace", true),
            ("inf", false),
            ("", false),
            ("3", false),
            ("verbose", false),
            ("h2=loud", false),
            ("info,h2", false),
        ] {
            assert_eq!(Filter::parse(text).is_ok(), well_formed, "{text:?}");
        }
    }
}
