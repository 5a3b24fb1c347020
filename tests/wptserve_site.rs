//! A site that behaves as wptserve does, where the comparison with wptserve itself has no say: what is ours to decide,
//! over every carrier.

use crate::support::{Builder, CARRIERS, Carrier, Client, Server, Site, connect, h1};

const BEHAVIOUR: &str = "[site]\nbehaviour = \"wptserve\"\n";

fn serve(more: &str) -> Server {
    let site = Site::new();
    site.file("whole.txt", "whole");
    site.file("large.bin", vec![b'x'; 3 << 20]);
    site.file(
        "answer.asis",
        "HTTP/1.1 203 Odd Reason\r\nConnection: close\r\nX-Order: 1\r\nContent-Type: text/a\r\n\r\ncontent\r\n\r\n",
    );
    site.file("broken.asis", "no response");
    site.file("page.sub.html", "{{GET[x]}} {{host}}");
    site.file("page.sub.html.sub.headers", "X-Host: {{host}}");
    site.file("test.any.js", "// META: title=a & b\ntest(() => {});");
    site.file("hello.frames", "HEADERS { field :status 200; field x-frames yes }\nDATA \"script\" end-stream\n");
    Builder::new(site).config(&format!("{BEHAVIOUR}{more}")).start()
}

#[tokio::test]
async fn files_templates_and_documents_come_over_every_carrier() {
    let server = serve("");
    for carrier in CARRIERS {
        let mut client = Client::connect(&server, carrier).await;
        let page = client.get("/page.sub.html?x=%3Ci%3E").await;
        assert_eq!((page.head.status, page.text()), (200, "&lt;i&gt; localhost".to_owned()), "{carrier:?}");
        assert_eq!(page.head.all("x-host"), ["localhost"], "{carrier:?}");
        let document = client.get("/test.any.html").await;
        assert!(document.text().contains("<title>a &amp; b</title>"), "{carrier:?}: {}", document.text());
        assert_eq!(client.get("/none").await.text(), "{\"error\": {\"code\": 404, \"message\": \"404\"}}");
        // Over HTTP/1.1 it ends with the connection, which this client does not know of.
        if !matches!(carrier, Carrier::H1 | Carrier::H1Tls) {
            assert_eq!(client.get("/large.bin").await.content().len(), 3 << 20, "{carrier:?}");
        }
    }
}

#[tokio::test]
async fn an_asis_file_is_the_response_verbatim_and_over_http2_in_parts() {
    let server = serve("");
    let mut connection = h1::Connection::new(connect(&server, Carrier::H1).await);
    connection.send(b"GET /answer.asis HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let octets = connection.rest().await;
    assert!(octets.starts_with(b"HTTP/1.1 203 Odd Reason\r\nConnection: close\r\nX-Order: 1\r\n"), "{octets:?}");
    assert!(octets.ends_with(b"\r\n\r\ncontent\r\n\r\n"));

    let mut client = Client::connect(&server, Carrier::H2c).await;
    let answer = client.get("/answer.asis").await;
    assert_eq!((answer.head.status, answer.text()), (203, "content\r\n\r\n".to_owned()));
    assert_eq!((answer.head.all("x-order"), answer.head.all("connection").len()), (vec!["1".to_owned()], 0));
    let broken = client.get("/broken.asis").await;
    assert_eq!(broken.head.status, 500);
    assert!(broken.text().contains("line 1 is no status line"), "{}", broken.text());
}

#[tokio::test]
async fn whole_files_close_the_connection_unless_their_length_is_announced() {
    for (more, kept) in [("", false), ("[wptserve]\nstatic_length = true\n", true)] {
        let server = serve(more);
        let mut connection = h1::Connection::new(connect(&server, Carrier::H1).await);
        let request = b"GET /whole.txt HTTP/1.1\r\nHost: h\r\n\r\n";
        connection.send(&request.repeat(2)).await;
        if kept {
            connection.send(b"GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
        }
        let text = String::from_utf8(connection.rest().await).expect("text");
        let heads = text.matches("HTTP/1.1 200 OK\r\n").count();
        assert_eq!(
            (heads, text.contains("Content-Length: 5\r\n")),
            if kept { (2, true) } else { (1, false) },
            "{text}"
        );
        assert!(!text.to_ascii_lowercase().contains("connection:"), "{text}");
    }
}

#[tokio::test]
async fn scripts_and_handlers_run_in_such_a_site_too() {
    let server = serve("");
    let mut client = Client::connect(&server, Carrier::H2c).await;
    let answer = client.get("/hello.frames").await;
    assert_eq!((answer.head.all("x-frames"), answer.text()), (vec!["yes".to_owned()], "script".to_owned()));
}
