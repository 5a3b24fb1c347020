//! The test suite's fixture: does one wrong, odd or extreme thing, named by the query's `do`.
//!
//! Where a behaviour can strike at different moments, `at` names one: `start` (nothing sent, the default),
//! `informational` (after a 103), `head` (after the response head) or `data` (after some content). What a refused step
//! answered is written as in the WIT: `out-of-order(head)`, `invalid-field(2)`, `peer-gone(8)`, `ok`.

mod abnormal;
mod content;
mod hunger;
mod refused;
mod wording;

use framewright_guest::{Fault, Query, Request, ResponseWriter, WriteError, field, handler};

handler!(misbehave);

fn misbehave(request: Request, response: ResponseWriter) -> Result<(), Fault> {
    let query = Query::of(&request);
    let one = Behaviour { request, response, query };
    let name = one.query.text("do").unwrap_or_default().to_owned();
    let Some((_, behaviour)) = BEHAVIOURS.iter().find(|(known, _)| *known == name) else {
        let known: String = BEHAVIOURS.iter().map(|(known, _)| format!("{known}\n")).collect();
        return Ok(one.answer(404, &format!("`do` is one of:\n{known}"))?);
    };
    behaviour(one)
}

/// One exchange and what was asked for.
struct Behaviour {
    request: Request,
    response: ResponseWriter,
    query: Query,
}

impl Behaviour {
    fn number(&self, name: &str, default: u64) -> u64 {
        self.query.number(name).unwrap_or(default)
    }

    /// Sends what comes before the moment that `at` names.
    fn reach(&self) -> Result<(), WriteError> {
        let at = self.query.text("at").unwrap_or("start");
        if at == "informational" {
            self.response.send_informational(103, &[])?;
        }
        if at == "head" || at == "data" {
            self.response.send_headers(200, &[field("content-type", "text/plain")], false)?;
        }
        if at == "data" {
            self.response.send_data(b"so far so good\n", false)?;
        }
        Ok(())
    }

    /// A whole response of text.
    fn answer(&self, status: u16, text: &str) -> Result<(), WriteError> {
        let fields = [field("content-type", "text/plain"), field("content-length", text.len().to_string())];
        self.response.send_headers(status, &fields, false)?;
        self.response.send_data(text.as_bytes(), true)
    }
}

type Act = fn(Behaviour) -> Result<(), Fault>;

const BEHAVIOURS: &[(&str, Act)] = &[
    ("trap", abnormal::trap),
    ("return", abnormal::return_early),
    ("reset", abnormal::reset),
    ("log", abnormal::log_much),
    ("spin", hunger::spin),
    ("allocate", hunger::allocate),
    ("wait", hunger::wait),
    ("count", hunger::count),
    ("steps", refused::steps),
    ("fields", refused::fields),
    ("trailers", refused::trailers),
    ("length", refused::length),
    ("send", content::send),
    ("window", content::window),
    ("peer-gone", content::until_peer_gone),
    ("read", content::read),
    ("informational", content::informational),
    ("status", content::status),
    ("head", content::large_head),
    ("say", content::say),
];
