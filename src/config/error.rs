//! What can be wrong with a configuration.

use std::{fmt, io, net::IpAddr, path::PathBuf, sync::Arc};

use crate::{tenant, wptserve};

/// A fault of the configuration and where it stands. Shown as `FILE:LINE: message`.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// What.
    #[source]
    pub fault: Fault,
}

/// Where a setting was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// On this line of the configuration file, counting from 1.
    Line(Arc<str>, usize),
    /// In the configuration file as a whole.
    File(PathBuf),
    /// By this argument or default.
    Argument(&'static str),
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("cannot read the configuration: {0}")]
    Unreadable(io::Error),
    /// The file is no TOML, has an unknown key or a value of the wrong type.
    #[error("{0}")]
    Malformed(String),
    /// A part of the format that this version does not have.
    #[error("`{0}` is not supported yet")]
    NotSupported(&'static str),
    /// A number out of its range.
    #[error("`{key}` is {value}, which is out of range: {least} to {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The value given.
        value: u64,
        /// The smallest value allowed.
        least: u64,
        /// The largest value allowed.
        most: u64,
    },
    /// A number that this machine's addresses cannot hold.
    #[error("`{key}` is {value}, which is too much for this machine's addresses")]
    TooLargeHere {
        /// The key.
        key: &'static str,
        /// The value given.
        value: u64,
    },
    /// A key that must be given.
    #[error("`{key}` is missing here")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A key that must not be empty.
    #[error("`{0}` must not be empty")]
    Empty(&'static str),
    /// A listener with one address twice.
    #[error("{0} is there twice")]
    AddressTwice(IpAddr),
    /// A cleartext listener for HTTP/2 alone.
    #[error("without TLS, \"h2\" comes with \"http/1.1\": both are told apart by their first octets")]
    CleartextHttp2Alone,
    /// Two listeners of one name.
    #[error("a listener named {0:?} exists already")]
    ListenerName(String),
    /// Two listeners on one address and port.
    #[error("{address} port {port} is taken by listener {other:?}")]
    PortTaken {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
        /// The name of the other listener.
        other: String,
    },
    /// No listener is left.
    #[error("nothing to listen on: every listener is switched off")]
    NoListener,
    /// A path pattern that cannot match anything, or not what it seems to.
    #[error("bad path pattern {pattern:?}: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two grants or routes that match the same requests.
    #[error("{0} is there already, at line {1}")]
    Duplicate(String, usize),
    /// A method that is no token (RFC 9110 §5.6.2).
    #[error("{0:?} is no method: it has characters that no token has")]
    Method(String),
    /// A handler that does not exist.
    #[error("no such handler file: {}", .0.display())]
    HandlerMissing(PathBuf),
    /// A root that is no folder.
    #[error("no such folder: {}", .0.display())]
    RootMissing(PathBuf),
    /// `cert` without `key`, or the other way round.
    #[error("`{0}` needs `{1}` beside it")]
    Pair(&'static str, &'static str),
    /// A value of another type than its key has.
    #[error("{key} must be {expected}")]
    WrongType {
        /// The key in backquotes, or what stands in for one.
        key: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A key that the format does not have.
    #[error("unknown key `{0}`")]
    UnknownKey(String),
    /// A word that is none of those that a key may have.
    #[error("`{key}` is {value:?}, which is none of {expected}")]
    Word {
        /// The key.
        key: String,
        /// The word given.
        value: String,
        /// The words that there are.
        expected: &'static str,
    },
    /// Hosts and subdomains that cannot be.
    #[error(transparent)]
    Hosts(wptserve::HostsFault),
    /// A host whose address the servers should listen on, which has none.
    #[error("no address was found for {host:?}: {error}")]
    Address {
        /// The host.
        host: String,
        /// Why.
        error: io::Error,
    },
    /// A mount point that does not say where.
    #[error("the mount point {0:?} must start with `/`")]
    MountPoint(String),
    /// A line of a file of mount points that is none.
    #[error("expected a mount point and a folder, as in `/ALIAS/, DIR`")]
    AliasLine,
    /// A flag that only counts with another setting.
    #[error("`{0}` counts only with {1}")]
    Pointless(&'static str, &'static str),
    /// Something that a server with tenants has not.
    #[error("`{0}` does not go together with tenants: {1}")]
    NotWithTenants(&'static str, &'static str),
    /// A name that no tenant can have.
    #[error("{0:?} can be no tenant's name: {1}")]
    TenantName(String, tenant::NameFault),
    /// A `*` in a root that nothing can fill.
    #[error("a `*` in `root` takes the place of what `*` stands for in a name: every name here needs one")]
    TenantRoot,
    /// An address for the operator's listener that others could reach, or none at all.
    #[error("{0:?} is no loopback address with a port, such as 127.0.0.1:9901")]
    NotLoopback(String),
    /// A log filter that cannot be understood.
    #[error("{0}")]
    Log(crate::observe::FilterError),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{file}:{line}"),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Argument(name) => f.write_str(name),
        }
    }
}
