//! What resolving reads of the world around the process, so that tests need neither.

use std::{
    ffi::OsString,
    io,
    net::{IpAddr, ToSocketAddrs},
    path::{Path, PathBuf},
};

/// The world as the configuration sees it.
pub trait Environment {
    /// An environment variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// The text of a file.
    ///
    /// # Errors
    /// Those of reading, and octets that are no UTF-8.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Whether this is a file that exists; links are followed.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether this is a folder that exists; links are followed.
    fn is_folder(&self, path: &Path) -> bool;

    /// The path from the root of the file system, without `.` in it.
    ///
    /// # Errors
    /// If there is no current folder that it could start from.
    fn absolute(&self, path: &Path) -> io::Result<PathBuf>;

    /// The addresses of a host. May take as long as the system's resolver does.
    ///
    /// # Errors
    /// If it has none.
    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;

    /// The file of this program, to start it once more.
    fn program(&self) -> PathBuf;
}

/// The process's own environment and file system.
#[derive(Clone, Copy, Debug)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name).filter(|value| !value.is_empty())
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        std::path::absolute(path)
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        (host, 0).to_socket_addrs().map(|addresses| addresses.map(|address| address.ip()).collect())
    }

    fn program(&self) -> PathBuf {
        // On Linux this is the file that runs, even after another has taken its place: both ends are of one version.
        if cfg!(target_os = "linux") {
            return PathBuf::from("/proc/self/exe");
        }
        std::env::current_exe().unwrap_or_else(|_| PathBuf::from("framewright"))
    }
}

/// Where state is kept when nobody says: the XDG base directory for state, which must be absolute to count, else the
/// same under the home folder, else the current folder.
pub(super) fn default_state_dir(environment: &dyn Environment) -> PathBuf {
    let absolute = |name| environment.variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    match (absolute("XDG_STATE_HOME"), absolute("HOME")) {
        (Some(state), _) => state.join("framewright"),
        (None, Some(home)) => home.join(".local/state/framewright"),
        (None, None) => PathBuf::from(".framewright"),
    }
}
