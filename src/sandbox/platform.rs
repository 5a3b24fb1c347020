//! What the sandbox asks of the operating system. Everything that is not portable is here.

use std::time::Duration;

/// Memory maps that a process may have; none where there is no such limit.
#[cfg(target_os = "linux")]
pub(super) fn max_map_count() -> Option<u64> {
    std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()
}

/// Memory maps that a process may have; none where there is no such limit.
#[cfg(not(target_os = "linux"))]
pub(super) fn max_map_count() -> Option<u64> {
    None
}

/// CPU time that the calling thread has used.
pub(super) fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Cores that the process may use; at least one.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Bounds what this process may use, before it does anything for a stranger: CPU time in whole seconds, memory that it
/// can write to, the size of files that it writes. It gains no privileges from here on, leaves no core file, and is
/// the last to get a core.
#[cfg(unix)]
pub(super) fn limit_this_process(cpu: Duration, memory: u64, file: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, nice, setrlimit};
    let seconds = cpu.as_secs().max(1);
    for (resource, limit) in [
        (Resource::Cpu, seconds),
        (Resource::Fsize, file.saturating_add(1)),
        (Resource::Core, 0),
        (Resource::Nofile, 32),
        // Not the address space: a reservation costs nothing.
        #[cfg(target_os = "linux")]
        (Resource::Data, memory),
        #[cfg(not(target_os = "linux"))]
        (Resource::As, memory),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    // Others' exchanges go first. Some systems forbid it; then they do not.
    let _ = nice(10);
    #[cfg(target_os = "linux")]
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

/// Bounds what this process may use; not possible here.
#[cfg(not(unix))]
pub(super) fn limit_this_process(_: Duration, _: u64, _: u64) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Whether a process ended because its CPU time was used up: by SIGXCPU, or by SIGKILL where soft and hard limit meet.
#[cfg(unix)]
pub(super) fn ended_by_cpu_limit(status: std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    matches!(status.signal(), Some(libc::SIGXCPU | libc::SIGKILL))
}

/// Whether a process ended because it wrote a file too large.
#[cfg(unix)]
pub(super) fn ended_by_size_limit(status: std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(libc::SIGXFSZ)
}

/// Whether a process ended because its CPU time was used up.
#[cfg(not(unix))]
pub(super) fn ended_by_cpu_limit(_: std::process::ExitStatus) -> bool {
    false
}

/// Whether a process ended because it wrote a file too large.
#[cfg(not(unix))]
pub(super) fn ended_by_size_limit(_: std::process::ExitStatus) -> bool {
    false
}
