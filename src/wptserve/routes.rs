//! Who answers a request: the table of routes, in the order of the original.
//!
//! First what may be had of `/tools/`, then what may not be had at all, then each alias, the last one first, and the
//! document root. Alias folders have all routes of the root below their prefix. The first route that matches method and
//! path answers, even if it finds no file. Paths are matched as they were sent, without query.

use std::borrow::Cow;

use super::{
    edition::Edition,
    exposure::{Global, RealmHost},
    generated::{Kind, Mode, Test262, Worker},
    route_pattern::{Groups, PatternFault, RoutePattern},
    settings::Alias,
};

/// All routes of a site.
#[derive(Clone, Debug)]
pub struct Router {
    routes: Vec<Route>,
}

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A generated document.
    Generated(Kind),
    /// The octets of a file are the response.
    AsIs,
    /// A Python handler: not ours.
    Python,
    /// A file, or the listing of a directory.
    File,
    /// Nobody, whatever there is: 404 with an empty message.
    Forbidden,
}

/// A folder of files and where its paths begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// What paths lose at their beginning before they are looked up below the folder; also `{{url_base}}`.
    pub url_base: String,
    /// The folder.
    pub base: Base,
}

/// A folder of files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// The document root.
    Root,
    /// The folder of the alias with this index.
    Alias(usize),
}

/// A request's route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Routed<'a> {
    /// Who answers.
    pub target: Target,
    /// Where files are looked up.
    pub mount: &'a Mount,
    /// What stands in place of the pattern's placeholders.
    pub groups: Groups<'a>,
}

/// What is wrong with an alias.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AliasFault {
    /// It is mounted nowhere.
    #[error("the URL path `{0}` does not start with `/`")]
    Relative(String),
    /// Its folder has no name.
    #[error("the URL path `{0}` has no directory")]
    NoFolder(String),
    /// Its path is no literal text for the router.
    #[error(transparent)]
    Pattern(#[from] PatternFault),
}

#[derive(Clone, Debug)]
struct Route {
    methods: Methods,
    pattern: RoutePattern,
    target: Target,
    mount: Mount,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Methods {
    Any,
    /// And HEAD.
    Get,
    Post,
}

impl Router {
    /// The routes of a site with these aliases.
    ///
    /// # Errors
    /// See [`AliasFault`].
    pub fn new(aliases: &[Alias], edition: Edition) -> Result<Self, AliasFault> {
        let root = Mount { url_base: "/".to_owned(), base: Base::Root };
        let mut routes = Vec::new();
        for (methods, pattern, target) in ABOVE_ALL {
            routes.push(Route { methods, pattern: RoutePattern::new(pattern)?, target, mount: root.clone() });
        }
        // A mount point that is named twice stays where it was first, with the later folder.
        let mut mounts: Vec<(String, Vec<Route>)> = vec![("/".to_owned(), folder_routes(&root, edition)?)];
        for (index, alias) in aliases.iter().enumerate() {
            let (key, routes) = alias_routes(alias, index, edition)?;
            match mounts.iter_mut().find(|(other, _)| *other == key) {
                Some(mount) => mount.1 = routes,
                None => mounts.push((key, routes)),
            }
        }
        routes.extend(mounts.into_iter().rev().flat_map(|(_, routes)| routes));
        Ok(Self { routes })
    }

    /// The route of a request; none: 404 with an empty message.
    pub fn route<'a>(&'a self, method: &str, path: &'a str) -> Option<Routed<'a>> {
        self.routes.iter().filter(|route| route.methods.contain(method)).find_map(|route| {
            let groups = route.pattern.matches(path)?;
            Some(Routed { target: route.target, mount: &route.mount, groups })
        })
    }
}

impl Methods {
    fn contain(self, method: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Get => matches!(method, "GET" | "HEAD"),
            Self::Post => method == "POST",
        }
    }
}

/// The request target that is answered in place of this one. It is what handlers see, too.
///
/// As there, HEAD requests are not redirected, and an empty query is lost.
pub fn rewrite<'a>(method: &str, target: &'a str) -> Cow<'a, str> {
    const OLD: &str = "/resources/WebIDLParser.js";
    const NEW: &str = "/resources/webidl2/lib/webidl2.js";
    let scheme_end = target.find("://").filter(|_| !target.starts_with('/'));
    let path_at = scheme_end.map_or(0, |at| {
        let authority = at + "://".len();
        target[authority..].find('/').map_or(target.len(), |slash| authority + slash)
    });
    let Some(rest) = target[path_at..].strip_prefix(OLD).filter(|_| method == "GET") else { return target.into() };
    if !(rest.is_empty() || rest.starts_with(['?', '#'])) {
        return target.into();
    }
    let (query, fragment) = rest.split_once('#').map_or((rest, ""), |(query, fragment)| (query, fragment));
    let query = if query == "?" { "" } else { query };
    let hash = if fragment.is_empty() { "" } else { "#" };
    format!("{}{NEW}{query}{hash}{fragment}", &target[..path_at]).into()
}

const ABOVE_ALL: [(Methods, &str, Target); 6] = [
    (Methods::Get, "/tools/runner/*", Target::File),
    (Methods::Post, "/tools/runner/update_manifest.py", Target::Python),
    (Methods::Any, "/_certs/*", Target::Forbidden),
    (Methods::Any, "/tools/*", Target::Forbidden),
    (Methods::Any, "{spec}/tools/*", Target::Forbidden),
    (Methods::Any, "/results/", Target::Forbidden),
];

fn alias_routes(alias: &Alias, index: usize, edition: Edition) -> Result<(String, Vec<Route>), AliasFault> {
    let url = alias.url_path.as_str();
    if !url.starts_with('/') {
        return Err(AliasFault::Relative(url.to_owned()));
    }
    if alias.local_dir.as_os_str().is_empty() {
        return Err(AliasFault::NoFolder(url.to_owned()));
    }
    let base = Base::Alias(index);
    if url.ends_with('/') {
        let url_base = if url == "/" { url.to_owned() } else { format!("/{}/", url.trim_matches('/')) };
        let routes = folder_routes(&Mount { url_base: url_base.clone(), base }, edition)?;
        return Ok((url_base, routes));
    }
    let folder = url.rfind('/').map_or("/", |at| &url[..=at]);
    let mount = Mount { url_base: folder.to_owned(), base };
    let route = Route { methods: Methods::Get, pattern: RoutePattern::new(url)?, target: Target::File, mount };
    Ok((url.to_owned(), vec![route]))
}

/// The routes below a mount point, in the order of the original.
fn folder_routes(mount: &Mount, edition: Edition) -> Result<Vec<Route>, PatternFault> {
    let mut routes: Vec<(Methods, Cow<'static, str>, Target)> = Vec::new();
    for kind in KINDS.iter().chain(if edition == Edition::Today { &KINDS_OF_TODAY[..] } else { &[] }) {
        routes.push((Methods::Get, format!("*{}", kind.suffix()).into(), Target::Generated(*kind)));
    }
    routes.push((Methods::Get, "*.asis".into(), Target::AsIs));
    let python = match edition {
        Edition::July2021 => &PYTHON_IN_2021[..],
        Edition::Today => &PYTHON_OF_TODAY[..],
    };
    routes.extend(python.iter().map(|(methods, path)| (*methods, (*path).into(), Target::Python)));
    routes.push((Methods::Any, "*.py".into(), Target::Python));
    routes.push((Methods::Get, "*".into(), Target::File));
    let prefix = if mount.url_base == "/" { "" } else { &mount.url_base };
    let compiled = routes.into_iter().map(|(methods, pattern, target)| {
        let pattern = RoutePattern::new(&format!("{prefix}{pattern}"))?;
        Ok(Route { methods, pattern, target, mount: mount.clone() })
    });
    compiled.collect()
}

/// `X.any.worker.html` is answered by the first, which `X.worker.html` belongs to.
const KINDS: [Kind; 10] = [
    Kind::Test(Global::DedicatedWorker),
    Kind::Test(Global::DedicatedWorkerModule),
    Kind::Window,
    Kind::Test(Global::Window),
    Kind::Test(Global::SharedWorker),
    Kind::Test(Global::SharedWorkerModule),
    Kind::Test(Global::ServiceWorker),
    Kind::Test(Global::ServiceWorkerModule),
    Kind::Worker(Worker::Classic),
    Kind::Worker(Worker::Module),
];

/// No path ends in one of these and in one of the others.
const KINDS_OF_TODAY: [Kind; 18] = [
    Kind::Test(Global::ShadowRealm(RealmHost::Window)),
    Kind::Test(Global::ShadowRealm(RealmHost::ShadowRealm)),
    Kind::Test(Global::ShadowRealm(RealmHost::DedicatedWorker)),
    Kind::Test(Global::ShadowRealm(RealmHost::SharedWorker)),
    Kind::Test(Global::ShadowRealm(RealmHost::ServiceWorker)),
    Kind::Test(Global::ShadowRealm(RealmHost::AudioWorklet)),
    Kind::Test(Global::WindowModule),
    Kind::Extension,
    Kind::Worker(Worker::Realm),
    Kind::Worker(Worker::RealmInServiceWorker),
    Kind::Worker(Worker::RealmInAudioWorklet),
    Kind::Test262(Test262::Page(Mode::Sloppy)),
    Kind::Test262(Test262::Frame(Mode::Sloppy)),
    Kind::Test262(Test262::Page(Mode::Module)),
    Kind::Test262(Test262::Frame(Mode::Module)),
    Kind::Test262(Test262::Page(Mode::Strict)),
    Kind::Test262(Test262::Frame(Mode::Strict)),
    Kind::Test262(Test262::StrictScript),
];

/// Handlers whose names do not say that they are Python. Below an alias this pattern has two slashes, as there.
const PYTHON_IN_2021: [(Methods, &str); 1] = [(Methods::Get, "/.well-known/origin-policy")];

const PYTHON_OF_TODAY: [(Methods, &str); 14] = [
    (Methods::Any, "/.well-known/attribution-reporting/report-event-attribution"),
    (Methods::Any, "/.well-known/attribution-reporting/debug/report-event-attribution"),
    (Methods::Any, "/.well-known/attribution-reporting/report-aggregate-attribution"),
    (Methods::Any, "/.well-known/attribution-reporting/debug/report-aggregate-attribution"),
    (Methods::Any, "/.well-known/attribution-reporting/debug/report-aggregate-debug"),
    (Methods::Any, "/.well-known/attribution-reporting/debug/verbose"),
    (Methods::Get, "/.well-known/interest-group/permissions/"),
    (Methods::Any, "/.well-known/interest-group/real-time-report"),
    (Methods::Any, "/.well-known/private-aggregation/*"),
    (Methods::Get, "/.well-known/shared-storage/trusted-origins"),
    (Methods::Get, "/.well-known/web-app-origin-association"),
    (Methods::Any, "/.well-known/web-identity"),
    (Methods::Any, "/.well-known/device-bound-sessions"),
    (Methods::Any, "/.well-known/email-verification"),
];

#[cfg(test)]
mod tests;
