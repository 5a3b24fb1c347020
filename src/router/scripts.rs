//! What scripts of a site are told, and Python handlers of a checkout as what the sandbox runs.

use std::sync::Arc;

use super::{Behaviour, Settings};
use crate::{
    exchange::{BoxFuture, ConnectionFacts, RequestHead},
    reply::Reply,
    sandbox::{ApplyPipes, Inject, Mended, Program, Runtime, Script, SiteFacts, Target, Task},
    wptserve::{self, PythonHandler, Switch},
};

/// What this site tells its scripts.
pub(super) fn facts(site: &Behaviour) -> SiteFacts {
    match site {
        Behaviour::Framewright(_) => SiteFacts::default(),
        Behaviour::Wptserve(site) => {
            let switches = site.switches();
            SiteFacts {
                config: site.config_for_scripts(),
                mended: Mended {
                    request_duplicates: switches.has(Switch::RequestDuplicates),
                    http2_url: switches.has(Switch::Http2Url),
                    http2_content: switches.has(Switch::Http2Content),
                },
                pipes: Some(Arc::new(Pipes(Arc::clone(site)))),
                inject: site
                    .injection()
                    .cloned()
                    .map(|injection| -> Arc<Inject> { Arc::new(move |page| injection.apply(page)) }),
            }
        }
    }
}

/// The pipes of a site that behaves as wptserve does.
struct Pipes(Arc<wptserve::Site>);

impl ApplyPipes for Pipes {
    fn apply<'a>(
        &'a self,
        reply: Reply,
        pipes: &'a str,
        head: &'a RequestHead,
        connection: &'a ConnectionFacts,
    ) -> BoxFuture<'a, Result<Reply, String>> {
        Box::pin(self.0.pipe(reply, pipes, head, connection))
    }
}

/// A handler of the checkout, with the grants of its path.
pub(super) fn python(handler: PythonHandler, facts: &Arc<SiteFacts>, settings: &Settings) -> Target {
    let PythonHandler { path, source, root } = handler;
    let name: Arc<str> = path.into();
    Target {
        grants: settings.grants_at(name.as_bytes()),
        program: Program::Script(Script {
            runtime: Runtime::Python,
            path: Arc::clone(&name),
            source,
            facts: Arc::clone(facts),
            task: Task::Answer,
            is_shared: settings.shares(name.as_bytes()),
        }),
        name,
        root,
    }
}
