//! Compiles strangers' components in a process of its own.
//!
//! ```text
//! server                                    the same program, `compile-component`
//! octets → file without a name ── stdin ──▶ limits itself, then reads, compiles
//! checks size, stores under the hash ◀─ stdout, a file without a name
//! ```
//!
//! The process bounds what compiling may cost: CPU time, memory, time, size of the result. It is no wall against a fault
//! of the code generator: what it makes runs in the server afterwards.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use tokio::time::Instant;

use super::{engine, platform};

/// The hidden subcommand that is the other side of this.
pub const SUBCOMMAND: &str = "compile-component";

/// Has the allocator take memory as it needs it: by default it would take a GiB at once, which is all that there may be.
pub const ENVIRONMENT: [(&str, &str); 1] = [("MIMALLOC_ARENA_EAGER_COMMIT", "0")];

/// What compiling one component may cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compiler {
    /// The program to run, which takes [`SUBCOMMAND`].
    pub program: PathBuf,
    /// CPU time. Default 20 s (`compile_cpu_s`). Three times as long may pass until the process is ended.
    pub cpu: Duration,
    /// Memory that the process writes to, in octets. Default 1 GiB (`compile_mib`).
    pub memory: u64,
    /// Octets of the result. Default 256 MiB (`compiled_mib`).
    pub result: u64,
}

/// Why nothing was compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileFault {
    /// The component is at fault; in wasmtime's words.
    #[error("{0}")]
    Invalid(String),
    /// It took too long.
    #[error("compiling took more than {} s of CPU time (compile_cpu_s)", .0.as_secs())]
    Time(Duration),
    /// The process ended without a result: for want of memory, or by a fault in the compiler.
    #[error("the compiler ended without a result ({0}): it may write to {mib} MiB of memory (compile_mib)", mib = .1 >> 20)]
    Died(ExitStatus, u64),
    /// The result is too large.
    #[error("the compiled handler has more than {} MiB (compiled_mib)", .0 >> 20)]
    TooLarge(u64),
    /// The process cannot be started or heard.
    #[error("the compiler cannot be run: {0}")]
    Io(#[from] io::Error),
}

impl Compiler {
    /// The usual bounds for this program.
    pub fn new(program: PathBuf) -> Self {
        Self { program, cpu: Duration::from_secs(20), memory: 1 << 30, result: 256 << 20 }
    }

    /// Compiles a component; `folder` is where only this user can write. Blocks.
    ///
    /// # Errors
    /// See [`CompileFault`].
    pub(super) fn compile(&self, component: &[u8], folder: &Path) -> Result<Vec<u8>, CompileFault> {
        // The child gets the octets that were hashed, not a file that its owner may change meanwhile.
        let mut input = unnamed(folder)?;
        input.write_all(component)?;
        input.rewind()?;
        let mut output = unnamed(folder)?;
        let child = Command::new(&self.program)
            .arg(SUBCOMMAND)
            .args([self.cpu.as_secs(), self.memory, self.result].map(|number| number.to_string()))
            .env_clear()
            .envs(ENVIRONMENT)
            .current_dir("/")
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::null())
            .spawn()?;
        let status = wait(child, self.cpu * 3)?;
        output.rewind()?;
        let mut result = Vec::new();
        output.take(self.result + 1).read_to_end(&mut result)?;
        match status {
            Some(status) if status.success() && result.len() as u64 > self.result => {
                Err(CompileFault::TooLarge(self.result))
            }
            Some(status) if status.success() => Ok(result),
            Some(status) if status.code() == Some(i32::from(EXIT_INVALID)) => {
                result.truncate(REASON_OCTETS);
                Err(CompileFault::Invalid(String::from_utf8_lossy(&result).into_owned()))
            }
            Some(status) if platform::ended_by_cpu_limit(status) => Err(CompileFault::Time(self.cpu)),
            Some(status) if platform::ended_by_size_limit(status) => Err(CompileFault::TooLarge(self.result)),
            Some(status) => Err(CompileFault::Died(status, self.memory)),
            None => Err(CompileFault::Time(self.cpu)),
        }
    }
}

/// The exit code that says that the component is at fault, and why on standard output.
const EXIT_INVALID: u8 = 3;
/// The longest reason that is read.
const REASON_OCTETS: usize = 4096;
/// How often the child is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// Waits for the child; none if it had to be ended.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::park_timeout(LOOK_INTERVAL);
    }
}

/// A file in this folder that nobody can find any more.
fn unnamed(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!("{}.compile", uuid::Uuid::new_v4()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// What the subcommand does: limits this process, compiles the component on standard input, and puts the result on
/// standard output. The exit code says what became of it.
///
/// # Errors
/// If the limits cannot be set, or standard input or output fails.
pub fn compile_here(cpu: Duration, memory: u64, result: u64) -> io::Result<u8> {
    platform::limit_this_process(cpu, memory, result)?;
    let mut component = Vec::new();
    io::stdin().lock().read_to_end(&mut component)?;
    let compiled = engine::lone_compiler().and_then(|engine| engine.precompile_component(&component));
    let mut output = io::stdout().lock();
    match compiled {
        Ok(octets) => {
            output.write_all(&octets)?;
            output.flush()?;
            Ok(0)
        }
        Err(error) => {
            output.write_all(super::load_error::reason(&error).as_bytes())?;
            output.flush()?;
            Ok(EXIT_INVALID)
        }
    }
}
