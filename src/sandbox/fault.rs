//! How an exchange ended, and what becomes of its response: the one table from outcome to wire.

use std::time::Duration;

use wasmtime::WasmBacktrace;

use super::{host::ResponseCell, house::House, limits::Exceeded, load_error::LoadError, run::Report, target::Target};
use crate::exchange::{Exchange, ExchangeId, Phase, ResponseWriter, WriteError};

/// How an exchange ended.
#[derive(Debug)]
pub enum Outcome {
    /// The handler returned, its response complete or completed politely.
    Returned,
    /// The handler returned before it sent anything: 500.
    NoResponse,
    /// The handler returned with less content than its Content-Length said: the stream was reset.
    TooShort,
    /// The runtime says that its script can't be run: 500.
    Failed(String),
    /// The handler trapped.
    Trapped(wasmtime::Error),
    /// A limit ended it.
    Exceeded(Exceeded),
    /// The handler's file can't be used: 404 if there is none, else 500.
    NotLoaded(LoadError),
    /// No slot became free in time: 503.
    NoSlot(u32),
    /// The turn in the instance that its script shares did not come in time: 503.
    NoTurn(Duration),
}

impl Outcome {
    /// The cause of a failure in a few words, for the access line; none if there was none.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Returned => None,
            Self::NoResponse => Some("the handler returned without a response".into()),
            Self::TooShort => Some("the handler returned before the content had its Content-Length".into()),
            Self::Failed(cause) => Some(format!("the script can't be run: {cause}")),
            Self::Trapped(error) => Some(format!("the handler trapped: {}", trap(error))),
            Self::Exceeded(limit) => Some(limit.to_string()),
            Self::NotLoaded(error) => Some(error.to_string()),
            Self::NoTurn(waited) => {
                let seconds = waited.as_secs_f64();
                Some(format!("the instance that the script shares stayed in use for {seconds} s (wall_s)"))
            }
            Self::NoSlot(slots) => Some(format!("all {slots} slots stayed in use (slots, queue_ms)")),
        }
    }
}

/// Whose response it is, and who may hear about it.
pub(super) struct Case<'a> {
    pub(super) target: &'a Target,
    pub(super) exchange: ExchangeId,
    /// Whose handler it is: that decides whether the client is told the cause of a failure.
    pub(super) house: &'a House,
}

/// INTERNAL_ERROR (RFC 9113 §7).
const INTERNAL_ERROR: u32 = 0x2;

/// Answers an exchange whose guest never ran.
pub(super) async fn refuse(exchange: Exchange, case: &Case<'_>, outcome: Outcome) -> Report {
    let Exchange { mut response, .. } = exchange;
    conclude(&mut response, case, &outcome).await;
    Report { cpu: Duration::ZERO, sent: response.sent(), outcome }
}

/// Completes or aborts the response of a guest that is done.
pub(super) async fn finish(cell: &ResponseCell, case: &Case<'_>, cpu: Duration, mut outcome: Outcome) -> Report {
    let mut response = match cell.take() {
        Ok(response) => response,
        // The guest was stopped inside a call that was sending: the stream has been reset.
        Err(mut sent) => {
            sent.reset = Some(INTERNAL_ERROR);
            warn(case, &outcome);
            return Report { cpu, sent, outcome };
        }
    };
    if matches!(outcome, Outcome::Returned) && response.sent().peer_gone.is_none() && !response.is_raw() {
        outcome = match response.phase() {
            Phase::Closed => Outcome::Returned,
            Phase::Head => Outcome::NoResponse,
            Phase::Content => match response.end_stream().await {
                Err(WriteError::LengthMismatch) => Outcome::TooShort,
                Ok(()) | Err(_) => Outcome::Returned,
            },
        };
    }
    conclude(&mut response, case, &outcome).await;
    Report { cpu, sent: response.sent(), outcome }
}

/// 404, 500 or 503 while that is possible, else a reset. Failures of these last steps are the peer's leaving.
async fn conclude(response: &mut ResponseWriter, case: &Case<'_>, outcome: &Outcome) {
    warn(case, outcome);
    let status = match outcome {
        Outcome::Returned => return,
        Outcome::NotLoaded(LoadError::NotFound(_)) => 404,
        Outcome::NoSlot(_) | Outcome::NoTurn(_) | Outcome::NotLoaded(LoadError::Busy(_)) => 503,
        Outcome::Exceeded(Exceeded::Quota(quota)) => quota.status(),
        Outcome::NoResponse
        | Outcome::TooShort
        | Outcome::Failed(_)
        | Outcome::Trapped(_)
        | Outcome::Exceeded(_)
        | Outcome::NotLoaded(_) => 500,
    };
    match response.phase() {
        // Nobody knows what the client would make of an answer now.
        Phase::Head if response.is_raw() => {
            let _ = response.reset(INTERNAL_ERROR);
        }
        Phase::Head => {
            let cause = outcome.cause().filter(|_| case.house.is_local);
            let cause = cause.unwrap_or_else(|| "the handler gave no response".to_owned());
            let id = case.exchange;
            let _ = response.answer(status, &format!("{status}: {cause}\nexchange {id}, see the server's log\n")).await;
        }
        Phase::Content => {
            let _ = response.reset(INTERNAL_ERROR);
        }
        Phase::Closed => {}
    }
}

/// One line for the handler's author, with the wasm backtrace of a trap.
fn warn(case: &Case<'_>, outcome: &Outcome) {
    let Some(cause) = outcome.cause() else { return };
    let (exchange, handler) = (case.exchange, &*case.target.name);
    let tenant = case.house.account().map(|account| &**account.tenant());
    let backtrace = match outcome {
        // Its own text: that of the error would end in a native backtrace, which takes 0.1 s to find names for.
        Outcome::Trapped(error) => error.downcast_ref::<WasmBacktrace>().map(tracing::field::display),
        _ => None,
    };
    tracing::warn!(%exchange, handler, tenant, backtrace, "handler failed: {cause}");
}

fn trap(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    }
}
