//! A server under load: a child process whose ports, processor time and memory can be asked for.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::{Instant, sleep, timeout},
};

/// Longest wait for a server to be ready. Compiling 500 handlers cold is what takes longest.
const READY: Duration = Duration::from_secs(600);

/// Longest wait for a server to end once it was asked to.
const STOP: Duration = Duration::from_secs(15);

/// A running server; dropping it kills it.
pub(crate) struct Server {
    child: Child,
    pid: u32,
    /// Port of the cleartext listener, if there is one.
    pub(crate) http: Option<u16>,
    /// Port of the TLS listener, if there is one.
    pub(crate) https: Option<u16>,
    /// From the start of the process until it was ready.
    pub(crate) took: Duration,
    /// Kept open: a server that writes to a closed pipe would be killed.
    _stdout: Option<BufReader<ChildStdout>>,
}

/// What a process keeps resident, in octets (proc(5), `status`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Everything.
    pub(crate) resident: u64,
    /// The part that no file backs.
    pub(crate) anonymous: u64,
}

#[derive(Deserialize)]
struct ReadyLine {
    event: String,
    listeners: Vec<Listener>,
}

#[derive(Deserialize)]
struct Listener {
    name: String,
    port: u16,
}

impl Server {
    /// Starts a server that prints a ready line with its listeners `http` and `https`. Its standard error goes to
    /// the file `log`.
    ///
    /// # Errors
    /// If it cannot be started, ends early or is not ready in ten minutes; with the end of its log.
    pub(crate) async fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut server = Self::spawn(&mut command, log, Stdio::piped())?;
        let stdout = server.child.stdout.take().context("standard output is piped")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = timeout(READY, stdout.read_line(&mut line)).await;
        server.took = started.elapsed();
        let ready = matches!(read, Ok(Ok(octets)) if octets > 0);
        ensure!(ready, "{} did not become ready; its log ends:\n{}", program(&command), tail(log));
        let ready: ReadyLine = serde_json::from_str(&line).with_context(|| format!("parsing ready line {line:?}"))?;
        ensure!(ready.event == "ready", "expected a ready line, not {line:?}");
        let port = |name: &str| ready.listeners.iter().find(|l| l.name == name).map(|l| l.port);
        (server.http, server.https) = (port("http"), port("https"));
        server._stdout = Some(stdout);
        Ok(server)
    }

    /// Starts a server that prints nothing, and waits until `http` or `https` accepts connections.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) async fn start_silent(
        mut command: Command,
        log: &Path,
        http: Option<u16>,
        https: Option<u16>,
    ) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut server = Self::spawn(&mut command, log, Stdio::null())?;
        let port = http.or(https).context("a port")?;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if server.child.try_wait()?.is_some() || started.elapsed() > READY {
                bail!("{} did not become ready; its log ends:\n{}", program(&command), tail(log));
            }
            sleep(Duration::from_millis(20)).await;
        }
        (server.http, server.https, server.took) = (http, https, started.elapsed());
        Ok(server)
    }

    fn spawn(command: &mut Command, log: &Path, stdout: Stdio) -> anyhow::Result<Self> {
        let file = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", program(command)))?;
        let pid = child.id().context("a process that was just started has an id")?;
        Ok(Self { child, pid, http: None, https: None, took: Duration::ZERO, _stdout: None })
    }

    /// Processor time of all its threads so far, in user and kernel mode (proc(5), `stat`). Steps of one clock tick,
    /// which is 10 ms nearly everywhere.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).context("the server has ended")?;
        // The second field is the name in parentheses and may hold anything; fields 14 and 15 are what we want.
        let (_, rest) = stat.rsplit_once(')').context("parsing /proc/PID/stat")?;
        let mut fields = rest.split_ascii_whitespace().skip(11);
        let mut next = || -> anyhow::Result<u64> { Ok(fields.next().context("parsing /proc/PID/stat")?.parse()?) };
        let ticks = next()? + next()?;
        Ok(Duration::from_micros(ticks * 1_000_000 / rustix::param::clock_ticks_per_second().max(1)))
    }

    /// What it keeps resident now.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).context("the server has ended")?;
        let field = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("parsing /proc/PID/status")?;
            let kib: u64 = line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse()?;
            Ok(kib * 1024)
        };
        Ok(Memory { resident: field("VmRSS")?, anonymous: field("RssAnon")? })
    }

    /// Its threads now.
    pub(crate) fn threads(&self) -> anyhow::Result<u64> {
        Ok(fs::read_dir(format!("/proc/{}/task", self.pid)).context("the server has ended")?.count() as u64)
    }

    /// Asks it to end, and kills it if it does not.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw).context("a process id")?;
        if self.child.try_wait()?.is_none() {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
            if timeout(STOP, self.child.wait()).await.is_err() {
                self.child.kill().await?;
            }
        }
        Ok(())
    }
}

/// What a command runs, without its arguments.
fn program(command: &Command) -> String {
    command.as_std().get_program().to_string_lossy().into_owned()
}

/// The last lines of a log, for error messages.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|octets| String::from_utf8_lossy(&octets).into_owned()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

/// A program on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The first line that a command prints, such as its version; none if it fails.
pub(crate) async fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().await.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(|line| line.trim().to_owned())
}
