//! `framewright check --wpt`: loads every Python handler of a checkout, and says what those lack that do not load.

use std::{
    collections::BTreeMap,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use framewright::{
    config::ServePlan,
    drain::Drain,
    exchange::{BoxFuture, ConnectionFacts, ConnectionId, Exchange},
    http1,
    sandbox::{Grants, Program, Runtime, Sandbox, Script, SiteFacts, Target, Task},
    site::SCRIPT_OCTETS,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::parts::Parts;
/// The pipe's size in octets.
const PIPE_OCTETS: usize = 64 << 10;
/// Folders below folders that are looked into, so that a loop of links ends.
const MAX_DEPTH: usize = 64;
/// Files loaded at one time.
const AT_A_TIME: usize = 4;
/// What the runtime answers for a file that is no handler.
const NO_HANDLER: u16 = 404;

/// What became of a file: the runtime's status, and its words.
type Verdict = (u16, String);

/// Loads the handlers below the plan's root and prints those at fault and a count for each folder.
///
/// # Errors
/// If the parts can't be built. Handlers at fault are listed and make the exit code 1.
pub(super) async fn run(plan: &ServePlan) -> Result<ExitCode> {
    let (parts, _) = Parts::assemble(plan)?;
    let root: Arc<Path> = Arc::from(&*plan.site.root);
    let mut files = Vec::new();
    collect(&root, MAX_DEPTH, &mut files).with_context(|| root.display().to_string())?;
    files.sort();
    let mut folders: BTreeMap<String, [u32; 2]> = BTreeMap::new();
    for some in files.chunks(AT_A_TIME) {
        let loading = some.iter().map(|file| load(&parts.sandbox, parts.http1.clone(), &root, file));
        for (file, verdict) in some.iter().zip(futures_util::future::join_all(loading).await) {
            let name = file.strip_prefix(&root).unwrap_or(file);
            let (status, words) = verdict.with_context(|| name.display().to_string())?;
            if status == NO_HANDLER {
                continue;
            }
            let folder = name.iter().next().map(|first| first.to_string_lossy().into_owned()).unwrap_or_default();
            folders.entry(folder).or_default()[usize::from(status != 200)] += 1;
            if status != 200 {
                writeln!(std::io::stdout().lock(), "FAULT  /{}\n         {}", name.display(), words.trim_end())?;
            }
        }
    }
    summary(&folders)
}

fn summary(folders: &BTreeMap<String, [u32; 2]>) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for (folder, [loaded, faults]) in folders {
        writeln!(out, "{loaded:>5} of {:>4} load  {folder}", loaded + faults)?;
    }
    let [loaded, faults] = folders.values().fold([0, 0], |sum, each| [sum[0] + each[0], sum[1] + each[1]]);
    writeln!(out, "{} Python handlers, {faults} at fault", loaded + faults)?;
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the runtime says about one file, in an instance of its own.
async fn load(sandbox: &Arc<Sandbox>, settings: http1::Settings, root: &Arc<Path>, file: &Path) -> Result<Verdict> {
    if tokio::fs::metadata(file).await?.len() > SCRIPT_OCTETS {
        return Ok((NO_HANDLER, String::new()));
    }
    let name: Arc<str> = format!("/{}", file.strip_prefix(root).unwrap_or(file).display()).into();
    let target = Arc::new(Target {
        program: Program::Script(Script {
            runtime: Runtime::Python,
            path: Arc::clone(&name),
            source: Bytes::from(tokio::fs::read(file).await?),
            facts: Arc::new(SiteFacts::default()),
            task: Task::Load,
            is_shared: false,
        }),
        name,
        grants: Grants::FILES.with(Grants::STASH).with(Grants::RAW),
        root: Arc::clone(root),
    });
    let sandbox = Arc::clone(sandbox);
    let dispatch = move |exchange: Exchange| -> BoxFuture<'static, ()> {
        let (sandbox, target) = (Arc::clone(&sandbox), Arc::clone(&target));
        Box::pin(async move {
            sandbox.run(&target, exchange).await;
        })
    };
    let (mut client, server) = tokio::io::duplex(PIPE_OCTETS);
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let facts = ConnectionFacts {
        id: ConnectionId::next(),
        peer: address,
        local: address,
        listener: "check".into(),
        tls: None,
    };
    let (_handle, drain) = Drain::pair();
    let serving = http1::serve(server, Arc::new(facts), Arc::new(dispatch), settings, drain);
    let asking = async {
        client.write_all(b"GET / HTTP/1.1\r\nHost: check\r\nConnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await?;
        verdict(&answer)
    };
    let (_, verdict) = tokio::join!(serving, asking);
    verdict
}

fn verdict(answer: &[u8]) -> Result<Verdict> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, words)) = text.split_once("\r\n\r\n") else { bail!("the runtime gave no answer") };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    Ok((status, words.to_owned()))
}

/// The Python files below a folder; not below `tools` and `webdriver`, which hold no handlers, nor hidden ones.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let is_root = depth == MAX_DEPTH;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_left_out =
            name.as_encoded_bytes().starts_with(b".") || (is_root && (name == "tools" || name == "webdriver"));
        if entry.file_type()?.is_dir() {
            if depth > 0 && !is_left_out {
                collect(&entry.path(), depth - 1, files)?;
            }
        } else if name.as_encoded_bytes().ends_with(b".py") {
            files.push(entry.path());
        }
    }
    Ok(())
}
