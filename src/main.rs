//! The `framewright` program: arguments, settings, run, exit code.

mod command;

use std::process::ExitCode;

use framewright::cli;

/// Exchanges are made on one thread and end on another, with large blocks between small ones: the system's allocator
/// spends a tenth of a small handler's time on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tokio looks for new events after this many polls of tasks. A guest's poll may last a tick (1 ms), so that the default
/// of 61 makes others wait: an echo beside two spinning guests took 49 ms, with 8 it takes 0.6 ms.
const EVENT_INTERVAL: u32 = 8;

fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // If the terminal is gone there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(cli::exit_code(&error));
        }
    };
    // Nothing else is started before it has limited itself.
    if let cli::Command::CompileComponent(bounds) = &cli.command {
        return command::compile(*bounds).unwrap_or_else(|error| command::report(&error));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().event_interval(EVENT_INTERVAL).enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(command::run(&cli));
            // Compilations that nobody waits for any more do not hold the program up.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(code) => code,
        Err(error) => command::report(&error),
    }
}
