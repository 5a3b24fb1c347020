//! Requests and what they get.

use std::{fs, time::Duration};

use super::*;
use crate::exchange::recorder::{Recorded, Recorder};

struct Fixture {
    directory: tempfile::TempDir,
    site: Site,
}

impl Fixture {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for (path, content) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("directories");
            fs::write(path, content).expect("a file");
        }
        let site = Site::open(&Settings::new(directory.path())).expect("it is there");
        Self { directory, site }
    }

    async fn request(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> Result<Recorded, Refusal> {
        let (mut exchange, recorder) = Recorder::exchange(method, target.as_bytes(), fields);
        let path = SitePath::parse(exchange.head.path())?;
        self.site.respond(&exchange.head, path, Instant::now(), &mut exchange.response).await?;
        drop(exchange);
        Ok(recorder.recorded())
    }

    async fn get(&self, target: &str) -> Recorded {
        self.request("GET", target, &[]).await.expect("it is answered")
    }

    async fn range(&self, target: &str, range: &str) -> Result<Recorded, Refusal> {
        self.request("GET", target, &[("range", range)]).await
    }
}

#[tokio::test]
async fn get_sends_the_file_and_head_its_fields() {
    let fixture = Fixture::new(&[("a/b.html", b"<p>hello"), ("empty.txt", b"")]);
    for (target, length, content) in [("/a/b.html", "8", b"<p>hello".as_slice()), ("/empty.txt", "0", b"")] {
        for (method, content) in [("GET", content), ("HEAD", b"")] {
            let sent = fixture.request(method, target, &[("range", "lines=1")]).await.expect("it is answered");
            assert_eq!((sent.status, &sent.content[..], sent.ended, sent.reset), (200, content, true, None));
            assert_eq!((sent.field("content-length"), sent.field("accept-ranges")), (length, "bytes"));
            assert!(sent.fields.first("etag").is_none() && sent.fields.first("last-modified").is_none());
        }
    }
    assert_eq!(fixture.get("/a/b.html?query").await.field("content-type"), "text/html");
}

#[tokio::test]
async fn other_methods_and_odd_paths_are_refused() {
    let fixture = Fixture::new(&[("a.txt", b"a"), ("h.handler.wasm", b"component")]);
    for (method, target, status) in [
        ("POST", "/a.txt", 405),
        ("get", "/a.txt", 405),
        ("OPTIONS", "/nothing", 405),
        ("GET", "/nothing", 404),
        ("GET", "/a.txt/", 404),
        ("GET", "/a.txt/b", 404),
        ("GET", "/../a.txt", 403),
        ("GET", "/%00", 400),
        ("GET", "/%", 400),
        ("GET", "/h.handler.wasm", 403),
        ("HEAD", "/h%2Ehandler%2ewasm", 403),
        ("GET", "/h.handler.wasm/", 403),
        ("GET", "/H.HANDLER.WASM", 403),
    ] {
        let refusal = fixture.request(method, target, &[]).await.expect_err(target);
        assert_eq!(refusal.status(), status, "{method} {target}: {refusal}");
    }
    let refusal = fixture.request("PUT", "/a.txt", &[]).await.expect_err("files are only read");
    assert_eq!(refusal.field(), Some(("allow", "GET, HEAD".to_owned())));
}

#[cfg(unix)]
#[tokio::test]
async fn links_do_not_uncover_handlers() {
    let fixture = Fixture::new(&[("h.handler.wasm", b"component")]);
    std::os::unix::fs::symlink("h.handler.wasm", fixture.directory.path().join("h.txt")).expect("a link");
    assert_eq!(fixture.request("GET", "/h.txt", &[]).await.expect_err("refused").status(), 403);
}

#[tokio::test]
async fn ranges_select_octets() {
    // Once from memory, once from disk.
    for length in [1000, usize::try_from(cache::LARGEST).expect("small") + 1000] {
        let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).expect("small")).collect();
        let fixture = Fixture::new(&[("f.bin", &content)]);
        let sent = fixture.range("/f.bin", "bytes=10-19").await.expect("it is answered");
        assert_eq!((sent.status, &sent.content[..]), (206, &content[10..20]));
        assert_eq!(sent.field("content-range"), format!("bytes 10-19/{length}"));
        assert_eq!((sent.field("content-length"), sent.ended), ("10", true));

        let sent = fixture.range("/f.bin", "bytes=-5").await.expect("it is answered");
        assert_eq!((sent.status, &sent.content[..]), (206, &content[length - 5..]));

        let sent = fixture.range("/f.bin", "bytes=0-").await.expect("it is answered");
        assert_eq!((sent.status, sent.content.len()), (206, length));

        let refusal = fixture.range("/f.bin", &format!("bytes={length}-")).await.expect_err("nothing there");
        assert_eq!((refusal.status(), refusal.field()), (416, Some(("content-range", format!("bytes */{length}")))));

        for fields in [
            [("range", "bytes=2-1"), ("accept", "*/*")],
            [("range", "bytes=0-1"), ("if-range", "Mon, 23 Nov 2026 00:00:00 GMT")],
        ] {
            let sent = fixture.request("GET", "/f.bin", &fields).await.expect("it is answered");
            assert_eq!((sent.status, sent.content.len()), (200, length));
        }
        let sent = fixture.request("HEAD", "/f.bin", &[("range", "bytes=0-1")]).await.expect("it is answered");
        assert_eq!((sent.status, sent.field("content-length")), (200, &*length.to_string()));
    }
}

#[tokio::test]
async fn several_ranges_come_as_parts() {
    let fixture = Fixture::new(&[("f.txt", b"0123456789")]);
    let sent = fixture.range("/f.txt", "bytes=8-,0-1").await.expect("it is answered");
    let media_type = sent.field("content-type").to_owned();
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=").expect("parts");
    let expected = format!(
        "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\
         \r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
         \r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8(sent.content.clone()).expect("text"), expected);
    assert_eq!((sent.status, sent.ended, sent.reset), (206, true, None));
    assert_eq!(sent.field("content-length"), expected.len().to_string());
    assert!(sent.fields.first("content-range").is_none());

    let sent = fixture.range("/f.txt", "bytes=0-5,3-9").await.expect("it is answered");
    assert_eq!((sent.field("content-range"), &sent.content[..]), ("bytes 0-9/10", b"0123456789".as_slice()));
}

#[tokio::test]
async fn large_files_are_sent_in_small_pieces() {
    let content: Vec<u8> = (0..20_000_000_u32).map(|at| u8::try_from(at % 253).expect("small")).collect();
    let fixture = Fixture::new(&[("large.bin", &content)]);
    let sent = fixture.get("/large.bin").await;
    assert!(sent.content == content && sent.ended);
    assert!(sent.longest <= 64 << 10, "{}", sent.longest);
}

#[tokio::test]
async fn directories_are_redirected_to_indexed_and_listed() {
    let fixture = Fixture::new(&[("a/index.html", b"index"), ("b/<x>.txt", b""), ("b/index.html/file", b"")]);
    for (target, location) in [
        ("/a", "/a/"),
        ("//a", "/a/"),
        ("/./a?q=1&r=%20", "/a/?q=1&r=%20"),
        ("/a?", "/a/?"),
        ("/a?<\"\u{e9}>", "/a/?%3C%22%C3%A9%3E"),
    ] {
        let sent = fixture.get(target).await;
        assert_eq!((sent.status, sent.field("location"), sent.ended), (301, location, true), "{target}");
    }
    assert_eq!(fixture.get("/a/").await.content, b"index");
    assert_eq!(fixture.get("/a/?q").await.field("content-type"), "text/html");
    let page = String::from_utf8(fixture.get("/b/").await.content).expect("text");
    assert!(page.contains("<a href=\"%3Cx%3E.txt\">&lt;x&gt;.txt</a>"), "{page}");
    assert!(fixture.get("/").await.content.starts_with(b"<!DOCTYPE html>"));
    let head = fixture.request("HEAD", "/b/", &[]).await.expect("it is answered");
    assert_eq!((head.status, head.content.len(), head.ended), (200, 0, true));
}

#[tokio::test]
async fn a_changed_file_is_seen_by_the_next_request() {
    let fixture = Fixture::new(&[("f.txt", b"old"), ("d/index.html", b"old")]);
    for target in ["/f.txt", "/d/"] {
        let file = fixture.directory.path().join(if target == "/d/" { "d/index.html" } else { "f.txt" });
        let key = SitePath::parse(target.as_bytes()).expect("valid");
        assert_eq!(fixture.get(target).await.content, b"old");
        // A fresh file could change again within one step of its time stamp, so it is not kept yet.
        while fixture.site.cache.get(key.key()).is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(fixture.get(target).await.content, b"old");
        }
        assert!(fixture.site.fresh(&key, Instant::now()).is_some());

        // The same length and, by copying, the same time stamp of modification.
        let modified = fs::metadata(&file).expect("it is there").modified().expect("it has one");
        fs::write(&file, "new").expect("a file");
        fs::File::options().append(true).open(&file).expect("a file").set_modified(modified).expect("it is ours");
        assert_eq!(fixture.get(target).await.content, b"new");

        fs::remove_file(&file).expect("it is there");
        assert!(fixture.site.fresh(&key, Instant::now()).is_none());
    }
    assert_eq!(fixture.request("GET", "/f.txt", &[]).await.expect_err("it is gone").status(), 404);
    assert!(fixture.get("/d/").await.content.starts_with(b"<!DOCTYPE html>"));
}

#[tokio::test]
async fn requests_that_arrive_together_share_one_look_at_the_disk() {
    let fixture = Fixture::new(&[("f.txt", b"old")]);
    let key = SitePath::parse(b"/f.txt").expect("valid");
    let arrived = Instant::now();
    while fixture.site.fresh(&key, Instant::now()).is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        fixture.get("/f.txt").await;
    }
    fs::write(fixture.directory.path().join("f.txt"), "new").expect("a file");
    assert!(fixture.site.fresh(&key, arrived).is_some(), "its sender cannot have known");
    assert!(fixture.site.fresh(&key, Instant::now()).is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_cached_file_does_not_hide_a_link_that_leads_out() {
    let outside = tempfile::NamedTempFile::new().expect("a file");
    let fixture = Fixture::new(&[("d/f.txt", b"inside")]);
    let file = fixture.directory.path().join("d/f.txt");
    let key = SitePath::parse(b"/d/f.txt").expect("valid");
    while fixture.site.cache.get(key.key()).is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(fixture.get("/d/f.txt").await.content, b"inside");
    }
    fs::remove_file(&file).expect("it is there");
    std::os::unix::fs::symlink(outside.path(), &file).expect("a link");
    assert_eq!(fixture.request("GET", "/d/f.txt", &[]).await.expect_err("refused").status(), 403);
}

#[tokio::test]
async fn a_file_that_shrinks_breaks_the_response_off() {
    let length = cache::LARGEST + 1;
    let fixture = Fixture::new(&[]);
    let path = fixture.directory.path().join("f.bin");
    fs::File::create(&path).expect("a file").set_len(length).expect("it is sparse");
    let Ok(Found::File(opened)) = fixture.site.root.find(&SitePath::parse(b"/f.bin").expect("valid")) else { panic!() };
    fs::File::options().write(true).open(&path).expect("a file").set_len(100).expect("it is ours");
    let (mut exchange, recorder) = Recorder::exchange("GET", b"/f.bin", &[]);
    let source = Source::Disk(Arc::new(opened.file));
    let representation = Representation { media_type: "a/b", length, source };
    let sent = send(&mut exchange.response, &representation, Selection::Whole).await.expect("its head is sent");
    assert!(matches!(sent, Err(SendFault::Shrunk)));
    drop(exchange);
    assert_eq!(recorder.recorded().reset, Some(2));
}

#[tokio::test]
async fn locating_is_for_files_inside_the_site() {
    let fixture = Fixture::new(&[("a/h.handler.wasm", b"component"), ("d.handler.wasm/x", b"")]);
    let locate = async |path: &'static [u8]| fixture.site.locate(SitePath::parse(path).expect("valid")).await;
    let found = locate(b"/a/h.handler.wasm").await.expect("it is there");
    assert_eq!(found, fixture.directory.path().join("a/h.handler.wasm"));
    assert_eq!(locate(b"/b.handler.wasm").await.expect_err("nothing there").status(), 404);
    assert_eq!(locate(b"/d.handler.wasm").await.expect_err("a directory").status(), 404);
}
