//! The test suite's fixture for the stash: makes the calls that the query lists, in order, and writes a line for each.
//!
//! Query: `do`, calls separated by spaces: `put`, `take`, `peek`, `lock`, `unlock`, `head` (sends the response head),
//! `content` (waits for the end of the request content), `trap`. `key`, `path` (the request's own), and `value` or
//! `octets` (a value of that length) are those of all `put`, `take` and `peek`. What a call answered is written as in the
//! WIT: `ok`, `some(…)`, `none`, `occupied`, `value-too-large(1024)`.

use framewright_guest::{
    ContentEvent, Fault, Query, Request, ResponseWriter, WriteError, field, handler,
    stash::{self, StashError},
};

handler!(calls);

fn calls(request: Request, response: ResponseWriter) -> Result<(), Fault> {
    let query = Query::of(&request);
    let mut report = String::new();
    let mut has_head = false;
    for call in query.text("do").unwrap_or_default().split_whitespace() {
        let answer = match call {
            "head" => {
                has_head = true;
                send_head(&response)?;
                continue;
            }
            "content" => {
                while let Ok(ContentEvent::Data(_) | ContentEvent::Trailers(_)) = request.read(0, None) {}
                continue;
            }
            "trap" => panic!("as asked"),
            _ => make(call, &query),
        };
        report += &format!("{call}: {answer}\n");
    }
    if !has_head {
        send_head(&response)?;
    }
    Ok(response.send_data(report.as_bytes(), true)?)
}

fn send_head(response: &ResponseWriter) -> Result<(), WriteError> {
    response.send_headers(200, &[field("content-type", "text/plain")], false)
}

fn make(call: &str, query: &Query) -> String {
    let (path, key) = (query.text("path"), query.text("key").unwrap_or_default());
    match call {
        "put" => {
            let value = match query.number("octets") {
                Some(octets) => vec![b'v'; usize::try_from(octets).unwrap_or(usize::MAX)],
                None => query.text("value").unwrap_or_default().as_bytes().to_vec(),
            };
            done(stash::put(path, key, &value))
        }
        "take" => found(stash::take(path, key)),
        "peek" => found(stash::peek(path, key)),
        "lock" => done(stash::lock()),
        "unlock" => done(stash::unlock()),
        _ => "unknown".to_owned(),
    }
}

fn done(result: Result<(), StashError>) -> String {
    result.map_or_else(|error| refused(&error), |()| "ok".to_owned())
}

fn found(result: Result<Option<Vec<u8>>, StashError>) -> String {
    match result {
        Ok(Some(value)) => format!("some({})", String::from_utf8_lossy(&value)),
        Ok(None) => "none".to_owned(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &StashError) -> String {
    match error {
        StashError::Occupied => "occupied".to_owned(),
        StashError::KeyTooLong => "key-too-long".to_owned(),
        StashError::ValueTooLarge(most) => format!("value-too-large({most})"),
        StashError::Full(limit) => format!("full({limit})"),
        StashError::Locked(holder) => format!("locked({holder})"),
        StashError::NotReentrant => "not-reentrant".to_owned(),
        StashError::NotGranted => "not-granted".to_owned(),
    }
}
