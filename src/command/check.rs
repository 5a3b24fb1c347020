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
    sandbox::{Grants, Import, Runtime, Sandbox},
    site::{HANDLER_SUFFIX, SCRIPT_SUFFIX},
};

use super::parts::Parts;

/// Folders below folders that are looked into, so that a loop of links ends.
const MAX_DEPTH: usize = 64;

/// A handler or script to look at.
struct Candidate {
    /// Its path or route pattern.
    name: String,
    file: PathBuf,
    grants: Grants,
}

/// Compiles every handler of the site and of the routes, and lists what each imports; and lists the scripts of the site
/// with what they may use. Whether a script makes sense only its runtime knows.
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
    let found = Found::below(root)?;
    let candidate = |file: PathBuf| {
        let path = file.strip_prefix(root).unwrap_or(&file);
        let name = format!("/{}", path.display());
        Candidate { grants: parts.router.grants_at(name.as_bytes()), name, file }
    };
    candidates.extend(found.handlers.into_iter().map(candidate));
    let (count, mut faults) = (candidates.len(), 0);
    for candidate in candidates {
        faults += u32::from(!check(&parts.sandbox, candidate).await?);
    }
    let scripts = found.scripts.len();
    if scripts > 0 {
        let fault = check_runtime(&parts.sandbox, Runtime::Frames).await?;
        for candidate in found.scripts.into_iter().map(candidate) {
            faults += u32::from(!check_script(&candidate, fault.as_deref())?);
        }
    }
    let scripts = if scripts > 0 { format!(", {scripts} scripts") } else { String::new() };
    writeln!(std::io::stdout().lock(), "{count} handlers{scripts}, {faults} at fault")?;
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

/// What is wrong with the runtime of scripts, if anything is.
async fn check_runtime(sandbox: &Arc<Sandbox>, runtime: Runtime) -> Result<Option<String>> {
    let sandbox = Arc::clone(sandbox);
    let checked = tokio::task::spawn_blocking(move || sandbox.check_runtime(runtime)).await?;
    Ok(checked.err().map(|error| error.to_string()))
}

/// Prints what there is to say about one script; answers whether it can run, as far as its runtime can.
fn check_script(script: &Candidate, fault: Option<&str>) -> Result<bool> {
    let Candidate { name, grants, .. } = script;
    let mut out = std::io::stdout().lock();
    if let Some(fault) = fault {
        writeln!(out, "FAULT  {name}\n         {fault}")?;
        return Ok(false);
    }
    let granted = grants.names().collect::<Vec<_>>().join(", ");
    let granted = if granted.is_empty() { "nothing that needs a grant" } else { &granted };
    writeln!(out, "ok     {name}\n         may use {granted}")?;
    Ok(true)
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

/// What the site's folders hold, sorted.
#[derive(Default)]
pub(super) struct Found {
    pub(super) handlers: Vec<PathBuf>,
    scripts: Vec<PathBuf>,
}

impl Found {
    /// Handlers and scripts below this folder.
    ///
    /// # Errors
    /// Those of reading the folders.
    pub(super) fn below(root: &Path) -> Result<Self> {
        let mut found = Self::default();
        collect(root, MAX_DEPTH, &mut found).with_context(|| root.display().to_string())?;
        found.handlers.sort();
        found.scripts.sort();
        Ok(found)
    }
}

fn collect(folder: &Path, depth: usize, found: &mut Found) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, found)?;
        } else if !kind.is_dir() {
            let name = entry.file_name();
            if name.as_encoded_bytes().ends_with(HANDLER_SUFFIX.as_bytes()) {
                found.handlers.push(entry.path());
            } else if name.as_encoded_bytes().ends_with(SCRIPT_SUFFIX.as_bytes()) {
                found.scripts.push(entry.path());
            }
        }
    }
    Ok(())
}
