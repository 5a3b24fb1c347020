//! `framewright:handler/log`, and where a guest's standard output and error go: the server's log, within limits.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::time::Instant;

use super::Guest;
use crate::{exchange::ExchangeId, quota::Account, sandbox::bindings::framewright::handler::log, stash::Holder};

/// Octets after which a line is cut.
const LINE_OCTETS: usize = 4096;
/// Lines that one exchange may log.
const LINES: u64 = 1000;

/// What one exchange may still log.
pub(in crate::sandbox) struct GuestLog {
    exchange: ExchangeId,
    handler: Arc<str>,
    account: Option<Arc<Account>>,
    limit: u64,
    octets: AtomicU64,
    lines: AtomicU64,
    dropped: AtomicU64,
    denied: AtomicBool,
}

impl GuestLog {
    /// A log for one exchange of this handler, of at most `limit` octets, and as many as the account has left.
    pub(in crate::sandbox) fn new(
        exchange: ExchangeId,
        handler: Arc<str>,
        limit: u64,
        account: Option<Arc<Account>>,
    ) -> Self {
        Self {
            exchange,
            handler,
            account,
            limit,
            octets: AtomicU64::new(0),
            lines: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            denied: AtomicBool::new(false),
        }
    }

    fn tenant(&self) -> Option<&str> {
        self.account.as_ref().map(|account| &**account.tenant())
    }

    /// Whose log it is, as the holder of a lock.
    pub(super) fn holder(&self) -> Holder {
        Holder { exchange: self.exchange, handler: self.handler.clone() }
    }

    /// Logs one line, or counts it as dropped.
    pub(super) fn line(&self, level: log::Level, message: &str) {
        let length = message.len().min(LINE_OCTETS) as u64;
        let octets = self.octets.fetch_add(length, Ordering::Relaxed);
        let lines = self.lines.fetch_add(1, Ordering::Relaxed);
        let is_spent = octets + length > self.limit || lines >= LINES;
        let account = self.account.as_ref();
        if is_spent || account.is_some_and(|account| !account.log(length, Instant::now())) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let message = printable(message);
        let (exchange, handler, tenant) = (&self.exchange, &*self.handler, self.tenant());
        match level {
            log::Level::Trace => {
                tracing::trace!(target: "framewright::handler", %exchange, handler, tenant, "{message}")
            }
            log::Level::Debug => {
                tracing::debug!(target: "framewright::handler", %exchange, handler, tenant, "{message}")
            }
            log::Level::Info => tracing::info!(target: "framewright::handler", %exchange, handler, tenant, "{message}"),
            log::Level::Warn => tracing::warn!(target: "framewright::handler", %exchange, handler, tenant, "{message}"),
            log::Level::Error => {
                tracing::error!(target: "framewright::handler", %exchange, handler, tenant, "{message}")
            }
        }
    }

    /// Notes, once for each exchange, that a WASI call was refused for lack of a grant.
    pub(super) fn denied(&self, what: &str) {
        if !self.denied.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "framewright::handler",
                exchange = %self.exchange,
                handler = &*self.handler,
                tenant = self.tenant(),
                "{what} was refused: handlers have no such capability"
            );
        }
    }

    /// Says how much was dropped, once the guest is done.
    pub(in crate::sandbox) fn finish(&self) {
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(
                target: "framewright::handler",
                exchange = %self.exchange,
                handler = &*self.handler,
                tenant = self.tenant(),
                "dropped {dropped} log lines: an exchange may log {} octets (log_kib) and {LINES} lines",
                self.limit
            );
        }
    }
}

/// Cuts a line and replaces control characters, terminal escapes among them (C0, DEL and C1), and the characters that
/// reorder text (Unicode bidirectional controls).
pub(super) fn printable(message: &str) -> String {
    let mut end = message.len().min(LINE_OCTETS);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let hidden = |character: char| {
        (character.is_control() && character != '\t')
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    message[..end].chars().map(|character| if hidden(character) { '\u{fffd}' } else { character }).collect()
}

impl log::Host for Guest {
    fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.log.line(level, &message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_cannot_reach_the_terminal() {
        assert_eq!(
            printable("a\x1b[31mb\r\nc\u{9b}d\u{202e}e\tf"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}d\u{fffd}e\tf"
        );
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let line = "é".repeat(LINE_OCTETS);
        assert_eq!(printable(&line).len(), LINE_OCTETS);
        assert_eq!(printable(&format!("a{line}")).len(), LINE_OCTETS - 1);
    }
}
