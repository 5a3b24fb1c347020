//! `framewright ca`.

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use framewright::{cli::CaArgs, tls};

use super::{calendar, parts::PartsError};

/// Says where the local authority's certificate is, making one first if there is none, or copies it.
///
/// # Errors
/// If it can't be made, read or written.
pub(super) fn run(arguments: &CaArgs, state_dir: &Path) -> Result<ExitCode> {
    match &arguments.export {
        Some(to) => tls::export_ca(state_dir, to, calendar()).map_err(PartsError::from)?,
        None => {
            let path = tls::ensure_ca(state_dir, calendar()).map_err(PartsError::from)?;
            writeln!(std::io::stdout().lock(), "{}", path.display()).context("standard output")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
