//! Python that means no good: each ends alone, by the right limit, and the site goes on.

use super::{GRANTED, serve};
use crate::support::{Carrier, Client, Server, connect, h1};

/// Short limits, so that nobody waits long.
const LIMITED: &str = "[limits]\ncpu_ms = 500\nwall_s = 20\nsent_mib = 8\nstash_mib = 4\n";

fn limited() -> Server {
    let server = serve(&format!("{LIMITED}{GRANTED}"));
    std::os::unix::fs::symlink("/etc/passwd", server.site.path().join("link")).expect("a link");
    std::os::unix::fs::symlink("/etc", server.site.path().join("folder")).expect("a link");
    server
}

/// The site still answers.
async fn is_well(server: &Server) {
    let mut client = Client::connect(server, Carrier::H1).await;
    assert_eq!(client.get("/counts.py").await.text(), "1 helper+");
}

/// What a handler that ends badly is answered, to the end of the connection.
async fn outcome(server: &Server, case: &str) -> String {
    let mut connection = h1::Connection::new(connect(server, Carrier::H1).await);
    connection.send(format!("GET /hostile.py?do={case} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
    String::from_utf8_lossy(&connection.rest().await).into_owned()
}

#[tokio::test]
async fn each_handler_without_measure_meets_its_own_limit() {
    let server = limited();
    for (case, cause) in [
        ("loop", "CPU time limit of 500 ms exceeded (cpu_ms)"),
        ("regex", "CPU time limit of 500 ms exceeded (cpu_ms)"),
        ("sleep_loop", "wall-clock limit of 20 s exceeded (wall_s)"),
        ("memory_list", "memory limit of 256 MiB exceeded (memory_mib)"),
    ] {
        let answer = outcome(&server, case).await;
        assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains(cause), "{case}: {answer}");
        server.log_line(&["WARN", "handler failed", cause]);
        is_well(&server).await;
    }
}

#[tokio::test]
async fn what_python_itself_refuses_is_an_exception_like_any_other() {
    let server = limited();
    for (case, exception) in
        [("recursion", "RecursionError"), ("traced", "ValueError: traced"), ("memory", "OverflowError")]
    {
        let answer = outcome(&server, case).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{case}: {answer}");
        assert!(answer.contains(exception), "{case}: {answer}");
    }
    assert!(outcome(&server, "recursion_caught").await.ends_with("True"));
    for case in ["native_recursion", "leave", "leave_hard", "abort"] {
        let answer = outcome(&server, case).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{case}: {answer}");
    }
    is_well(&server).await;
}

#[tokio::test]
async fn nothing_outside_the_site_can_be_reached_and_nothing_in_it_changed() {
    let server = limited();
    let answer = outcome(&server, "reach").await;
    let lines: Vec<_> = answer.split("\r\n\r\n").nth(1).expect("content").lines().collect();
    for line in &lines {
        let (what, came) = line.split_once(": ").expect("a result");
        if what == "root" {
            assert!(came.contains("hostile.py") && !came.contains("etc"), "{line}");
        } else {
            assert!(came.ends_with("Error"), "{line}");
        }
    }
    assert!(lines.len() > 15, "{answer}");
    let names =
        std::fs::read_dir(server.site.path()).expect("the site").map(|entry| entry.expect("an entry").file_name());
    assert!(names.into_iter().all(|name| name != "written" && name != "made" && name != "other.py"));
    is_well(&server).await;
}

#[tokio::test]
async fn a_patched_runtime_is_gone_with_its_request() {
    let server = limited();
    for _ in 0..2 {
        outcome(&server, "patch").await;
        is_well(&server).await;
    }
}

#[tokio::test]
async fn floods_are_cut() {
    let server = limited();
    let mut connection = h1::Connection::new(connect(&server, Carrier::H1).await);
    connection.send("GET /hostile.py?do=large HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let octets = connection.rest().await.len();
    assert!(octets < 10 << 20, "{octets}");
    server.log_line(&["WARN", "limit of 8388608 octets sent exceeded (sent_mib)"]);
    assert!(outcome(&server, "flood_log").await.ends_with("printed"));
    server.log_line(&["WARN", "dropped", "log lines"]);
    let stash = outcome(&server, "flood_stash").await;
    assert!(stash.contains("StashError: full"), "{stash}");
    is_well(&server).await;
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_and_the_handler_goes_on() {
    let server = serve(GRANTED);
    let key = "6a1b2c3d-0000-4000-8000-000000000001";
    for carrier in [Carrier::H1, Carrier::H1Tls] {
        let mut connection = h1::Connection::new(connect(&server, carrier).await);
        connection.send(format!("GET /hostile.py?do=gone&key={key} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        connection.take(1000).await;
        drop(connection);
        let mut client = Client::connect(&server, carrier).await;
        let said = async { while client.get(&format!("/hostile.py?do=said&key={key}")).await.text() != "'gone'" {} };
        crate::support::soon("the handler's word", said).await;
    }
}
