//! The tables, and the page in docs/.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use tokio::process::Command;

use super::{
    duel::{Figures, Plan},
    lab::{Lab, NotMeasured, WPTSERVE},
    process::first_line,
    scenario::{Duel, Kind, Scenario},
    stats::{Goal, Verdict},
};

/// What came of a scenario.
pub(crate) enum Outcome {
    /// Of a duel.
    Figures(Box<Figures>),
    /// Of anything else.
    Other(Vec<Figure>),
    /// Something it needs is not on this machine.
    NotMeasured(String),
    /// Something went wrong: there is no number.
    Failed(String),
}

/// A figure that is no ratio.
pub(crate) struct Figure {
    /// What it is, with its unit.
    pub(crate) what: String,
    /// The figure.
    pub(crate) value: String,
    /// What is asked of it, and whether it was reached.
    pub(crate) goal: Option<(Goal, Verdict)>,
    /// What else there is to say.
    pub(crate) remark: String,
}

/// Scenarios with what came of them.
pub(crate) type Results = Vec<(&'static Scenario, Outcome)>;

/// What follows this line in the page is written by hand and kept.
const KEPT: &str = "<!-- Below: by hand; kept when the tables are written again. -->";

impl Outcome {
    /// An error, told apart from what is just not there.
    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        match error.downcast_ref::<NotMeasured>() {
            Some(NotMeasured(reason)) => Self::NotMeasured(one_line(reason)),
            None => Self::Failed(one_line(&format!("{error:#}"))),
        }
    }
}

/// All results as Markdown tables.
///
/// # Errors
/// None in practice: it writes to memory.
pub(crate) fn tables(results: &Results) -> anyhow::Result<String> {
    let mut text = String::from(
        "| scenario | what | load | requests/s | control | ratio (quartiles) | CPU µs/request | control | CPU ratio | goal |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut others = String::new();
    let mut remarks = String::new();
    for (scenario, outcome) in results {
        match (outcome, &scenario.kind) {
            (Outcome::Figures(figures), Kind::Duel(duel)) => writeln!(text, "{}", row(scenario, duel, figures))?,
            (Outcome::Other(figures), _) => {
                for figure in figures {
                    let goal = figure.goal.map(|(goal, verdict)| format!("{goal}: {verdict}")).unwrap_or_default();
                    writeln!(
                        others,
                        "| {} | {} | {} | {goal} | {} |",
                        scenario.name, figure.what, figure.value, figure.remark
                    )?;
                }
            }
            (Outcome::NotMeasured(reason), _) => writeln!(remarks, "- {}: not measured: {reason}", scenario.name)?,
            (Outcome::Failed(reason), _) => writeln!(remarks, "- {}: **failed**: {reason}", scenario.name)?,
            (Outcome::Figures(_), _) => unreachable!("only duels have such figures"),
        }
    }
    if !others.is_empty() {
        write!(text, "\n| scenario | what | figure | goal | remark |\n| --- | --- | --- | --- | --- |\n{others}")?;
    }
    if !remarks.is_empty() {
        write!(text, "\n{remarks}")?;
    }
    Ok(text)
}

fn row(scenario: &Scenario, duel: &Duel, figures: &Figures) -> String {
    let goals: Vec<_> =
        duel.goals.iter().zip(&figures.judgements).map(|(goal, judgement)| format!("{goal}: {judgement}")).collect();
    let load = match duel.control_load {
        Some(control) => format!("{}; control {}", duel.load.describe(), control.describe()),
        None => duel.load.describe(),
    };
    format!(
        "| {} | {} | {} | {:.0} | {:.0} | {} | {:.1} | {:.1} | {} | {} |",
        scenario.name,
        scenario.what,
        load,
        figures.subject.median,
        figures.control.median,
        figures.ratio,
        figures.subject_cpu.median,
        figures.control_cpu.median,
        figures.cpu_ratio,
        goals.join("; ")
    )
}

/// Writes the page; what was written by hand below the tables stays.
///
/// # Errors
/// If it cannot be written.
pub(crate) async fn write(path: &Path, lab: &Lab, results: &Results, plan: Plan, date: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(path).unwrap_or_default();
    let kept = old.split_once(KEPT).map_or("\n", |(_, kept)| kept);
    let page = format!(
        "# Benchmarks\n\nWritten by `make bench` on {date}: {} pairs of runs of {:.1} s for each ratio.\n\n{}\n{}\n{}\n{KEPT}{kept}",
        plan.pairs,
        plan.run.as_secs_f64(),
        tables(results)?,
        facts(lab).await,
        include_str!("reading.md"),
    );
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, page).with_context(|| format!("writing {}", path.display()))
}

/// The machine and the versions of everything.
async fn facts(lab: &Lab) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let memory = read("/proc/meminfo");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let version = async |program: &str| {
        let line = first_line(Command::new(program).arg("--version")).await;
        line.unwrap_or_else(|| format!("{program}: not installed"))
    };
    let python = match lab.python().await {
        Ok(python) => first_line(Command::new(python).arg("--version")).await.unwrap_or_default(),
        Err(_) => "not installed".to_owned(),
    };
    let facts = [
        ("processor", format!("{} × {}", cores, model.map_or("unknown", |(_, model)| model))),
        ("memory", memory.lines().next().unwrap_or_default().trim_start_matches("MemTotal:").trim().to_owned()),
        ("kernel", format!("Linux {}", read("/proc/sys/kernel/osrelease"))),
        ("`vm.max_map_count`", read("/proc/sys/vm/max_map_count")),
        ("framewright", lab.version().await),
        ("native control", "h2, hyper, tokio-rustls, tokio as in Cargo.lock".to_owned()),
        ("h2load", version("h2load").await),
        ("nghttpd", version("nghttpd").await),
        ("wptserve", format!("{WPTSERVE} on {python}")),
        ("wasmtime", version("wasmtime").await),
        ("compiler", version("rustc").await),
    ];
    let mut text = String::from("| | |\n| --- | --- |\n");
    for (name, value) in facts {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text
}

/// Text that fits a line of a list.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
