//! One exchange: a report, the polite answer beyond the cap, or a run of the script.

use frames_language::{Error, Position, Script};
use framewright_guest::{Level, Phase, field};

use crate::{
    facts::Facts,
    memory,
    run::{Attempt, Run},
    wire::{OWN, Polite, Wire},
};

/// INTERNAL_ERROR, RFC 9113 §7.
const INTERNAL_ERROR: u32 = 2;

/// Answers one exchange with the script in `source`.
pub fn serve(source: &[u8], facts: &Facts, wire: &mut dyn Wire) {
    let query = facts.query();
    let Some(token) = query.text("token") else {
        return script(source, facts, None, wire);
    };
    if token.is_empty() || token.len() > memory::MOST_TOKEN {
        let most = memory::MOST_TOKEN;
        return answer(wire, 400, "text/plain", &format!("A token has 1 to {most} octets.\n"));
    }
    if query.text("report").is_none() {
        return script(source, facts, Some(token), wire);
    }
    match memory::read(wire, token) {
        Ok(attempts) => answer(wire, 200, "application/json", &attempts.report(token)),
        Err(error) => wire.fail(&format!("the attempts could not be read: {error:?}")),
    }
}

fn script(source: &[u8], facts: &Facts, token: Option<&str>, wire: &mut dyn Wire) {
    let script = match Script::parse(source) {
        Ok(script) => script,
        Err(error) => return wire.fail(&error.to_string()),
    };
    match run(&script, facts, token, wire) {
        Ok(()) => {}
        Err(Failure { error, before_anything: true }) => wire.fail(&error.to_string()),
        Err(Failure { error, before_anything: false }) => {
            wire.log(Level::Warn, &error.to_string());
            // The client may be gone, or the response complete: then there is nothing to abandon.
            let _ = wire.polite(OWN, Polite::Reset(INTERNAL_ERROR));
        }
    }
}

struct Failure {
    error: Error,
    /// Whether the server's own 500 page can be sent.
    before_anything: bool,
}

fn run(script: &Script, facts: &Facts, token: Option<&str>, wire: &mut dyn Wire) -> Result<(), Failure> {
    let start = Position { line: 1, column: 1 };
    let forgotten = |cause| Failure {
        error: Error { at: start, message: format!("the attempt could not be counted: {cause:?}") },
        before_anything: true,
    };
    let attempt = match token {
        None => Attempt { number: 1, previous: None },
        Some(token) => match begin(wire, facts, token, script.cap).map_err(forgotten)? {
            Some(attempt) => attempt,
            None => {
                let text = format!("Under this token there were {} attempts, which is the most.\n", script.cap);
                answer(wire, 429, "text/plain", &text);
                return Ok(());
            }
        },
    };
    let mut run = Run::new(wire, facts, attempt, token);
    let result = run.statements(&script.statements);
    run.finish(&result);
    let raw = run.touched;
    result.map(|_| ()).map_err(|error| Failure { error, before_anything: !raw && wire.phase() == Phase::Head })
}

/// Counts an attempt; none if there have been as many as there may be.
fn begin(
    wire: &mut dyn Wire,
    facts: &Facts,
    token: &str,
    cap: u64,
) -> Result<Option<Attempt>, framewright_guest::stash::StashError> {
    memory::change(wire, token, |wire, attempts, sparing| {
        let number = attempts.records.len() as u64 + 1;
        if number > cap {
            attempts.refused += 1;
            return None;
        }
        let attempt = Attempt { number, previous: attempts.connection };
        attempts.records.push(Run::new(wire, facts, attempt, None).record(sparing));
        attempts.connection = Some(facts.connection);
        Some(attempt)
    })
}

/// A whole polite response. Pages of any origin may read it: a test's page often comes from another listener.
fn answer(wire: &mut dyn Wire, status: u16, media_type: &str, text: &str) {
    let fields = [
        field("content-type", media_type),
        field("content-length", text.len().to_string()),
        field("cache-control", "no-store"),
        field("access-control-allow-origin", "*"),
    ];
    let sent = wire.polite(OWN, Polite::Headers(status, &fields, false));
    if let Err(error) = sent.and_then(|()| wire.polite(OWN, Polite::Data(text.as_bytes(), true))) {
        wire.log(Level::Debug, &format!("stopped writing: {error:?}"));
    }
}
