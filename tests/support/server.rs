//! The real binary, on free ports, stopped with the test.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use serde_json::Value;

use super::{PATIENCE, Site};

/// What to start.
pub struct Builder {
    program: Option<PathBuf>,
    site: Site,
    config: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    descriptors: Option<u32>,
    ports: bool,
    tenants: bool,
}

/// A running server.
pub struct Server {
    pub site: Site,
    pub ready: Value,
    child: Child,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

/// Certificates and compiled handlers of all tests: made once.
pub fn state_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-state")
}

/// The binary under test.
pub fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_framewright"))
}

impl Builder {
    /// A server for this site with the three usual listeners: `http`, `https` and `h2`.
    pub fn new(site: Site) -> Self {
        Self {
            program: None,
            site,
            config: String::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
            descriptors: None,
            ports: true,
            tenants: false,
        }
    }

    /// Another place of the binary under test.
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// Lines for the configuration file. Begin with tables; top-level keys come first.
    pub fn config(mut self, toml: &str) -> Self {
        self.config.push_str(toml);
        self.config.push('\n');
        self
    }

    /// Every folder of the site is a tenant.
    pub fn tenants(mut self) -> Self {
        self.tenants = true;
        self
    }

    /// The listeners of the configuration file, or the defaults, and no others.
    pub fn own_listeners(mut self) -> Self {
        self.ports = false;
        self
    }

    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The most descriptors that the server may have open (RLIMIT_NOFILE).
    pub fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// Starts what must not start, and waits for it to leave.
    pub fn fails(self) -> std::process::Output {
        let (mut command, _config, _site) = self.command();
        command.output().expect("the binary")
    }

    pub fn start(self) -> Server {
        let (mut command, _config, site) = self.command();
        let mut child = command.spawn().expect("the binary");
        let log = Log::follow(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("standard output");
        let ready = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("no ready line but {line:?}; the log:\n{}", log.text.lock().expect("the log")));
        Server { site, ready, child, log }
    }

    /// The command, with the file and the folder that must live until it has started.
    fn command(self) -> (Command, tempfile::NamedTempFile, Site) {
        let program = self.program.as_ref().map_or_else(binary, Command::new);
        let mut command = match self.descriptors {
            None => program,
            Some(most) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", "ulimit -n $0 && exec \"$@\"", &most.to_string()]).arg(program.get_program());
                shell
            }
        };
        command.arg("serve");
        if self.tenants {
            command.arg("--tenants");
        }
        command.arg(self.site.path());
        if self.ports {
            command.args(["--http", "0", "--https", "0", "--h2", "0"]);
        }
        let config = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(config.path(), &self.config).expect("a configuration file");
        command.arg("--config").arg(config.path());
        if !self.arguments.iter().any(|argument| argument == "--state-dir") {
            command.arg("--state-dir").arg(state_dir());
        }
        if !self.arguments.iter().any(|argument| argument == "--log-level") {
            command.args(["--log-level", "debug"]);
        }
        command.args(&self.arguments).envs(self.environment);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        (command, config, self.site)
    }
}

impl Server {
    /// The port of the listener with this name.
    pub fn port(&self, name: &str) -> u16 {
        let listeners = self.ready["listeners"].as_array().expect("listeners");
        let listener = listeners.iter().find(|listener| listener["name"] == name).unwrap_or_else(|| panic!("{name}"));
        listener["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().strip_suffix(" kB").and_then(|number| number.parse().ok()).expect("a number")
    }

    /// Waits until the log has a line that holds all of these, and gives it.
    pub fn log_line(&self, parts: &[&str]) -> String {
        self.log_lines(parts, 1).remove(0)
    }

    /// Waits until the log has so many lines that hold all of these, and gives them.
    pub fn log_lines(&self, parts: &[&str], count: usize) -> Vec<String> {
        let found = self.log.wait(parts, count);
        found.unwrap_or_else(|text| panic!("fewer than {count} lines with {parts:?} in the log:\n{text}"))
    }

    /// The log so far.
    pub fn log(&self) -> String {
        self.log.text.lock().expect("the log").clone()
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Waits for the server to leave.
    pub fn exit(&mut self) -> ExitStatus {
        for _ in 0..PATIENCE.as_millis() / 10 {
            if let Some(status) = self.child.try_wait().expect("the child") {
                return status;
            }
            park(Duration::from_millis(10));
        }
        panic!("the server did not leave; the log:\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(4000);
            eprintln!("the end of the server's log:\n{}", String::from_utf8_lossy(&log.as_bytes()[from..]));
        }
    }
}

impl Log {
    fn follow(mut pipe: impl Read + Send + 'static) -> Arc<Self> {
        let log = Arc::new(Self::default());
        let shared = log.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                shared.text.lock().expect("the log").push_str(&String::from_utf8_lossy(&buffer[..count]));
                shared.grown.notify_all();
            }
        });
        log
    }

    fn wait(&self, parts: &[&str], count: usize) -> Result<Vec<String>, String> {
        let found = |text: &str| -> Vec<String> {
            let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
            let fits = |line: &&str| parts.iter().all(|part| line.contains(part));
            whole.lines().filter(fits).map(str::to_owned).collect()
        };
        let text = self.text.lock().expect("the log");
        let too_few = |text: &mut String| found(text).len() < count;
        let (text, _) = self.grown.wait_timeout_while(text, PATIENCE, too_few).expect("the log");
        let lines = found(&text);
        if lines.len() < count { Err(text.clone()) } else { Ok(lines) }
    }
}

fn park(time: Duration) {
    std::thread::park_timeout(time);
}
