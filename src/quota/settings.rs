//! What an operator chooses about a tenant's share.

use std::time::Duration;

/// What one tenant may use, all its exchanges together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Connections at one time; more are closed. Default 200 (`connections`).
    pub connections: u64,
    /// Exchanges at one time; more are answered 503. Default 100 (`exchanges`).
    pub exchanges: u64,
    /// Requests a second; more are answered 429. Default 200 (`requests_per_s`).
    pub requests_per_second: u64,
    /// Requests that may come at once after a rest. Default 400 (`requests_burst`).
    pub requests_burst: u64,
    /// CPU time of guests in each second. A tenant that has used a second's share ahead waits; while it is [`BACKLOG`]
    /// behind, new exchanges are answered 503. Default 500 ms (`cpu_ms_per_s`).
    pub cpu_per_second: Duration,
    /// Octets in each second that leave on all connections. Treated as CPU time is. Default 16 MiB (`sent_kib_per_s`).
    pub sent_per_second: u64,
    /// Octets of linear memory in use; a guest that would use more ends. Default 1 GiB (`memory_in_use_mib`).
    pub memory: u64,
    /// Octets that guests log in each second; more are dropped, and counted. Default 64 KiB (`log_kib_per_s`).
    pub log_per_second: u64,
    /// Handlers that wait to be compiled, or are being compiled; more are answered 503. Default 16 (`compilations`).
    pub compilations: u64,
}

/// How far a tenant may be behind before nothing new begins.
pub const BACKLOG: Duration = Duration::from_secs(1);

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 200,
            exchanges: 100,
            requests_per_second: 200,
            requests_burst: 400,
            cpu_per_second: Duration::from_millis(500),
            sent_per_second: 16 << 20,
            memory: 1 << 30,
            log_per_second: 64 << 10,
            compilations: 16,
        }
    }
}
