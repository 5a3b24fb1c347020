//! Why the site does not answer with a file.

use std::io;

use super::{PathFault, RootError};

/// Why a request got no file; nothing has been sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The path names no place in the site.
    #[error(transparent)]
    Path(#[from] PathFault),
    /// There is nothing at this path.
    #[error("there is no such file")]
    NotFound,
    /// There is something that is not served.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Files are only read.
    #[error("files answer GET and HEAD only")]
    Method,
    /// RFC 9110 §15.5.17: all ranges asked for lie beyond this length, in octets.
    #[error("the file has {length} octets, none of them in the ranges asked for")]
    Unsatisfiable {
        /// The length of the file.
        length: u64,
    },
    /// A file to be run is larger than such files may be: its author's fault.
    #[error("the file has more than {limit} octets")]
    TooLarge {
        /// The most octets.
        limit: u64,
    },
    /// The process has no file descriptor left.
    #[error("too many files are open")]
    Exhausted,
    /// The system failed to read what is there: the operator's fault.
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
}

impl Refusal {
    /// The status that says so.
    pub fn status(&self) -> u16 {
        match self {
            Self::Path(PathFault::TooLong) => 414,
            Self::Path(PathFault::Parent) => 403,
            Self::Path(_) => 400,
            Self::NotFound => 404,
            Self::Forbidden(_) => 403,
            Self::Method => 405,
            Self::Unsatisfiable { .. } => 416,
            Self::Exhausted => 503,
            Self::TooLarge { .. } | Self::Unreadable(_) => 500,
        }
    }

    /// The field that must go with the status (RFC 9110 §15.5.6, §14.4).
    pub fn field(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Method => Some(("allow", "GET, HEAD".to_owned())),
            Self::Unsatisfiable { length } => Some(("content-range", format!("bytes */{length}"))),
            _ => None,
        }
    }
}

impl From<RootError> for Refusal {
    fn from(error: RootError) -> Self {
        match error {
            RootError::NotFound => Self::NotFound,
            RootError::Outside => Self::Forbidden("a symbolic link leads out of the site"),
            RootError::Denied => Self::Forbidden("the server may not read this file"),
            RootError::Special => Self::Forbidden("this is neither a file nor a directory"),
            RootError::Exhausted => Self::Exhausted,
            RootError::Io(error) => Self::Unreadable(error),
        }
    }
}
