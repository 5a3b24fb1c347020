use super::*;

fn alias(url_path: &str) -> Alias {
    Alias { url_path: url_path.to_owned(), local_dir: "somewhere".into() }
}

fn target(router: &Router, path: &str) -> Option<(Target, Base)> {
    router.route("GET", path).map(|routed| (routed.target, routed.mount.base))
}

#[test]
fn todays_checkouts_have_documents_and_handlers_more() {
    let then = Router::new(&[], Edition::July2021).expect("routes");
    let today = Router::new(&[], Edition::Today).expect("routes");
    let realm = |host| Target::Generated(Kind::Test(Global::ShadowRealm(host)));
    for (path, expected) in [
        ("/x.any.shadowrealm-in-window.html", realm(RealmHost::Window)),
        ("/x.any.shadowrealm-in-shadowrealm.html", realm(RealmHost::ShadowRealm)),
        ("/x.any.shadowrealm-in-dedicatedworker.html", realm(RealmHost::DedicatedWorker)),
        ("/x.any.shadowrealm-in-sharedworker.html", realm(RealmHost::SharedWorker)),
        ("/x.https.any.shadowrealm-in-serviceworker.html", realm(RealmHost::ServiceWorker)),
        ("/x.any.shadowrealm-in-audioworklet.html", realm(RealmHost::AudioWorklet)),
        ("/x.any.window-module.html", Target::Generated(Kind::Test(Global::WindowModule))),
        ("/x.extension.html", Target::Generated(Kind::Extension)),
        ("/x.any.worker-shadowrealm.js", Target::Generated(Kind::Worker(Worker::Realm))),
        ("/x.any.serviceworker-shadowrealm.js", Target::Generated(Kind::Worker(Worker::RealmInServiceWorker))),
        ("/x.any.audioworklet-shadowrealm.js", Target::Generated(Kind::Worker(Worker::RealmInAudioWorklet))),
        ("/x.test262.html", Target::Generated(Kind::Test262(Test262::Page(Mode::Sloppy)))),
        ("/x.test262-test.html", Target::Generated(Kind::Test262(Test262::Frame(Mode::Sloppy)))),
        ("/x.test262-module.html", Target::Generated(Kind::Test262(Test262::Page(Mode::Module)))),
        ("/x.test262-module-test.html", Target::Generated(Kind::Test262(Test262::Frame(Mode::Module)))),
        ("/x.test262.strict.html", Target::Generated(Kind::Test262(Test262::Page(Mode::Strict)))),
        ("/x.test262-test.strict.html", Target::Generated(Kind::Test262(Test262::Frame(Mode::Strict)))),
        ("/x.test262.strict.js", Target::Generated(Kind::Test262(Test262::StrictScript))),
        ("/.well-known/web-identity", Target::Python),
        ("/.well-known/private-aggregation/debug/report", Target::Python),
    ] {
        assert_eq!(target(&today, path), Some((expected, Base::Root)), "{path}");
        assert_eq!(target(&then, path), Some((Target::File, Base::Root)), "{path}");
    }
    assert_eq!(target(&then, "/.well-known/origin-policy"), Some((Target::Python, Base::Root)));
    assert_eq!(target(&today, "/.well-known/origin-policy"), Some((Target::File, Base::Root)));
    // In both, in the same place.
    for path in ["/x.any.html", "/x.any.worker.html", "/x.worker.html", "/x.py", "/x.asis", "/x.any.sharedworker.html"]
    {
        assert_eq!(target(&today, path), target(&then, path), "{path}");
    }
}

#[test]
fn the_last_alias_counts_and_one_named_twice_stays_in_its_place() {
    let router = Router::new(&[alias("/a/b/"), alias("/a/"), alias("/a/b/")], Edition::Today).expect("routes");
    // `/a/` was added after the first `/a/b/`.
    assert_eq!(target(&router, "/a/b/c"), Some((Target::File, Base::Alias(1))));
    let router = Router::new(&[alias("/a/"), alias("/a/b/"), alias("/a/b/c")], Edition::Today).expect("routes");
    assert_eq!(target(&router, "/a/b/c"), Some((Target::File, Base::Alias(2))));
    assert_eq!(target(&router, "/a/b/d"), Some((Target::File, Base::Alias(1))));
    assert_eq!(target(&router, "/a/d"), Some((Target::File, Base::Alias(0))));
    assert_eq!(target(&router, "/d"), Some((Target::File, Base::Root)));
    // What is forbidden comes before all of them, and `/` replaces the document root.
    let router = Router::new(&[alias("/tools/"), alias("/")], Edition::Today).expect("routes");
    assert_eq!(target(&router, "/tools/a"), Some((Target::Forbidden, Base::Root)));
    assert_eq!(target(&router, "/a"), Some((Target::File, Base::Alias(1))));
}

#[test]
fn prefixes_of_aliases_are_put_in_order() {
    for (url_path, url_base, path) in
        [("/a/", "/a/", "/a/x"), ("//a//", "/a/", "/a/x"), ("/a/b.txt", "/a/", "/a/b.txt"), ("/b.txt", "/", "/b.txt")]
    {
        let router = Router::new(&[alias(url_path)], Edition::Today).expect("routes");
        let routed = router.route("GET", path).expect("a route");
        assert_eq!((routed.mount.base, routed.mount.url_base.as_str()), (Base::Alias(0), url_base), "{url_path}");
    }
}

#[test]
fn what_is_no_alias_is_refused() {
    for alias in [alias("a/"), alias(""), alias("/{/"), alias("/*/"), Alias { local_dir: "".into(), ..alias("/a/") }] {
        assert!(Router::new(std::slice::from_ref(&alias), Edition::Today).is_err(), "{alias:?}");
    }
}

#[test]
fn one_path_is_rewritten() {
    const NEW: &str = "/resources/webidl2/lib/webidl2.js";
    for (method, target, expected) in [
        ("GET", "/resources/WebIDLParser.js", NEW.to_owned()),
        ("GET", "/resources/WebIDLParser.js?a=http://b/c#d", format!("{NEW}?a=http://b/c#d")),
        ("GET", "/resources/WebIDLParser.js?#", NEW.to_owned()),
        ("GET", "http://h:1/resources/WebIDLParser.js?a", format!("http://h:1{NEW}?a")),
        ("GET", "/resources/WebIDLParser.jsx", "/resources/WebIDLParser.jsx".to_owned()),
        ("GET", "/a?/resources/WebIDLParser.js", "/a?/resources/WebIDLParser.js".to_owned()),
        ("GET", "http://h", "http://h".to_owned()),
        ("HEAD", "/resources/WebIDLParser.js", "/resources/WebIDLParser.js".to_owned()),
    ] {
        assert_eq!(rewrite(method, target), expected, "{method} {target}");
    }
}
