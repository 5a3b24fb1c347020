//! What each subcommand does, put together from the library's parts.

mod ca;
mod call;
mod check;
mod check_python;
mod parts;
mod serve;
mod started;
mod table;
mod tenants;
mod warm;
mod wire;
mod wpt;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::Result;
use framewright::{
    cli::{Cli, Command, CompileArgs, EXIT_USAGE},
    config::{self, ConfigError, ProcessEnvironment},
    observe, sandbox,
};
use parts::PartsError;

/// Runs the subcommand.
///
/// # Errors
/// Whatever stops it; [`report`] turns that into words and an exit code.
pub(crate) async fn run(cli: &Cli) -> Result<ExitCode> {
    let environment = &ProcessEnvironment;
    match &cli.command {
        Command::Serve(arguments) => {
            let plan = config::serve_plan(arguments, &cli.log, environment)?;
            let _log = observe::init(&plan.log)?;
            serve::run(&plan).await
        }
        Command::Wpt(arguments) => {
            let plan = config::wpt_plan(arguments, &cli.log, environment)?;
            if let Some(address) = arguments.hosts_file {
                return wpt::print_hosts_file(&plan, address);
            }
            let _log = observe::init(&plan.serve.log)?;
            wpt::run(&plan).await
        }
        Command::Check(arguments) => {
            let plan = config::check_plan(arguments, &cli.log, environment)?;
            let _log = observe::init(&plan.log)?;
            if arguments.wpt { check_python::run(&plan).await } else { check::run(&plan).await }
        }
        Command::Warm(arguments) => {
            let plan = config::warm_plan(arguments, &cli.log, environment)?;
            let _log = observe::init(&plan.log)?;
            warm::run(arguments, plan).await
        }
        Command::Ca(arguments) => ca::run(arguments, &config::ca_plan(arguments, environment)?),
        Command::Call(arguments) => {
            let plan = config::call_plan(arguments, &cli.log, environment)?;
            let _log = observe::init(&plan.log)?;
            call::run(arguments, &plan).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Wire(arguments) => wire::run(arguments, environment),
        Command::CompileComponent(bounds) => compile(*bounds),
    }
}

/// Compiles the component on standard input, with this process limited first. Needs no runtime.
///
/// # Errors
/// If the limits cannot be set, or standard input or output fails.
pub(crate) fn compile(bounds: CompileArgs) -> Result<ExitCode> {
    let code = sandbox::compile_here(Duration::from_secs(bounds.cpu), bounds.memory, bounds.result)?;
    Ok(code.into())
}

/// Says on standard error what went wrong, and gives the exit code: 64 for what the operator can mend in arguments or
/// configuration, else 1.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    // Whoever read standard output, such as `head`, had enough.
    let is_closed_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_closed_pipe) {
        return ExitCode::FAILURE;
    }
    // If standard error is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "framewright: {error:#}");
    let usage = error.is::<ConfigError>() || error.downcast_ref::<PartsError>().is_some_and(PartsError::is_usage);
    ExitCode::from(if usage { EXIT_USAGE } else { 1 })
}

/// The calendar's time: certificates are dated by it.
#[expect(clippy::disallowed_methods, reason = "this is where the calendar's time enters")]
fn calendar() -> time::OffsetDateTime {
    std::time::SystemTime::now().into()
}
