//! What pipes make of a response, as recorded of web-platform-tests' own server.

mod properties;
mod requests;

use std::{io::Read as _, time::Duration};

use bytes::Bytes;
use time::{OffsetDateTime, macros::datetime};

use super::*;
use crate::{
    reply::{Body, Piece, ReadFault, Reply, Step},
    substitution::tests::Example,
};

fn now() -> OffsetDateTime {
    datetime!(2026-07-01 10:20:30 UTC)
}

async fn piped(text: &str, mut reply: Reply) -> Result<Reply, PipeError> {
    let calls = parse(text)?;
    reply.body = Body::Pieces(vec![reply.body.collect().await.expect("content in memory").into()]);
    // Servers move it between threads.
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    sendable(apply(reply, &calls, &Example::new(), now)).await
}

fn reply(content: &'static str) -> Reply {
    let mut reply = Reply::new(200);
    reply.body = Body::Octets(Bytes::from_static(content.as_bytes()));
    reply
}

/// Fields and content in one line: `Name: value | Name: value`, content; pauses in angle brackets, in seconds.
fn shown(reply: &Reply) -> (String, String) {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let lines: Vec<String> =
        reply.fields.iter().map(|(name, value)| format!("{}: {}", text(name), latin1(value))).collect();
    let content = match &reply.body {
        Body::Octets(octets) => text(octets),
        Body::Pieces(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Octets(octets) => text(octets),
                Piece::File(_) => panic!("no test reads a file"),
            })
            .collect(),
        Body::Script(steps) => steps
            .iter()
            .map(|step| match step {
                Step::Pause(time) => format!("<{}>", time.as_secs_f64()),
                Step::Send(octets) => text(octets),
            })
            .collect(),
        Body::File(_) | Body::Part(_) => panic!("no test reads a file"),
    };
    (lines.join(" | ").replace(UNCACHED, "UNCACHED"), content)
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

const UNCACHED: &str = "Cache-Control: no-cache, no-store, must-revalidate | Pragma: no-cache | Expires: 0";

#[tokio::test(start_paused = true)]
async fn pipes_that_tests_ask_for_do_what_the_original_does() {
    let mut rows = 0;
    for row in include_str!("corpus.txt").lines().filter(|line| !line.starts_with("# ")) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [query, status, fields, content] = columns[..] else { panic!("{row}") };
        let text = of_request(b"/a.html", Some(format!("a=b&pipe={query}").as_bytes())).expect("a pipe");
        let mut reply = reply("0123456789{{host}}<>0123456789");
        reply.fields.set(&b"Content-Type"[..], &b"text/html"[..]);
        let reply = piped(&text, reply).await.unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(reply.status.to_string(), status, "{row}");
        assert_eq!(shown(&reply), (fields.to_owned(), content.to_owned()), "{row}");
        rows += 1;
    }
    assert_eq!(rows, 89);
}

#[tokio::test(start_paused = true)]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn pipes_do_what_the_original_does() {
    for (text, fields, content) in [
        ("", "", "0123456789"),
        ("|", "", "0123456789"),
        // The grammar
        ("header(A,b)|", "A: b", "0123456789"),
        ("||header(A,b)||header(C,d)", "A: b | C: d", "0123456789"),
        ("header(A,b)header(C,d)", "A: b | C: d", "0123456789"),
        ("header(A,b", "A: b", "0123456789"),
        ("header(A\\,B,c\\)d)", "A,B: c)d", "0123456789"),
        ("header(A,a\\nb\\r\\t\\\\\\x)", "A: a\nb\r\t\\x", "0123456789"),
        ("header(A,(b\\))", "A: (b)", "0123456789"),
        ("header(A, b)", "A:  b", "0123456789"),
        ("header(,x)", ": x", "0123456789"),
        ("header(A,é)", "A: é", "0123456789"),
        // header
        ("header(A,b)|header(B,c)|header(a,d)", "a: d | B: c", "0123456789"),
        ("header(A,b)|header(B,c)|header(a,d,TRUE)", "A: b | A: d | B: c", "0123456789"),
        ("header(A,b)|header(a,d,1)", "A: b | A: d", "0123456789"),
        ("header(A,b)|header(a,d,False)", "a: d", "0123456789"),
        ("header(A,b)|header(a,d,0)", "a: d", "0123456789"),
        // slice
        ("slice(1)", "Content-Length: 9", "123456789"),
        ("slice(1,3)", "Content-Length: 2", "12"),
        ("slice(NULL,3)", "Content-Length: 3", "012"),
        ("slice(-3,-1)", "Content-Length: 2", "78"),
        ("slice(5,2)", "Content-Length: 0", ""),
        ("slice( 1 ,null)", "Content-Length: 9", "123456789"),
        ("slice(99999999999999999999)", "Content-Length: 0", ""),
        ("slice(-99999999999999999999,3)", "Content-Length: 3", "012"),
        ("slice(2)|slice(2)", "Content-Length: 6", "456789"),
        // An announced length stays, even if it becomes wrong.
        ("header(Content-Length,3)|sub", "Content-Length: 3", "0123456789"),
        ("header(Content-Length,3)|slice(1)", "Content-Length: 9", "123456789"),
        ("header(content-length,3)|trickle(d1)", "content-length: 3 | UNCACHED", "<1>0123456789"),
        // trickle
        ("trickle(1:d1:r2)", "UNCACHED", "0<1>1<1>2<1>3<1>4<1>5<1>6<1>7<1>8<1>9<1>"),
        ("trickle(4:d1:r2)", "UNCACHED", "0123<1>4567<1>89<1>"),
        ("trickle(d1:4:r2)", "UNCACHED", "<1>0123<1>4567<1>89"),
        ("trickle(12:d1:r4)", "UNCACHED", "0123456789<1>"),
        ("trickle(1:d1:2:r2)", "UNCACHED", "0<1>12<1>34<1>56<1>78<1>9"),
        ("trickle(1:d1:2:d3:r2)", "UNCACHED", "0<1>12<3>34<3>56<3>78<3>9<3>"),
        ("trickle(1:d1:2:d3:r4)", "UNCACHED", "0<1>12<3>3<1>45<3>6<1>78<3>9<1><3>"),
        ("trickle(1:d1:2:d3:r6)", "UNCACHED", "0<1>12<3>3<1>45<3>6<1>78<3>9<1><3>"),
        ("trickle(4:d1:r2:3:r2)", "UNCACHED", "0123<1>456789"),
        ("trickle(r2:d1)", "UNCACHED", "<1>0123456789"),
        ("trickle(1:d1:r2:d2)", "UNCACHED", "0<1><2>123456789"),
        ("trickle(0)", "UNCACHED", "0123456789"),
        ("trickle(-3)", "UNCACHED", "0123456789"),
        ("trickle(-3:d1)", "UNCACHED", "0123456<1>789"),
        ("trickle(3:d1:-2)", "UNCACHED", "012<1>123456789"),
        ("trickle(3:d1:-2:d1:1)", "UNCACHED", "012<1><1>123456789"),
        (
            "trickle(3:d1:-2:d1:r4)",
            "UNCACHED",
            "012<1><1>123<1><1>234<1><1>345<1><1>456<1><1>567<1><1>678<1><1>789<1><1>89<1><1>9<1><1>",
        ),
        ("trickle(99999999999999999999:d1)", "UNCACHED", "0123456789<1>"),
        ("trickle( 1)", "UNCACHED", "0123456789"),
        ("trickle(d 1_0 )", "UNCACHED", "<10>0123456789"),
        ("trickle(d1e1)", "UNCACHED", "<10>0123456789"),
        ("trickle(d.5:3:d5.)", "UNCACHED", "<0.5>012<5>3456789"),
        // What never advances waits until the peer leaves, at most for a day.
        ("trickle(d1:r2)", "UNCACHED", "<1><1><86398>"),
        ("trickle(r2)", "UNCACHED", "<86400>"),
        ("trickle(r0)", "UNCACHED", "<86400>"),
        ("trickle(3:r0)", "UNCACHED", "012<86400>"),
        ("trickle(1:d1:r-2)", "UNCACHED", "0<1><1><86398>"),
        ("trickle(1:d1:3:d1:r-4)", "UNCACHED", "0<1>123<1><1><86397>"),
        // Fields that say something of caches stay alone.
        ("header(pragma,x)|trickle(d1)", "pragma: x", "<1>0123456789"),
        ("header(expires,x)|trickle(d1)", "expires: x", "<1>0123456789"),
        ("header(Cache-Control,)|trickle(d1)", "Cache-Control: ", "<1>0123456789"),
        ("slice(1)|trickle(d1)", "Content-Length: 9 | UNCACHED", "<1>123456789"),
        ("trickle(d1:3)|slice(1)", "UNCACHED | Content-Length: 9", "123456789"),
        ("trickle(d1)|trickle(d2)", "UNCACHED", "<2>0123456789"),
        // sub
        ("sub(nonsense)", "", "0123456789"),
        ("sub()", "", "0123456789"),
        ("sub(null)", "", "0123456789"),
    ] {
        let reply = piped(text, reply("0123456789")).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(shown(&reply), (fields.to_owned(), content.to_owned()), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_loses_the_reason_phrase_of_the_one_before() {
    for (text, status) in [("status(404)", 404), ("status( 2_0_4 )", 204), ("status(+999)|status(0)", 0)] {
        let mut reply = reply("");
        reply.reason = Some(Bytes::from_static(b"Fine"));
        let reply = piped(text, reply).await.expect("it is applied");
        assert_eq!((reply.status, reply.reason), (status, None), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn pipes_fail_where_the_original_fails_and_say_why() {
    for (text, expected) in [
        // Names and unfinished escapes come first, in the order of the text, before any pipe is applied.
        ("nope", "pipe `nope` at octet 0: unknown"),
        ("Header(A,b)", "pipe `Header` at octet 0: unknown"),
        ("()", "pipe `` at octet 0: unknown"),
        ("slice(a)|nope", "pipe `nope` at octet 9: unknown"),
        ("header(A,b))", "pipe `)` at octet 11: unknown"),
        ("header(A,b) |gzip", "pipe ` ` at octet 11: unknown"),
        ("a)b", "pipe `a)b` at octet 0: unknown"),
        ("header(é,b)|header(A,b\\", "pipe `header` at octet 13: a backslash at the very end"),
        ("nope|header(A,b\\", "pipe `nope` at octet 0: unknown"),
        // Arguments come when their pipe's turn does.
        ("sub|status(a)", "pipe `sub` at octet 0: line 1, octet 0: `{{nope}}`: `nope` is not defined"),
        ("status(a)|sub", "pipe `status` at octet 0: `a` is not a whole number"),
        ("status", "pipe `status` at octet 0: it takes 1 to 1 arguments, not 0"),
        ("status(1,2)", "pipe `status` at octet 0: it takes 1 to 1 arguments, not 2"),
        ("status()", "pipe `status` at octet 0: `` is not a whole number"),
        ("status(99999)", "pipe `status` at octet 0: 99999 is no status"),
        ("status(-1)", "pipe `status` at octet 0: -1 is no status"),
        ("header(A)", "pipe `header` at octet 0: it takes 2 to 3 arguments, not 1"),
        ("header(", "pipe `header` at octet 0: it takes 2 to 3 arguments, not 1"),
        ("header(A,b,1,d)", "pipe `header` at octet 0: it takes 2 to 3 arguments, not 4"),
        ("header(A,b,)", "pipe `header` at octet 0: `` is none of true, 1, false and 0"),
        ("header(A,b,yes)", "pipe `header` at octet 0: `yes` is none of true"),
        ("header(A,天)", "pipe `header` at octet 0: `天` has characters beyond ISO 8859-1"),
        ("header(天,b)", "pipe `header` at octet 0: `天` has characters beyond ISO 8859-1"),
        ("gzip()", "pipe `gzip` at octet 0: it takes 0 to 0 arguments, not 1"),
        ("slice", "pipe `slice` at octet 0: it takes 1 to 2 arguments, not 0"),
        ("slice()", "pipe `slice` at octet 0: `` is not a whole number"),
        ("slice(1.0)", "pipe `slice` at octet 0: `1.0` is not a whole number"),
        ("slice(1,2,3)", "pipe `slice` at octet 0: it takes 1 to 2 arguments, not 3"),
        ("sub(html,x)", "pipe `sub` at octet 0: it takes 0 to 1 arguments, not 2"),
        ("trickle", "pipe `trickle` at octet 0: it takes 1 to 1 arguments, not 0"),
        ("trickle()", "pipe `trickle` at octet 0: `` is not a whole number"),
        ("trickle(d1,d2)", "pipe `trickle` at octet 0: it takes 1 to 1 arguments, not 2"),
        ("trickle(d1:)", "pipe `trickle` at octet 0: `` is not a whole number"),
        ("trickle(:d1)", "pipe `trickle` at octet 0: `` is not a whole number"),
        ("trickle(D1)", "pipe `trickle` at octet 0: `D1` is not a whole number"),
        ("trickle(1.5)", "pipe `trickle` at octet 0: `1.5` is not a whole number"),
        ("trickle(d)", "pipe `trickle` at octet 0: `d` is no delay"),
        ("trickle(d1_)", "pipe `trickle` at octet 0: `d1_` is no delay"),
        ("trickle(d1__0)", "pipe `trickle` at octet 0: `d1__0` is no delay"),
        ("trickle(d1:d2)", "pipe `trickle` at octet 0: `d2` follows an item of its own kind"),
        ("trickle(1:2)", "pipe `trickle` at octet 0: `2` follows an item of its own kind"),
        ("trickle(d1:r2:r4)", "pipe `trickle` at octet 0: `r4` follows an item of its own kind"),
        ("trickle(1:d1:r1)", "pipe `trickle` at octet 0: `r1` repeats an odd number of items"),
        ("trickle(1:d1:r-3)", "pipe `trickle` at octet 0: `r-3` repeats an odd number of items"),
        ("trickle(1:d1:rx)", "pipe `trickle` at octet 0: `x` is not a whole number"),
        // These the original finds out while it sends, and the peer hangs.
        ("trickle(d-1)", "pipe `trickle` at octet 0: `d-1` is no delay"),
        ("trickle(dnan)", "pipe `trickle` at octet 0: `dnan` is no delay"),
        ("trickle(dinf)", "pipe `trickle` at octet 0: `dinf` is no delay"),
        ("trickle(d1e300)", "pipe `trickle` at octet 0: `d1e300` is no delay"),
        // These it would go on with for ever.
        ("trickle(d86401)", "pipe `trickle` at octet 0: it waits for more than 86400 seconds"),
        ("trickle(3:d0:-3:d0:r4)", "pipe `trickle` at octet 0: it takes more than 262144 steps"),
        ("trickle(-1:r2)", "pipe `trickle` at octet 0: it takes more than 262144 steps"),
    ] {
        match piped(text, reply("{{nope}}")).await {
            Err(error) => assert!(error.to_string().starts_with(expected), "{text}: {error}"),
            Ok(reply) => panic!("{text}: {reply:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_made_before_a_pipe_that_needs_the_content() {
    let before = tokio::time::Instant::now();
    piped("trickle(d1:3:d2)", reply("0123456789")).await.expect("it is applied");
    assert_eq!(before.elapsed(), Duration::ZERO);
    piped("trickle(d1:3:d2)|status(404)|header(A,b)", reply("0123456789")).await.expect("it is applied");
    assert_eq!(before.elapsed(), Duration::ZERO);
    piped("trickle(d1:3:d2)|sub|trickle(d5)|trickle(d9)", reply("0123456789")).await.expect("it is applied");
    assert_eq!(before.elapsed(), Duration::from_secs(8));
}

#[tokio::test]
async fn sub_makes_octets_of_no_content_so_that_its_length_is_known() {
    let empty = piped("sub", Reply::new(302)).await.expect("it is applied");
    assert!(matches!(empty.body, Body::Octets(content) if content.is_empty()));
    let other = piped("header(A,b)", Reply::new(302)).await.expect("it is applied");
    assert!(matches!(other.body, Body::Pieces(_)));
}

#[tokio::test]
async fn gzip_writes_the_format_that_pythons_gzip_writes() {
    // More than is compressed at one go.
    let content = "0123456789".repeat(20_000).leak();
    let reply = piped("header(content-encoding,x)|gzip", reply(content)).await.expect("it is applied");
    let (fields, _) = shown(&reply);
    let compressed = reply.body.collect().await.expect("octets");
    assert_eq!(fields, format!("Content-Encoding: gzip | Content-Length: {}", compressed.len()));
    // RFC 1952 §2.3: magic number, deflate, no flags, the time, best compression, system unknown.
    let time = u32::try_from(now().unix_timestamp()).expect("before 2106").to_le_bytes();
    let head = [&[0x1f, 0x8b, 8, 0][..], &time, &[2, 255]].concat();
    assert_eq!(compressed[..10], head[..]);
    let mut octets = String::new();
    flate2::read::GzDecoder::new(&compressed[..]).read_to_string(&mut octets).expect("gzip");
    assert_eq!(octets.as_str(), content);
}

#[tokio::test(start_paused = true)]
async fn what_gzip_compressed_can_trickle() {
    let reply = piped("gzip|trickle(20:d1:r2)", reply("0123456789")).await.expect("it is applied");
    let Body::Script(steps) = &reply.body else { panic!("{reply:?}") };
    assert!(matches!(steps[..], [Step::Send(_), Step::Pause(_), Step::Send(_), Step::Pause(_)]), "{steps:?}");
    let announced = reply.fields.all(b"content-length").concat();
    let octets = reply.body.collect().await.expect("octets");
    assert_eq!(announced, octets.len().to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_document_that_looks_at_files_is_substituted_with_several_threads_too() {
    let reply = piped("sub", reply("{{file_hash(md5,dom/a.txt)}}")).await.expect("it is applied");
    assert_eq!(shown(&reply).1, "kAFQmDzST7DWlj99KOF/cg==");
}

#[tokio::test(start_paused = true)]
async fn content_that_a_script_repeats_is_collected_up_to_a_bound() {
    let content = "0".repeat(1 << 20).leak();
    // Each round sends the rest of the content and goes back to 4,096 octets behind where it started.
    let text = format!("trickle({}:d0:{}:d0:r4)", 1 << 20, 4096 - (1 << 20));
    assert!(piped(&text, reply(content)).await.is_ok());
    let error = piped(&format!("{text}|sub"), reply(content)).await.expect_err("it is too much");
    assert!(matches!(error.fault, PipeFault::Content(ReadFault::TooLarge(_))), "{error}");
}

#[test]
fn there_is_a_bound_to_pipes() {
    assert!(parse(&"gzip|".repeat(100)).is_ok_and(|calls| calls.len() == 100));
    assert!(parse(&"gzip|".repeat(101)).is_err_and(|error| matches!(error.fault, PipeFault::TooMany(100))));
}
