//! The one place where it is decided who answers.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Settings,
    access::{AccessLine, HandlerShare},
    files::HandlerFiles,
    page, scripts,
    table::Table,
};
use crate::{
    exchange::{BoxFuture, Dispatch, Exchange, FieldSection, RequestHead},
    sandbox::{LoadError, Outcome, Program, Report, Runtime, Sandbox, Script, SiteFacts, Target, Task},
    site::{HANDLER_SUFFIX, Refusal, SCRIPT_OCTETS, Site, SitePath, decode_leniently},
    wptserve::{self, Answered},
};

/// Answers every exchange of a server.
pub struct Router<H = Sandbox>(Arc<Parts<H>>);

struct Parts<H> {
    settings: Settings,
    table: Table,
    files: HandlerFiles,
    site: Behaviour,
    /// What the site tells its scripts.
    facts: Arc<SiteFacts>,
    handlers: Arc<H>,
}

/// How the site answers what no route, handler or script does.
pub enum Behaviour {
    /// In our own way.
    Framewright(Site),
    /// As web-platform-tests' server does.
    Wptserve(Arc<wptserve::Site>),
}

impl Behaviour {
    /// Where handlers and scripts lie.
    fn files(&self) -> &Site {
        match self {
            Self::Framewright(site) => site,
            Self::Wptserve(site) => site.files(),
        }
    }
}

/// Runs handlers. The sandbox does; tests of the router need none.
pub trait RunHandler: Send + Sync + 'static {
    /// Answers an exchange with this handler, up to the end or the reset of its response.
    fn run(&self, target: &Target, exchange: Exchange) -> impl Future<Output = Report> + Send;
}

impl RunHandler for Sandbox {
    async fn run(&self, target: &Target, exchange: Exchange) -> Report {
        Self::run(self, target, exchange).await
    }
}

impl<H: RunHandler> Router<H> {
    /// A router over these parts.
    pub fn new(settings: Settings, site: Behaviour, handlers: Arc<H>) -> Self {
        let table = Table::new(&settings);
        let facts = Arc::new(scripts::facts(&site));
        Self(Arc::new(Parts { settings, table, files: HandlerFiles::new(), site, facts, handlers }))
    }

    /// The handlers of all routes, in the order of the configuration: for compiling them before the first request.
    pub fn route_targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.0.table.targets()
    }
}

impl<H: RunHandler> Dispatch for Router<H> {
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()> {
        let parts = Arc::clone(&self.0);
        // Decided before the future is made: that of a handler is far larger than that of a file.
        match parts.known_target(&exchange.head) {
            Some(target) => Box::pin(async move { parts.run(&target, parts.line(&exchange), exchange).await }),
            None => Box::pin(async move { parts.serve(exchange).await }),
        }
    }
}

impl<H: RunHandler> Parts<H> {
    /// The handler for a request, as far as no look-up on disk is needed to tell.
    fn known_target(&self, head: &RequestHead) -> Option<Arc<Target>> {
        let path = head.path();
        if !self.table.is_empty()
            && path.starts_with(b"/")
            && let Some(target) = self.table.find(&head.method, &decode_leniently(path))
        {
            return Some(Arc::clone(target));
        }
        // Spelled in another way, it is found in `serve`.
        if path.ends_with(HANDLER_SUFFIX.as_bytes()) { self.files.get(path) } else { None }
    }

    fn line(&self, exchange: &Exchange) -> AccessLine {
        AccessLine::of(exchange, self.settings.account.as_ref())
    }

    async fn run(&self, target: &Target, line: AccessLine, exchange: Exchange) {
        let path = exchange.head.path_and_query.clone();
        let started = Instant::now();
        let report = self.handlers.run(target, exchange).await;
        if matches!(report.outcome, Outcome::NotLoaded(LoadError::NotFound(_))) {
            // The next request finds out where the file is now, if anywhere.
            self.files.remove(path.split(|&octet| octet == b'?').next().unwrap_or_default());
        }
        let share = HandlerShare { name: &target.name, started, cpu: report.cpu };
        line.write(&report.sent, report.outcome.cause().as_deref(), Some(&share));
    }

    /// Whether names alone make Python handlers; a site that behaves as wptserve does has routes for them.
    fn runs_python(&self) -> bool {
        self.settings.python && matches!(self.site, Behaviour::Framewright(_))
    }

    /// What runs the script of this path; none if it is none.
    fn runtime_of(&self, path: &SitePath<'_>) -> Option<Runtime> {
        match path {
            path if path.is_script() => Some(Runtime::Frames),
            path if path.is_python() && self.runs_python() => Some(Runtime::Python),
            _ => None,
        }
    }

    /// A script with these octets, with the grants of its path.
    fn script(&self, runtime: Runtime, path: &SitePath<'_>, source: Bytes) -> Target {
        let absolute = path.to_absolute();
        let name: Arc<str> = String::from_utf8_lossy(&absolute).into();
        let facts = Arc::clone(&self.facts);
        let is_shared = runtime == Runtime::Python && self.settings.shares(&absolute);
        Target {
            program: Program::Script(Script {
                runtime,
                path: Arc::clone(&name),
                source,
                facts,
                task: Task::Answer,
                is_shared,
            }),
            grants: self.settings.grants_at(&absolute),
            name,
            root: Arc::from(&*self.settings.root),
        }
    }

    /// Answers with a handler or script of the site, or with the site itself.
    async fn serve(&self, exchange: Exchange) {
        let line = self.line(&exchange);
        let Ok(path) = SitePath::parse(exchange.head.path()) else { return self.serve_site(line, exchange).await };
        let found = if path.is_handler() {
            let file = self.site.files().locate(path.clone()).await;
            file.map(|file| self.files.insert(exchange.head.path(), &path, &file, &self.settings))
        } else if let Some(runtime) = self.runtime_of(&path) {
            let source = self.site.files().read(path.clone(), SCRIPT_OCTETS).await;
            source.map(|source| Arc::new(self.script(runtime, &path, source)))
        } else {
            return self.serve_site(line, exchange).await;
        };
        match found {
            Ok(target) => Box::pin(self.run(&target, line, exchange)).await,
            Err(refusal) => refuse(line, exchange, &refusal).await,
        }
    }

    async fn serve_site(&self, line: AccessLine, mut exchange: Exchange) {
        let site = match &self.site {
            Behaviour::Framewright(site) => site,
            Behaviour::Wptserve(site) => {
                return match site.respond(&mut exchange).await {
                    Answered::Sent(cause) => line.write(&exchange.response.sent(), cause.as_deref(), None),
                    Answered::ByPython(handler) => {
                        let target = scripts::python(handler, &self.facts, &self.settings);
                        Box::pin(self.run(&target, line, exchange)).await;
                    }
                };
            }
        };
        let refusal = match (&exchange.head.method[..], SitePath::parse(exchange.head.path())) {
            (b"CONNECT", _) => return not_implemented(line, exchange).await,
            (b"OPTIONS", _) if exchange.head.path() == b"*" => return no_content(line, exchange).await,
            (_, Ok(path)) => match site.respond(&exchange.head, path, exchange.arrived, &mut exchange.response).await {
                Ok(()) => return line.write(&exchange.response.sent(), None, None),
                Err(refusal) => refusal,
            },
            (_, Err(fault)) => Refusal::Path(fault),
        };
        refuse(line, exchange, &refusal).await;
    }
}

async fn refuse(line: AccessLine, mut exchange: Exchange, refusal: &Refusal) {
    let cause = page::refuse(&mut exchange.response, exchange.id, refusal).await;
    line.write(&exchange.response.sent(), Some(&cause), None);
}

/// RFC 9110 §9.3.6: this server is no proxy.
async fn not_implemented(line: AccessLine, mut exchange: Exchange) {
    page::respond(&mut exchange.response, 501, None, "501: this server opens no tunnels\n").await;
    line.write(&exchange.response.sent(), Some("CONNECT"), None);
}

/// RFC 9110 §9.3.7: `OPTIONS *` asks about the server as a whole.
async fn no_content(line: AccessLine, mut exchange: Exchange) {
    let fields = FieldSection::from_lines([(b"allow".as_slice(), b"GET, HEAD, OPTIONS".as_slice())]);
    // A peer that is gone by now misses nothing.
    let _ = exchange.response.send_head(204, &fields, true).await;
    line.write(&exchange.response.sent(), None, None);
}

#[cfg(test)]
mod tests;
