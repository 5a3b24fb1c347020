//! What becomes of attempts: their numbers, the cap, records and reports.

use super::{
    h2,
    recorder::{Recorder, seen},
};
use crate::{facts::Facts, serve::serve};

fn attempt(target: &str, connection: u64) -> Facts {
    Facts { target: target.into(), connection, ..h2() }
}

#[test]
fn attempts_are_counted_and_know_whether_the_connection_is_new() {
    let mut wire = Recorder::default();
    let script = b"log \"{{attempt}} {{same-connection|-}} {{new-connection|-}}\"";
    for (target, connection, line) in [
        ("/a?token=T", 4, "log 1 - -"),
        ("/a?token=T", 4, "log 2 1 -"),
        ("/a?token=T", 5, "log 3 - 1"),
        ("/a?token=U", 5, "log 1 - -"),
        ("/a", 5, "log 1 - -"),
    ] {
        serve(script, &attempt(target, connection), &mut wire);
        assert_eq!(wire.calls.pop().as_deref(), Some(line), "{target} {connection}");
    }
    assert!(!wire.locked);
}

#[test]
fn beyond_the_cap_the_answer_is_polite_and_counted() {
    let mut wire = Recorder::default();
    for _ in 0..4 {
        serve(b"attempts cap=2\nRST_STREAM 7", &attempt("/a?token=T", 4), &mut wire);
    }
    assert_eq!(wire.calls[..2], ["frames RST_STREAM 7", "frames RST_STREAM 7"]);
    assert!(wire.calls[2].starts_with("headers 429 ") && wire.calls[4].starts_with("headers 429 "), "{:?}", wire.calls);
    assert!(report(&mut wire).starts_with(r#"{"token":"T","refused":2,"attempts":[{"number":1,"#));
}

fn report(wire: &mut Recorder) -> String {
    // Another exchange, another response.
    wire.phase = 0;
    serve(b"nonsense that does not run", &attempt("/b?token=T&report", 9), wire);
    let data = wire.calls.pop().expect("content");
    let head = wire.calls.pop().expect("a head");
    assert!(head.starts_with("headers 200 content-type=application/json "), "{head}");
    data.strip_prefix("data ").and_then(|data| data.strip_suffix(" end-stream")).expect("all content").to_owned()
}

#[test]
fn a_report_tells_each_attempt_and_can_be_read_again() {
    let mut wire = Recorder::default();
    assert_eq!(report(&mut wire), r#"{"token":"T","refused":0,"attempts":[]}"#);
    wire.frames = vec![seen(2, 0x1, 0x5, 3, &[]), seen(3, 0x3, 0, 3, &[0, 0, 0, 8]), seen(4, 0x3, 0, 9, &[])];
    serve(b"\nawait RST_STREAM", &attempt("/a?token=T&q=\"é", 4), &mut wire);
    let expected = concat!(
        r#"{"token":"T","refused":0,"attempts":[{"number":1,"script":"/a.frames","connection":4,"stream":3,"#,
        r#""protocol":"h2","method":"GET","target":"/a?token=T&q=\"Ã©","#,
        r#""fields":[[":method","GET","indexed"],["X-A","b","incremental"]],"content_octets":0,"outcome":"seen","#,
        r#""finished":true,"last":{"line":2,"statement":"await"},"frames":["#,
        r#"{"number":2,"arrived_ns":200,"type":"HEADERS","kind":1,"flags":5,"reserved":false,"stream":3,"length":0,"#,
        r#""padding":null,"payload":"","refused":null},"#,
        r#"{"number":3,"arrived_ns":300,"type":"RST_STREAM","kind":3,"flags":0,"reserved":false,"stream":3,"length":4,"#,
        r#""padding":null,"payload":"00000008","refused":null,"code":8}],"#,
        r#""codes":[{"type":"RST_STREAM","stream":3,"code":8,"name":"CANCEL"}]}]}"#,
    );
    assert_eq!(report(&mut wire), expected);
    assert_eq!(report(&mut wire), expected);
    assert!(!wire.locked);
}

#[test]
fn a_record_is_there_while_the_script_hangs_and_spares_frames_if_the_stash_is_small() {
    let mut wire = Recorder { kept_at: Some("log now".into()), ..Recorder::default() };
    serve(b"hang 1s; log now", &attempt("/a?token=T", 4), &mut wire);
    let at_the_log = String::from_utf8(wire.kept_then.clone()).expect("text");
    assert!(at_the_log.contains(r#""finished":false,"last":{"line":1,"statement":"hang"}"#), "{at_the_log}");

    let mut small = Recorder { value_octets: 420, ..Recorder::default() };
    small.frames = (1..60).map(|number| seen(number, 0x4, 0, 0, &[0; 64])).collect();
    serve(b"status 200", &attempt("/a?token=T", 4), &mut small);
    let text = report(&mut small);
    assert!(text.contains(r#""finished":true"#) && text.contains(r#""frames":[]"#), "{text}");
    // No place for a second one: the first stays.
    small.phase = 0;
    serve(b"status 200", &attempt("/a?token=T", 4), &mut small);
    assert!(small.calls.last().is_some_and(|call| call.starts_with("fail ")), "{:?}", small.calls);
    assert_eq!(report(&mut small), text);
    assert!(!small.locked);
}

#[test]
fn the_record_of_a_faulty_script_says_so() {
    let mut wire = Recorder::default();
    serve(b"\nstatus 70000", &attempt("/a?token=T", 4), &mut wire);
    let text = report(&mut wire);
    assert!(text.contains(r#""outcome":"fault: line 2, column 1: 70000 is too large for a status""#), "{text}");
}

#[test]
fn a_token_that_can_be_no_key_is_refused() {
    for target in ["/a?token=".to_owned(), "/a?token".to_owned(), format!("/a?token={}", "t".repeat(201))] {
        let calls = {
            let mut wire = Recorder::default();
            serve(b"status 200", &attempt(&target, 4), &mut wire);
            wire.calls
        };
        assert!(calls[0].starts_with("headers 400 "), "{target}: {calls:?}");
    }
}
