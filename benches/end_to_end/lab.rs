//! The place where everything runs: files, certificate, and how each server is started.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    native::{self, Answer, Engine},
    process::{Server, first_line, on_path, tail},
};

/// The release of wptserve that is compared with.
pub(crate) const WPTSERVE: &str = "4.0.3";

/// The major release of wasmtime that is compared with.
const WASMTIME: &str = "48.";

/// Why a figure could not be taken, though nothing is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotMeasured(pub(crate) String);

/// A server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Peer {
    /// The server under test.
    Framewright,
    /// The same with one access line per exchange, as it runs by default.
    FramewrightLogging,
    /// The server under test with the site that wptserve serves, behaving as it does.
    FramewrightWpt,
    /// An earlier build of the server under test.
    Baseline,
    /// The native control, answering what the server under test answered.
    Native,
    /// The native control, answering what we expect of the server under test.
    StandIn,
    /// nghttpd, serving the same files.
    Nghttpd,
    /// wptserve, with a handler in Python.
    Wptserve,
    /// `wasmtime serve` with a tuned pool.
    Wasmtime,
}

/// A temporary folder with everything that servers are given, and where they are found.
pub(crate) struct Lab {
    folder: TempDir,
    /// The program under test; none lets the control stand in for it.
    program: Option<PathBuf>,
    /// An earlier build of it, if there is one to compare with.
    baseline: Option<PathBuf>,
    /// The folder of built handlers.
    handlers: PathBuf,
    /// What speaks HTTP/2 in the control.
    engine: Engine,
    /// How often the server under test was started; names its files.
    started: AtomicU32,
}

/// The content of the handler `hello` in every language.
pub(crate) const HELLO: &[u8] = b"Hello, world!\n";

impl Lab {
    /// Lays out a fresh folder: certificate, site, the Python handler.
    ///
    /// # Errors
    /// If the folder cannot be written or the handler `hello` has not been built.
    pub(crate) fn new(
        program: Option<PathBuf>,
        baseline: Option<PathBuf>,
        handlers: PathBuf,
        engine: Engine,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("lab-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let lab = Self { folder, program, baseline, handlers, engine, started: AtomicU32::new(0) };
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names)?;
        fs::write(lab.path("cert.pem"), certified.cert.pem())?;
        fs::write(lab.path("key.pem"), certified.signing_key.serialize_pem())?;
        for folder in ["site", "state", "python"] {
            fs::create_dir(lab.path(folder))?;
        }
        for (name, octets) in FILES {
            fs::write(lab.path("site").join(name), content(octets))?;
        }
        fs::write(lab.path("hello.txt"), HELLO)?;
        fs::write(lab.path("python/hello.py"), include_str!("peers/hello.py"))?;
        fs::write(lab.path("python/page.sub.html"), "{{GET[text]}}\n")?;
        fs::write(lab.path("python/1k.bin"), content(1 << 10))?;
        fs::write(lab.path("serve_with_wptserve.py"), include_str!("peers/serve_with_wptserve.py"))?;
        fs::write(lab.path("wasi_hello.wat"), include_str!("peers/wasi_hello.wat"))?;
        if lab.program.is_some() {
            fs::write(lab.path("site/hello.handler.wasm"), lab.handler("rust/hello.wasm")?)?;
        }
        Ok(lab)
    }

    /// A file or folder of the lab.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The octets of a built handler.
    ///
    /// # Errors
    /// If it has not been built.
    pub(crate) fn handler(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.handlers.join(name);
        fs::read(&path).with_context(|| format!("reading {} (`make handlers` builds it)", path.display()))
    }

    /// The version of the server under test, as it says itself.
    pub(crate) async fn version(&self) -> String {
        match &self.program {
            Some(program) => first_line(Command::new(program).arg("--version")).await.unwrap_or_default(),
            None => "none: the control stood in for it".to_owned(),
        }
    }

    /// Whether the control stands in for the server under test.
    pub(crate) fn is_rehearsal(&self) -> bool {
        self.program.is_none()
    }

    /// Starts a server. The native control answers `answers`.
    ///
    /// # Errors
    /// [`NotMeasured`] if it is not installed; otherwise if it does not start.
    pub(crate) async fn start(&self, peer: Peer, answers: &[Answer]) -> anyhow::Result<Server> {
        match peer {
            Peer::Framewright | Peer::FramewrightLogging | Peer::FramewrightWpt if self.is_rehearsal() => {
                self.start_native("stand-in", &self.own_answers()).await
            }
            Peer::StandIn => self.start_native("stand-in", &self.own_answers()).await,
            Peer::Framewright => self.start_framewright("", &self.path("site"), &[]).await,
            Peer::FramewrightLogging => self.start_framewright("", &self.path("site"), &["--log-level", "info"]).await,
            Peer::FramewrightWpt => {
                self.start_framewright("[site]\nbehaviour = \"wptserve\"\n", &self.path("python"), &[]).await
            }
            Peer::Baseline => {
                let program =
                    self.baseline.as_ref().ok_or_else(|| NotMeasured("no --baseline was given".to_owned()))?;
                self.start_program(program, "", &self.path("site"), &[]).await
            }
            Peer::Native => self.start_native("native", answers).await,
            Peer::Nghttpd => self.start_nghttpd().await,
            Peer::Wptserve => self.start_wptserve().await,
            Peer::Wasmtime => self.start_wasmtime().await,
        }
    }

    /// Starts the server under test on `root` with this configuration file's text and further arguments. It logs
    /// warnings only, unless the arguments say otherwise.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) async fn start_framewright(
        &self,
        configuration: &str,
        root: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<Server> {
        let Some(program) = &self.program else {
            return Err(NotMeasured("the control cannot stand in for this".to_owned()).into());
        };
        self.start_program(program, configuration, root, arguments).await
    }

    async fn start_program(
        &self,
        program: &Path,
        configuration: &str,
        root: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<Server> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let file = self.path(&format!("framewright-{number}.toml"));
        fs::write(&file, configuration)?;
        let mut command = Command::new(program);
        command.arg("serve").arg(root).arg("--config").arg(file).arg("--state-dir").arg(self.path("state"));
        command.args(["--bind", "127.0.0.1", "--http", "0", "--https", "0"]);
        command.arg("--cert").arg(self.path("cert.pem")).arg("--key").arg(self.path("key.pem"));
        if !arguments.contains(&"--log-level") {
            command.args(["--log-level", "warn"]);
        }
        command.args(arguments);
        Server::start(command, &self.path(&format!("framewright-{number}.log"))).await
    }

    async fn start_native(&self, name: &str, answers: &[Answer]) -> anyhow::Result<Server> {
        let list = self.path(&format!("{name}.json"));
        fs::write(&list, serde_json::to_vec(answers)?)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(native::COMMAND).arg("--answers").arg(list);
        command.arg("--cert").arg(self.path("cert.pem")).arg("--key").arg(self.path("key.pem"));
        command.arg("--engine").arg(match self.engine {
            Engine::H2 => "h2",
            Engine::Hyper => "hyper",
        });
        Server::start(command, &self.path(&format!("{name}.log"))).await
    }

    async fn start_nghttpd(&self) -> anyhow::Result<Server> {
        let program = installed("nghttpd")?;
        let (port, workers) = (free_port()?, std::thread::available_parallelism()?);
        let mut command = Command::new(program);
        command.args(["-a", "127.0.0.1", "-n", &workers.to_string()]).arg("-d").arg(self.path("site"));
        command.arg(port.to_string()).arg(self.path("key.pem")).arg(self.path("cert.pem"));
        Server::start_silent(command, &self.path("nghttpd.log"), None, Some(port)).await
    }

    async fn start_wptserve(&self) -> anyhow::Result<Server> {
        let mut command = Command::new(self.python().await?);
        command.arg(self.path("serve_with_wptserve.py")).arg(self.path("python"));
        command.arg(self.path("key.pem")).arg(self.path("cert.pem"));
        Server::start(command, &self.path("wptserve.log")).await
    }

    async fn start_wasmtime(&self) -> anyhow::Result<Server> {
        let program = installed("wasmtime")?;
        let version = first_line(Command::new(&program).arg("--version")).await.unwrap_or_default();
        if !version.trim_start_matches("wasmtime ").starts_with(WASMTIME) {
            return Err(NotMeasured(format!("the wasmtime on PATH is {version:?}, not {WASMTIME}x")).into());
        }
        let port = free_port()?;
        let mut command = Command::new(program);
        command.args(["serve", "-Opooling-allocator,pooling-pagemap-scan=auto"]);
        command.arg("-Opooling-memory-keep-resident=65536,pooling-table-keep-resident=65536");
        command.arg("--addr").arg(format!("127.0.0.1:{port}")).arg(self.path("wasi_hello.wat"));
        Server::start_silent(command, &self.path("wasmtime.log"), Some(port), None).await
    }

    /// A Python that has wptserve, installed on first use into a virtual environment that later runs keep.
    pub(crate) async fn python(&self) -> anyhow::Result<PathBuf> {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wptserve-{WPTSERVE}"));
        let (python, done) = (home.join("bin/python"), home.join("installed"));
        if !done.exists() {
            let log = self.path("pip.log");
            let mut create = Command::new("python3");
            create.args(["-m", "venv", "--clear"]).arg(&home);
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--quiet", &format!("wptserve=={WPTSERVE}")]);
            for mut step in [create, install] {
                let output = fs::File::create(&log)?;
                let status = step.stdout(output.try_clone()?).stderr(output).status().await;
                if !status.is_ok_and(|status| status.success()) {
                    return Err(NotMeasured(format!("wptserve does not install here: {}", tail(&log))).into());
                }
            }
            fs::write(done, "")?;
        }
        Ok(python)
    }

    /// What the stand-in answers: what we expect of the server under test.
    fn own_answers(&self) -> Vec<Answer> {
        let answer = |path: &str, kind: &str, octets: usize, content: PathBuf| Answer {
            path: path.to_owned(),
            status: 200,
            fields: vec![
                ("content-type".to_owned(), kind.to_owned()),
                ("content-length".to_owned(), octets.to_string()),
            ],
            content,
        };
        let hello = ("text/plain; charset=utf-8", self.path("hello.txt"));
        let mut answers = vec![answer("/hello.handler.wasm", hello.0, HELLO.len(), hello.1)];
        for (name, octets) in FILES {
            let file = self.path("site").join(name);
            answers.push(answer(&format!("/{name}"), "application/octet-stream", octets, file));
        }
        answers
    }
}

/// The static files and their sizes in octets.
const FILES: [(&str, usize); 2] = [("1k.bin", 1 << 10), ("1m.bin", 1 << 20)];

/// Octets that do not compress, the same every time (a linear congruential generator).
pub(crate) fn content(octets: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..octets).map(|_| next()).collect()
}

fn installed(name: &str) -> anyhow::Result<PathBuf> {
    on_path(name).ok_or_else(|| NotMeasured(format!("no {name} on PATH")).into())
}

/// A port that was free a moment ago, for servers that cannot pick one.
fn free_port() -> anyhow::Result<u16> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    ensure!(port != 0, "no free port");
    Ok(port)
}
