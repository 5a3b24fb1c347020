//! Takes every step that must be refused, and reports how each was.

use framewright_guest::{Fault, Field, Level, ResponseWriter, WriteError, field, log};

use crate::Behaviour;
use crate::wording::outcome;

/// Steps out of order and statuses that don't exist, before the head and after it; after the end goes to the log.
pub fn steps(one: Behaviour) -> Result<(), Fault> {
    let to = &one.response;
    let before = [
        ("data before head", to.send_data(b"early", false)),
        ("empty data before head", to.send_data(b"", false)),
        ("trailers before head", to.send_trailers(&[])),
        ("end before head", to.end_stream()),
        ("informational 101", to.send_informational(101, &[])),
        ("informational 99", to.send_informational(99, &[])),
        ("informational 200", to.send_informational(200, &[])),
        ("head 0", to.send_headers(0, &[], false)),
        ("head 103", to.send_headers(103, &[], false)),
        ("head 199", to.send_headers(199, &[], false)),
        ("head 1000", to.send_headers(1000, &[], false)),
        ("head 200", to.send_headers(200, &[field("content-type", "text/plain")], false)),
    ];
    let after = [
        ("head after head", to.send_headers(200, &[], false)),
        ("informational after head", to.send_informational(103, &[])),
    ];
    let report: String = before.iter().chain(&after).map(|(step, result)| line(step, result)).collect();
    to.send_data(report.as_bytes(), true)?;

    for (step, result) in [
        ("data after end", to.send_data(b"late", false)),
        ("trailers after end", to.send_trailers(&[])),
        ("end after end", to.end_stream()),
        ("head after end", to.send_headers(200, &[], true)),
        ("informational after end", to.send_informational(103, &[])),
        ("reset after end", to.reset(8)),
    ] {
        log(Level::Info, line(step, &result).trim_end());
    }
    Ok(())
}

/// Offers field sections that can't be sent, each as the head and as an informational response.
pub fn fields(one: Behaviour) -> Result<(), Fault> {
    let to = &one.response;
    let mut report = String::new();
    for (what, fields) in invalid_fields() {
        report += &line(what, &to.send_informational(103, &fields));
        // Upper case is refused over HTTP/2 alone, so this one would be sent.
        if what != "upper-case name" {
            report += &line(what, &to.send_headers(200, &fields, false));
        }
    }
    Ok(one.answer(200, &report)?)
}

/// Offers trailer sections that can't be sent, then sends one that can.
pub fn trailers(one: Behaviour) -> Result<(), Fault> {
    let to = &one.response;
    to.send_headers(200, &[field("content-type", "text/plain")], false)?;
    let framing = ["content-length", "transfer-encoding", "content-encoding", "content-type", "trailer", "te"];
    let mut report: String =
        framing.into_iter().map(|name| line(name, &to.send_trailers(&[field("x", "y"), field(name, "1")]))).collect();
    for (what, fields) in invalid_fields() {
        if what != "upper-case name" {
            report += &line(what, &to.send_trailers(&fields));
        }
    }
    to.send_data(report.as_bytes(), false)?;
    Ok(to.send_trailers(&[field("x-done", "yes")])?)
}

/// Announces 16 octets, then tries to send 17 and to end after 8. The content is `length-mismatch\n` if both were
/// refused as that.
pub fn length(one: Behaviour) -> Result<(), Fault> {
    let to: &ResponseWriter = &one.response;
    to.send_headers(200, &[field("content-type", "text/plain"), field("content-length", "16")], false)?;
    let over = to.send_data(&[b'x'; 17], false);
    to.send_data(b"length-m", false)?;
    let under = [to.end_stream(), to.send_data(b"", true), to.send_data(b"x", true)];
    let refused = |result: &Result<(), WriteError>| matches!(result, Err(WriteError::LengthMismatch));
    let all = refused(&over) && under.iter().all(refused);
    Ok(to.send_data(if all { b"ismatch\n" } else { b"issing!\n" }, true)?)
}

fn line(step: &str, result: &Result<(), WriteError>) -> String {
    format!("{step}: {}\n", outcome(result))
}

fn invalid_fields() -> Vec<(&'static str, Vec<Field>)> {
    let second = |name: &str, value: &[u8]| vec![field("x-fine", "1"), field(name, value)];
    vec![
        ("empty name", second("", b"1")),
        ("space in name", second("x y", b"1")),
        ("colon in name", second("x:y", b"1")),
        ("pseudo-field", second(":status", b"200")),
        ("NUL in value", second("x", b"a\0b")),
        ("CR in value", second("x", b"a\rb")),
        ("LF in value", second("x", b"a\nb")),
        ("transfer-encoding", second("transfer-encoding", b"chunked")),
        ("keep-alive", second("keep-alive", b"timeout=5")),
        ("upgrade", second("upgrade", b"websocket")),
        ("connection naming a field", second("connection", b"x-fine")),
        ("content-length of letters", second("content-length", b"ten")),
        ("two content-lengths", vec![field("content-length", "1"), field("content-length", "1")]),
        ("upper-case name", second("X-Upper", b"1")),
    ]
}
