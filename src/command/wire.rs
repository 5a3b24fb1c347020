//! `framewright wire`: a wire log as text.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, Result};
use framewright::{
    cli::{ColorArg, WireArgs},
    config::Environment,
    observe::wire_log::{Entry, Filter, Printer},
};

/// Octets of the longest line that is read: a head of 1 MiB, the largest that can be configured, takes 6 MiB if each of
/// its octets is escaped, and what is round them as much again if each is a field line.
const LINE_OCTETS: usize = 16 << 20;

/// Prints the log. A malformed line is reported and passed over: the last one of a server that was killed is.
///
/// # Errors
/// If the file cannot be read, or standard output not be written. Whoever read standard output may have had enough:
/// that is no error.
pub(super) fn run(arguments: &WireArgs, environment: &dyn Environment) -> Result<ExitCode> {
    let file = File::open(&arguments.file).with_context(|| arguments.file.display().to_string())?;
    let out = io::stdout().lock();
    let color = match arguments.color {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => out.is_terminal() && environment.variable("NO_COLOR").is_none(),
    };
    let filter = Filter { connection: arguments.connection, stream: arguments.stream };
    let mut lines = Lines { file: BufReader::new(file), path: &arguments.file, number: 0, line: Vec::new() };
    let mut out = BufWriter::new(out);
    match print(&mut lines, filter, Printer { color }, &mut out).and_then(|()| Ok(out.flush()?)) {
        Err(error) if is_closed_pipe(&error) => Ok(ExitCode::SUCCESS),
        other => other.map(|()| ExitCode::SUCCESS),
    }
}

fn print(lines: &mut Lines<'_>, filter: Filter, printer: Printer, out: &mut impl Write) -> Result<()> {
    while let Some(entry) = lines.next()? {
        match entry {
            Ok(entry) if filter.admits(&entry.record) => printer.print(out, &entry)?,
            Ok(_) => {}
            Err(fault) => {
                out.flush()?;
                // If standard error is gone there is nobody to tell.
                let _ = writeln!(io::stderr(), "{}:{}: {fault}", lines.path.display(), lines.number);
            }
        }
    }
    Ok(())
}

/// The lines of a log.
struct Lines<'a> {
    file: BufReader<File>,
    path: &'a Path,
    /// Of the line read last, from 1.
    number: u64,
    line: Vec<u8>,
}

impl Lines<'_> {
    /// The next entry, or what is wrong with its line; none at the end.
    fn next(&mut self) -> Result<Option<Result<Entry, String>>> {
        self.line.clear();
        let read = self.file.by_ref().take(LINE_OCTETS as u64).read_until(b'\n', &mut self.line);
        if read.with_context(|| self.path.display().to_string())? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() == LINE_OCTETS && !self.line.ends_with(b"\n") {
            self.file.skip_until(b'\n')?;
            return Ok(Some(Err(format!("a line of more than {LINE_OCTETS} octets"))));
        }
        // serde_json counts lines itself, and always finds itself on the first.
        let without_place = |error: serde_json::Error| {
            let text = error.to_string();
            text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
        };
        Ok(Some(serde_json::from_slice(&self.line).map_err(without_place)))
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
