//! `framewright warm`: compiles ahead of the first start what a server would compile then.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result};
use framewright::{
    cli::WarmArgs,
    config::WarmPlan,
    sandbox::{LoadError, Precompiled, Precompiler, Processor, Runtime, Runtimes, Settings},
};
use tokio::time::Instant;

use super::{check::Found, parts};

/// Something to compile.
enum Job {
    Runtime(Runtimes, Runtime),
    Handler(PathBuf, u64),
}

/// What has been done so far.
#[derive(Default)]
struct Tally {
    compiled: u32,
    found: u32,
    faults: u32,
}

/// Compiles runtimes, handlers of routes, and handlers found in the site, one after another, and says what it did.
///
/// # Errors
/// If the folder cannot be used. Handlers at fault are listed and make the exit code 1.
pub(super) async fn run(arguments: &WarmArgs, plan: WarmPlan) -> Result<ExitCode> {
    let settings = parts::with_surroundings(plan.sandbox)?;
    let (folder, precompiler) = open(arguments, &settings)?;
    let precompiler = Arc::new(precompiler);
    let mut jobs = runtimes(&settings);
    let handler = |name: String, file| (name, Job::Handler(file, settings.handler_octets));
    jobs.extend(plan.routes.into_iter().map(|route| handler(route.pattern, route.handler)));
    if let Some(root) = &plan.root {
        jobs.extend(Found::below(root)?.handlers.into_iter().map(|file| handler(name_below(root, &file), file)));
    }
    let mut tally = Tally::default();
    for (name, job) in jobs {
        let precompiler = Arc::clone(&precompiler);
        let started = Instant::now();
        let done = tokio::task::spawn_blocking(move || match job {
            Job::Runtime(runtimes, runtime) => precompiler.runtime(&runtimes, runtime),
            Job::Handler(file, limit) => precompiler.handler(&file, limit),
        });
        tally.report(&name, done.await?, started)?;
    }
    if let Some(precompiler) = Arc::into_inner(precompiler) {
        precompiler.finish().with_context(|| folder.display().to_string())?;
    }
    let Tally { compiled, found, faults } = tally;
    let folder = folder.display();
    writeln!(std::io::stdout().lock(), "{compiled} compiled, {found} found compiled, {faults} at fault: {folder}")?;
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where compiled code goes, and what puts it there.
fn open(arguments: &WarmArgs, settings: &Settings) -> Result<(PathBuf, Precompiler)> {
    if let Some(folder) = &arguments.out {
        let processor = if arguments.baseline { Processor::Every } else { Processor::This };
        return Ok((folder.clone(), Precompiler::for_folder(folder, processor)?));
    }
    let folder = settings.cache_dir.clone().context("there is no folder for compiled handlers")?;
    let precompiler = Precompiler::for_cache(&folder)?;
    Ok((folder, precompiler))
}

/// The runtimes that this server has.
fn runtimes(settings: &Settings) -> Vec<(String, Job)> {
    let all = [(Runtime::Frames, &settings.runtimes.frames), (Runtime::Python, &settings.runtimes.python)];
    let shipped = all.into_iter().filter(|(_, component)| component.is_some());
    let job = |runtime| (format!("the runtime for {runtime}"), Job::Runtime(settings.runtimes.clone(), runtime));
    shipped.map(|(runtime, _)| job(runtime)).collect()
}

fn name_below(root: &Path, file: &Path) -> String {
    format!("/{}", file.strip_prefix(root).unwrap_or(file).display())
}

impl Tally {
    fn report(&mut self, name: &str, done: Result<Precompiled, LoadError>, started: Instant) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match done {
            Ok(Precompiled::Found) => {
                self.found += 1;
                writeln!(out, "found      {name}")?;
            }
            Ok(Precompiled::Compiled(octets)) => {
                self.compiled += 1;
                let (kib, seconds) = (octets.div_ceil(1 << 10), started.elapsed().as_secs_f64());
                writeln!(out, "compiled   {name}: {kib} KiB in {seconds:.1} s")?;
            }
            Err(error) => {
                self.faults += 1;
                writeln!(out, "FAULT      {name}\n           {error}")?;
            }
        }
        Ok(())
    }
}
