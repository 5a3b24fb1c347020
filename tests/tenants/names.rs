//! Which tenant a connection belongs to, and what happens to all others' names on it.

use std::sync::Arc;

use super::{client, get, get_h2, get_once, h1, h1_tls, h2, h2_tls, serve, shake, two};
use crate::support::{Site, soon};

#[tokio::test]
async fn a_folder_is_served_under_its_name_whatever_the_port() {
    let server = serve(two(), "");
    for (authority, expected) in
        [("a.test", "a.test"), ("A.TEST:1", "a.test"), ("a.test.", "a.test"), ("b.test:8000", "b.test")]
    {
        let response = get_once(&server, authority, "/who").await;
        assert_eq!((response.status, response.text()), (200, expected), "{authority}");
        server.log_line(&["GET /who", "200", &format!("tenant={expected}")]);
    }
    for authority in ["a.test", "b.test:443"] {
        let (status, content) = get_h2(&mut h2(&server).await, 1, authority, "/who").await;
        assert_eq!((status, content.as_str()), (200, &authority[..6]));
    }
}

#[tokio::test]
async fn names_that_are_nobodys_get_421_and_no_more() {
    let server = serve(two(), "");
    for authority in ["c.test", "localhost", "127.0.0.1", "[::1]", "www.a.test", "%61.test"] {
        let mut connection = h1(&server).await;
        let response = get(&mut connection, authority, "/who").await;
        assert_eq!((response.status, response.all("connection")), (421, vec!["close"]), "{authority}");
        assert!(connection.is_closed().await);
    }
    // These are no hosts at all (RFC 9112 §3.2).
    for authority in ["a.test/../b.test", "a.test@b.test", "../b.test"] {
        let status = get_once(&server, authority, "/who").await.status;
        assert!(matches!(status, 400 | 421), "{authority}: {status}");
        assert_ne!(get_h2(&mut h2(&server).await, 1, authority, "/who").await.0, 200, "{authority}");
    }
    // HTTP/1.0 needs no authority (RFC 9112 §3.2).
    let mut connection = h1(&server).await;
    connection.send("GET /who HTTP/1.0\r\n\r\n").await;
    assert_eq!(connection.response("GET").await.status, 421);
    // An absolute-form target counts before Host (RFC 9112 §3.2.2).
    let mut connection = h1(&server).await;
    connection.send("GET http://c.test/who HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    assert_eq!(connection.response("GET").await.status, 421);
}

#[tokio::test]
async fn a_cleartext_connection_belongs_to_its_first_authority() {
    let server = serve(two(), "");
    let mut connection = h1(&server).await;
    assert_eq!(get(&mut connection, "a.test", "/who").await.status, 200);
    assert_eq!(get(&mut connection, "a.test:80", "/who").await.text(), "a.test");
    assert_eq!(get(&mut connection, "b.test", "/who").await.status, 421);
    assert!(connection.is_closed().await);

    let mut connection = h2(&server).await;
    for (stream, authority, status) in [(1, "b.test", 200), (3, "a.test", 421), (5, "c.test", 421), (7, "b.test", 200)]
    {
        assert_eq!(get_h2(&mut connection, stream, authority, "/who").await.0, status, "{authority}");
    }
    // Whoever begins with nobody's name does not get anywhere afterwards.
    let mut connection = h2(&server).await;
    for (stream, authority) in [(1, "c.test"), (3, "a.test")] {
        assert_eq!(get_h2(&mut connection, stream, authority, "/who").await.0, 421, "{authority}");
    }
}

#[tokio::test]
async fn a_tls_connection_belongs_to_its_server_name() {
    let server = serve(two(), "");
    let mut connection = h1_tls(&server, "a.test").await;
    assert_eq!(get(&mut connection, "a.test", "/who").await.text(), "a.test");
    assert_eq!(get(&mut connection, "b.test", "/who").await.status, 421);
    assert!(connection.is_closed().await);

    let mut connection = h2_tls(&server, "b.test").await;
    for (stream, authority, status) in
        [(1, "a.test", 421), (3, "b.test", 200), (5, "B.test:444", 200), (7, "127.0.0.1", 421)]
    {
        let (own, content) = get_h2(&mut connection, stream, authority, "/who").await;
        assert_eq!(own, status, "{authority}");
        assert!(status == 421 || content == "b.test", "{content}");
    }
}

#[tokio::test]
async fn a_handshake_for_nobodys_name_is_refused_with_its_alert() {
    let server = serve(two(), "");
    let config = Arc::new(client(&["h2"]));
    for name in ["c.test", "www.a.test", "localhost"] {
        let error = shake(&server, &config, name).await.expect_err("nobody");
        // RFC 6066 §3
        assert!(error.to_string().contains("UnrecognisedName"), "{name}: {error}");
    }
    server.log_line(&["a name that is not served here"]);
}

#[tokio::test]
async fn without_a_server_name_only_an_address_of_a_tenant_is_served() {
    let server = serve(two(), "[[tenant]]\nnames = [\"c.test\", \"127.0.0.1\"]\nroot = \"/usr/share\"\n");
    let site = &server.site;
    site.file("d.test/who", "d");
    // No name is sent for an address (RFC 6066 §3).
    let mut connection = h1_tls(&server, "127.0.0.1").await;
    assert_eq!(get(&mut connection, "127.0.0.1", "/none").await.status, 404, "it is a tenant's");
    assert_eq!(get(&mut connection, "c.test", "/none").await.status, 421, "a name is not");
    for authority in ["a.test", "c.test", "127.0.0.2"] {
        let mut connection = h1_tls(&server, "127.0.0.1").await;
        assert_eq!(get(&mut connection, authority, "/who").await.status, 421, "{authority}");
    }
    // Names of one tenant share a connection, as browsers have it (RFC 9113 §9.1.1).
    let mut connection = h2(&server).await;
    for (stream, authority, status) in [(1, "c.test", 404), (3, "127.0.0.1:80", 404), (5, "a.test", 421)] {
        assert_eq!(get_h2(&mut connection, stream, authority, "/none").await.0, status, "{authority}");
    }
}

#[tokio::test]
async fn a_star_in_name_and_root_makes_a_tenant_of_each_folder() {
    let previews = Site::new();
    previews.file("7/site/who", "seven").file("8/site/who", "eight");
    let config =
        format!("[[tenant]]\nnames = [\"pr-*.example.test\"]\nroot = \"{}/*/site\"\n", previews.path().display());
    let server = serve(two(), &config);
    for (authority, expected) in [("pr-7.example.test", Some("seven")), ("pr-8.example.test", Some("eight"))] {
        assert_eq!(get_once(&server, authority, "/who").await.text(), expected.expect("text"), "{authority}");
    }
    for authority in ["pr-9.example.test", "pr-.example.test", "pr-....example.test", "example.test"] {
        assert_eq!(get_once(&server, authority, "/who").await.status, 421, "{authority}");
    }
    let mut connection = h2(&server).await;
    for (stream, authority, status) in [(1, "pr-7.example.test", 200), (3, "pr-8.example.test", 421)] {
        assert_eq!(get_h2(&mut connection, stream, authority, "/who").await.0, status, "{authority}");
    }
}

#[tokio::test]
async fn tenants_come_and_go_while_the_server_runs() {
    let server = serve(two(), "");
    assert_eq!(get_once(&server, "c.test", "/who").await.status, 421);
    server.site.file("c.test/who", "c.test");
    let mut connection = h1(&server).await;
    assert_eq!(get(&mut connection, "c.test", "/who").await.text(), "c.test");
    let mut other = h1(&server).await;
    assert_eq!(get(&mut other, "a.test", "/who").await.text(), "a.test");

    std::fs::remove_dir_all(server.site.path().join("c.test")).expect("its folder goes");
    assert!(connection.is_closed().await, "its connections are cut off");
    assert_eq!(get_once(&server, "c.test", "/who").await.status, 421);
    assert_eq!(get(&mut other, "a.test", "/who").await.text(), "a.test", "others' are not");
}

#[tokio::test]
async fn an_exchange_that_is_under_way_ends_with_its_tenant() {
    let site = two();
    site.handler("a.test/odd.handler.wasm", "rust/misbehaving");
    let server = serve(site, "");
    let mut connection = h1(&server).await;
    connection.send("GET /odd.handler.wasm?do=wait&at=data HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    assert!(connection.head().await.starts_with("HTTP/1.1 200"));
    std::fs::rename(server.site.path().join("a.test"), server.site.path().join("gone")).expect("a rename");
    soon("the end", connection.rest()).await;
    server.log_line(&["left: its folder is gone", "a.test"]);
}

#[tokio::test]
async fn a_folder_is_replaced_as_a_whole_and_its_connections_live_on() {
    let versions = Site::new();
    versions.file("1/who", "first").file("2/who", "second");
    let site = two();
    let link = |version: &str| {
        let (next, current) = (site.path().join("next"), site.path().join("c.test"));
        std::os::unix::fs::symlink(versions.path().join(version), &next).expect("a link");
        std::fs::rename(next, current).expect("a rename");
    };
    link("1");
    let path = site.path().to_owned();
    let server = serve(two(), &format!("[[tenant]]\nnames = [\"c.test\"]\nroot = \"{}/c.test\"\n", path.display()));
    let mut connection = h1(&server).await;
    assert_eq!(get(&mut connection, "c.test", "/who").await.text(), "first");
    link("2");
    server.log_line(&["the folder was replaced by another", "c.test"]);
    assert_eq!(get(&mut connection, "c.test", "/who").await.text(), "second");
}
