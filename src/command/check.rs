//! `framewright check`: everything that `serve` would find out about handlers, without serving.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result};
use framewright::{
    config::ServePlan,
    sandbox::{Grants, Import, Sandbox},
    site::HANDLER_SUFFIX,
};

use super::parts::Parts;

/// Folders below folders that are looked into, so that a loop of links ends.
const MAX_DEPTH: usize = 64;

/// A handler to look at.
struct Candidate {
    /// Its path or route pattern.
    name: String,
    file: PathBuf,
    grants: Grants,
}

/// Compiles every handler of the site and of the routes, and lists what each imports.
///
/// # Errors
/// If the parts can't be built. Handlers at fault are listed and make the exit code 1.
pub(super) async fn run(plan: &ServePlan) -> Result<ExitCode> {
    let (parts, _) = Parts::assemble(plan)?;
    let mut candidates: Vec<_> = plan
        .routes
        .iter()
        .map(|route| Candidate {
            name: route.pattern.clone(),
            file: route.handler.clone(),
            grants: parts.router.grants_at(route.pattern.as_bytes()),
        })
        .collect();
    let root = &plan.site.root;
    let mut found = Vec::new();
    collect(root, MAX_DEPTH, &mut found).with_context(|| root.display().to_string())?;
    found.sort();
    candidates.extend(found.into_iter().map(|file| {
        let path = file.strip_prefix(root).unwrap_or(&file);
        let name = format!("/{}", path.display());
        Candidate { grants: parts.router.grants_at(name.as_bytes()), name, file }
    }));
    let (count, mut faults) = (candidates.len(), 0);
    for candidate in candidates {
        faults += u32::from(!check(&parts.sandbox, candidate).await?);
    }
    writeln!(std::io::stdout().lock(), "{count} handlers, {faults} at fault")?;
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints what there is to say about one handler; answers whether it can run.
async fn check(sandbox: &Arc<Sandbox>, candidate: Candidate) -> Result<bool> {
    let Candidate { name, file, grants } = candidate;
    let sandbox = Arc::clone(sandbox);
    let checked = tokio::task::spawn_blocking(move || sandbox.check(&file, grants)).await?;
    let mut out = std::io::stdout().lock();
    match checked {
        Ok(imports) => {
            writeln!(out, "ok     {name}")?;
            for import in &imports {
                writeln!(out, "         {:50} {}", import.interface, permission(import, grants))?;
            }
            Ok(true)
        }
        Err(error) => {
            writeln!(out, "FAULT  {name}\n         {error}")?;
            Ok(false)
        }
    }
}

/// Whether an import is granted, in words.
fn permission(import: &Import, grants: Grants) -> String {
    match import.grant {
        Some((grant, needed)) if grants.contains(needed) => format!("granted ({grant})"),
        Some((grant, _)) => format!("not granted ({grant})"),
        None if import.interface.starts_with("wasi:filesystem") && grants.contains(Grants::FILES) => {
            "granted (files), read-only".into()
        }
        None if import.interface.starts_with("wasi:filesystem") => "links, shows no files".into(),
        None if import.interface.starts_with("wasi:sockets") => "links, refuses".into(),
        None => "open to all".into(),
    }
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, found)?;
        } else if !kind.is_dir() && entry.file_name().as_encoded_bytes().ends_with(HANDLER_SUFFIX.as_bytes()) {
            found.push(entry.path());
        }
    }
    Ok(())
}
