//! The static site over the wire: files, ranges, listings, and paths that must not leave it.

use crate::support::{
    Builder, CARRIERS, Carrier, Client, Server, Site,
    client::{Answer, Request, fields},
    connect,
    frames::{self, INITIAL_WINDOW_SIZE},
    h1,
};

const TEXT: &str = "0123456789";

fn site() -> Site {
    let site = Site::new();
    site.file("a.txt", TEXT)
        .file("sub/page.html", "<p>page")
        .file("sub/b c&d.txt", "odd")
        .file("index/index.html", "<p>index")
        .file("plain.wasm", "\0asm")
        .handler("hello.handler.wasm", "rust/hello");
    site
}

async fn ask(server: &Server, carrier: Carrier, method: &str, target: &str, lines: &[(&str, &str)]) -> Answer {
    let mut client = Client::connect(server, carrier).await;
    let lines: Vec<_> = lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    client.begin(&Request { method, target: target.as_bytes(), fields: &lines }, false).await;
    client.answer(method).await
}

#[tokio::test]
async fn files_have_type_and_length_and_head_has_the_same_fields() {
    let server = Builder::new(site()).start();
    for carrier in CARRIERS {
        for (target, media_type, content) in [
            ("/a.txt", "text/plain", TEXT),
            ("/a.txt?any=query", "text/plain", TEXT),
            ("/sub/page.html", "text/html", "<p>page"),
            ("/sub/b%20c%26d.txt", "text/plain", "odd"),
            ("/plain.wasm", "application/wasm", "\0asm"),
            ("/index/", "text/html", "<p>index"),
        ] {
            let get = ask(&server, carrier, "GET", target, &[]).await;
            assert_eq!((get.head.status, get.text().as_str()), (200, content), "{target}");
            let length = content.len().to_string();
            let expected = [("content-type", media_type), ("content-length", &length), ("accept-ranges", "bytes")];
            assert_eq!(get.head.fields, fields(&expected), "{target}");
            let head = ask(&server, carrier, "HEAD", target, &[]).await;
            assert_eq!((&head.head, head.text().as_str()), (&get.head, ""), "{target}");
        }
    }
}

#[tokio::test]
async fn ranges_by_clause() {
    let server = Builder::new(site()).start();
    for carrier in [Carrier::H1, Carrier::H2Tls] {
        for (clause, range, status, content_range, content) in [
            ("9110 §14.1.2", "bytes=2-4", 206, "bytes 2-4/10", "234"),
            ("9110 §14.1.2: to the end", "bytes=7-", 206, "bytes 7-9/10", "789"),
            ("9110 §14.1.2: suffix", "bytes=-3", 206, "bytes 7-9/10", "789"),
            ("9110 §14.1.2: beyond the end", "bytes=8-100", 206, "bytes 8-9/10", "89"),
            ("9110 §14.1.2: long suffix", "bytes=-100", 206, "bytes 0-9/10", TEXT),
            ("9110 §15.5.17", "bytes=10-", 416, "bytes */10", ""),
            ("9110 §14.1.2: suffix of nothing", "bytes=-0", 416, "bytes */10", ""),
            ("9110 §14.2: malformed", "bytes=4-2", 200, "", TEXT),
            ("9110 §14.2: unknown unit", "lines=1-2", 200, "", TEXT),
        ] {
            let answer = ask(&server, carrier, "GET", "/a.txt", &[("range", range)]).await;
            assert_eq!(answer.head.status, status, "{clause}");
            assert_eq!(answer.head.all("content-range").join(""), content_range, "{clause}");
            if status != 416 {
                assert_eq!(answer.text(), content, "{clause}");
            }
        }
        let answer = ask(&server, carrier, "GET", "/a.txt", &[("range", "bytes=0-1,5-6")]).await;
        let media_type = &answer.head.all("content-type")[0];
        let boundary = media_type.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
        let part = |range: &str, text: &str| {
            format!("--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/10\r\n\r\n{text}\r\n")
        };
        assert_eq!(answer.text(), format!("{}{}--{boundary}--\r\n", part("0-1", "01"), part("5-6", "56")));
        let head = ask(&server, carrier, "HEAD", "/a.txt", &[("range", "bytes=2-4")]).await;
        assert_eq!(head.head.status, 200, "9110 §14.2: only GET has ranges");
    }
}

#[tokio::test]
async fn folders_are_listed_and_found_with_a_slash() {
    let server = Builder::new(site()).start();
    let answer = ask(&server, Carrier::H1, "GET", "/sub/", &[]).await;
    assert_eq!(
        (answer.head.status, answer.head.all("content-type").join("")),
        (200, "text/html; charset=utf-8".into())
    );
    assert!(answer.text().contains(r#"href="b%20c%26d.txt">b c&amp;d.txt<"#), "{}", answer.text());
    let moved = ask(&server, Carrier::H1, "GET", "/sub?q", &[]).await;
    assert_eq!((moved.head.status, moved.head.all("location")), (301, vec!["/sub/?q".to_owned()]));
    assert!(ask(&server, Carrier::H2c, "GET", "/", &[]).await.text().contains("hello.handler.wasm"));
}

#[tokio::test]
async fn files_answer_get_and_head_only() {
    let server = Builder::new(site()).start();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "PROPFIND"] {
        let answer = ask(&server, Carrier::H1, method, "/a.txt", &[]).await;
        assert_eq!((answer.head.status, answer.head.all("allow")), (405, vec!["GET, HEAD".to_owned()]), "{method}");
    }
    let answer = ask(&server, Carrier::H1, "OPTIONS", "*", &[]).await;
    assert_eq!(answer.head.status, 204);
    let mut client = h1::Connection::new(connect(&server, Carrier::H1).await);
    client.send("CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n").await;
    assert_eq!(client.response("CONNECT").await.status, 501);
}

#[tokio::test]
async fn no_path_leaves_the_site() {
    let outside = Site::new();
    outside.file("secret.txt", "secret");
    let site = site();
    let secret = outside.path().join("secret.txt");
    std::os::unix::fs::symlink(&secret, site.path().join("link.txt")).expect("a link");
    std::os::unix::fs::symlink(outside.path(), site.path().join("folder")).expect("a link");
    std::os::unix::fs::symlink("a.txt", site.path().join("inside.txt")).expect("a link");
    std::os::unix::fs::symlink("hello.handler.wasm", site.path().join("disguise.txt")).expect("a link");
    let absolute = secret.to_str().expect("text").to_owned();
    let up = "../".repeat(20);
    let server = Builder::new(site).start();
    let table = [
        ("parent", format!("/{up}{absolute}"), 403),
        ("parent inside", "/sub/../a.txt".into(), 403),
        ("parent at the end", "/sub/..".into(), 403),
        ("encoded dots", "/%2e%2e/%2e%2e/etc/passwd".into(), 403),
        ("half encoded", "/.%2E/etc/passwd".into(), 403),
        ("encoded slash", "/sub%2f..%2f..%2fetc%2fpasswd".into(), 403),
        ("encoded twice", "/%252e%252e/etc/passwd".into(), 404),
        ("backslashes", "/..\\..\\etc\\passwd".into(), 404),
        ("encoded backslashes", "/..%5c..%5cetc%5cpasswd".into(), 404),
        ("absolute", format!("/{absolute}"), 404),
        ("NUL", "/a.txt%00.html".into(), 400),
        ("overlong UTF-8", "/%c0%ae%c0%ae/etc/passwd".into(), 404),
        ("no escape", "/a.txt%".into(), 400),
        ("long segment", format!("/{}", "a".repeat(256)), 414),
        ("long path", format!("/{}", "a/".repeat(3000)), 414),
        ("link out", "/link.txt".into(), 403),
        ("folder out", "/folder/secret.txt".into(), 403),
        ("folder out, listed", "/folder/".into(), 403),
        ("link inside", "/inside.txt".into(), 200),
        ("handler under another name", "/disguise.txt".into(), 403),
        ("handler as a folder", "/hello.handler.wasm/".into(), 403),
        ("file as a folder", "/a.txt/".into(), 404),
        ("below a file", "/a.txt/x".into(), 404),
    ];
    for carrier in [Carrier::H1, Carrier::H2Tls] {
        for (what, target, status) in &table {
            let answer = ask(&server, carrier, "GET", target, &[]).await;
            assert_eq!(answer.head.status, *status, "{what}: {:?}", answer.text());
            assert!(!answer.text().contains("secret"), "{what}");
            assert!(!answer.text().contains("root:") && !answer.text().contains("\0asm"), "{what}");
        }
    }
    let handler = ask(&server, Carrier::H1, "GET", "/hello.handler.w%61sm", &[("range", "bytes=0-3")]).await;
    assert_eq!(handler.text(), "Hello, world!\n", "it runs, however it is spelled");
}

#[tokio::test]
async fn links_that_lead_out_are_followed_if_so_configured() {
    let outside = Site::new();
    outside.file("public.txt", "public");
    let site = site();
    std::os::unix::fs::symlink(outside.path().join("public.txt"), site.path().join("link.txt")).expect("a link");
    let server = Builder::new(site).config("[site]\nfollow_symlinks = true").start();
    assert_eq!(ask(&server, Carrier::H1, "GET", "/link.txt", &[]).await.text(), "public");
}

#[tokio::test]
async fn changed_files_are_seen_by_the_next_request() {
    let server = Builder::new(site()).start();
    for round in 0..20 {
        let content = format!("round {round}");
        server.site.file("a.txt", &content);
        assert_eq!(ask(&server, Carrier::H1, "GET", "/a.txt", &[]).await.text(), content);
    }
    std::fs::remove_file(server.site.path().join("a.txt")).expect("a file");
    assert_eq!(ask(&server, Carrier::H1, "GET", "/a.txt", &[]).await.head.status, 404);
}

#[tokio::test]
async fn large_files_are_sent_whole_in_little_memory() {
    const OCTETS: usize = 20 << 20;
    let site = site();
    let content: Vec<u8> = (0..OCTETS).map(|at| u8::try_from(at % 251).expect("below 256")).collect();
    site.file("large.bin", &content);
    let server = Builder::new(site).start();
    for carrier in CARRIERS {
        assert_eq!(ask(&server, carrier, "GET", "/a.txt", &[]).await.text(), TEXT);
    }
    let before = server.resident_kib();
    for carrier in CARRIERS {
        assert!(ask(&server, carrier, "GET", "/large.bin", &[]).await.content() == content, "{carrier:?}");
    }
    // Readers that stop in the middle keep next to nothing in memory.
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut connection = h1::Connection::new(connect(&server, Carrier::H1).await);
        connection.send("GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n").await;
        connection.head().await;
        slow.push(connection);
    }
    let stream = connect(&server, Carrier::H2c).await;
    let mut connection = frames::Connection::new(stream, &[(INITIAL_WINDOW_SIZE, 0)]).await;
    for number in 0..50 {
        connection.get(2 * number + 1, "/large.bin").await;
        assert_eq!(connection.head(2 * number + 1).await.status, 200);
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 16 << 10, "{grown} KiB more");
}
