//! Scripts and the calls that they must make, in order.

mod attempts;
mod recorder;

use frames_language::MOST_DEPTH;

use self::recorder::{Recorder, seen};
use crate::{
    facts::{Facts, FieldLine, Protocol},
    serve::serve,
};

fn h2() -> Facts {
    let line = |name: &str, value: &str| FieldLine {
        name: name.into(),
        value: value.into(),
        representation: if name.starts_with(':') { "indexed" } else { "incremental" },
    };
    Facts {
        script: "/a.frames".into(),
        method: b"GET".to_vec(),
        scheme: "https".into(),
        authority: Some(b"a.test".to_vec()),
        target: b"/a.frames?x=1%00&ms=5".to_vec(),
        protocol: Protocol::Http2,
        fields: vec![line(":method", "GET"), line("X-A", "b")],
        connection: 4,
        stream: Some(3),
        ..Facts::default()
    }
}

fn h1() -> Facts {
    Facts { protocol: Protocol::Http11, stream: None, head: b"GET / HTTP/1.1\r\n\r\n".to_vec(), ..h2() }
}

fn run(facts: &Facts, script: &str) -> Vec<String> {
    let mut wire = Recorder { http1: facts.stream.is_none(), ..Recorder::default() };
    serve(script.as_bytes(), facts, &mut wire);
    wire.calls
}

/// A script and what it does over HTTP/2, stream 3.
const OVER_H2: &[(&str, &[&str])] = &[
    ("", &[]),
    (
        "informational 103 { field link \"</a>\" }\nstatus 200 { repeat 2 { field x-{{i}} v } }\ndata \"one\"\n\
         data \"two\" padding=3\ntrailers { field x-sum 1 }",
        &[
            "informational 103 link=</a>",
            "headers 200 x-1=v x-2=v",
            "data one",
            "data-frame two padding=3",
            "trailers x-sum=1",
        ],
    ),
    ("status 204 end-stream; end; reset CANCEL", &["headers 204 end-stream", "end", "reset 8"]),
    ("split-fields 10; data \"\" frame end-stream", &["split-fields 10", "data-frame  end-stream"]),
    ("DATA \"one\" padding=3 end-stream", &["frames DATA one padding=3 end-stream"]),
    ("DATA x stream=own+2; DATA x stream=zero", &["frames DATA@5 x", "frames DATA@0 x"]),
    (
        "DATA x stream=own-4; PING hex \"01\"; PING ack",
        &["frames DATA@0 x", "frames PING 01", "frames PING ack 0000000000000000"],
    ),
    (
        "HEADERS split=1,5 end-stream { field :status 200; field X \"\\x00\" incremental huffman; indexed 8\n size-update 1k; octets hex \"ff\" }",
        &["frames HEADERS [:status=200 X=\\x00 incremental huffman, 8, size 1024, ff] split=[1, 5] end-stream"],
    ),
    (
        "HEADERS dependency=own weight=255 exclusive no-end-headers padding=0 { }; CONTINUATION { field a b }",
        &["frames HEADERS [] padding=0 priority=true,3,255 no-end-headers", "frames CONTINUATION [a=b]"],
    ),
    ("PRIORITY weight=0 stream=7", &["frames PRIORITY@7 false,0,0"]),
    ("RST_STREAM REFUSED_STREAM", &["frames RST_STREAM 7"]),
    ("SETTINGS MAX_FRAME_SIZE=16k 0x8=1; SETTINGS ack", &["frames SETTINGS 5=16384 8=1", "frames SETTINGS ack"]),
    (
        "PUSH_PROMISE { field :path / }\nPUSH_PROMISE split=1 { }\nHEADERS stream=promised { }\nlog \"{{promised}}\"",
        &["frames PROMISE 4 [:path=/]", "frames PROMISE 6 [] split=[1]", "frames HEADERS@6 []", "log 6"],
    ),
    ("GOAWAY NO_ERROR last=own-2 debug \"why\" + hex \"00\"", &["frames GOAWAY 1 0 why\\x00"]),
    ("WINDOW_UPDATE 0x80000000 stream=zero", &["frames WINDOW_UPDATE@0 2147483648"]),
    ("ALTSVC \"\" \"h3\"; ORIGIN \"a\" \"b\"", &["frames ALTSVC  h3", "frames ORIGIN a b"]),
    ("PRIORITY_UPDATE \"u=1\" prioritized=own", &["frames PRIORITY_UPDATE 3 u=1"]),
    (
        "FRAME hex \"0001\" type=0x1f flags=0xff reserved length=9",
        &["frames OTHER 31 flags=255 reserved length=9 0001"],
    ),
    // Overrides are made on what the server would have sent.
    ("DATA \"one\" end-stream length=100", &["frames OTHER@3 0 flags=1 length=100 6f6e65"]),
    ("DATA \"one\" flags=end-stream,padded reserved", &["frames OTHER@3 0 flags=9 reserved 6f6e65"]),
    ("frames { DATA a; repeat 2 { DATA {{i}} } }", &["frames DATA a; DATA 1; DATA 2"]),
    ("octets \"a\" + hex \"00\" + (2 of \"b\" +\n c)", &["octets a\\x00bbc"]),
    (
        "octets first 9 of encode { DATA one } + last 1 of abc",
        &["octets \\x00\\x00\\x03\\x00\\x00\\x00\\x00\\x00\\x03c"],
    ),
    ("octets chunk abcdefghijkl + chunk \"\"", &["octets c\\x0d\\x0aabcdefghijkl\\x0d\\x0a0\\x0d\\x0a"]),
    ("octets block { indexed 8 }", &["octets block(1)"]),
    (
        "flush; hold 2s 64k; release; log {{outcome}}; after keep; absorb 2; close reset",
        &["flush", "hold 2000000000 65536", "release", "log released", "after Keep", "absorb 2", "close Reset"],
    ),
    ("close; close without-close-notify", &["close HalfClose", "close WithoutCloseNotify"]),
    ("wait {{GET[ms]}}ms; wait {{GET[none]|2}}s; wait 1000s", &["sleep 5ms", "sleep 2s", "sleep 600s"]),
    ("status 200; stop; data x", &["headers 200"]),
    ("abort; data x", &["reset 8"]),
    (
        "push /a.css as css method=HEAD authority=b.test { field a b }\nlog {{outcome}}\non css { status 200 end-stream }; status 404",
        &["push HEAD b.test /a.css a=b", "log promised", "to 1: headers 200 end-stream", "headers 404"],
    ),
    (
        "log \"{{GET[x]}} {{GET[y]|none}} {{header[x-a]}} {{representation[:method]}} {{query}}\"",
        &["log 1\0 none b indexed x=1%00&ms=5"],
    ),
    ("log \"{{method}} {{scheme}} {{authority}} {{path}} {{protocol}}\"", &["log GET https a.test /a.frames h2"]),
    (
        "log \"{{stream}} {{connection}} {{attempt}} {{window}} {{phase}} {{tls|-}} {{head|-}}\"",
        &["log 3 4 1 65535 head - -"],
    ),
    ("log {{uuid}}", &["log 07070707-0707-4707-8707-070707070707"]),
    ("if h1 { log a } else if attempt > 1 { log b } else { log c }", &["log c"]),
    (
        "if GET[ms] = 05 and not GET[none] { log a }\nif GET[none] != 1 { log b }\nif GET[ms] < x or method = GET { log c }",
        &["log a", "log b", "log c"],
    ),
    ("if target contains frames { log a }\nif same-connection or new-connection { log b }", &["log a"]),
    (
        "repeat 2 { repeat 2 { log {{i}} }; log \"outer {{i}}\" }",
        &["log 1", "log 2", "log outer 1", "log 1", "log 2", "log outer 2"],
    ),
];

/// Likewise over HTTP/1.1.
const OVER_H1: &[(&str, &[&str])] = &[
    ("octets \"HTTP/1.1 200 OK\\n\\n\"; close", &["octets HTTP/1.1 200 OK\\x0a\\x0a", "close HalfClose"]),
    (
        "log \"{{head}}\"; if h1 { log \"{{protocol}} {{stream|none}}\" }",
        &["log GET / HTTP/1.1\r\n\r\n", "log http/1.1 none"],
    ),
    ("await any; log {{outcome}}; hang 5s; log {{outcome}}", &["log wrong-protocol", "sleep 5s", "log deadline"]),
];

#[test]
fn each_script_makes_its_calls_in_order() {
    for (facts, table) in [(h2(), OVER_H2), (h1(), OVER_H1)] {
        for (script, calls) in table {
            assert_eq!(run(&facts, script), *calls, "{script}");
        }
    }
}

#[test]
fn the_script_that_handlers_are_compared_with_does_what_they_do() {
    let script = include_str!("../../../../tests/frames/same.frames");
    let over_h2 = ["frames HEADERS [:status=200] split=[1]", "frames DATA one padding=3", "frames DATA two end-stream"];
    assert_eq!(run(&h2(), script), over_h2);
    let lines = "octets HTTP/1.1 200 OK\\x0aContent-Length: 3\\x0aContent-Length: 3\\x0a\\x0aone";
    assert_eq!(run(&h1(), script), [lines, "close HalfClose"]);
}

#[test]
fn faults_before_anything_was_sent_get_the_error_page() {
    #[rustfmt::skip]
    let table = [
        ("nonsense", "line 1, column 1: there is no statement"),
        ("log a\n  status {{GET[x]}}", "line 2, column 10: `1\0` is not a number"),
        ("status 70000", "line 1, column 1: 70000 is too large for a status"),
        ("data x padding=256", "256 is too large for padding"),
        ("DATA x length=0x1000000", "a frame's length has 24 bits"),
        ("DATA x stream=0x80000000", "identifiers have 31 bits"),
        ("HEADERS stream=promised { }", "no stream has been promised"),
        ("log 17m of a", "more than 16777216 octets"),
        ("log 1000 of 1000 of 1000 of a", "more than 16777216 octets"),
        ("repeat 100001 { stop }", "more than 100000 rounds"),
        ("repeat 100000 { repeat 100000 { attempts cap=1 } }", "more than 1000000 steps"),
        ("HEADERS { repeat 10001 { field a b } }", "more than 10000 lines in one field section"),
        ("frames { repeat 10001 { PING } }", "more than 10000 frames at once"),
    ];
    for (script, message) in table {
        let calls = run(&h2(), script);
        let last = calls.last().expect("a call");
        assert!(last.starts_with("fail line ") && last.contains(message), "{script}: {last}");
    }
    assert_eq!(run(&h1(), "log a; DATA x")[1], "fail line 1, column 8: `DATA` can't be done over http/1.1");
    assert_eq!(run(&h1(), "DATA x stream=own")[0], "fail line 1, column 1: there is no stream over http/1.1");
}

#[test]
fn faults_after_something_was_sent_reset_the_response() {
    assert_eq!(
        run(&h2(), "status 200; status 200"),
        [
            "headers 200",
            "warn line 1, column 13: `status`: out of order: the response is in its phase Phase::Content",
            "reset 2"
        ]
    );
    assert_eq!(run(&h2(), "RST_STREAM 0; data {{GET[x]}} padding=300")[2], "reset 2");
}

#[test]
fn a_client_that_has_gone_is_no_fault() {
    let mut wire = Recorder { gone: true, ..Recorder::default() };
    serve(b"status 200; log {{outcome}}; read 1; DATA x; log {{outcome}}; close; flush", &h2(), &mut wire);
    assert_eq!(wire.calls, ["log gone", "read 1", "log gone"]);
}

#[test]
fn content_is_read_as_far_as_asked() {
    use framewright_guest::{ContentEvent, ReadError, field};
    let data = |text: &str| Ok(ContentEvent::Data(text.into()));
    let mut wire = Recorder { content: vec![data("ab"), data("c"), data("def")].into(), ..Recorder::default() };
    wire.content.extend([Ok(ContentEvent::Trailers(vec![field("X-T", "1")])), Ok(ContentEvent::End)]);
    let script = "read 3 within 1s; log \"{{outcome}} {{content}}\"\nread trailers; log \"{{outcome}} {{trailer[x-t]}}\"\n\
                  read all; log \"{{outcome}} {{content-octets}} {{content}}\"";
    serve(script.as_bytes(), &h2(), &mut wire);
    let calls = ["read 3", "read 1", "log ok abc", "read 0", "read 0", "log trailers 1", "read 0", "log end 6 abcdef"];
    assert_eq!(wire.calls, calls);

    for (error, outcome) in
        [(ReadError::Deadline, "deadline"), (ReadError::Reset(None), "reset"), (ReadError::Malformed, "malformed")]
    {
        let mut wire = Recorder { content: vec![Err(error)].into(), ..Recorder::default() };
        serve(b"read all; log {{outcome}}", &h2(), &mut wire);
        assert_eq!(wire.calls[1], format!("log {outcome}"));
    }
}

#[test]
fn frames_of_the_client_are_awaited_in_order() {
    let frames = vec![
        seen(1, 0x4, 0, 0, &[]),
        seen(2, 0x1, 0x5, 3, &[]),
        seen(3, 0x8, 0, 0, &[0, 0, 0, 9]),
        seen(4, 0x4, 1, 0, &[]),
        seen(5, 0x3, 0, 5, &[0, 0, 0, 8]),
        seen(6, 0x3, 0, 3, &[0, 0, 0, 8]),
        seen(7, 0x7, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 2]),
    ];
    #[rustfmt::skip]
    let table = [
        ("await SETTINGS", "seen 4"),
        ("await SETTINGS from=start", "seen 1"),
        ("await SETTINGS flags=ack from=start", "seen 4"),
        ("await any", "seen 3"),
        ("await any; await any", "seen 4"),
        ("await RST_STREAM", "seen 6"),
        ("await RST_STREAM stream=any", "seen 5"),
        ("await RST_STREAM; await SETTINGS from=start; await any", "seen 7"),
        ("await GOAWAY code=INTERNAL_ERROR", "seen 7"),
        ("await GOAWAY code=NO_ERROR within 1s", "deadline "),
        ("await 0x10", "deadline "),
        ("hang", "reset "),
    ];
    for (script, outcome) in table {
        let mut wire = Recorder { frames: frames.clone(), ..Recorder::default() };
        serve(format!("{script}\nlog \"{{{{outcome}}}} {{{{seen[number]}}}}\"").as_bytes(), &h2(), &mut wire);
        assert_eq!(wire.calls, [format!("log {outcome}")], "{script}");
    }
    let mut wire = Recorder { frames, ..Recorder::default() };
    serve(
        b"await RST_STREAM; log \"{{seen[type]}} {{seen[code]}} {{seen[length]}} {{seen[payload]}}\"",
        &h2(),
        &mut wire,
    );
    assert_eq!(wire.calls, ["log RST_STREAM 8 4 \0\0\0\u{8}"]);
}

#[test]
fn the_deepest_script_runs() {
    let script = "if h2 {\n".repeat(MOST_DEPTH) + "log deep\n" + &"}\n".repeat(MOST_DEPTH);
    // `log` takes one level itself.
    assert!(run(&h2(), &script)[0].contains("deep"));
    let script = "if h2 {\n".repeat(MOST_DEPTH - 1) + "log deep\n" + &"}\n".repeat(MOST_DEPTH - 1);
    assert_eq!(run(&h2(), &script), ["log deep"]);
}
