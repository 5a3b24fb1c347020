//! Programs that people use, none of them ours: curl, nghttp and h2load, Python's h2, Chromium; and wptserve beside us.

mod browser;
mod chromium;
mod curl;
mod misbehave;
mod nghttp;
mod python_h2;
mod wpt_runner;
mod wptserve;

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::support::{Builder, PATIENCE, Server, Site};

/// Starts a server with every built handler under its bare name, such as `/hello.handler.wasm`, and some files.
fn serve() -> Server {
    builder().start()
}

fn builder() -> Builder {
    let site = Site::new();
    for name in ["hello", "echo", "trickle", "digest", "trailers", "early-hints", "duplex", "misbehaving"] {
        site.handler(&format!("{name}.handler.wasm"), &format!("rust/{name}"));
    }
    site.file("alphabet.txt", "abcdefghijklmnopqrstuvwxyz\n").file("big.bin", pattern(BIG));
    Builder::new(site)
}

/// Octets of `big.bin`, more than any window or buffer on the way.
const BIG: usize = 20_000_000;

/// Octets of which each is its position modulo 251, so that a shift by any power of two shows.
fn pattern(octets: usize) -> Vec<u8> {
    (0..=250).cycle().take(octets).collect()
}

/// Runs a client to its end. Output is `stdout` and `stderr`; the exit code is the caller's to judge.
fn run(program: &str, arguments: &[&str]) -> Output {
    run_within(program, arguments, PATIENCE)
}

fn run_within(program: &str, arguments: &[&str], patience: Duration) -> Output {
    let seconds = patience.as_secs().to_string();
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &seconds, program]).args(arguments).stdin(Stdio::null());
    let output = command.output().expect("coreutils' timeout");
    assert_ne!(output.status.code(), Some(127), "{program} is missing: run scripts/test-clients.sh");
    assert_ne!(output.status.code(), Some(124), "{program} {arguments:?} took more than {patience:?}");
    output
}

/// Where something that scripts/test-clients.sh makes is, below target/.
fn installed(path: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target").join(path);
    assert!(path.exists(), "{} is missing: run scripts/test-clients.sh", path.display());
    path
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
