//! A site that behaves as wptserve does, where the comparison with wptserve itself has no say: what is ours to decide,
//! over every carrier.

use crate::support::{Builder, CARRIERS, Carrier, Client, Server, Site, client::Request, connect, h1};

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
    site.file("headers.sub.txt", "{{header_or_default(x-a, none)}} {{location[server]}}");
    site.file("twice.window.js", "");
    site.file("twice.window.js.headers", "X-A: 1\nX-A: 2");
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
        assert_eq!(client.get("/large.bin").await.content().len(), 3 << 20, "{carrier:?}");
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
async fn whole_files_keep_the_connection_unless_their_length_is_not_announced() {
    for (more, kept) in [("", true), ("[wptserve]\nstatic_length = false\n", false)] {
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

/// What a template sees of two fields of one name, and where it thinks to be.
async fn seen(server: &Server, carrier: Carrier) -> String {
    let mut client = Client::connect(server, carrier).await;
    let fields: [(&[u8], &[u8]); 2] = [(b"x-a", b"1"), (b"x-a", b"2")];
    client.begin(&Request { method: "GET", target: b"/headers.sub.txt", fields: &fields }, false).await;
    client.answer("GET").await.text()
}

#[tokio::test]
async fn templates_see_one_field_of_a_name_and_odd_urls_unless_that_is_mended() {
    let kept = serve("");
    let mended = serve("[wptserve]\nrequest_duplicates = true\nhttp2_url = true\n");
    for carrier in CARRIERS {
        let port = kept.port(carrier.listener());
        let (value, url) = match carrier {
            Carrier::H1 => ("1", format!("http://localhost:{port}")),
            Carrier::H1Tls => ("1", format!("https://localhost:{port}")),
            _ => ("2", format!("http2://127.0.0.1:{port}")),
        };
        assert_eq!(seen(&kept, carrier).await, format!("{value} {url}"), "{carrier:?}");
        let url = match carrier {
            Carrier::H1 | Carrier::H2c => format!("http://localhost:{}", mended.port(carrier.listener())),
            _ => format!("https://localhost:{}", mended.port(carrier.listener())),
        };
        assert_eq!(seen(&mended, carrier).await, format!("1, 2 {url}"), "{carrier:?}");
    }
}

#[tokio::test]
async fn documents_have_the_last_of_their_scripts_fields_unless_that_is_mended() {
    for (more, expected) in [("", vec!["2"]), ("[wptserve]\ndocument_duplicates = true\n", vec!["1", "2"])] {
        let server = serve(more);
        for carrier in CARRIERS {
            let document = Client::connect(&server, carrier).await.get("/twice.window.html").await;
            assert_eq!(document.head.all("x-a"), expected, "{carrier:?}");
            assert_eq!(document.head.all("content-type"), ["text/html"], "{carrier:?}");
        }
    }
}

#[tokio::test]
async fn parts_of_large_files_come_as_those_of_small_ones() {
    let server = serve("");
    for carrier in CARRIERS {
        let mut client = Client::connect(&server, carrier).await;
        let last = (3 << 20) - 1;
        for (range, content_range, octets) in [
            ("bytes=1-2621440".to_owned(), format!("bytes 1-2621440/{}", last + 1), 2_621_440),
            ("bytes=-7".to_owned(), format!("bytes {}-{last}/{}", last - 6, last + 1), 7),
        ] {
            let fields: [(&[u8], &[u8]); 1] = [(b"range", range.as_bytes())];
            client.begin(&Request { method: "GET", target: b"/large.bin", fields: &fields }, false).await;
            let part = client.answer("GET").await;
            assert_eq!((part.head.status, part.head.all("content-range")), (206, vec![content_range]), "{carrier:?}");
            assert_eq!(part.content(), vec![b'x'; octets], "{carrier:?}");
        }
    }
    let mut connection = h1::Connection::new(connect(&server, Carrier::H1).await);
    connection.send(b"GET /large.bin HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1048575,-1\r\n\r\n").await;
    let text = String::from_utf8(connection.rest().await).expect("text");
    let (head, content) = text.split_once("\r\n\r\n").expect("a head");
    assert!(!head.to_ascii_lowercase().contains("content-length"), "{head}");
    let parts: Vec<_> = content.split("\r\n\r\n").collect();
    assert_eq!(parts[1].find("\r\n--"), Some(1 << 20));
    assert!(parts[0].ends_with("Content-Range: bytes 0-1048575/3145728"), "{}", parts[0]);
    assert!(parts[1].ends_with("Content-Range: bytes 3145727-3145727/3145728"));
    assert!(parts[2].starts_with("x\r\n--") && parts[2].ends_with("--"), "{}", parts[2]);
}

#[tokio::test]
async fn a_link_to_a_folder_is_listed_as_one() {
    let site = Site::new();
    site.file("there/a.txt", "a");
    std::os::unix::fs::symlink("there", site.path().join("here")).expect("a link");
    let server = Builder::new(site).config(BEHAVIOUR).start();
    let listing = Client::connect(&server, Carrier::H2c).await.get("/").await.text();
    assert!(listing.contains("<li class=\"dir\"><a href=\"here/\">here</a></li>"), "{listing}");
}

#[tokio::test]
async fn a_script_is_put_into_whole_pages_and_nothing_else() {
    let site = Site::new();
    site.file("all.js", "a();").file("page.html", "<!doctype html>\n<html><p>page").file("text.txt", "<p>text");
    site.file("list/x.txt", "").file("test.any.js", "test(() => {});");
    let script = site.path().join("all.js");
    let config = format!("{BEHAVIOUR}[wptserve]\ninject_script = {:?}\n", script.to_str().expect("text"));
    let server = Builder::new(site).config(&config).start();
    const ELEMENT: &str = "<script>\na();\ndocument.currentScript.remove();\n</script>\n";
    for carrier in CARRIERS {
        let mut client = Client::connect(&server, carrier).await;
        let page = client.get("/page.html").await;
        assert_eq!(page.text(), format!("<!doctype html>\n<html>{ELEMENT}<p>page"), "{carrier:?}");
        let document = client.get("/test.any.html").await.text();
        assert!(document.starts_with(&format!("<!doctype html>\n{ELEMENT}<meta charset=utf-8>")), "{document}");
        let piped = client.get("/page.html?pipe=slice(0,7)%7Cheader(Content-Type,text/html)").await;
        assert_eq!(piped.text(), "<!docty", "there is nothing to put it before");
        for path in ["/text.txt", "/list/", "/none"] {
            assert!(!client.get(path).await.text().contains("<script>"), "{carrier:?}, {path}");
        }
    }
}

#[tokio::test]
async fn tests_of_test262_are_framed_in_todays_trees_alone() {
    for is_of_today in [true, false] {
        let site = Site::new();
        site.file("third_party/test262/test/x.js", "/*---\nflags: [onlyStrict]\nincludes: [a.js]\n---*/\nb();");
        if is_of_today {
            site.file("resources/testharness-shadowrealm-inner.js", "");
        }
        let server = Builder::new(site).config(BEHAVIOUR).start();
        let mut client = Client::connect(&server, Carrier::H1).await;
        for (suffix, media_type, part) in [
            ("test262.strict.html", "text/html", "src=\"/third_party/test262/test/x.test262-test.strict.html\""),
            ("test262-test.strict.html", "text/html", "src=\"/third_party/test262/harness/a.js\""),
            ("test262.strict.js", "text/javascript", "\"use strict\";\n/*---"),
        ] {
            let answer = client.get(&format!("/third_party/test262/test/x.{suffix}")).await;
            assert_eq!(answer.head.status, if is_of_today { 200 } else { 404 }, "{suffix}");
            if is_of_today {
                assert_eq!(answer.head.all("content-type"), [media_type]);
                assert!(answer.text().contains(part), "{}", answer.text());
            }
        }
    }
}
