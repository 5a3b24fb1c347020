//! What an operator chooses about a stash.

use std::time::Duration;

/// How much a stash holds, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Values at one time. Default 10,000 (`stash_keys`).
    pub keys: usize,
    /// Octets of all values together, with their keys and paths. Default 64 MiB (`stash_mib`).
    pub octets: u64,
    /// Octets of one value. Default 1 MiB (`stash_value_kib`).
    pub value_octets: u64,
    /// How long a value that nobody takes is kept. Default 3,600 s (`stash_age_s`).
    pub age: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { keys: 10_000, octets: 64 << 20, value_octets: 1 << 20, age: Duration::from_secs(3600) }
    }
}
