//! What an operator can get wrong, and the subcommands beside `serve`.

use std::{path::Path, process::Output};

use crate::support::{Builder, Carrier, Client, Site, server};

/// Lines of a file, the line at fault, and what is said about it.
const FAULTS: &[(&str, usize, &str)] = &[
    ("[limits\n", 1, ""),
    ("\n\nroot = \n", 3, ""),
    ("\nunknown = 1\n", 2, "unknown"),
    ("[limits]\nmemory = 3\n", 2, "memory"),
    ("[limits]\n\nmemory_mib = \"3\"\n", 3, "invalid type"),
    ("[limits]\nmemory_mib = 0\n", 2, "out of range"),
    ("[limits]\ncpu_ms = 0\n", 2, "cpu_ms"),
    ("[[listener]]\nport = 70000\n", 2, "out of range"),
    ("[[listener]]\nname = \"x\"\n", 1, "`port` is missing"),
    ("[[listener]]\nport = 0\nprotocols = [\"h3\"]\n", 3, "h3"),
    ("[[listener]]\nport = 0\nprotocols = [\"h2\"]\n", 3, "without TLS"),
    ("[[listener]]\nport = 0\naddress = \"nowhere\"\n", 3, "invalid IP address"),
    ("[[route]]\npath = \"/x\"\nhandler = \"missing.wasm\"\n", 3, "no such handler file"),
    ("[[route]]\npath = \"x\"\nhandler = \"handler.wasm\"\n", 2, "pattern"),
    ("[[route]]\nmethods = [\"G T\"]\npath = \"/x\"\nhandler = \"handler.wasm\"\n", 2, "no method"),
    ("[grant.\"/x/*\"]\nroot = true\n", 2, "root"),
    ("[grant.\"x\"]\nfiles = true\n", 1, "pattern"),
    ("[sandbox]\non_disconnect = \"explode\"\n", 2, "explode"),
    ("cert = \"c.pem\"\n", 1, "`cert` needs `key`"),
    ("[[tenant]]\nnames = [\"x\"]\n", 1, "`root` is missing here"),
];

fn run(arguments: &[&str]) -> Output {
    server::binary().args(arguments).arg("--state-dir").arg(server::state_dir()).output().expect("the binary")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn faults_name_file_and_line_before_anything_is_bound() {
    // Whoever binds first would fail on this port, and say so.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = Site::new();
    folder.file("handler.wasm", "not looked at");
    for (file, line, words) in FAULTS {
        folder.file("framewright.toml", file);
        let config = folder.path().join("framewright.toml");
        for command in ["serve", "check"] {
            let mut arguments = vec![command, path(folder.path()), "--config", path(&config)];
            // Port flags would replace the file's listeners.
            if command == "serve" && !file.contains("[[listener]]") {
                arguments.extend(["--http", &port]);
            }
            let output = run(&arguments);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(64), "{command}, {file:?}: {said}");
            assert!(said.contains(&format!("framewright.toml:{line}: ")) && said.contains(words), "{file:?}: {said}");
            assert!(output.stdout.is_empty(), "{command}, {file:?}");
        }
    }
}

#[test]
fn faults_found_later_still_come_before_the_first_bind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = Site::new();
    folder.file("broken.wasm", "not wasm").file("no.pem", "no certificate");
    let config = folder.path().join("framewright.toml");
    let route = "[[route]]\npath = \"/x\"\nhandler = \"broken.wasm\"\n";
    for (file, port_flag, words) in
        [(route, "--http", "framewright.toml:"), ("cert = \"no.pem\"\nkey = \"no.pem\"\n", "--https", "no.pem")]
    {
        folder.file("framewright.toml", file);
        let output = run(&["serve", path(folder.path()), "--config", path(&config), port_flag, &port]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn check_lists_what_each_handler_imports_and_whether_that_is_granted() {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("sub/c.handler.wasm", "c/surroundings");
    let output = run(&["check", path(site.path())]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    for line in [
        "ok     /hello.handler.wasm",
        "ok     /sub/c.handler.wasm",
        "framewright:handler/types@0.1.0",
        "2 handlers, 0 at fault",
    ] {
        assert!(said.contains(line), "{line:?} in {said}");
    }
    assert!(said.lines().any(|line| line.contains("wasi:filesystem") && line.contains("shows no files")), "{said}");

    site.file("framewright.toml", "[grant.\"/sub/*\"]\nfiles = true\n");
    let config = site.path().join("framewright.toml");
    let said = text(&run(&["check", path(site.path()), "--config", path(&config)]).stdout);
    assert!(
        said.lines().any(|line| line.contains("wasi:filesystem") && line.contains("granted (files), read-only")),
        "{said}"
    );
}

#[test]
fn check_fails_on_any_fault_and_looks_at_all_handlers() {
    let site = Site::new();
    site.handler("good.handler.wasm", "rust/hello")
        .file("broken.handler.wasm", "not wasm")
        .file("raw.handler.wasm", importing("framewright:handler/raw@0.1.0"))
        .file("new.handler.wasm", importing("framewright:handler/teleport@0.1.0"))
        .file("other.handler.wasm", importing("example:other/thing@1.0.0"))
        .file("route.wasm", "not wasm")
        .file("framewright.toml", format!("{NO_RAW}[[route]]\npath = \"/x\"\nhandler = \"route.wasm\"\n"));
    let config = site.path().join("framewright.toml");
    let output = run(&["check", path(site.path()), "--config", path(&config)]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for words in [
        "ok     /good.handler.wasm",
        "FAULT  /broken.handler.wasm",
        "FAULT  /x",
        "imports framewright:handler/raw@0.1.0, which needs `raw = true`",
        "imports framewright:handler/teleport@0.1.0, which this version does not offer",
        "example:other/thing@1.0.0",
        "6 handlers, 5 at fault",
    ] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
}

/// Without a table like this everything is granted: there is one tenant, and it is the operator.
const NO_RAW: &str = "[grant.\"/*\"]\nraw = false\n";

/// A component that imports this interface.
fn importing(interface: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (import \"{interface}\" (instance (export \"f\" (func)))))"))
        .expect("a component")
}

#[tokio::test]
async fn an_interface_without_its_grant_is_refused_at_load_by_the_grants_name() {
    let site = Site::new();
    site.file("raw.handler.wasm", importing("framewright:handler/raw@0.1.0"))
        .handler("hello.handler.wasm", "rust/hello");
    let server = Builder::new(site).config(NO_RAW).start();
    let answer = Client::connect(&server, Carrier::H1).await.get("/raw.handler.wasm").await;
    assert_eq!(answer.head.status, 500);
    assert!(answer.text().contains("`raw = true`"), "{}", answer.text());
    server.log_line(&["WARN", "handler failed", "`raw = true`", "raw.handler.wasm"]);
    assert_eq!(Client::connect(&server, Carrier::H1).await.get("/hello.handler.wasm").await.head.status, 200);
}

#[test]
fn ca_names_and_exports_the_certificate_and_keeps_keys_to_itself() {
    let state = tempfile::tempdir().expect("a folder");
    let ca = |more: &[&str]| {
        let output = server::binary().args(["ca", "--state-dir", path(state.path())]).args(more).output();
        output.expect("the binary")
    };
    let named = ca(&[]);
    assert_eq!(named.status.code(), Some(0), "{}", text(&named.stderr));
    let certificate = text(&named.stdout);
    let certificate = Path::new(certificate.trim());
    assert!(certificate.starts_with(state.path()), "{certificate:?}");
    let pem = std::fs::read_to_string(certificate).expect("a certificate");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));

    let copy = state.path().join("copy.pem");
    assert_eq!(ca(&["--export", path(&copy)]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&copy).expect("a copy"), pem, "made once");
    assert_eq!(ca(&["--export", "/no/such/folder/x.pem"]).status.code().map(|code| code > 0), Some(true));

    for entry in std::fs::read_dir(certificate.parent().expect("a folder")).expect("a folder") {
        let entry = entry.expect("an entry");
        let octets = std::fs::read_to_string(entry.path()).unwrap_or_default();
        if octets.contains("PRIVATE KEY") {
            use std::os::unix::fs::PermissionsExt;
            let mode = entry.metadata().expect("metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
        }
    }
}

#[test]
fn call_prints_what_a_handler_puts_on_the_wire() {
    let site = Site::new();
    site.handler("trailers.handler.wasm", "rust/trailers")
        .handler("echo.handler.wasm", "rust/echo")
        .file("body", "content");
    let root = path(site.path());
    let output = run(&["call", "/trailers.handler.wasm", root]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(
        text(&output.stdout),
        "< HTTP/1.1 200 OK\\r\\n\n< content-type: text/plain\\r\\n\n< trailer: x-octets, x-note\\r\\n\n\
         < Transfer-Encoding: chunked\\r\\n\n< \\r\\n\n< 15\\r\\n\n< The trailers follow.\\n\n< \\r\\n\n< 0\\r\\n\n\
         < x-octets: 21\\r\\n\n< x-note: first\\r\\n\n< x-note: second\\r\\n\n< \\r\\n\n"
    );
    let said = text(&run(&["call", "/trailers.handler.wasm", root, "--h2"]).stdout);
    let order = [
        "< SETTINGS stream 0",
        "< HEADERS stream 1, END_HEADERS",
        "    :status: 200",
        "    content-type: text/plain",
        "< DATA stream 1, 21 octets",
        "    The trailers follow.\\n",
        "< HEADERS stream 1, END_STREAM, END_HEADERS",
        "    x-octets: 21",
        "    x-note: first",
        "    x-note: second",
    ];
    let mut rest = said.as_str();
    for words in order {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("{words:?} in this order in {said}")).1;
    }
    let body = site.path().join("body");
    for flag in ["--h1", "--h2"] {
        let said = text(
            &run(&["call", "/echo.handler.wasm?q", root, flag, "--header", "X-A: b", "--body", path(&body)]).stdout,
        );
        assert!(said.contains("\\\"content\\\":\\\"content\\\"") || said.contains("\"content\":\"content\""), "{said}");
        assert!(said.to_lowercase().contains("x-a"), "{said}");
        let said = text(&run(&["call", "/none.handler.wasm", root, flag, "--method", "DELETE"]).stdout);
        assert!(said.contains("404"), "{said}");
    }
}
