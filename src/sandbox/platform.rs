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
