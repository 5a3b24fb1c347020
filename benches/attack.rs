//! The attack suite against the release binary: every attack one after another, and a table of how each was refused.
//! Ends with an error if the server did not hold.
//!
//! `cargo bench --bench attack -- [PART…]` runs those whose names hold a part.

#![allow(unreachable_pub, reason = "a program exports nothing, and `pub` marks what the modules of tests/ share")]
#![allow(dead_code, unused_imports, reason = "the test suite's verbs are shared, and not all of them serve here")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is what this program is for")]

#[path = "../tests/attack/mod.rs"]
mod attack;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let parts: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let attacks = attack::all();
    let chosen = attacks.iter().filter(|it| parts.is_empty() || parts.iter().any(|part| it.name.contains(part)));
    let arena = attack::Arena::open().await;
    println!("The good tenant's p99 on a quiet server: {:.1} ms.\n", arena.quiet().as_secs_f64() * 1000.0);
    println!("{}", attack::Row::HEAD);
    let (mut held, mut lost) = (0, Vec::new());
    for attack in chosen {
        let row = arena.endure(attack).await;
        println!("{row}");
        if row.faults.is_empty() { held += 1 } else { lost.push(row.name) }
    }
    println!("\n{held} attacks held, {} did not.", lost.len());
    lost.iter().for_each(|name| eprintln!("did not hold: {name}"));
    if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
