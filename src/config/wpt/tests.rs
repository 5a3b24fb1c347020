//! What each file and flag comes to, and the place and words of every fault.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::*;
use crate::{
    cli::{self, Command},
    config::{ConfigError, Environment, ListenerSettings, WptPlan, WptservePlan},
    observe,
    server::Protocols,
    tls::CertificateSource,
};

/// A checkout in `/tree`, which is the current folder too. A folder exists if a file lies in it.
struct World(BTreeMap<PathBuf, String>);

impl World {
    /// With this `config.json`, and this file beside the checkout.
    fn with(own: &str, other: &str) -> Self {
        let files = [("/tree/config.json", own), ("/c.json", other), ("/docs/x", ""), ("/tree/sub/x", "")];
        Self(files.into_iter().map(|(path, text)| (path.into(), text.to_owned())).collect())
    }
}

impl Environment for World {
    fn variable(&self, name: &str) -> Option<OsString> {
        (name == "HOME").then(|| "/home/me".into())
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.0.get(path).is_some_and(|text| !text.is_empty())
    }

    fn is_folder(&self, path: &Path) -> bool {
        let path = Path::new("/tree").join(path).components().collect::<PathBuf>();
        self.0.keys().any(|file| file.parent() == Some(&path))
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(Path::new("/tree").join(path).components().collect())
    }

    fn program(&self) -> PathBuf {
        "/bin/framewright".into()
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match host {
            "localhost" => Ok(vec![[127, 0, 0, 1].into(), [127, 0, 0, 1].into()]),
            "lan" => Ok(vec![[10, 0, 0, 7].into()]),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn wpt(line: &str, world: &World) -> Result<WptPlan, ConfigError> {
    let cli = cli::parse(["framewright", "wpt"].into_iter().chain(line.split_whitespace())).unwrap();
    let Command::Wpt(arguments) = &cli.command else { panic!("wpt") };
    wpt_plan(arguments, &cli.log, world)
}

/// The plan of a checkout's own configuration.
fn of(config: &Value) -> WptPlan {
    wpt("", &World::with(&config.to_string(), "")).unwrap_or_else(|error| panic!("{config}: {error}"))
}

fn site(plan: &WptPlan) -> &WptservePlan {
    plan.serve.wptserve.as_ref().expect("a site")
}

/// One word for each listener: name:port, `s` for TLS, `a` for ALPN, protocols.
fn summary(plan: &WptPlan) -> String {
    let word = |listener: &ListenerSettings| {
        let tls = if listener.tls { "s" } else { "" };
        let alpn = if listener.alpn { "a" } else { "" };
        let protocols = match listener.protocols {
            Protocols::Http1 => "1",
            Protocols::Http2 => "2",
            Protocols::Both => "12",
        };
        format!("{}:{}{tls}{alpn}/{protocols}", listener.name, listener.port)
    };
    plan.serve.listeners.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_servers_are_those_of_wpt_serve() {
    let plan = of(&json!({}));
    assert_eq!(
        summary(&plan),
        "http:8000/1 http-2:0/1 http-private:0/1 http-local:0/1 http-public:0/1 https:8443s/1 https-2:8444s/1 \
         https-private:0s/1 https-local:0s/1 https-public:0s/1 h2:9000sa/2 ws:0/1 wss:0s/1"
    );
    assert_eq!(site(&plan).websockets, ["ws", "wss"]);
    let loopback: [IpAddr; 2] = [[127, 0, 0, 1].into(), "::1".parse().unwrap()];
    assert!(
        plan.serve.listeners.iter().all(|listener| listener.addresses == loopback && listener.addresses_by_default)
    );
    assert!(plan.check_subdomains && !plan.exit_after_start && plan.warnings.is_empty());
    assert_eq!(site(&plan).settings.hosts.names().len(), 260);
    assert_eq!(site(&plan).settings.doc_root, Path::new("/tree"));
    assert!(plan.serve.site.follow_symlinks);
    assert_eq!(site(&plan).settings.config["ws_doc_root"], "/tree/websockets/handlers");
    let pregenerated = CertificateSource::Files {
        cert: "/tree/tools/certs/web-platform.test.pem".into(),
        key: "/tree/tools/certs/web-platform.test.key".into(),
    };
    assert_eq!(plan.serve.tls.unwrap().certificate, pregenerated);
}

#[test]
fn ports_may_be_fixed_automatic_or_null() {
    let few = |ports: Value| {
        let mut all: BTreeMap<&str, Value> = ["http", "http-private", "http-local", "http-public", "https"]
            .into_iter()
            .chain(["https-private", "https-local", "https-public", "h2", "ws", "wss"])
            .map(|scheme| (scheme, json!([])))
            .collect();
        let given: BTreeMap<String, Value> = serde_json::from_value(ports).unwrap();
        all.extend(given.iter().map(|(scheme, list)| (scheme.as_str(), list.clone())));
        of(&json!({"ports": all}))
    };
    let plan = few(json!({"http": [null, 80, "auto"], "h2": null, "ws": [8888]}));
    assert_eq!(summary(&plan), "http-2:80/1 http-3:0/1 ws:8888/1");
    assert_eq!(site(&plan).settings.ports["http"], [None, Some(80), Some(0)]);
    let slots: Vec<_> = site(&plan).slots.iter().map(|slot| (slot.listener.as_str(), slot.index)).collect();
    assert_eq!(slots, [("http-2", 1), ("http-3", 2), ("ws", 0)]);
    assert_eq!(summary(&few(json!({"https-public": [8446]}))), "https-public:8446s/1");
    let shown = few(json!({"http": [80], "webtransport-h3": [11_000]}));
    assert_eq!(
        (summary(&shown).as_str(), &site(&shown).settings.ports["webtransport-h3"][..]),
        ("http:80/1", &[Some(11_000)][..])
    );
}

#[test]
fn files_beat_defaults_and_flags_beat_files() {
    let world = World::with(
        r#"{"browser_host": "one.test", "ports": {"http": [1, 2]}, "check_subdomains": false}"#,
        r#"{"browser_host": "two.test", "ports": {"https": [3, 4]}, "doc_root": "sub"}"#,
    );
    let plan = wpt("/tree", &world).unwrap();
    assert_eq!(site(&plan).settings.hosts.browser_host, "one.test");
    assert!(!plan.check_subdomains);
    let plan = wpt("--config /c.json", &world).unwrap();
    assert_eq!(site(&plan).settings.hosts.browser_host, "two.test");
    assert!(summary(&plan).starts_with("http:1/1 http-2:2/1 http-private:0/1"), "{}", summary(&plan));
    assert!(summary(&plan).contains("https:3s/1 https-2:4s/1"));
    assert_eq!(site(&plan).settings.doc_root, Path::new("/tree/sub"));
    assert_eq!(site(&plan).settings.config["paths"]["doc_root"], "/tree/sub");
    let flags = "--config /c.json --doc_root /docs --no-h2 --h2-h1-port 7 --own-ca --latency 20 --bind ::1 --bind ::1";
    let plan = wpt(flags, &world).unwrap();
    assert_eq!(site(&plan).settings.doc_root, Path::new("/docs"));
    assert!(!summary(&plan).contains(" h2:") && summary(&plan).ends_with("h2-h1:7sa/12"), "{}", summary(&plan));
    assert_eq!(site(&plan).latency.as_millis(), 20);
    assert!(plan.serve.listeners.iter().all(|listener| listener.addresses == ["::1".parse::<IpAddr>().unwrap()]));
    let Some(CertificateSource::Local { names, .. }) = plan.serve.tls.map(|tls| tls.certificate) else {
        panic!("ours")
    };
    assert_eq!(names.len(), 260);
    assert!(!wpt("--no-check-subdomains", &World::with("", "")).unwrap().check_subdomains);
    // Without its default, the configuration's own is not there to merge with.
    let world = World::with(r#"{"ports": {"h2": [9]}}"#, "");
    let plan = wpt("--no-h2", &world).unwrap();
    assert!(!summary(&plan).contains("h2") && plan.warnings.len() == 1, "{:?}", plan.warnings);
}

#[test]
fn renamed_keys_still_count_with_a_warning() {
    let plan = of(&json!({"host": "a.test", "bind_hostname": false, "host_ip": "10.1.1.1"}));
    assert_eq!(site(&plan).settings.hosts.browser_host, "a.test");
    assert_eq!(site(&plan).settings.config["server_host"], "10.1.1.1");
    let everywhere: [IpAddr; 2] = [[0, 0, 0, 0].into(), "::".parse().unwrap()];
    assert_eq!(plan.serve.listeners[0].addresses, everywhere);
    assert_eq!(plan.warnings.len(), 3);
    assert!(plan.warnings.iter().any(|warning| warning == "/tree/config.json:1: `host` is called `browser_host` now"));
    assert_eq!(site(&of(&json!({"external_host": "lan"}))).settings.config["server_host"], "lan");
}

#[test]
fn keys_that_nothing_has_below_the_top_are_passed_over_with_a_warning() {
    let plan = of(&json!({"ssl": {"openssl": {"binary": "x"}}, "alternate_hosts": {"other": "c.test"}}));
    assert_eq!(plan.warnings.len(), 2);
    assert!(plan.warnings.iter().any(|warning| warning.contains("`ssl.openssl.binary`")), "{:?}", plan.warnings);
    assert_eq!(site(&plan).settings.config["alternate_hosts"], json!({"alt": "not-web-platform.test"}));
}

#[test]
fn servers_listen_where_the_configuration_says() {
    let of_hosts = |config: Value| of(&config).serve.listeners[0].addresses.clone();
    let address = |text: &str| vec![text.parse::<IpAddr>().unwrap()];
    assert_eq!(of_hosts(json!({"server_host": "lan"})), address("10.0.0.7"));
    assert_eq!(of_hosts(json!({"server_host": "localhost"})), address("127.0.0.1"));
    assert_eq!(of_hosts(json!({"browser_host": "10.2.2.2"})), address("10.2.2.2"));
    assert_eq!(of_hosts(json!({"browser_host": "lan"})).len(), 2, "loopback, as nobody said otherwise");
}

#[test]
fn names_are_those_of_the_configuration() {
    let plan = of(&json!({"subdomains": ["élève"], "not_subdomains": [], "browser_host": "a.test"}));
    let expected = ["not-web-platform.test", "xn--lve-6lad.not-web-platform.test", "a.test", "xn--lve-6lad.a.test"];
    let mut names = site(&plan).settings.hosts.names();
    names.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn certificates_come_from_where_the_configuration_has_them() {
    let plan = of(&json!({"ssl": {"type": "none"}}));
    assert!(plan.serve.tls.is_none());
    assert_eq!(summary(&plan), "http:8000/1 http-2:0/1 http-private:0/1 http-local:0/1 http-public:0/1 ws:0/1");
    assert_eq!(site(&plan).settings.ports.keys().filter(|key| key.contains("http")).count(), 4);
    assert_eq!(site(&plan).settings.config["ssl_config"], Value::Null);

    let plan = of(&json!({"ssl": {"type": "openssl", "openssl": {"duration": 365, "force_regenerate": true}}}));
    let Some(CertificateSource::OpenSsl(kept)) = plan.serve.tls.as_ref().map(|tls| &tls.certificate) else { panic!() };
    assert_eq!((kept.folder.as_path(), kept.days, kept.renew), (Path::new("/tree/_certs"), 365, true));
    assert_eq!(kept.names.len(), 260);
    assert_eq!(site(&plan).settings.config["ssl_config"]["cert_path"], "/tree/_certs/web-platform.test.pem");
    assert_eq!(site(&plan).settings.config["ssl_config"]["ca_cert_path"], "/tree/_certs/cacert.pem");

    let files = json!({"host_key_path": "/k.pem", "host_cert_path": "c.pem"});
    let plan = of(&json!({"ssl": {"pregenerated": files}}));
    let expected = CertificateSource::Files { cert: "/tree/c.pem".into(), key: "/k.pem".into() };
    assert_eq!(plan.serve.tls.unwrap().certificate, expected);
    assert!(wpt("--own-ca", &World::with(r#"{"ssl": {"type": "none"}}"#, "")).unwrap().serve.tls.is_some());
}

#[test]
fn one_folder_of_python_handlers_shares_an_instance() {
    let plan = of(&json!({}));
    assert_eq!(plan.serve.site.python_shared, ["/device-bound-session-credentials/*"]);
    assert!(plan.serve.site.python);
}

#[test]
fn handlers_may_take_ten_minutes_and_more() {
    let limits = of(&json!({})).serve.sandbox.limits;
    assert!(limits.wall >= std::time::Duration::from_secs(600), "{:?}", limits.wall);
}

#[test]
fn levels_of_logging_are_pythons() {
    let filter = |plan: &WptPlan| plan.serve.log.filter.clone();
    let level = |word| observe::Filter::parse(word).unwrap();
    assert_eq!(filter(&of(&json!({}))), level("info"));
    assert_eq!(filter(&of(&json!({"log_level": "WARNING"}))), level("warn"));
    assert_eq!(filter(&of(&json!({"logging": {"level": "critical"}}))), level("error"));
    let world = World::with(r#"{"logging": {"level": "critical"}}"#, "");
    assert_eq!(filter(&wpt("-v", &world).unwrap()), level("debug"));
    assert_eq!(filter(&wpt("-v --log-level off", &world).unwrap()), level("off"));
    assert_eq!(site(&of(&json!({"log_level": "debug"}))).settings.config["log_level"], "DEBUG");
}

#[test]
fn mount_points_come_from_the_configuration_and_from_a_file() {
    let mut world = World::with(r#"{"aliases": [{"url-path": "/a/", "local-dir": "/x"}]}"#, "");
    world.0.insert("/aliases".into(), "/b/, y\n\n /c.js ,/z \n".to_owned());
    let plan = wpt("--alias_file /aliases", &world).unwrap();
    let aliases: Vec<_> =
        site(&plan).settings.aliases.iter().map(|alias| (alias.url_path.as_str(), &*alias.local_dir)).collect();
    assert_eq!(aliases, [("/a/", Path::new("/x")), ("/b/", Path::new("/tree/y")), ("/c.js", Path::new("/z"))]);
    for text in ["/b/\n", "/b/, x, y\n", "b, x\n", "/b/,\n"] {
        world.0.insert("/aliases".into(), format!("/ok/, x\n{text}"));
        let error = wpt("--alias_file /aliases", &world).expect_err(text).to_string();
        assert!(error.starts_with("/aliases:2: "), "{error}");
    }
}

#[test]
fn faults_of_arguments_name_the_argument() {
    for (line, shown) in [
        ("/nowhere", "CHECKOUT: no such folder: /nowhere"),
        ("--config no.json", "no.json: cannot read the configuration: entity not found"),
        ("--config ~/no.json", "/home/me/no.json: cannot read"),
        ("--doc_root nowhere", "--doc_root: no such folder: nowhere"),
        ("--ws_doc_root nowhere", "--ws_doc_root: no such folder: nowhere"),
        ("--alias_file no", "no: cannot read"),
        ("--quic-transport", "--quic-transport: `--quic-transport` is not supported yet"),
        ("--inject-script x", "x: cannot read the configuration: entity not found"),
        ("--h2-h1-port 8443", "--h2-h1-port: 127.0.0.1 port 8443 is taken by listener \"https\""),
        ("--log-level loud", "--log-level: \"loud\" is neither"),
    ] {
        let error = wpt(line, &World::with("", "")).expect_err(line).to_string();
        assert!(error.starts_with(shown), "{line}: {error}");
    }
    let world = World::with(r#"{"ssl": {"type": "none"}}"#, "");
    let error = wpt("--h2-h1-port 1", &world).expect_err("no certificate").to_string();
    assert!(error.contains("counts only with a certificate"), "{error}");
}

/// (text, line, part of the message)
const FAULTS: &[(&str, usize, &str)] = &[
    ("{\n\"a\": }", 2, "expected value"),
    ("[]", 1, "the whole file must be an object"),
    ("{\n\n\"browser_hots\": \"x\"}", 3, "unknown key `browser_hots`"),
    ("{\n\"browser_host\": 3}", 2, "`browser_host` must be a string"),
    ("{\n\"host\": 3}", 2, "`browser_host` must be a string"),
    ("{\n\"browser_host\": \"a/b\"}", 2, "\"a/b\" is no host"),
    ("{\n\"browser_host\": \"www.not-web-platform.test\"}", 2, "must be distinct"),
    ("{\n\"alternate_hosts\": {\n\"alt\": \"x.web-platform.test\"}}", 2, "must be distinct"),
    ("{\n\"alternate_hosts\": []}", 2, "`alternate_hosts` must be an object"),
    ("{\n\"subdomains\": [\"a\", \n 3]}", 3, "`subdomains[1]` must be a string"),
    ("{\n\"subdomains\": [\"a..b\"]}", 2, "\"a..b\" cannot stand before a host"),
    ("{\n\"not_subdomains\": [\"\"]}", 2, "\"\" cannot stand before a host"),
    ("{\n\"ports\": []}", 2, "`ports` must be an object"),
    ("{\n\"ports\": {\n\"http\": 80}}", 3, "`ports.http` must be a list"),
    ("{\n\"ports\": {\"http\": [1,\n65536]}}", 3, "`ports.http[1]` must be a port from 0 to 65535, \"auto\" or null"),
    ("{\"ports\": {\"http\": [\n\"80\"]}}", 2, "`ports.http[0]` must be a port"),
    ("{\"ports\": {\"http\": [-1]}}", 1, "`ports.http[0]` must be a port"),
    ("{\"ports\": {\"webtransport-h3\": [true]}}", 1, "`ports.webtransport-h3[0]` must be a port"),
    ("{\"ports\": {\"https\": [\n8443,\n8443]}}", 3, "127.0.0.1 port 8443 is taken by listener \"https\""),
    ("{\n\"doc_root\": \"nowhere\"}", 2, "no such folder: /tree/nowhere"),
    ("{\n\"bind_address\": \"x\"}", 2, "`bind_address` must be true or false"),
    ("{\n\"check_subdomains\": 1}", 2, "`check_subdomains` must be true or false"),
    ("{\n\"server_host\": \"gone\"}", 2, "no address was found for \"gone\""),
    ("{\n\"log_level\": \"loud\"}", 2, "`log_level` is \"loud\", which is none of"),
    ("{\n\"logging\": {\"level\": \"loud\"}}", 2, "`logging.level` is \"loud\""),
    ("{\n\"ssl\": {\"type\": \"auto\"}}", 2, "`ssl.type` is \"auto\", which is none of"),
    ("{\n\"ssl\": {\"encrypt_after_connect\": true}}", 2, "`ssl.encrypt_after_connect` is not supported yet"),
    ("{\n\"ssl\": {\"pregenerated\": {\"host_key_path\": null}}}", 2, "`host_key_path` is missing here"),
    (
        "{\"ssl\": {\"type\": \"openssl\",\n\"openssl\": {\"duration\": 0}}}",
        2,
        "`duration` is 0, which is out of range",
    ),
    ("{\"ssl\": {\"type\": \"openssl\",\n\"openssl\": {\"duration\": \"x\"}}}", 2, "must be a number of days"),
    ("{\"ssl\": {\"type\": \"openssl\",\n\"openssl\": {\"base_path\": null}}}", 2, "`base_path` is missing here"),
    ("{\"aliases\": [\n{\"url-path\": \"a\", \"local-dir\": \"x\"}]}", 2, "the mount point \"a\" must start with `/`"),
    ("{\"aliases\": [\n{\"url-path\": \"/a\"}]}", 2, "`local-dir` is missing here"),
    ("{\"aliases\": [\n{\"url-path\": \"/a\", \"local-dir\": \"\"}]}", 2, "`local-dir` must not be empty"),
    ("{\"aliases\": [\n3]}", 2, "`aliases[0]` must be an object"),
];

#[test]
fn faults_of_a_file_name_file_and_line() {
    let mut failed = Vec::new();
    for (text, line, part) in FAULTS {
        for (flags, own, other, file) in
            [("", *text, "", "/tree/config.json"), ("--config /c.json", "", *text, "/c.json")]
        {
            let shown = match wpt(flags, &World::with(own, other)) {
                Ok(_) => "no fault".to_owned(),
                Err(error) => error.to_string(),
            };
            if !shown.starts_with(&format!("{file}:{line}: ")) || !shown.contains(part) || shown.contains('\n') {
                failed.push(format!("{text:?}\n  expected {file}:{line}: …{part}…\n  got {shown}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn nothing_to_listen_on_is_a_fault_of_the_ports() {
    let ports = ["http", "http-private", "http-local", "http-public", "https", "https-private", "https-local"];
    let none: BTreeMap<_, _> =
        ports.into_iter().chain(["https-public", "h2", "ws", "wss"]).map(|scheme| (scheme, json!([null]))).collect();
    let error = wpt("", &World::with(&json!({"ports": none}).to_string(), "")).expect_err("none").to_string();
    assert!(error.contains("nothing to listen on"), "{error}");
}

#[test]
fn no_value_of_any_key_is_worse_than_a_fault() {
    let values = json!([null, true, -1, 1.5, 1e300, "", "x", [], [3], ["a"], [[]], [{}], {}, {"a": 1}, {"": {}}]);
    let keys = [
        &["browser_host"][..],
        &["alternate_hosts"],
        &["alternate_hosts", "alt"],
        &["doc_root"],
        &["ws_doc_root"],
        &["server_host"],
        &["ports"],
        &["ports", "http"],
        &["ports", "h2"],
        &["ports", "quic-transport"],
        &["check_subdomains"],
        &["log_level"],
        &["logging"],
        &["logging", "level"],
        &["logging", "suppress_handler_traceback"],
        &["bind_address"],
        &["ssl"],
        &["ssl", "type"],
        &["ssl", "encrypt_after_connect"],
        &["ssl", "pregenerated"],
        &["ssl", "pregenerated", "host_key_path"],
        &["ssl", "openssl"],
        &["ssl", "openssl", "duration"],
        &["aliases"],
        &["subdomains"],
        &["not_subdomains"],
        &["host"],
        &["host_ip"],
        &["bind_hostname"],
        &["unknown"],
    ];
    for keys in keys {
        for value in values.as_array().expect("a list") {
            let config = keys.iter().rev().fold(value.clone(), |below, key| json!({ *key: below }));
            if let Err(error) = wpt("-v", &World::with(&config.to_string(), "")) {
                let shown = error.to_string();
                assert!(
                    shown.starts_with("/tree/config.json:1: ") || shown.starts_with("default: "),
                    "{config}: {shown}"
                );
            }
        }
    }
}
