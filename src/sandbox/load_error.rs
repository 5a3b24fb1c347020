//! What is wrong with a file that should be a handler.

use std::path::PathBuf;

use super::Runtime;

/// Why a file cannot be used as a handler.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("{}: no such file", .0.display())]
    NotFound(PathBuf),
    /// It can't be read.
    #[error("{}: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// It is larger than handlers may be.
    #[error("{}: {octets} octets are more than a handler may have ({limit}, handler_mib)", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        octets: u64,
        /// The limit.
        limit: u64,
    },
    /// It is no component, or does not fit the world.
    #[error("{}: {reason}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It imports an interface of ours that it isn't granted.
    #[error("{}: imports {interface}, which needs `{grant} = true` in [grant.\"…\"] for its path", .path.display())]
    NotGranted {
        /// The file.
        path: PathBuf,
        /// The interface.
        interface: String,
        /// The missing grant.
        grant: &'static str,
    },
    /// It imports an interface of ours that this version does not have.
    #[error("{}: imports {interface}, which this version does not offer", .path.display())]
    NotOffered {
        /// The file.
        path: PathBuf,
        /// The interface.
        interface: String,
    },
    /// It imports the interface of runtimes that the server ships.
    #[error("{}: imports {interface}, which only the server's own runtimes for scripts may", .path.display())]
    NotForSites {
        /// The file.
        path: PathBuf,
        /// The interface.
        interface: String,
    },
    /// It is not compiled yet, because too many wait for that or the machine is at fault: later it may be.
    #[error("{0}")]
    Busy(String),
    /// The server was built without this runtime.
    #[error(
        "this server was built without its runtime for {0} scripts: build the handlers (`make handlers`), then the server"
    )]
    NotShipped(Runtime),
    /// The runtime can't be linked; a fault of ours.
    #[error("the runtime for {runtime} scripts can't be used: {reason}")]
    Runtime {
        /// The runtime.
        runtime: Runtime,
        /// What is wrong with it.
        reason: String,
    },
}

/// What wasmtime finds wrong, on one line, because log lines are lines; with the key of the limit that a component needs
/// more of, which wasmtime knows by other names.
pub(super) fn reason(error: &wasmtime::Error) -> String {
    const LIMITS: [(&str, &str); 3] = [
        ("memory has a minimum byte size", " (memory_mib)"),
        ("minimum element size", " (table_elements)"),
        ("core module instances", " (instances)"),
    ];
    let text = format!("{error:#}");
    let line = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let limit = LIMITS.iter().find(|(words, _)| line.contains(words));
    line + limit.map_or("", |(_, key)| key)
}
