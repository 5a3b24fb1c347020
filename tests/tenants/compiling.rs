//! Strangers' components are compiled in a process of its own.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::{get_once, serve, two};
use crate::support::{Builder, handler, server::binary};

/// A component with one function of so many additions, which the compiler takes long for.
fn large(additions: usize) -> Vec<u8> {
    let body: String = (0..additions).map(|index| format!("i64.const {index} i64.mul local.get 0 i64.add ")).collect();
    let text = format!("(component (core module (func (export \"f\") (param i64) (result i64) local.get 0 {body})))");
    wat::parse_str(text).expect("a component")
}

#[tokio::test]
async fn a_handler_is_compiled_apart_and_kept() {
    let state = tempfile::tempdir().expect("a folder");
    let site = two();
    site.handler("a.test/hello.handler.wasm", "rust/hello").handler("b.test/hello.handler.wasm", "rust/hello");
    let server =
        Builder::new(site).tenants().argument("--state-dir").argument(state.path().to_str().expect("text")).start();
    for tenant in ["a.test", "b.test"] {
        assert_eq!(get_once(&server, tenant, "/hello.handler.wasm").await.status, 200, "{tenant}");
    }
    let files: Vec<_> = walk(&state.path().join("cache"));
    assert_eq!(files.iter().filter(|name| name.ends_with(".cwasm")).count(), 1, "once for both: {files:?}");
    assert_eq!(files.len(), 1, "nothing is left behind: {files:?}");
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path.display().to_string()] }).collect()
}

#[tokio::test]
async fn what_is_no_component_is_the_tenants_fault_alone() {
    let site = two();
    site.file("a.test/text.handler.wasm", "no component").file("a.test/empty.handler.wasm", "");
    site.file("a.test/cut.handler.wasm", &handler("rust/hello")[..1000]);
    let server = serve(site, "");
    for name in ["text", "empty", "cut"] {
        assert_eq!(get_once(&server, "a.test", &format!("/{name}.handler.wasm")).await.status, 500, "{name}");
        server.log_line(&["WARN", "handler failed", &format!("{name}.handler.wasm: ")]);
    }
    assert_eq!(get_once(&server, "a.test", "/who").await.status, 200);
}

#[tokio::test]
async fn a_component_that_takes_long_is_given_up_and_others_are_served_meanwhile() {
    let site = two();
    site.file("a.test/slow.handler.wasm", large(400_000));
    let server = serve(site, "[tenants]\ncompile_cpu_s = 1\n");
    let slow = get_once(&server, "a.test", "/slow.handler.wasm");
    let other = async {
        for _ in 0..20 {
            assert_eq!(get_once(&server, "b.test", "/who").await.status, 200);
        }
    };
    let (slow, ()) = tokio::join!(slow, other);
    assert_eq!(slow.status, 500);
    server.log_line(&["handler failed", "slow.handler.wasm", "compile"]);
}

#[test]
fn the_process_says_what_is_wrong_and_keeps_to_its_bounds() {
    let hello = handler("rust/hello");
    let megabyte = (1_u64 << 20).to_string();
    for (memory, result, input, code) in [
        ("1073741824", "268435456", &hello[..], Some(0)),
        ("1073741824", "268435456", b"no component", Some(3)),
        ("1073741824", "1000", &hello, None),
        (megabyte.as_str(), "268435456", &hello, None),
    ] {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(input).expect("a file");
        std::io::Seek::rewind(&mut file).expect("a file");
        let output = tempfile::tempfile().expect("a file");
        let status = Command::new(binary().get_program())
            .args([framewright::sandbox::SUBCOMMAND, "20", memory, result])
            .env_clear()
            .envs(framewright::sandbox::ENVIRONMENT)
            .stdin(file)
            .stdout(Stdio::from(output.try_clone().expect("a file")))
            .stderr(Stdio::null())
            .status()
            .expect("the binary");
        match code {
            Some(code) => assert_eq!(status.code(), Some(code), "{memory} {result}"),
            None => assert!(!status.success() && status.code() != Some(3), "{memory} {result}: {status}"),
        }
    }
}
