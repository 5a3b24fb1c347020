//! Sends 103 Early Hints (RFC 8297), takes its time, and answers.
//!
//! Query: `delay` milliseconds between the two (200).

use std::time::Duration;

use framewright_guest::{Query, Request, ResponseWriter, WriteError, clock, field, handler};

handler!(early_hints);

fn early_hints(request: Request, response: ResponseWriter) -> Result<(), WriteError> {
    response.send_informational(103, &[field("link", "</style.css>; rel=preload; as=style")])?;
    clock::sleep(Duration::from_millis(Query::of(&request).number("delay").unwrap_or(200)));

    let content = b"A 103 with a Link field went before this.\n";
    let fields = [
        field("content-type", "text/plain"),
        field("content-length", content.len().to_string()),
        field("link", "</style.css>; rel=preload; as=style"),
    ];
    response.send_headers(200, &fields, false)?;
    response.send_data(content, true)
}
