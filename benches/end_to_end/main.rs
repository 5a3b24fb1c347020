//! Measures the server from outside, against controls started in the same run.
//!
//! `make bench` runs it; `docs/benchmarks.md` says how to read what it prints. It builds nothing but itself: handlers
//! come from `target/handlers`, the server under test is the one that Cargo built beside it.
//!
//! [`scenario`] says what is measured, [`lab`] starts servers, [`load`] loads them, [`duel`] compares two, [`stats`]
//! judges. With the first argument `native` this program is the control itself.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables and progress are what it is for")]

mod duel;
mod lab;
mod load;
mod native;
mod probe;
mod process;
mod reconnect;
mod report;
mod scenario;
mod sleeping;
mod start_up;
mod stats;
mod suspended;

/// The control has the same allocator as the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::ensure;
use clap::Parser;

use duel::Plan;
use lab::Lab;
use native::Engine;
use report::{Outcome, Results};
use scenario::{Kind, Scenario};

/// Measures the server against controls; without names, all scenarios.
#[derive(Debug, Parser)]
#[command(name = "end_to_end")]
struct Arguments {
    /// Scenarios to run; `--list` names them.
    scenarios: Vec<String>,
    /// Name the scenarios and end.
    #[arg(long)]
    list: bool,
    /// Pairs of runs for each ratio.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Length of one run in milliseconds.
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u64).range(100..))]
    run_ms: u64,
    /// The server under test.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_framewright"))]
    server: PathBuf,
    /// An earlier build of the server, for the scenarios that compare with it.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// The folder of built handlers.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/handlers"))]
    handlers: PathBuf,
    /// Let the control stand in for the server under test: tries the harness, measures nothing.
    #[arg(long)]
    rehearse: bool,
    /// What speaks HTTP/2 in the native control.
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    /// Today's date, for the page.
    #[arg(long, default_value = "an unknown day")]
    date: String,
    /// Write the page here, whatever was run.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Given by `cargo bench`; means nothing.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Where the page goes when everything was run.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

fn main() -> anyhow::Result<ExitCode> {
    if std::env::args().nth(1).is_some_and(|first| first == native::COMMAND) {
        return native::main(std::env::args().skip(1)).map(|()| ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    if arguments.list {
        for scenario in scenario::ALL {
            println!("{:<20} {}", scenario.name, scenario.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    load::self_check()?;
    stats::self_check()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Dropping what runs kills the servers.
        tokio::select! {
            result = measure(arguments) => result,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::FAILURE),
        }
    })
}

async fn measure(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let chosen = choose(&arguments.scenarios)?;
    let program = (!arguments.rehearse).then(|| arguments.server.clone());
    let lab = Lab::new(program, arguments.baseline.clone(), arguments.handlers.clone(), arguments.engine)?;
    let plan = Plan { pairs: arguments.pairs, run: Duration::from_millis(arguments.run_ms) };
    let mut results = Results::new();
    for scenario in &chosen {
        eprintln!("{}: {}", scenario.name, scenario.what);
        let outcome = run(&lab, scenario, plan).await.unwrap_or_else(|error| Outcome::of_error(&error));
        if let Outcome::NotMeasured(reason) | Outcome::Failed(reason) = &outcome {
            eprintln!("  {reason}");
        }
        results.push((*scenario, outcome));
    }
    println!("{}", report::tables(&results)?);
    if arguments.rehearse {
        println!("A rehearsal: the control stood in for the server under test.");
    }
    if cfg!(debug_assertions) {
        println!("These figures say nothing: this is no release build.");
    }
    let complete = chosen.len() == scenario::ALL.len() && !arguments.rehearse && !cfg!(debug_assertions);
    if let Some(page) = arguments.write.or_else(|| complete.then(|| PAGE.into())) {
        report::write(&page, &lab, &results, plan, &arguments.date).await?;
        println!("Written to {}.", page.display());
    }
    let failed = results.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_)));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn run(lab: &Lab, scenario: &Scenario, plan: Plan) -> anyhow::Result<Outcome> {
    Ok(match &scenario.kind {
        Kind::Duel(duel) => Outcome::Figures(Box::new(duel::run(lab, duel, plan).await?)),
        Kind::Suspended => Outcome::Other(suspended::run(lab).await?),
        Kind::Sleeping => Outcome::Other(sleeping::run(lab).await?),
        Kind::StartUp => Outcome::Other(start_up::run(lab).await?),
    })
}

/// The scenarios of these names, in the order of the table; all if there are none.
fn choose(names: &[String]) -> anyhow::Result<Vec<&'static Scenario>> {
    for name in names {
        let known = scenario::ALL.iter().any(|scenario| scenario.name == name);
        ensure!(known, "there is no scenario {name:?}; --list names them");
    }
    let chosen = |scenario: &&Scenario| names.is_empty() || names.iter().any(|name| name == scenario.name);
    Ok(scenario::ALL.iter().filter(chosen).collect())
}
