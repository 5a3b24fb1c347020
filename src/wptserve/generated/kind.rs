//! The kinds of generated documents: which request asks for one, which script it is made from, what it loads.

use super::{Mode, Test262};
use crate::wptserve::exposure::{Global, RealmHost};

/// A kind of generated document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The page that runs `X.any.js` in this global: `X.any.html`, `X.any.worker.html`, …. For dedicated workers also
    /// the page that runs `X.worker.js`: `X.worker.html`.
    Test(Global),
    /// `X.window.html`, which runs `X.window.js`.
    Window,
    /// `X.extension.html`, which runs `X.extension.js`. Today's.
    Extension,
    /// The script of a worker that runs `X.any.js`.
    Worker(Worker),
    /// What runs `X.js`, a test of Test262. Today's.
    Test262(Test262),
}

/// A kind of generated script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worker {
    /// `X.any.worker.js`.
    Classic,
    /// `X.any.worker-module.js`.
    Module,
    /// `X.any.worker-shadowrealm.js`: dedicated and shared workers that run the test in a ShadowRealm. Today's.
    Realm,
    /// `X.any.serviceworker-shadowrealm.js`: likewise, service workers, which may not import dynamically.
    RealmInServiceWorker,
    /// `X.any.audioworklet-shadowrealm.js`: likewise, audio worklets, which can neither import dynamically nor fetch.
    RealmInAudioWorklet,
}

impl Kind {
    /// How the paths end that are routed to it. That is less than what its script is found by: `X.worker.html` is routed
    /// as `X.any.worker.html` is.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Test(Global::DedicatedWorker) => ".worker.html",
            Self::Test(Global::DedicatedWorkerModule) => ".worker-module.html",
            Self::Test(Global::ShadowRealm(RealmHost::ServiceWorker)) => ".any.shadowrealm-in-serviceworker.html",
            Self::Test(Global::ShadowRealm(RealmHost::AudioWorklet)) => ".any.shadowrealm-in-audioworklet.html",
            _ => self.ends().next().map_or("", |(document, ..)| document),
        }
    }

    /// The global that must be in the script's set; none: no matter.
    pub fn global(self) -> Option<Global> {
        match self {
            Self::Test(global) => Some(global),
            Self::Window | Self::Extension | Self::Worker(_) | Self::Test262(_) => None,
        }
    }

    /// The `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Worker(_) | Self::Test262(Test262::StrictScript) => "text/javascript",
            Self::Test(_) | Self::Window | Self::Extension | Self::Test262(_) => "text/html",
        }
    }

    /// The path of the script that the document is made from, of the document's own; works on paths of files as on those
    /// of URLs.
    ///
    /// What does not end as it should comes back as it is: `X.worker-module.html` is routed but names no script, and
    /// ends as a file that does not exist.
    pub fn script(self, path: &str) -> String {
        self.replaced(path, |(_, script, _)| script)
    }

    /// The path that the document loads, of the document's own. Pipes take it for the path of the response: the document
    /// of a `.sub.any.js` is a template.
    pub fn resource(self, path: &str) -> String {
        self.replaced(path, |(.., resource)| resource)
    }

    fn replaced(self, path: &str, wanted: fn(Ends) -> &'static str) -> String {
        let found = self.ends().find_map(|ends| Some((path.strip_suffix(ends.0)?, wanted(ends))));
        found.map_or_else(|| path.to_owned(), |(stem, end)| format!("{stem}{end}"))
    }

    fn ends(self) -> impl Iterator<Item = Ends> {
        TABLE.iter().filter(move |(kind, _)| *kind == self).map(|(_, ends)| *ends)
    }
}

/// How three paths of one test end: the document's, its script's, and that of what it loads.
type Ends = (&'static str, &'static str, &'static str);

const TABLE: [(Kind, Ends); 29] = [
    (Kind::Test(Global::Window), (".any.html", ".any.js", ".any.js")),
    (Kind::Test(Global::WindowModule), (".any.window-module.html", ".any.js", ".any.js")),
    (Kind::Test(Global::DedicatedWorker), (".any.worker.html", ".any.js", ".any.worker.js")),
    (Kind::Test(Global::DedicatedWorker), (".worker.html", ".worker.js", ".worker.js")),
    (Kind::Test(Global::DedicatedWorkerModule), (".any.worker-module.html", ".any.js", ".any.worker-module.js")),
    (Kind::Test(Global::SharedWorker), (".any.sharedworker.html", ".any.js", ".any.worker.js")),
    (Kind::Test(Global::SharedWorkerModule), (".any.sharedworker-module.html", ".any.js", ".any.worker-module.js")),
    (Kind::Test(Global::ServiceWorker), (".any.serviceworker.html", ".any.js", ".any.worker.js")),
    (Kind::Test(Global::ServiceWorkerModule), (".any.serviceworker-module.html", ".any.js", ".any.worker-module.js")),
    (in_realm(RealmHost::Window), (".any.shadowrealm-in-window.html", ".any.js", ".any.js")),
    (in_realm(RealmHost::ShadowRealm), (".any.shadowrealm-in-shadowrealm.html", ".any.js", ".any.js")),
    (
        in_realm(RealmHost::DedicatedWorker),
        (".any.shadowrealm-in-dedicatedworker.html", ".any.js", ".any.worker-shadowrealm.js"),
    ),
    (
        in_realm(RealmHost::SharedWorker),
        (".any.shadowrealm-in-sharedworker.html", ".any.js", ".any.worker-shadowrealm.js"),
    ),
    // Secure contexts both: the path says so, the script's name does not. As there, a script whose name says it as well
    // is not found.
    (
        in_realm(RealmHost::ServiceWorker),
        (".https.any.shadowrealm-in-serviceworker.html", ".any.js", ".any.serviceworker-shadowrealm.js"),
    ),
    (
        in_realm(RealmHost::AudioWorklet),
        (".https.any.shadowrealm-in-audioworklet.html", ".any.js", ".any.audioworklet-shadowrealm.js"),
    ),
    (Kind::Window, (".window.html", ".window.js", ".window.js")),
    (Kind::Extension, (".extension.html", ".extension.js", ".extension.js")),
    (Kind::Worker(Worker::Classic), (".any.worker.js", ".any.js", ".any.js")),
    (Kind::Worker(Worker::Module), (".any.worker-module.js", ".any.js", ".any.js")),
    (Kind::Worker(Worker::Realm), (".any.worker-shadowrealm.js", ".any.js", ".any.js")),
    (Kind::Worker(Worker::RealmInServiceWorker), (".any.serviceworker-shadowrealm.js", ".any.js", ".any.js")),
    (Kind::Worker(Worker::RealmInAudioWorklet), (".any.audioworklet-shadowrealm.js", ".any.js", ".any.js")),
    (page(Mode::Sloppy), (".test262.html", ".js", ".test262-test.html")),
    (frame(Mode::Sloppy), (".test262-test.html", ".js", ".js")),
    (page(Mode::Module), (".test262-module.html", ".js", ".test262-module-test.html")),
    (frame(Mode::Module), (".test262-module-test.html", ".js", ".js")),
    (page(Mode::Strict), (".test262.strict.html", ".js", ".test262-test.strict.html")),
    (frame(Mode::Strict), (".test262-test.strict.html", ".js", ".test262.strict.js")),
    (Kind::Test262(Test262::StrictScript), (".test262.strict.js", ".js", ".js")),
];

const fn page(mode: Mode) -> Kind {
    Kind::Test262(Test262::Page(mode))
}

const fn frame(mode: Mode) -> Kind {
    Kind::Test262(Test262::Frame(mode))
}

const fn in_realm(host: RealmHost) -> Kind {
    Kind::Test(Global::ShadowRealm(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_scripts_and_resources() {
        let realm = |host| Kind::Test(Global::ShadowRealm(host));
        for (kind, path, script, resource) in [
            (Kind::Test(Global::Window), "/a/x.any.html", "/a/x.any.js", "/a/x.any.js"),
            (Kind::Test(Global::WindowModule), "/x.any.window-module.html", "/x.any.js", "/x.any.js"),
            (Kind::Window, "/x.window.html", "/x.window.js", "/x.window.js"),
            (Kind::Extension, "/x.extension.html", "/x.extension.js", "/x.extension.js"),
            (Kind::Test(Global::DedicatedWorker), "/x.any.worker.html", "/x.any.js", "/x.any.worker.js"),
            (Kind::Test(Global::DedicatedWorker), "/x.worker.html", "/x.worker.js", "/x.worker.js"),
            (
                Kind::Test(Global::DedicatedWorkerModule),
                "/x.worker-module.html",
                "/x.worker-module.html",
                "/x.worker-module.html",
            ),
            (
                Kind::Test(Global::DedicatedWorkerModule),
                "/x.any.worker-module.html",
                "/x.any.js",
                "/x.any.worker-module.js",
            ),
            (
                Kind::Test(Global::SharedWorkerModule),
                "/x.any.sharedworker-module.html",
                "/x.any.js",
                "/x.any.worker-module.js",
            ),
            (
                realm(RealmHost::SharedWorker),
                "/x.any.shadowrealm-in-sharedworker.html",
                "/x.any.js",
                "/x.any.worker-shadowrealm.js",
            ),
            (
                realm(RealmHost::ServiceWorker),
                "/x.https.any.shadowrealm-in-serviceworker.html",
                "/x.any.js",
                "/x.any.serviceworker-shadowrealm.js",
            ),
            (
                realm(RealmHost::AudioWorklet),
                "/x.any.shadowrealm-in-audioworklet.html",
                "/x.any.shadowrealm-in-audioworklet.html",
                "/x.any.shadowrealm-in-audioworklet.html",
            ),
            (page(Mode::Sloppy), "/x.test262.html", "/x.js", "/x.test262-test.html"),
            (frame(Mode::Sloppy), "/x.test262-test.html", "/x.js", "/x.js"),
            (page(Mode::Module), "/x.test262-module.html", "/x.js", "/x.test262-module-test.html"),
            (frame(Mode::Strict), "/x.test262-test.strict.html", "/x.js", "/x.test262.strict.js"),
            (Kind::Worker(Worker::Classic), "/x.any.worker.js", "/x.any.js", "/x.any.js"),
            (Kind::Worker(Worker::RealmInAudioWorklet), "/x.any.audioworklet-shadowrealm.js", "/x.any.js", "/x.any.js"),
        ] {
            assert_eq!((kind.script(path), kind.resource(path)), (script.to_owned(), resource.to_owned()), "{path}");
            assert!(path.ends_with(kind.suffix()), "{path}");
        }
    }
}
