//! Requests whose end two recipients might see in two places (RFC 9112 §6.3, §11.2): Content-Length and
//! Transfer-Encoding in every combination. Behind each stands a second request. Where the first is refused, the
//! connection must close with that second one unanswered, whatever it would have been.

use std::sync::Arc;

use super::{Arena, Attack, arena::HOSTILE};

/// What must happen.
#[derive(Clone, Copy)]
enum Must {
    /// The first request is refused with one of these, and nothing else is answered.
    Refuse(&'static [u16]),
    /// Both are answered: there is one way to read it.
    Answer,
}

use Must::{Answer, Refuse};

/// Clause of RFC 9112, field lines, content, what must happen.
const CASES: &[(&str, &str, &str, Must)] = &[
    ("§6.3.5: CL", "Content-Length: 5", "hello", Answer),
    ("§6.3.4: TE", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n", Answer),
    ("§6.3.3: CL.TE", "Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n", Refuse(&[400])),
    ("§6.3.3: TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n", Refuse(&[400])),
    ("§6.3.3: CL.0 TE", "Content-Length: 0\r\nTransfer-Encoding: chunked", "0\r\n\r\n", Refuse(&[400])),
    ("§6.3.5: two CL that agree", "Content-Length: 5\r\nContent-Length: 5", "hello", Refuse(&[400, 200])),
    ("§6.3.5: a list of CL that agree", "Content-Length: 5, 5", "hello", Refuse(&[400, 200])),
    ("§6.3.5: two CL", "Content-Length: 5\r\nContent-Length: 0", "hello", Refuse(&[400])),
    ("§6.3.5: a list of CL", "Content-Length: 5, 0", "hello", Refuse(&[400])),
    ("§6.3.5: CL with a sign", "Content-Length: +5", "hello", Refuse(&[400])),
    ("§6.3.5: negative CL", "Content-Length: -5", "hello", Refuse(&[400])),
    ("§6.3.5: hexadecimal CL", "Content-Length: 0x5", "hello", Refuse(&[400])),
    ("§6.3.5: CL with a space in it", "Content-Length: 5 0", "hello", Refuse(&[400])),
    ("§6.3.5: empty CL", "Content-Length:", "hello", Refuse(&[400])),
    ("§6.3.5: CL with a comma alone", "Content-Length: 5,", "hello", Refuse(&[400])),
    ("§5.1: space before the colon of CL", "Content-Length : 5", "hello", Refuse(&[400])),
    ("§5.1: space before the colon of TE", "Transfer-Encoding : chunked", "0\r\n\r\n", Refuse(&[400])),
    ("§5.1: tab before the colon of TE", "Transfer-Encoding\t: chunked", "0\r\n\r\n", Refuse(&[400])),
    ("§5.2: TE folded", "Transfer-Encoding:\r\n chunked", "0\r\n\r\n", Refuse(&[400])),
    ("§2.2: TE behind a bare CR", "X: y\rTransfer-Encoding: chunked", "0\r\n\r\n", Refuse(&[400])),
    ("9110 §5.5: NUL in TE", "Transfer-Encoding: chunked\0", "0\r\n\r\n", Refuse(&[400, 501])),
    ("9110 §5.5: vertical tab in TE", "Transfer-Encoding: \u{b}chunked", "0\r\n\r\n", Refuse(&[400, 501])),
    ("§6.1: TE and a coding unknown", "Transfer-Encoding: xchunked", "0\r\n\r\n", Refuse(&[400, 501])),
    ("§6.1: TE twice in a list", "Transfer-Encoding: chunked, chunked", "0\r\n\r\n0\r\n\r\n", Refuse(&[400])),
    (
        "§6.1: TE twice in lines",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "0\r\n\r\n",
        Refuse(&[400]),
    ),
    ("§6.3.4: chunked not last", "Transfer-Encoding: chunked, identity", "0\r\n\r\n", Refuse(&[400, 501])),
    ("§6.1: identity", "Transfer-Encoding: identity\r\nContent-Length: 5", "hello", Refuse(&[400, 501])),
    ("§6.1: TE of nothing", "Transfer-Encoding:\r\nContent-Length: 5", "hello", Refuse(&[400, 501])),
    ("§6.1: TE in quotes", "Transfer-Encoding: \"chunked\"", "0\r\n\r\n", Refuse(&[400, 501])),
    ("§7: chunked with a parameter", "Transfer-Encoding: chunked;q=1", "0\r\n\r\n", Refuse(&[400, 501])),
    ("§7.1: TE in capitals", "TRANSFER-ENCODING: CHUNKED", "0\r\n\r\n", Answer),
    ("§7.1: TE with space around", "Transfer-Encoding: \t chunked \t", "0\r\n\r\n", Answer),
    ("§6.3.3: CL and TE in capitals", "content-length: 5\r\nTRANSFER-ENCODING: CHUNKED", "0\r\n\r\n", Refuse(&[400])),
    ("9110 §5.1: a name like TE's", "Transfer_Encoding: chunked\r\nContent-Length: 5", "hello", Answer),
];

pub(super) fn attacks() -> Vec<Attack> {
    vec![Attack::new("request smuggling: CL and TE in every combination", combinations).quick()]
}

async fn combinations(arena: Arc<Arena>) -> String {
    let mut refused = 0;
    let mut wrong = Vec::new();
    for (clause, lines, content, must) in CASES {
        let mut connection = arena.h1().await;
        let target = "/odd.handler.wasm?do=read&summary";
        connection.send(format!("POST {target} HTTP/1.1\r\nHost: {HOSTILE}\r\n{lines}\r\n\r\n{content}")).await;
        // The server may be gone before this comes.
        let second = format!("GET /odd.handler.wasm?do=count HTTP/1.1\r\nHost: {HOSTILE}\r\nConnection: close\r\n\r\n");
        let _ = tokio::io::AsyncWriteExt::write_all(&mut connection.stream, second.as_bytes()).await;
        let text = String::from_utf8_lossy(&connection.rest().await).into_owned();
        let statuses: Vec<u16> = statuses(&text);
        let holds = match must {
            Answer => statuses == [200, 200],
            // Two values that agree may count as one (RFC 9110 §8.6).
            Refuse(codes) if codes.contains(&200) && statuses == [200, 200] => true,
            Refuse(codes) => statuses.len() == 1 && statuses[0] != 200 && codes.contains(&statuses[0]),
        };
        if !holds {
            wrong.push(format!("{clause}: {statuses:?}"));
        }
        refused += usize::from(statuses.len() == 1);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("; "));
    format!("{refused} of {} refused with 400 or 501 and a close, the others read in one way", CASES.len())
}

/// The statuses of all responses.
fn statuses(text: &str) -> Vec<u16> {
    text.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
}
