//! What malformed requests get: the status, a line of text, the end.

use super::*;

#[tokio::test(start_paused = true)]
async fn malformed_requests_by_clause() {
    let table: &[(&str, String, u16, Fault)] = &[
        ("9112 §3", "GET\r\n\r\n".into(), 400, Fault::RequestLine),
        ("9112 §3.2: target", "GET x HTTP/1.1\r\nHost: h\r\n\r\n".into(), 400, Fault::Target),
        ("9112 §3.2: Host", "GET / HTTP/1.1\r\n\r\n".into(), 400, Fault::Host),
        ("9112 §2.3", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505, Fault::Version),
        ("9112 §5.1", "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n".into(), 400, Fault::FieldLine),
        ("9112 §5.2", "GET / HTTP/1.1\r\nHost: h\r\n b\r\n\r\n".into(), 400, Fault::Folded),
        (
            "9112 §11.2: two lengths",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG".into(),
            400,
            Fault::TwoLengths,
        ),
        (
            "9112 §6.3: two Content-Length",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".into(),
            400,
            Fault::ContentLength,
        ),
        (
            "9112 §6.1: coding",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n".into(),
            501,
            Fault::UnknownCoding,
        ),
        (
            "9112 §6.1: HTTP/1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            400,
            Fault::EncodingInHttp10,
        ),
        ("9110 §15.5.15", format!("GET /{} HTTP/1.1\r\n", "a".repeat(40_000)), 414, Fault::RequestLineTooLong),
        (
            "6585 §5: octets",
            format!("GET / HTTP/1.1\r\nHost: h\r\nA: {}\r\n", "a".repeat(70_000)),
            431,
            Fault::HeadTooLarge,
        ),
        (
            "6585 §5: lines",
            format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "a: b\r\n".repeat(512)),
            431,
            Fault::TooManyFields,
        ),
        ("a TLS record", "\u{16}\u{3}\u{1}".into(), 400, Fault::RequestLine),
    ];
    for (clause, request, status, fault) in table {
        let mut client = Client::connect(targets());
        // The fault may be found before all of it is sent.
        let _ = client.io.write_all(request.as_bytes()).await;
        let response = client.rest().await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{clause}: {response}");
        assert!(response.contains("\r\nConnection: close\r\n"), "{clause}: {response}");
        assert!(response.ends_with(&format!(": {fault}\n")), "{clause}: {response}");
        assert_eq!(client.served().await, Err(*fault), "{clause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_after_good_requests_answers_those_first() {
    let mut client = Client::connect(targets());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET\r\n\r\n").await;
    let text = "400 Bad Request: the request line is malformed\n";
    let refusal = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    assert_eq!(client.rest().await, ok("/") + &refusal);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_in_a_head_is_told_and_one_that_ends_before_is_not() {
    let mut client = Client::connect(targets());
    client.send("GET / HT").await;
    client.end().await;
    assert!(client.rest().await.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    assert_eq!(client.served().await, Err(Fault::Incomplete));

    for before in ["", "\r\n"] {
        let mut client = Client::connect(targets());
        client.send(before).await;
        client.end().await;
        client.expect_end().await;
        assert_eq!(client.served().await, Ok(()));
    }
}
