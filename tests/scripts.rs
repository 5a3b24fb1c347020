//! Scripts of a site, as far as the server's part goes: which paths run, what the client and the log are told, and that
//! their octets stay here. Needs a server that was built with its runtime, as `make suite` builds it.

use crate::support::{Builder, CARRIERS, Client, Server, Site, client::Request, server::binary, server::state_dir};

/// No runtime makes sense of it.
const NONSENSE: &str = "fail";

fn start() -> Server {
    let site = Site::new();
    site.file("a/bad.frames", NONSENSE).file("a/BAD.FRAMES", NONSENSE);
    Builder::new(site).start()
}

#[tokio::test]
async fn a_script_that_makes_no_sense_is_500_with_its_place_for_every_method_and_query() {
    let server = start();
    for carrier in CARRIERS {
        for (method, target) in [("GET", "/a/bad.frames"), ("BREW", "//a/./bad%2eframes?q=x.txt")] {
            let mut client = Client::connect(&server, carrier).await;
            client.begin(&Request { method, target: target.as_bytes(), fields: &[] }, false).await;
            let answer = client.answer(method).await;
            let text = answer.text();
            assert_eq!(answer.head.status, 500, "{carrier:?} {method}: {text}");
            assert!(text.starts_with("500: the script can't be run: ") && text.contains("line 1"), "{text}");
            let id = text.split("exchange ").nth(1).and_then(|rest| rest.split(',').next()).expect("an id");
            server.log_line(&["WARN", "handler failed: the script can't be run", "/a/bad.frames", id]);
        }
    }
}

#[tokio::test]
async fn the_octets_of_scripts_are_not_served() {
    let server = start();
    for carrier in CARRIERS {
        let mut client = Client::connect(&server, carrier).await;
        for (target, status) in
            [("/a/bad.frames/", 403), ("/a/BAD.FRAMES", 403), ("/a/none.frames", 404), ("/a/bad.frames%00", 400)]
        {
            assert_eq!(client.get(target).await.head.status, status, "{carrier:?} {target}");
        }
    }
}

#[tokio::test]
async fn what_is_on_disk_counts_at_each_request() {
    let server = start();
    let mut client = Client::connect(&server, CARRIERS[0]).await;
    assert_eq!(client.get("/new.frames").await.head.status, 404);
    server.site.file("new.frames", NONSENSE);
    assert_eq!(client.get("/new.frames").await.head.status, 500);
    std::fs::remove_file(server.site.path().join("new.frames")).expect("it is there");
    assert_eq!(client.get("/new.frames").await.head.status, 404);
    server.site.file("new.frames", "x".repeat((1 << 20) + 1));
    let large = client.get("/new.frames").await;
    assert!(large.head.status == 500 && large.text().contains("more than 1048576 octets"), "{}", large.text());
}

#[test]
fn check_lists_scripts_with_their_grants() {
    let site = Site::new();
    site.file("a/one.frames", "").file("b/two.frames", "").file("c/three.frames", "");
    let config = tempfile::NamedTempFile::new().expect("a file");
    let grants =
        "[grant.\"/b/*\"]\nraw = false\nfiles = true\n[grant.\"/c/*\"]\nraw = false\nstash = false\npush = false\n";
    std::fs::write(config.path(), grants).expect("a file");
    let mut command = binary();
    command.arg("check").arg(site.path()).arg("--config").arg(config.path()).arg("--state-dir").arg(state_dir());
    let output = command.output().expect("the binary");
    let text = String::from_utf8(output.stdout).expect("text");
    let expected = "ok     /a/one.frames\n         may use raw, stash, push\n\
                    ok     /b/two.frames\n         may use stash, files, push\n\
                    ok     /c/three.frames\n         may use nothing that needs a grant\n\
                    0 handlers, 3 scripts, 0 at fault\n";
    assert_eq!((text.as_str(), output.status.code()), (expected, Some(0)));
}
