//! What an operator chooses about the sandbox.

use std::{path::PathBuf, time::Duration};

use super::{Compiler, Runtimes};
use crate::stash;

/// How components are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Exchanges that run at one time; each holds a slot of the instance pool. More wait. Default 1,000 (`slots`).
    pub slots: u32,
    /// How long an exchange may wait for a slot before it is answered 503. Default 10 s (`queue_ms`).
    pub queue: Duration,
    /// Where compiled components are kept; created with mode 0700. None keeps none.
    pub cache_dir: Option<PathBuf>,
    /// The executable that compiled components may have come with, in a folder beside it ([`CARRIED_FOLDER`]). None looks
    /// nowhere.
    ///
    /// [`CARRIED_FOLDER`]: super::CARRIED_FOLDER
    pub executable: Option<PathBuf>,
    /// Compiled handlers held in memory; the least recently used is dropped first. Default 512 (`handlers`).
    pub handlers: usize,
    /// The largest handler file that is read. Default 64 MiB (`handler_mib`).
    pub handler_octets: u64,
    /// What each exchange may use.
    pub limits: Limits,
    /// What happens to the guest when the peer leaves.
    pub on_disconnect: OnDisconnect,
    /// How much the stash holds.
    pub stash: stash::Settings,
    /// Whether pages about failures tell the client their cause: on local servers. Default yes.
    pub is_local: bool,
    /// What runs scripts.
    pub runtimes: Runtimes,
    /// Compiles components of sites, so that this process never does; needs [`cache_dir`](Self::cache_dir). Default none:
    /// this process does.
    pub compiler: Option<Compiler>,
    /// Tenants' components that wait for the compiler, or are being compiled; more are answered 503. Default 64.
    pub compile_queue: usize,
}

/// What one exchange may use. Exceeding one ends that exchange alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Linear memory of all its memories together, in octets. Default 256 MiB (`memory_mib`).
    pub memory: usize,
    /// Elements of all its tables together. Default 100,000 (`table_elements`).
    pub table_elements: usize,
    /// Core instances inside its component. Default 64 (`instances`).
    pub instances: u32,
    /// CPU time of the thread while it polls the guest. Default 10 s (`cpu_ms`).
    pub cpu: Duration,
    /// Time from the start of the guest. Default 300 s (`wall_s`).
    pub wall: Duration,
    /// Octets of content sent. Default 4 GiB (`sent_mib`).
    pub sent_octets: u64,
    /// Octets logged by the guest, standard output and error included. Default 64 KiB (`log_kib`).
    pub log_octets: u64,
}

/// What happens to the guest when the peer leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnDisconnect {
    /// It is told: reads and writes fail at once, and it runs on until it returns or meets a limit.
    #[default]
    Tell,
    /// Its exchange ends (`on_disconnect = "cancel"`).
    Cancel,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            table_elements: 100_000,
            instances: 64,
            cpu: Duration::from_secs(10),
            wall: Duration::from_secs(300),
            sent_octets: 4 << 30,
            log_octets: 64 << 10,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slots: 1000,
            queue: Duration::from_secs(10),
            cache_dir: None,
            executable: None,
            handlers: 512,
            handler_octets: 64 << 20,
            limits: Limits::default(),
            on_disconnect: OnDisconnect::Tell,
            stash: stash::Settings::default(),
            is_local: true,
            runtimes: Runtimes::default(),
            compiler: None,
            compile_queue: 64,
        }
    }
}
