//! What runs for an exchange, and what it may do.

use std::{fmt, path::Path, sync::Arc};

use bytes::Bytes;

use super::Grants;
use crate::{
    exchange::{BoxFuture, ConnectionFacts, RequestHead},
    reply::Reply,
};

/// A handler to run.
#[derive(Clone, Debug)]
pub struct Target {
    /// What runs.
    pub program: Program,
    /// How log lines call the handler.
    pub name: Arc<str>,
    /// What it may do.
    pub grants: Grants,
    /// The folder that it sees as `/` if it is granted [`Grants::FILES`].
    pub root: Arc<Path>,
}

impl Target {
    /// The script, if it is one.
    pub(super) fn script(&self) -> Option<&Script> {
        match &self.program {
            Program::Script(script) => Some(script),
            Program::Component(_) => None,
        }
    }
}

/// What runs as a handler.
#[derive(Clone, Debug)]
pub enum Program {
    /// The component in this file, as it is when the exchange comes.
    Component(Arc<Path>),
    /// A script of the site.
    Script(Script),
}

/// A script, and what runs it.
#[derive(Clone, Debug)]
pub struct Script {
    /// What runs it.
    pub runtime: Runtime,
    /// Its path on the site, percent-decoded.
    pub path: Arc<str>,
    /// Its octets, as they were after the exchange came.
    pub source: Bytes,
    /// What the site tells it.
    pub facts: Arc<SiteFacts>,
    /// What is wanted of it.
    pub task: Task,
    /// Whether the instance that runs it is that of the site's other such scripts, one after another: what they keep in
    /// modules is there for the next. Default no (`[python] shared`).
    pub is_shared: bool,
}

/// What is wanted of a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Task {
    /// An answer to the exchange.
    #[default]
    Answer,
    /// That its runtime says whether it could run it: for `check`.
    Load,
    /// That its runtime compiles it and stores that; nothing of it runs.
    Compile,
}

/// What a site tells its scripts, and does for them.
#[derive(Clone, Default)]
pub struct SiteFacts {
    /// The configuration, as a JSON object; empty for none.
    pub config: String,
    /// Faults of the original that scripts would see, and do not.
    pub mended: Mended,
    /// Its pipes, if it has any.
    pub pipes: Option<Arc<dyn ApplyPipes>>,
    /// What puts a script of the site into the pages of others, if there is one.
    pub inject: Option<Arc<Inject>>,
}

/// Puts a script into a page.
pub type Inject = dyn Fn(Bytes) -> Bytes + Send + Sync;

/// Faults of web-platform-tests' own server that are mended for scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mended {
    /// All request fields of one name are seen, not one of them.
    pub request_duplicates: bool,
    /// Over HTTP/2 the URL is the one that was asked for.
    pub http2_url: bool,
    /// Over HTTP/2 the request's content can be read.
    pub http2_content: bool,
}

/// For scripts of a site that has no say in it.
impl Default for Mended {
    fn default() -> Self {
        Self { request_duplicates: false, http2_url: false, http2_content: true }
    }
}

/// Runs whole responses of scripts through pipes.
pub trait ApplyPipes: Send + Sync {
    /// The reply behind these pipes, or what is wrong with them.
    fn apply<'a>(
        &'a self,
        reply: Reply,
        pipes: &'a str,
        head: &'a RequestHead,
        connection: &'a ConnectionFacts,
    ) -> BoxFuture<'a, Result<Reply, String>>;
}

impl fmt::Debug for SiteFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteFacts").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A component that the server ships, which runs scripts of one kind. It links whatever it imports; what the script's
/// path isn't granted is refused at the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runtime {
    /// For `*.frames`.
    Frames,
    /// For `*.py`, as web-platform-tests' own server runs them.
    Python,
}

impl Target {
    /// Whether an instance takes its time, and memory of its own, before it comes to the handler's first line. Begun all at
    /// once, many of those would only keep each other from ever getting there.
    pub(super) fn begins_slowly(&self) -> bool {
        matches!(&self.program, Program::Script(Script { runtime: Runtime::Python, .. }))
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frames => ".frames",
            Self::Python => ".py",
        })
    }
}
