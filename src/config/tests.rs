//! Precedence of flags, file and defaults; and the place and words of every fault.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::*;
use crate::{
    cli::{self, Command},
    exchange::AfterRaw,
    observe, sandbox, stash, tls,
};

/// A world of these variables and files. A folder exists if a file lies in it.
#[derive(Default)]
pub(super) struct World {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<PathBuf, String>,
}

impl World {
    pub(super) fn with(file: &str) -> Self {
        let mut world = Self::default();
        world.variables.insert("HOME", "/home/me");
        for (path, text) in [("etc/f.toml", file), ("etc/a.wasm", ""), ("etc/web/x", ""), ("x", ""), ("site/x", "")] {
            world.files.insert(path.into(), text.to_owned());
        }
        world
    }
}

impl Environment for World {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).map(OsString::from)
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        let path = if path == Path::new(".") { Path::new("") } else { path };
        self.files.keys().any(|file| file.parent() == Some(path))
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.components().collect())
    }

    fn program(&self) -> PathBuf {
        "/bin/framewright".into()
    }

    fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

pub(super) fn serve(line: &str, world: &World) -> Result<ServePlan, ConfigError> {
    let cli = cli::parse(["framewright", "serve"].into_iter().chain(line.split_whitespace())).unwrap();
    let Command::Serve(arguments) = &cli.command else { panic!("serve") };
    serve_plan(arguments, &cli.log, world)
}

/// The plan of a file alone.
pub(super) fn of_file(text: &str) -> ServePlan {
    serve("--config etc/f.toml", &World::with(text)).unwrap()
}

/// One word for each listener: name:port, `s` for TLS, protocols.
fn summary(plan: &ServePlan) -> String {
    let word = |listener: &ListenerSettings| {
        let tls = if listener.tls { "s" } else { "" };
        format!("{}:{}{tls}/{}", listener.name, listener.port, listener.protocols.alpn().join("+"))
    };
    plan.listeners.iter().map(word).collect::<Vec<_>>().join(" ")
}

const LISTENER: &str = "[[listener]]\nname = \"own\"\naddress = \"10.0.0.1\"\nport = 80\n";

#[test]
fn flags_beat_the_file_and_the_file_beats_the_defaults() {
    for (line, file, expected) in [
        ("", "", "http:8000/h2+http/1.1 https:8443s/h2+http/1.1 h2:9000s/h2"),
        ("--http 80", "", "http:80/h2+http/1.1"),
        ("--https none", LISTENER, "-"),
        ("--http 1 --http 2 --h2 3", "", "http:1/h2+http/1.1 http-2:2/h2+http/1.1 h2:3s/h2"),
        ("--http none --https 0", "", "https:0s/h2+http/1.1"),
        ("--http 0 --http 0", "", "http:0/h2+http/1.1 http-2:0/h2+http/1.1"),
        ("", LISTENER, "own:80/h2+http/1.1"),
        ("--h2 1", LISTENER, "h2:1s/h2"),
        (
            "",
            "[[listener]]\nport = 1\ntls = true\nprotocols = [\"http/1.1\"]\n[[listener]]\nport = 2\ntls = true",
            "https:1s/http/1.1 https-2:2s/h2+http/1.1",
        ),
    ] {
        let plan = serve(&format!("--config etc/f.toml {line}"), &World::with(file));
        match plan {
            Ok(plan) => assert_eq!(summary(&plan), expected, "{line:?} {file:?}"),
            Err(error) => assert_eq!(
                ("-", "nothing to listen on: every listener is switched off"),
                (expected, error.fault.to_string().as_str())
            ),
        }
    }
}

#[test]
fn addresses_are_loopback_unless_someone_says_otherwise() {
    let loopback: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    let plan = serve("", &World::with("")).unwrap();
    assert!(plan.listeners.iter().all(|listener| listener.addresses == loopback && listener.addresses_by_default));
    assert!(plan.listeners.iter().all(|listener| listener.origin == "default"));

    let plan = of_file(LISTENER);
    assert_eq!(plan.listeners[0].addresses, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
    assert!(!plan.listeners[0].addresses_by_default);
    assert_eq!(plan.listeners[0].origin, "etc/f.toml:1");

    let plan = of_file("[[listener]]\naddress = [\"::1\", \"127.0.0.1\"]\nport = 80\n");
    assert_eq!(plan.listeners[0].addresses.len(), 2);

    let plan = serve("--config etc/f.toml --bind 10.0.0.2 --bind 10.0.0.2", &World::with(LISTENER)).unwrap();
    assert_eq!(plan.listeners[0].addresses, ["10.0.0.2".parse::<IpAddr>().unwrap()]);
}

#[test]
fn paths_of_the_file_are_relative_to_its_folder_and_typed_ones_are_not() {
    let file = "root = \"web\"\nstate_dir = \"state\"\ncert = \"c.pem\"\nkey = \"/k.pem\"\n";
    let plan = of_file(file);
    assert_eq!(plan.site.root, Path::new("etc/web"));
    assert_eq!(plan.state_dir, Path::new("etc/state"));
    assert_eq!(plan.sandbox.cache_dir.as_deref(), Some(Path::new("etc/state/cache")));
    let files = |cert: &str, key: &str| tls::CertificateSource::Files { cert: cert.into(), key: key.into() };
    assert_eq!(plan.tls.unwrap().certificate, files("etc/c.pem", "/k.pem"));

    let line = "site --config etc/f.toml --state-dir s --cert c --key k";
    let plan = serve(line, &World::with(file)).unwrap();
    assert_eq!(plan.site.root, Path::new("site"));
    assert_eq!(plan.state_dir, Path::new("s"));
    assert_eq!(plan.tls.unwrap().certificate, files("c", "k"));
}

#[test]
fn the_environment_says_where_state_is_kept_and_whether_keys_are_logged() {
    for (variables, expected) in [
        (vec![("XDG_STATE_HOME", "/state"), ("HOME", "/home/me")], "/state/framewright"),
        (vec![("XDG_STATE_HOME", "relative"), ("HOME", "/home/me")], "/home/me/.local/state/framewright"),
        (vec![("HOME", "/home/me")], "/home/me/.local/state/framewright"),
        (vec![], ".framewright"),
    ] {
        let world = World { variables: variables.into_iter().collect(), ..World::with("") };
        let plan = serve("", &world).unwrap();
        assert_eq!(plan.state_dir, Path::new(expected));
        assert_eq!(plan.tls.unwrap().key_log, None);
        assert_eq!(ca_plan(&cli::CaArgs::default(), &world).unwrap(), Path::new(expected));
    }
    let mut world = World::with("state_dir = \"s\"");
    world.variables.insert("SSLKEYLOGFILE", "/keys");
    assert_eq!(serve("", &world).unwrap().tls.unwrap().key_log.as_deref(), Some(Path::new("/keys")));
    let arguments = cli::CaArgs { config: Some("etc/f.toml".into()), ..cli::CaArgs::default() };
    assert_eq!(ca_plan(&arguments, &world).unwrap(), Path::new("etc/s"));
}

#[test]
fn certificates_matter_only_where_something_speaks_tls() {
    assert!(serve("--http 80", &World::with("")).unwrap().tls.is_none());
    assert!(serve("--h2 80", &World::with("")).unwrap().tls.is_some());
}

#[test]
fn limits_have_their_unit_in_the_key() {
    let plan = of_file(
        "[limits]\nmemory_mib = 2\ntable_elements = 3\ninstances = 4\ncpu_ms = 5\nwall_s = 6\nsent_mib = 7\n\
         log_kib = 8\nslots = 9\nqueue_ms = 0\nhandlers = 11\nhandler_mib = 12\ncache_mib = 0\nconnections = 14\n\
         handshake_s = 15\nheader_s = 16\nidle_s = 17\nstall_s = 18\ndrain_s = 0\nhead_kib = 19\nfields = 20\nh2_streams = 21\n\
         h2_window_kib = 2097151\nstash_keys = 22\nstash_mib = 23\nstash_value_kib = 24\nstash_age_s = 25\n[sandbox]\non-disconnect = \"cancel\"\n",
    );
    let expected = sandbox::Settings {
        slots: 9,
        queue: Duration::ZERO,
        cache_dir: Some("/home/me/.local/state/framewright/cache".into()),
        executable: None,
        handlers: 11,
        handler_octets: 12 << 20,
        limits: sandbox::Limits {
            memory: 2 << 20,
            table_elements: 3,
            instances: 4,
            cpu: Duration::from_millis(5),
            wall: Duration::from_secs(6),
            sent_octets: 7 << 20,
            log_octets: 8 << 10,
        },
        on_disconnect: sandbox::OnDisconnect::Cancel,
        is_local: true,
        runtimes: sandbox::Runtimes::default(),
        compiler: None,
        compile_queue: 64,
        stash: stash::Settings { keys: 22, octets: 23 << 20, value_octets: 24 << 10, age: Duration::from_secs(25) },
    };
    assert_eq!(format!("{:?}", plan.sandbox), format!("{expected:?}"));
    assert_eq!(plan.site.cache_octets, 0);
    let seconds = Duration::from_secs;
    let server = ServerSettings { connections: 14, handshake: seconds(15), drain: Duration::ZERO };
    assert_eq!(plan.server, server);
    let http = HttpSettings {
        header: seconds(16),
        idle: seconds(17),
        stall: seconds(18),
        head_octets: Some(19 << 10),
        fields: Some(20),
        h2_streams: Some(21),
        h2_window: Some((1 << 31) - 1024),
    };
    assert_eq!(plan.http, http);

    let plan = of_file("[limits]\ncpu_ms = 1\n");
    assert_eq!(plan.sandbox.limits.memory, sandbox::Limits::default().memory);
    assert_eq!(plan.sandbox.stash, stash::Settings::default());
    assert_eq!((plan.server, plan.http), (ServerSettings::default(), HttpSettings::default()));
}

#[test]
fn routes_keep_the_order_of_the_file() {
    let plan = of_file(
        "[[route]]\npath = \"/x/*\"\nhandler = \"a.wasm\"\n\n[[route]]\nmethods = [\"GET\", \"m-search\"]\npath = \
         \"/x/y\"\nhandler = \"a.wasm\"\n[[route]]\nmethods = [\"POST\"]\npath = \"/x/y\"\nhandler = \"a.wasm\"\n",
    );
    let routes: Vec<_> = plan.routes.iter().map(|route| (route.pattern.as_str(), route.methods.clone())).collect();
    let methods = |methods: &[&str]| Some(methods.iter().map(ToString::to_string).collect());
    assert_eq!(routes, [("/x/*", None), ("/x/y", methods(&["GET", "m-search"])), ("/x/y", methods(&["POST"]))]);
    assert_eq!(plan.routes[1].handler, Path::new("etc/a.wasm"));
    assert_eq!(plan.routes[1].origin, "etc/f.toml:5");
}

#[test]
fn grants_inherit_from_the_paths_above_and_the_most_specific_comes_first() {
    let show = |plan: &ServePlan| -> Vec<String> {
        let yes = |granted: bool, letter: &str| if granted { letter.to_owned() } else { String::new() };
        let word = |grant: &GrantSettings| {
            let letters = [(grant.raw, "r"), (grant.stash, "s"), (grant.files, "f"), (grant.push, "p")];
            let letters: String = letters.iter().map(|&(granted, letter)| yes(granted, letter)).collect();
            format!("{} {letters}", grant.pattern)
        };
        plan.grants.iter().map(word).collect()
    };
    assert_eq!(show(&of_file("")), ["/* rsp"]);
    let plan = of_file(
        "[grant.\"/a/*\"]\nfiles = true\nraw = false\n[grant.\"/a/b/*\"]\nstash = false\n[grant.\"/a/x\"]\nraw = true\n\
         [grant.\"/ab/*\"]\n",
    );
    assert_eq!(show(&plan), ["/a/x rsfp", "/a/b/* fp", "/ab/* rsp", "/a/* sfp", "/* rsp"]);
    let plan = of_file("[grant.\"/*\"]\nraw = false\npush = false\n[grant.\"/a/*\"]\npush = true\n");
    assert_eq!(show(&plan), ["/a/* sp", "/* s"]);
}

#[test]
fn the_rest_of_the_file_counts_too() {
    let plan = of_file("[site]\nfollow_symlinks = true\n[raw]\nafter = \"keep\"\n[sandbox]\non_disconnect = \"tell\"");
    assert!(plan.site.follow_symlinks);
    assert_eq!(plan.raw_after, AfterRaw::Keep);
    assert_eq!(plan.sandbox.on_disconnect, sandbox::OnDisconnect::Tell);
    let plan = of_file("");
    assert!(!plan.site.follow_symlinks);
    assert_eq!(plan.raw_after, AfterRaw::Close);
}

#[test]
fn a_site_behaves_as_wptserve_where_the_file_says_so() {
    assert!(of_file("[site]\nbehaviour = \"framewright\"\n").wptserve.is_none());
    let plain = of_file("root = \"web\"\n[site]\nbehaviour = \"wptserve\"\n").wptserve.expect("a site");
    assert_eq!(plain.settings.hosts.names(), ["localhost"]);
    assert_eq!(plain.settings.doc_root, Path::new("etc/web"));
    assert_eq!(plain.settings.config["ssl_config"]["cert_path"], "/home/me/.local/state/framewright/tls/leaf.pem");
    let plan = of_file(
        "[[listener]]\nport = 80\n[[listener]]\nport = 0\n[[listener]]\nport = 443\ntls = true\n\
         protocols = [\"http/1.1\"]\nalpn = false\n[[listener]]\nport = 9000\ntls = true\nprotocols = [\"h2\"]\n\
         [site]\nbehaviour = \"wptserve\"\n[wptserve]\nbrowser_host = \"a.test\"\n\
         alternate_hosts = { alt = \"b.test\" }\nsubdomains = [\"www\"]\nnot_subdomains = [\"gone\"]\nlatency_ms = 5\n\
         [[wptserve.alias]]\nurl_path = \"/x/\"\nlocal_dir = \"y\"\n",
    );
    assert_eq!(plan.listeners.iter().map(|listener| listener.alpn).collect::<Vec<_>>(), [true, true, false, true]);
    let site = plan.wptserve.expect("a site");
    assert_eq!(site.settings.hosts.names(), ["a.test", "www.a.test", "b.test", "www.b.test"]);
    assert_eq!(site.settings.ports["http"], [Some(80), None]);
    assert_eq!(
        (&site.settings.ports["https"][..], &site.settings.ports["h2"][..]),
        (&[Some(443)][..], &[Some(9000)][..])
    );
    let slots: Vec<_> =
        site.slots.iter().map(|slot| format!("{} {} {}", slot.listener, slot.scheme, slot.index)).collect();
    assert_eq!(slots, ["http http 0", "http-2 http 1", "https https 0", "h2 h2 0"]);
    assert_eq!(site.latency, Duration::from_millis(5));
    assert_eq!(site.settings.aliases[0].local_dir, Path::new("etc/y"));
}

#[test]
fn serve_logs_its_life_and_the_others_only_warnings() {
    let world = World::with("");
    let filter = |text| observe::Filter::parse(text).unwrap();
    assert_eq!(serve("", &world).unwrap().log.filter, filter("info"));
    assert_eq!(serve("--log-level h2=trace", &world).unwrap().log.filter, filter("h2=trace"));
    assert_eq!(serve("--log-format json", &world).unwrap().log.format, observe::Format::Json);
    let plan = check_plan(&cli::CheckArgs::default(), &cli::LogArgs::default(), &world).unwrap();
    assert_eq!(plan.log.filter, filter("warn"));
}

#[test]
fn faults_of_arguments_name_the_argument() {
    for (line, shown) in [
        ("nowhere", "ROOT: no such folder: nowhere"),
        ("--config no.toml", "no.toml: cannot read the configuration: entity not found"),
        ("--http none", "--http, --https, --h2: nothing to listen on: every listener is switched off"),
        ("--http 80 --h2 80", "--h2: 127.0.0.1 port 80 is taken by listener \"http\""),
        ("--bind 0.0.0.0 --bind 10.0.0.1 --http 80 --http 80", "--http: 0.0.0.0 port 80 is taken by listener \"http\""),
        ("--log-level loud", "--log-level: \"loud\" is neither"),
    ] {
        let error = serve(line, &World::with("")).expect_err(line).to_string();
        assert!(error.starts_with(shown), "{line}: {error}");
    }
}

/// (text, line, part of the message)
const FAULTS: &[(&str, usize, &str)] = &[
    // Syntax, unknown keys, wrong types.
    ("\n\nroot = \n", 3, ""),
    ("root = \"a\"\nroot = \"b\"\n", 2, "duplicate key"),
    ("\nroots = \"x\"\n", 2, "unknown field `roots`"),
    ("[limits]\n\nmemory = 3\n", 3, "unknown field `memory`"),
    ("[[listener]]\nport = 1\n[[listener]]\nport = 2\nhost = \"x\"\n", 5, "unknown field `host`"),
    ("[grant.\"/a/*\"]\nraw = true\nnet = true\n", 3, "unknown field `net`"),
    ("[grant.\"/a/*\"]\nraw = \"yes\"\n", 2, "expected a boolean"),
    ("root = 3\n", 1, "expected path string"),
    ("[sandbox]\non_disconnect = \"kill\"\n", 2, "unknown variant `kill`, expected `tell` or `cancel`"),
    ("[raw]\nafter = \"open\"\n", 2, "unknown variant `open`"),
    // Listeners.
    ("[[listener]]\nport = 65536\n", 2, "`port` is 65536, which is out of range: 0 to 65535"),
    ("[[listener]]\nport = -1\n", 2, "invalid value: integer `-1`"),
    ("\n[[listener]]\nname = \"x\"\n", 2, "`port` is missing"),
    ("[[listener]]\nport = 1\naddress = \"localhost\"\n", 3, "invalid IP address"),
    ("[[listener]]\nport = 1\naddress = []\n", 3, "`address` must not be empty"),
    ("[[listener]]\nport = 1\naddress = [\"::1\", \"::1\"]\n", 3, "::1 is there twice"),
    ("[[listener]]\nport = 1\nname = \"\"\n", 3, "`name` must not be empty"),
    ("[[listener]]\nport = 1\nprotocols = [\"spdy\"]\n", 3, "unknown variant `spdy`, expected `http/1.1` or `h2`"),
    ("[[listener]]\nport = 1\nprotocols = []\n", 3, "`protocols` must not be empty"),
    ("[[listener]]\nport = 1\ntls = false\nprotocols = [\"h2\"]\n", 4, "without TLS"),
    ("[[listener]]\nport = 1\nname = \"x\"\n[[listener]]\nport = 2\nname = \"x\"\n", 4, "named \"x\" exists already"),
    ("[[listener]]\nport = 1\n[[listener]]\nport = 1\n", 3, "127.0.0.1 port 1 is taken by listener \"http\""),
    ("[[listener]]\nport = 1\naddress = \"::\"\n[[listener]]\nport = 1\naddress = \"::1\"\n", 4, "::1 port 1 is taken"),
    ("listener = []\n", 1, "nothing to listen on"),
    ("[[listener]]\nport = 1\nalpn = false\n", 3, "`alpn = false` counts only with `tls = true`"),
    ("[[listener]]\nport = 1\ntls = true\nalpn = false\n", 4, "and a single protocol"),
    // wptserve's behaviour.
    ("[site]\nbehaviour = \"apache\"\n", 2, "unknown variant `apache`, expected `framewright` or `wptserve`"),
    ("[wptserve]\nbrowser_host = \"a.test\"\n", 1, "`[wptserve]` counts only with `behaviour = \"wptserve\"`"),
    ("[site]\nbehaviour = \"wptserve\"\n[wptserve]\nhost = \"a\"\n", 4, "unknown field `host`"),
    ("[site]\nbehaviour = \"wptserve\"\n[wptserve]\nbrowser_host = \"a b\"\n", 4, "\"a b\" is no host"),
    ("[site]\nbehaviour = \"wptserve\"\n[wptserve]\nsubdomains = [\"a..\"]\n", 4, "\"a..\" cannot stand"),
    (
        "[site]\nbehaviour = \"wptserve\"\n[wptserve]\nalternate_hosts = { alt = \"x.localhost\" }\n",
        4,
        "must be distinct",
    ),
    (
        "[site]\nbehaviour = \"wptserve\"\n[[wptserve.alias]]\nurl_path = \"a\"\nlocal_dir = \"b\"\n",
        4,
        "the mount point \"a\" must start with `/`",
    ),
    // Routes.
    ("[[route]]\npath = \"/x\"\nhandler = \"b.wasm\"\n", 3, "no such handler file: etc/b.wasm"),
    ("\n[[route]]\nhandler = \"a.wasm\"\n", 2, "`path` is missing"),
    ("\n[[route]]\npath = \"/x\"\n", 2, "`handler` is missing"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"x\"\n", 3, "must start with `/`"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"*\"\n", 3, "must start with `/`"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"/*/x\"\n", 3, "whole last segment"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"/x*\"\n", 3, "whole last segment"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"/x?y\"\n", 3, "patterns match paths"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"/x/../y\"\n", 3, "never reach a handler"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"/x\\u0000\"\n", 3, "control characters"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"/\"\nmethods = [\n\"GET\",\n\"G T\"]\n", 6, "\"G T\" is no method"),
    ("[[route]]\nhandler = \"a.wasm\"\npath = \"/\"\nmethods = []\n", 4, "`methods` must not be empty"),
    (
        "[[route]]\nhandler = \"a.wasm\"\npath = \"/\"\n[[route]]\nhandler = \"a.wasm\"\npath = \"/\"\nmethods = [\"A\"]",
        4,
        "a route for \"/\" is there already, at line 1",
    ),
    // Limits.
    ("[limits]\nmemory_mib = 0\n", 2, "`memory_mib` is 0, which is out of range: 1 to 4096"),
    ("[limits]\nmemory_mib = 4097\n", 2, "out of range"),
    ("[limits]\ncpu_ms = 1\nwall_s = 0\n", 3, "`wall_s` is 0"),
    ("[limits]\nslots = 1.5\n", 2, "invalid type: floating point `1.5`"),
    ("[limits]\nconnections = 0\n", 2, "`connections` is 0"),
    ("[limits]\nh2_streams = 0\n", 2, "`h2_streams` is 0"),
    ("[limits]\nh2_window_kib = 2097152\n", 2, "`h2_window_kib` is 2097152"),
    ("[limits]\nstash_keys = 0\n", 2, "`stash_keys` is 0, which is out of range: 1 to 10000000"),
    ("[limits]\nstash_mib = 65537\n", 2, "`stash_mib` is 65537"),
    ("[limits]\nstash_mib = 1\nstash_value_kib = 0\n", 3, "`stash_value_kib` is 0"),
    ("[limits]\nstash_age_s = 604801\n", 2, "`stash_age_s` is 604801, which is out of range: 1 to 604800"),
    ("[limits]\nstash_age_s = -1\n", 2, "invalid value: integer `-1`"),
    // The rest.
    ("\n[grant.\"a/*\"]\n", 2, "must start with `/`"),
    ("\nroot = \"nowhere\"\n", 2, "no such folder: etc/nowhere"),
    ("\ncert = \"c.pem\"\n", 2, "`cert` needs `key` beside it"),
    ("\nkey = \"k.pem\"\n", 2, "`key` needs `cert` beside it"),
    // Tenants.
    ("\n\n[[tenant]]\nnames = [\"a\"]\n[tenant.limits]\ncpu_ms = 3\n", 3, "`root` is missing here"),
    ("[[tenant]]\nroot = \"web\"\n", 1, "`names` is missing here"),
    ("[[tenant]]\nroot = \"web\"\nnames = []\n", 3, "`names` must not be empty"),
    ("[[tenant]]\nroot = \"web\"\nnames = [\"a\",\n\"b c\"]\n", 4, "\"b c\" can be no tenant's name"),
    ("[[tenant]]\nroot = \"web\"\nnames = [\"*\"]\n", 3, "with a parent after it"),
    ("[[tenant]]\nnames = [\"a\"]\nroot = \"nowhere\"\n", 3, "no such folder: etc/nowhere"),
    ("[[tenant]]\nnames = [\"a\"]\nroot = \"x/*\"\n", 3, "every name here needs one"),
    (
        "[[tenant]]\nnames = [\"a\"]\nroot = \"web\"\n[[tenant]]\nnames = [\"b\", \"A\"]\nroot = \"web\"\n",
        4,
        "a tenant of the same name is there already, at line 1",
    ),
    (
        "[tenants]\nroot = \"web\"\n[tenants.limits]\nmemory_mib = 257\n",
        4,
        "`memory_mib` is 257, which is out of range: 1 to 256",
    ),
    ("[tenants]\nroot = \"web\"\n[tenants.limits]\nslots = 3\n", 4, "unknown field `slots`"),
    ("[tenants]\nroot = \"web\"\nadmin = \"0.0.0.0:1\"\n", 3, "\"0.0.0.0:1\" is no loopback address"),
    ("[tenants]\nroot = \"web\"\n[grant.\"/*\"]\n", 3, "`[grant]` does not go together with tenants"),
    ("root = \"web\"\n[tenants]\nroot = \"web\"\n", 1, "`root` does not go together with tenants"),
    ("\n[tenants]\ncerts = \"web\"\n", 2, "`[tenants]` counts only with tenants"),
    ("[[tenant]]\nname = \"a\"\n", 2, "unknown field `name`"),
];

#[test]
fn flags_that_replace_the_files_listeners_do_not_hide_their_faults() {
    for (text, line, part) in [
        ("[[listener]]\nname = \"a\"\n", 1, "`port` is missing"),
        ("[[listener]]\nport = 65536\n", 2, "`port` is 65536"),
        ("[[listener]]\nport = 1\nprotocols = [\"h2\"]\n", 3, "without TLS"),
        ("[[listener]]\nport = 1\nname = \"a\"\n[[listener]]\nport = 2\nname = \"a\"\n", 4, "named \"a\" exists"),
        ("[[listener]]\nport = 1\n[[listener]]\nport = 1\n", 3, "port 1 is taken"),
    ] {
        for flags in ["--http 8001", "--https 8001", "--h2 8001"] {
            let error = serve(&format!("--config etc/f.toml {flags}"), &World::with(text)).expect_err(text).to_string();
            assert!(error.starts_with(&format!("etc/f.toml:{line}: ")) && error.contains(part), "{text:?}: {error}");
        }
    }
    let fine = serve("--config etc/f.toml --http 8001", &World::with("[[listener]]\nport = 8001\n")).unwrap();
    assert_eq!(fine.listeners.iter().map(|listener| listener.port).collect::<Vec<_>>(), [8001]);
}

#[test]
fn faults_of_the_file_name_file_and_line() {
    let mut failed = Vec::new();
    for (text, line, part) in FAULTS {
        let shown = match serve("--config etc/f.toml", &World::with(text)) {
            Ok(_) => "no fault".to_owned(),
            Err(error) => error.to_string(),
        };
        if !shown.starts_with(&format!("etc/f.toml:{line}: ")) || !shown.contains(part) || shown.contains('\n') {
            failed.push(format!("{text:?}\n  expected line {line}: …{part}…\n  got {shown}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
