//! Handshakes over pipes in memory, and the local authority in folders of its own.

use std::{fs, path::Path, sync::Arc};

use rustls::{
    AlertDescription, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::Instant,
};
use tokio_rustls::{TlsConnector, client};

use super::*;
use crate::exchange::TlsFacts;

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn local(state_dir: &Path) -> Settings {
    Settings {
        certificate: CertificateSource::Local { state_dir: state_dir.to_owned(), names: Vec::new() },
        key_log: None,
    }
}

fn files(folder: &Path, cert: &str, key: &str) -> Settings {
    Settings { certificate: CertificateSource::Files { cert: folder.join(cert), key: folder.join(key) }, key_log: None }
}

/// A client that trusts the local authority.
fn client(state_dir: &Path, alpn: &[&str], versions: &[&'static rustls::SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_path(state_dir)).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

type Shaken = (Result<(TlsStream<DuplexStream>, TlsFacts), Fault>, std::io::Result<client::TlsStream<DuplexStream>>);

async fn shake(acceptor: &Acceptor, config: &Arc<ClientConfig>, name: &str) -> Shaken {
    let (near, far) = tokio::io::duplex(1 << 16);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let deadline = Instant::now() + std::time::Duration::from_secs(10);
    tokio::join!(acceptor.accept(near, deadline), TlsConnector::from(config.clone()).connect(name, far))
}

const BOTH: &[&rustls::SupportedProtocolVersion] = rustls::ALL_VERSIONS;

#[tokio::test]
async fn alpn_chooses_what_both_ends_offer() {
    let state = tempfile::tempdir().unwrap();
    let identity = Identity::load(&local(state.path()), now()).unwrap();
    for (offered, wanted, chosen) in [
        (["h2", "http/1.1"].as_slice(), ["http/1.1", "h2"].as_slice(), Some("h2")),
        (&["h2", "http/1.1"], &["http/1.1"], Some("http/1.1")),
        (&["h2", "http/1.1"], &[], None),
        (&["h2"], &["h2", "http/1.1"], Some("h2")),
        (&["h2"], &[], None),
    ] {
        let acceptor = Acceptor::new(&identity, offered).unwrap();
        let config = Arc::new(client(state.path(), wanted, BOTH));
        let (_, facts) = shake(&acceptor, &config, "localhost").await.0.unwrap();
        assert_eq!(facts.alpn.as_deref(), chosen.map(str::as_bytes), "{offered:?} {wanted:?}");
    }
}

#[tokio::test]
async fn what_the_client_offered_by_alpn_is_told_in_its_order() {
    let state = tempfile::tempdir().unwrap();
    let identity = Identity::load(&local(state.path()), now()).unwrap();
    let acceptor = Acceptor::new(&identity, &["h2", "http/1.1"]).unwrap();
    for version in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        for offered in [["http/1.1"].as_slice(), &["h3", "http/1.1", "\u{0}grease", "h2"], &["h2", "http/1.1"], &[]] {
            let config = Arc::new(client(state.path(), offered, version));
            let (_, facts) = shake(&acceptor, &config, "localhost").await.0.unwrap();
            let expected: Vec<_> = offered.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(facts.alpn_offered, expected, "{version:?}");
        }
    }
}

#[tokio::test]
async fn alpn_without_overlap_is_refused_with_an_alert() {
    let state = tempfile::tempdir().unwrap();
    let identity = Identity::load(&local(state.path()), now()).unwrap();
    for version in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        for (offered, wanted) in [(["h2"].as_slice(), ["http/1.1"].as_slice()), (&["h2", "http/1.1"], &["h3"])] {
            let acceptor = Acceptor::new(&identity, offered).unwrap();
            let config = Arc::new(client(state.path(), wanted, version));
            let (server, client) = shake(&acceptor, &config, "localhost").await;
            let fault = server.expect_err("no overlap");
            assert!(matches!(fault, Fault::Protocol(rustls::Error::NoApplicationProtocol)), "{fault}");
            // RFC 7301 §3.2
            let alert = Fault::from(client.expect_err("no overlap"));
            let expected = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
            assert!(matches!(&alert, Fault::Protocol(error) if *error == expected), "{alert}");
        }
    }
}

#[tokio::test]
async fn facts_tell_what_was_agreed() {
    let state = tempfile::tempdir().unwrap();
    let acceptor = Acceptor::new(&Identity::load(&local(state.path()), now()).unwrap(), &["h2"]).unwrap();
    for (version, name, suite) in
        [(&rustls::version::TLS12, "TLSv1.2", "TLS_ECDHE_ECDSA_"), (&rustls::version::TLS13, "TLSv1.3", "TLS_AES_")]
    {
        let config = Arc::new(client(state.path(), &["h2"], &[version]));
        let (_, facts) = shake(&acceptor, &config, "WWW.web-platform.test").await.0.unwrap();
        assert_eq!(facts.version, name);
        assert!(facts.cipher_suite.starts_with(suite), "{}", facts.cipher_suite);
        assert_eq!(facts.sni.as_deref(), Some("www.web-platform.test"));
    }
    // RFC 6066 §3: no server name for addresses.
    let (_, facts) = shake(&acceptor, &Arc::new(client(state.path(), &["h2"], BOTH)), "127.0.0.1").await.0.unwrap();
    assert_eq!(facts.sni, None);
}

#[tokio::test]
async fn the_certificate_is_good_for_the_test_hosts_and_no_others() {
    let state = tempfile::tempdir().unwrap();
    let acceptor = Acceptor::new(&Identity::load(&local(state.path()), now()).unwrap(), &["h2"]).unwrap();
    let config = Arc::new(client(state.path(), &["h2"], BOTH));
    for (name, good) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("web-platform.test", true),
        ("www1.web-platform.test", true),
        ("xn--lve-6lad.web-platform.test", true),
        ("www.www2.web-platform.test", true),
        ("xn--n8j6ds53lwwkrqhv28a.xn--lve-6lad.web-platform.test", true),
        ("not-web-platform.test", true),
        ("www.xn--n8j6ds53lwwkrqhv28a.not-web-platform.test", true),
        ("www.nonexistent.web-platform.test", false),
        ("a.www.www.web-platform.test", false),
        ("example.com", false),
        ("127.0.0.2", false),
    ] {
        let client = shake(&acceptor, &config, name).await.1;
        assert_eq!(client.is_ok(), good, "{name}: {:?}", client.err());
    }
}

#[tokio::test]
async fn sessions_resume_and_the_facts_say_so() {
    let state = tempfile::tempdir().unwrap();
    let acceptor = Acceptor::new(&Identity::load(&local(state.path()), now()).unwrap(), &["h2"]).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = Arc::new(client(state.path(), &["h2"], &[version]));
        let mut resumed = Vec::new();
        // The tickets belong to a name: to another, the client shows none.
        for name in ["localhost", "localhost", "web-platform.test", "localhost", "web-platform.test"] {
            let (server, client) = shake(&acceptor, &config, name).await;
            let ((mut server, facts), mut client) = (server.unwrap(), client.unwrap());
            // The tickets of TLS 1.3 come with the first octets that the client reads.
            server.write_all(b"x").await.unwrap();
            server.flush().await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), b'x');
            assert_eq!(facts.sni.as_deref(), Some(name), "{version:?}");
            resumed.push(facts.resumed);
        }
        assert_eq!(resumed, [false, true, false, true, true], "{version:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_meets_the_deadline() {
    let state = tempfile::tempdir().unwrap();
    let acceptor = Acceptor::new(&Identity::load(&local(state.path()), now()).unwrap(), &["h2"]).unwrap();
    let (near, _far) = tokio::io::duplex(1024);
    let fault = acceptor.accept(near, Instant::now() + std::time::Duration::from_secs(10)).await.expect_err("silence");
    assert!(matches!(fault, Fault::Deadline));
}

#[tokio::test]
async fn cleartext_and_departure_are_faults_of_the_peer() {
    let state = tempfile::tempdir().unwrap();
    let acceptor = Acceptor::new(&Identity::load(&local(state.path()), now()).unwrap(), &["h2"]).unwrap();
    let deadline = Instant::now() + std::time::Duration::from_secs(10);
    let (near, mut far) = tokio::io::duplex(1024);
    far.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(matches!(acceptor.accept(near, deadline).await, Err(Fault::Protocol(_))));
    let (near, far) = tokio::io::duplex(1024);
    drop(far);
    assert!(matches!(acceptor.accept(near, deadline).await, Err(Fault::Io(_))));
}

#[tokio::test]
async fn secrets_are_logged_only_where_a_file_is_named() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("keys");
    let settings = Settings { key_log: Some(path.clone()), ..local(state.path()) };
    let acceptor = Acceptor::new(&Identity::load(&settings, now()).unwrap(), &["h2"]).unwrap();
    shake(&acceptor, &Arc::new(client(state.path(), &["h2"], BOTH)), "localhost").await.0.unwrap();
    let log = fs::read_to_string(&path).unwrap();
    let line = log.lines().find(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")).expect("a secret");
    assert_eq!(line.split(' ').nth(1).unwrap().len(), 64);
    let settings = Settings { key_log: Some(state.path().join("no/keys")), ..local(state.path()) };
    assert!(matches!(Identity::load(&settings, now()), Err(SetupError::Write { .. })));
}

#[test]
fn the_authority_is_made_once_and_private() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().join("new");
    let first = Identity::load(&local(&state), now()).unwrap();
    let ca = fs::read(ca_path(&state)).unwrap();
    let second = Identity::load(&local(&state), now()).unwrap();
    assert_eq!(first.spki_hash(), second.spki_hash());
    assert_eq!(first.spki_hash().len(), 44);
    assert_eq!(ca, fs::read(ca_path(&state)).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state.join("tls")), 0o700);
        assert_eq!((mode(&state.join("tls/ca.key")), mode(&state.join("tls/leaf.key"))), (0o600, 0o600));
    }
    let copy = state.join("copy.pem");
    export_ca(&state, &copy, now()).unwrap();
    assert_eq!(ca, fs::read(copy).unwrap());
}

#[test]
fn the_leaf_is_renewed_near_its_end_and_the_authority_is_kept() {
    let state = tempfile::tempdir().unwrap();
    let start = datetime!(2030-01-01 0:00 UTC);
    let hash_at = |now| Identity::load(&local(state.path()), now).unwrap().spki_hash().to_owned();
    let first = hash_at(start);
    let ca = fs::read(ca_path(state.path())).unwrap();
    assert_eq!(first, hash_at(start + Duration::days(365)));
    let second = hash_at(start + Duration::days(367));
    assert_ne!(first, second);
    assert_eq!(ca, fs::read(ca_path(state.path())).unwrap());
    // Ten years on, it could not outlive another leaf.
    hash_at(start + Duration::days(3600));
    assert_ne!(ca, fs::read(ca_path(state.path())).unwrap());
}

#[test]
fn damage_is_mended() {
    for (name, damage) in [
        ("leaf.pem", "nonsense"),
        ("leaf.key", ""),
        ("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("ca.key", "nonsense"),
    ] {
        let state = tempfile::tempdir().unwrap();
        let first = Identity::load(&local(state.path()), now()).unwrap();
        fs::write(state.path().join("tls").join(name), damage).unwrap();
        let second = Identity::load(&local(state.path()), now()).expect(name);
        // Whatever was damaged, the leaf is another one, signed by the authority on disk.
        assert_ne!(first.spki_hash(), second.spki_hash(), "{name}");
        let third = Identity::load(&local(state.path()), now()).unwrap();
        assert_eq!(second.spki_hash(), third.spki_hash(), "{name}");
    }
}

#[test]
fn two_processes_starting_at_once_agree() {
    let state = tempfile::tempdir().unwrap();
    let hashes: Vec<String> = std::thread::scope(|scope| {
        let load = || Identity::load(&local(state.path()), now()).unwrap().spki_hash().to_owned();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
}

#[test]
fn certificates_have_the_form_that_browsers_ask_for() {
    let state = tempfile::tempdir().unwrap();
    let start = datetime!(2030-01-01 0:00 UTC);
    Identity::load(&local(state.path()), start).unwrap();
    let read = |name: &str| CertificateDer::from_pem_file(state.path().join("tls").join(name)).unwrap();
    let (ca, leaf) = (read("ca.pem"), read("leaf.pem"));
    let (_, ca) = x509_parser::parse_x509_certificate(&ca).unwrap();
    let (_, leaf) = x509_parser::parse_x509_certificate(&leaf).unwrap();

    let constraints = ca.basic_constraints().unwrap().expect("basic constraints");
    assert!(constraints.critical && constraints.value.ca && constraints.value.path_len_constraint == Some(0));
    let usage = ca.key_usage().unwrap().expect("key usage");
    assert!(usage.critical && usage.value.key_cert_sign() && !usage.value.digital_signature());
    assert!(ca.name_constraints().unwrap().expect("name constraints").critical);
    let days = |cert: &x509_parser::certificate::X509Certificate<'_>| {
        let validity = cert.validity();
        (validity.not_after.timestamp() - validity.not_before.timestamp()) / 86_400
    };
    assert_eq!((days(&ca), days(&leaf)), (3650, 397));

    assert!(!leaf.is_ca());
    let usage = leaf.key_usage().unwrap().expect("key usage");
    assert!(usage.value.digital_signature() && !usage.value.key_cert_sign());
    assert!(leaf.extended_key_usage().unwrap().expect("extended key usage").value.server_auth);
    assert_eq!(leaf.issuer(), ca.subject());
    assert_ne!(leaf.raw_serial(), ca.raw_serial());
    assert!(leaf.raw_serial().len() == 16 && leaf.raw_serial()[0] < 0x80);
}

#[test]
fn faults_of_given_files_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["one", "other"] {
        Identity::load(&local(&path.join(name)), now()).unwrap();
    }
    fs::write(path.join("empty"), "").unwrap();
    fs::write(path.join("broken"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let (cert, key) = ("one/tls/leaf.pem", "one/tls/leaf.key");
    assert!(Identity::load(&files(path, cert, key), now()).is_ok());
    for (cert, key, named, part) in [
        ("none", key, "none", "cannot read"),
        (cert, "none", "none", "cannot read"),
        ("empty", key, "empty", "no certificate"),
        ("broken", key, "broken", "no certificate"),
        (key, key, key, "no certificate"),
        (cert, cert, cert, "no private key"),
        (cert, "other/tls/leaf.key", "other/tls/leaf.key", "is not that of"),
    ] {
        let error = Identity::load(&files(path, cert, key), now()).expect_err(named).to_string();
        assert!(error.contains(path.join(named).to_str().unwrap()) && error.contains(part), "{error}");
    }
}
