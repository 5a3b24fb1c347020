use super::*;
use crate::{Body, Fact, FrameItem, Late, Line, Name, Number, Octets, Part, Piece, Step, StreamRef, Template};

fn parse(text: &str) -> Result<Vec<crate::Statement>, Error> {
    Script::parse(text.as_bytes()).map(|script| script.statements)
}

fn one(text: &str) -> Step {
    let mut statements = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0).step
}

fn frame(text: &str) -> crate::Frame {
    match one(text) {
        Step::Frames(mut items) => match items.remove(0) {
            FrameItem::Frame(frame) => *frame,
            other => panic!("{text}: {other:?}"),
        },
        other => panic!("{text}: {other:?}"),
    }
}

fn text(octets: &[u8]) -> Piece {
    Piece::Template(Template::of(octets.to_vec()))
}

/// Every form of every statement in `docs/frames.md`.
const VALID: &[&str] = &[
    "",
    "\n\r\n  # a comment\n;;",
    "informational 103 { field link \"</a.css>; rel=preload\" }",
    "status 200",
    "status {{GET[status]|200}} end-stream {\n  field content-type text/plain # why\n\n  repeat 3 { field x-{{i}} v }\n}",
    "data \"text\"; data text end-stream; data \"x\" frame; data \"\" padding=3 end-stream",
    "trailers { field x-sum 1 }",
    "end; reset CANCEL; reset 0x8; split-fields 10",
    "push /a.css as css method=HEAD authority=a.test { field accept \"*/*\" }\non css { status 200; data x end-stream }",
    "DATA \"one\" padding=3 end-stream stream=own+2 flags=end-stream,padded reserved length=0xffffff",
    "HEADERS { field :status 200 }",
    "HEADERS end-stream padding=2 dependency=own weight=15 exclusive split=1,5 no-end-headers { field \"\" \"\" huffman }",
    "HEADERS {\n  field x \"a\\x00\" incremental\n  field x v never-indexed huffman\n  indexed 8\n  size-update 4k\n  octets hex \"ff\"\n}",
    "PRIORITY dependency=own weight=255 exclusive; PRIORITY",
    "RST_STREAM REFUSED_STREAM; RST_STREAM 0xffffffff stream={{GET[s]}}",
    "SETTINGS; SETTINGS ack; SETTINGS MAX_FRAME_SIZE=16384 0x8=1 MAX_FRAME_SIZE={{GET[m]}} stream=own length=5",
    "PUSH_PROMISE promised=next-even padding=1 split=2 no-end-headers { field :method GET }",
    "PING; PING ack; PING \"12345678\" ack; PING hex \"00\" stream=3; PING 7 of a",
    "GOAWAY NO_ERROR; GOAWAY 1 last=zero stream=own debug \"why\" + \"!\"",
    "WINDOW_UPDATE 0 stream=zero; WINDOW_UPDATE 0x7fffffff",
    "CONTINUATION { }; CONTINUATION no-end-headers stream=promised { field a b }",
    "ALTSVC \"\" \"h3=\\\":443\\\"\"; ORIGIN; ORIGIN \"https://a.test\" \"https://b.test\"",
    "PRIORITY_UPDATE \"u=1\" prioritized=own; FRAME type=0x1f; FRAME hex \"00 01\" type=DATA flags=0xff length=9 reserved",
    "frames { DATA a; repeat 100 { PING\n PING ack } }",
    "octets \"HTTP/1.1 200 OK\\r\\n\" +\n  \"\\r\\n\"",
    "octets (\n  \"a\"\n  + 3 of (\"b\" + c)\n)",
    "octets first 5 of encode { DATA x } + last 2 of block { indexed 8 } + chunk \"one\" + 64k of \"a\"",
    "flush; close; close half-close; close without-close-notify; close reset",
    "hold; hold 2s; hold 2s 64k; release; after keep; after close; absorb 2; absorb promised",
    "read all; read 1000 within 250us; read trailers within {{GET[ms]}}ms",
    "await RST_STREAM; await any stream=any within 1s; await 0x1f flags=0x1; await GOAWAY code=NO_ERROR from=start",
    "wait 500ms; hang; hang 20s; log \"text\"; stop; abort; abort NO_ERROR",
    "attempts cap=3",
    "if h1 { stop } else if h2 and not attempt > 1 or GET[x] contains \"y\" { end } else { repeat 2 { end } }",
    "if tls[resumed] { stop }\nif seen[arrived-ns] >= 0x10 { stop }",
];

#[test]
fn every_statement_of_the_documentation_parses() {
    for source in VALID {
        if let Err(error) = parse(source) {
            panic!("{source}\n{error}");
        }
    }
}

#[test]
fn every_script_in_the_documentation_parses() {
    let text = include_str!("../../../../../../docs/frames.md");
    // Fences with a language hold something else.
    let mut scripts = Vec::new();
    let mut fence: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut fence, line.strip_prefix("```")) {
            (None, Some(language)) => fence = Some((language.is_empty(), String::new())),
            (None, None) => {}
            (Some((_, script)), None) => script.extend([line, "\n"]),
            (Some(_), Some(_)) => scripts.extend(fence.take().filter(|(is_script, _)| *is_script)),
        }
    }
    assert!(scripts.len() > 8, "{}", scripts.len());
    for (_, script) in scripts {
        if let Err(error) = parse(&script) {
            panic!("{script}\n{error}");
        }
    }
}

#[test]
fn a_fault_is_named_with_its_place() {
    #[rustfmt::skip]
    let table = [
        ("nonsense", 1, 1, "there is no statement `nonsense`"),
        ("end\n  nonsense", 2, 3, "there is no statement"),
        ("\"text\"", 1, 1, "a statement should stand here, not a string"),
        ("end end", 1, 5, "the end of the statement should stand here, not `end`"),
        ("status", 1, 7, "a status should stand here"),
        ("status ok", 1, 8, "a number should stand here, not `ok`"),
        ("status 200 {", 1, 13, "`field` should stand here"),
        ("status 200 }", 1, 12, "a statement should stand here, not `}`"),
        ("status 200 { field a b incremental }", 1, 12, "a polite section has plain"),
        ("status 200 { data x }", 1, 14, "a field section has"),
        ("data \"open", 1, 6, "no closing quote"),
        ("data \"é\\q\"", 1, 8, "escapes are"),
        ("data \"\\x0\"", 1, 7, "two hexadecimal digits"),
        ("data hex \"0\"", 1, 10, "pairs of hexadecimal digits"),
        ("data hex \"+1\"", 1, 10, "pairs of hexadecimal digits"),
        ("data a padding=x", 1, 8, "a number should stand here, not `x`"),
        ("data end-stream", 1, 6, "octets, if need be"),
        ("data a padding=1 padding=2", 1, 18, "stands here twice"),
        ("data \"é {{nothing}}\"", 1, 9, "there is no fact `nothing`"),
        ("data {{GET}}", 1, 6, "`GET` needs a name in brackets"),
        ("data {{method[x]}}", 1, 6, "`method` takes no brackets"),
        ("data {{tls[x]}}", 1, 6, "`tls` knows version"),
        ("data {{GET[x}}", 1, 6, "lacks its `]`"),
        ("data {{GET[x]", 1, 6, "`{{` has no `}}`"),
        ("data \"{{\"", 1, 7, "`{{` has no `}}`"),
        ("DATA x nothing=1", 1, 8, "`nothing` is no option here"),
        ("FRAME hex \"00\"", 1, 1, "FRAME needs `type=`"),
        ("RST_STREAM CANCELED", 1, 12, "a number should stand here"),
        ("SETTINGS NOTHING=1", 1, 10, "a number should stand here, not `NOTHING`"),
        ("HEADERS", 1, 8, "`{` should stand here"),
        ("HEADERS { field a b incremental never-indexed }", 1, 11, "excludes"),
        ("DATA x stream=own+x", 1, 8, "is no stream"),
        ("frames { status 200 }", 1, 10, "only frames stand here"),
        ("close now", 1, 7, "`close` takes"),
        ("after all", 1, 7, "`after` takes"),
        ("wait 5", 1, 6, "a time, such as 500ms or 2s, should stand here, not `5`"),
        ("wait 5m", 1, 6, "a time"),
        ("wait 99999999999999999999s", 1, 6, "a time"),
        ("status 99999999999999999999", 1, 8, "a number"),
        ("attempts cap=0", 1, 1, "from 1 to 100"),
        ("attempts cap={{GET[x]}}", 1, 1, "from 1 to 100"),
        ("if attempt=1 { }", 1, 4, "needs spaces round its operator"),
        ("if attempt = { }", 1, 14, "octets"),
        ("if h1 { }\nelse { }", 2, 1, "there is no statement `else`"),
        ("on css { }", 1, 4, "no push above"),
        ("await any from=end", 1, 11, "`from=` takes `start`"),
        ("octets (a b)", 1, 11, "`+` or `)`"),
    ];
    for (source, line, column, message) in table {
        let error = parse(source).expect_err(source);
        // The place of an option is where its word starts, of its value likewise.
        assert_eq!((error.at.line, error.at.column), (line, column), "{source}: {error}");
        assert!(error.message.contains(message), "{source}: {error}");
    }
}

#[test]
fn octets_that_are_not_utf8_are_named_with_their_place() {
    let error = Script::parse(b"end\nlog \"\xc3\xa9\xff\"").expect_err("no UTF-8");
    assert_eq!((error.at.line, error.at.column, error.message.as_str()), (2, 7, "this is not UTF-8"));
}

#[test]
fn size_depth_and_number_of_statements_are_bounded() {
    let nested = |open: &str, close: &str, depth: usize| open.repeat(depth) + &close.repeat(depth);
    let table = [
        ("the size", "#".repeat(MOST_SOURCE), "#".repeat(MOST_SOURCE + 1)),
        ("statements", "end\n".repeat(MOST_STATEMENTS), "end\n".repeat(MOST_STATEMENTS + 1)),
        ("blocks", nested("repeat 2 {\n", "}\n", MOST_DEPTH), nested("repeat 2 {\n", "}\n", MOST_DEPTH + 1)),
        (
            "octets",
            format!("log {} a", "2 of ".repeat(MOST_DEPTH - 1)),
            format!("log {} a", "2 of ".repeat(100_000 / 5)),
        ),
    ];
    for (what, most, more) in table {
        assert_eq!(parse(&most).err(), None, "{what}");
        assert!(parse(&more).expect_err(what).message.contains("more than"), "{what}");
    }
}

#[test]
fn any_cut_of_any_script_parses_or_is_refused_within_itself() {
    for source in VALID {
        for end in 0..source.len() {
            if let Err(error) = Script::parse(&source.as_bytes()[..end]) {
                let lines = source[..end].split('\n').count();
                assert!(error.at.line >= 1 && error.at.line as usize <= lines, "{source} cut at {end}: {error}");
            }
        }
    }
}

#[test]
fn words_strings_and_hex_become_the_octets_they_stand_for() {
    #[rustfmt::skip]
    let table: &[(&str, &[u8])] = &[
        ("plain", b"plain"),
        ("a#b", b"a#b"),
        ("a\\n", b"a\\n"),
        ("200", b"200"),
        ("\"\"", b""),
        ("\"a b;{}#\"", b"a b;{}#"),
        (r#""\n\r\t\0\\\"\{\{\x0a\xFF""#, b"\n\r\t\0\\\"{{\n\xff"),
        ("\"é\"", "é".as_bytes()),
        ("hex \"00 0A ff\"", b"\x00\x0a\xff"),
        ("hex \"\"", b""),
    ];
    for (source, octets) in table {
        let Step::Log(Octets(pieces)) = one(&format!("log {source}")) else { panic!("{source}") };
        let [Piece::Template(template)] = pieces.as_slice() else { panic!("{source}: {pieces:?}") };
        assert_eq!(template.literal(), Some(*octets), "{source}");
    }
}

#[test]
fn substitutions_stand_in_words_strings_and_numbers() {
    let get = |key: &str| Fact { name: Name::Get, key: key.to_owned() };
    let expected =
        Template(vec![Part::Text(b"a ".to_vec()), Part::Fact(get("x y"), b"z }".to_vec()), Part::Text(b"{".to_vec())]);
    assert_eq!(one(r#"log "a {{ GET[x y]|z }}}\{""#), {
        let mut parts = expected.0;
        parts[1] = Part::Fact(get("x y"), b"z ".to_vec());
        parts[2] = Part::Text(b"}{".to_vec());
        Step::Log(Octets(vec![Piece::Template(Template(parts))]))
    });
    let Step::Wait(Number::Late(Late { template, at })) = one("wait {{GET[ms]|5}}ms") else { panic!("no template") };
    assert_eq!(template.0, [Part::Fact(get("ms"), b"5".to_vec()), Part::Text(b"ms".to_vec())]);
    assert_eq!((at.line, at.column), (1, 6));
}

#[test]
fn numbers_and_times_have_units() {
    for (written, meant) in
        [("0", 0), ("0x1F", 31), ("64k", 65_536), ("1m", 1 << 20), ("18446744073709551615", u64::MAX)]
    {
        assert_eq!(crate::parse_number(written), Some(meant), "{written}");
    }
    for written in ["", "k", "+1", "-1", "0x", "0x+1", "1.5", "1_000", "18014398509481985k", "é"] {
        assert_eq!(crate::parse_number(written), None, "{written}");
    }
    for (written, meant) in [("1us", 1_000), ("20ms", 20_000_000), ("2s", 2_000_000_000)] {
        assert_eq!(crate::parse_time(written), Some(meant), "{written}");
    }
    for written in ["", "s", "1", "1m", "-1s", "1.5s", "18446744073709551615s"] {
        assert_eq!(crate::parse_time(written), None, "{written}");
    }
}

#[test]
fn options_reach_the_frame_they_stand_at() {
    let known = |number| Some(Number::Known(number));
    let data = frame("DATA one padding=3 flags=end-stream,padded stream=own-2 length=9 reserved end-stream");
    assert_eq!(data.stream, Some(StreamRef::Own(-2)));
    assert_eq!((data.flags, data.length, data.reserved), (known(9), known(9), true));
    assert_eq!(data.body, Body::Data { octets: Octets(vec![text(b"one")]), padding: known(3), end_stream: true });

    let headers = frame("HEADERS split=1,5 weight=3 no-end-headers { field a b }");
    let Body::Headers { section, priority: Some(priority), end_stream: false } = headers.body else {
        panic!("{headers:?}")
    };
    assert_eq!((section.split, section.end_headers), (vec![Number::Known(1), Number::Known(5)], false));
    assert_eq!((priority.exclusive, priority.weight), (false, Number::Known(3)));
    assert!(matches!(section.block.as_slice(), [Line::Field { huffman: false, .. }]));

    let settings = frame("SETTINGS ENABLE_PUSH=1 0x8=2 ack");
    let pairs = vec![(Number::Known(2), Number::Known(1)), (Number::Known(8), Number::Known(2))];
    assert_eq!(settings.body, Body::Settings { ack: true, settings: pairs });
    assert_eq!(frame("SETTINGS stream=next").stream, Some(StreamRef::Own(2)));
    assert_eq!(frame("RST_STREAM HTTP_1_1_REQUIRED").body, Body::RstStream(Number::Known(13)));
}
