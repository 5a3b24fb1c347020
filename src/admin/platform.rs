//! What the operating system knows of this process. Everything that is not portable is here.

/// Resident memory, in octets.
#[cfg(target_os = "linux")]
pub(super) fn resident_octets() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

/// Open descriptors.
#[cfg(target_os = "linux")]
pub(super) fn open_descriptors() -> Option<usize> {
    // One of them is that of the folder itself.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

/// Resident memory, in octets; not known here.
#[cfg(not(target_os = "linux"))]
pub(super) fn resident_octets() -> Option<u64> {
    None
}

/// Open descriptors; not known here.
#[cfg(not(target_os = "linux"))]
pub(super) fn open_descriptors() -> Option<usize> {
    None
}
