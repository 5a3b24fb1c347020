//! Content, heads and informational responses of any size and pace.

use std::time::Duration;

use framewright_guest::{ContentEvent, Fault, Level, ReadError, WriteError, clock, field, log};

use crate::Behaviour;
use crate::wording::{code, outcome, phase};

/// Sends `octets` of content (1 MiB) in steps of `chunk` (65,536). `declare` adds a Content-Length.
pub fn send(one: Behaviour) -> Result<(), Fault> {
    let total = one.number("octets", 1 << 20);
    let chunk = one.number("chunk", 65_536).clamp(1, 1 << 20);
    let mut fields = vec![field("content-type", "application/octet-stream")];
    if one.query.text("declare").is_some() {
        fields.push(field("content-length", total.to_string()));
    }
    one.response.send_headers(200, &fields, total == 0)?;
    let mut sent = 0;
    while sent < total {
        let next = chunk.min(total - sent);
        one.response.send_data(&pattern(sent, next), sent + next == total)?;
        sent += next;
    }
    Ok(())
}

/// Octets at `start` and on: each is its position modulo 251, so that a shift by any power of two shows.
fn pattern(start: u64, octets: u64) -> Vec<u8> {
    (start..start + octets).map(|position| (position % 251) as u8).collect()
}

/// Reports how much window is open before the head, after it, and after `octets` (1,000) of content.
pub fn window(one: Behaviour) -> Result<(), Fault> {
    let to = &one.response;
    let before = to.open_window();
    to.send_headers(200, &[field("content-type", "text/plain")], false)?;
    let after_head = to.open_window();
    let filler = vec![b'.'; usize::try_from(one.number("octets", 1_000)).unwrap_or(1_000)];
    to.send_data(&filler, false)?;
    let after_data = to.open_window();
    Ok(to.send_data(format!("\n{before} {after_head} {after_data}\n").as_bytes(), true)?)
}

/// Sends until the peer is gone, then tries everything once more, logs how it went, waits `linger` milliseconds (0) and
/// logs `returned`. `delay`: milliseconds between two pieces of `chunk` octets.
pub fn until_peer_gone(one: Behaviour) -> Result<(), Fault> {
    let to = &one.response;
    let chunk = vec![b'.'; usize::try_from(one.number("chunk", 1_024)).unwrap_or(1_024)];
    let delay = Duration::from_millis(one.number("delay", 0));
    to.send_headers(200, &[field("content-type", "text/plain")], false)?;
    let end = loop {
        match to.send_data(&chunk, false) {
            Ok(()) if delay.is_zero() => {}
            Ok(()) => clock::sleep(delay),
            Err(error) => break Err(error),
        }
    };
    log(Level::Info, &format!("data: {}", outcome(&end)));
    log(Level::Info, &format!("again: {}", outcome(&to.send_data(&chunk, false))));
    log(Level::Info, &format!("end: {}", outcome(&to.end_stream())));
    log(Level::Info, &format!("read: {}", event(&one.request.read(0, None))));
    log(Level::Info, &format!("window: {}, phase: {}", to.open_window(), phase(to.phase())));
    clock::sleep(Duration::from_millis(one.number("linger", 0)));
    log(Level::Info, "returned");
    Ok(())
}

/// Reads to the end with `deadline` milliseconds each time, `max` octets at most and `pause` milliseconds between two
/// reads; gives up after `times` deadlines (3). Answers, and logs, one line for each event; `summary` joins data lines.
pub fn read(one: Behaviour) -> Result<(), Fault> {
    let deadline = one.query.number("deadline").map(|ms| ms * 1_000_000);
    let max = u32::try_from(one.number("max", 0)).unwrap_or(u32::MAX);
    let mut patience = one.number("times", 3);
    let mut octets = 0;
    let mut report = String::new();
    loop {
        clock::sleep(Duration::from_millis(one.number("pause", 0)));
        let got = one.request.read(max, deadline);
        match &got {
            Ok(ContentEvent::Data(data)) if one.query.text("summary").is_some() => {
                octets += data.len();
                continue;
            }
            Err(ReadError::Deadline) => patience = patience.saturating_sub(1),
            _ => {}
        }
        let line = event(&got);
        log(Level::Info, &line);
        report += &line;
        report.push('\n');
        let over = !matches!(got, Ok(ContentEvent::Data(_) | ContentEvent::Trailers(_)) | Err(ReadError::Deadline));
        if over || patience == 0 {
            break;
        }
    }
    if octets > 0 {
        report += &format!("{octets} octets\n");
    }
    report += &format!("once more: {}\n", event(&one.request.read(max, Some(0))));
    Ok(one.answer(200, &report)?)
}

fn event(event: &Result<ContentEvent, ReadError>) -> String {
    match event {
        Ok(ContentEvent::Data(data)) => format!("data {}", data.len()),
        Ok(ContentEvent::Trailers(fields)) => format!("trailers {}", fields.len()),
        Ok(ContentEvent::End) => "end".to_owned(),
        Err(ReadError::Deadline) => "deadline".to_owned(),
        Err(ReadError::Reset(reason)) => format!("reset({})", code(*reason)),
        Err(ReadError::Malformed) => "malformed".to_owned(),
    }
}

/// Sends `n` informational responses (1) of `status` (103), then an ordinary answer.
pub fn informational(one: Behaviour) -> Result<(), Fault> {
    let status = u16::try_from(one.number("status", 103)).unwrap_or(u16::MAX);
    for number in 0..one.number("n", 1) {
        one.response.send_informational(status, &[field("x-number", number.to_string())])?;
    }
    Ok(one.answer(200, "informed\n")?)
}

/// Answers with `status` (200), then tries content, an end and trailers, and logs how each was taken.
pub fn status(one: Behaviour) -> Result<(), Fault> {
    let to = &one.response;
    let status = u16::try_from(one.number("code", 200)).unwrap_or(u16::MAX);
    let steps: [(&str, Result<(), WriteError>); 4] = [
        ("head", to.send_headers(status, &[field("x-status", status.to_string())], false)),
        ("data", to.send_data(b"content\n", false)),
        ("trailers", to.send_trailers(&[field("x-trailer", "1")])),
        ("end", to.end_stream()),
    ];
    for (step, result) in &steps {
        log(Level::Info, &format!("{step}: {}", outcome(result)));
    }
    Ok(())
}

/// Answers with `n` fields (100) of `size` octets (100) each.
pub fn large_head(one: Behaviour) -> Result<(), Fault> {
    let value = vec![b'v'; usize::try_from(one.number("size", 100)).unwrap_or(100)];
    let fields: Vec<_> = (0..one.number("n", 100)).map(|number| field(format!("x-{number}"), &value)).collect();
    Ok(one.response.send_headers(200, &fields, true)?)
}

/// Answers `status` (200) with the fields in `lines`, one `name:value` for each line, in that order, and `content`.
pub fn say(one: Behaviour) -> Result<(), Fault> {
    let status = u16::try_from(one.number("status", 200)).unwrap_or(u16::MAX);
    let lines = one.query.text("lines").unwrap_or_default().lines();
    let fields: Vec<_> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| field(name, value)).collect();
    one.response.send_headers(status, &fields, false)?;
    Ok(one.response.send_data(one.query.text("content").unwrap_or_default().as_bytes(), true)?)
}
