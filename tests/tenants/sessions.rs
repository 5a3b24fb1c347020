//! TLS sessions and certificates, name by name.

use std::sync::{Arc, Mutex};

use rustls::{
    HandshakeKind, NamedGroup,
    client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue},
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{client, h1_tls, serve, shake, two};
use crate::support::{AnyCertificate, Builder, Server, Site, soon};

/// Offers what it has to everybody, as no honest client does.
#[derive(Debug, Default)]
struct Indiscriminate {
    tls12: Mutex<Option<Tls12ClientSessionValue>>,
    tls13: Mutex<Vec<Tls13ClientSessionValue>>,
}

impl ClientSessionStore for Indiscriminate {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        *self.tls12.lock().expect("no panic") = Some(value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.tls12.lock().expect("no panic").clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.tls13.lock().expect("no panic").push(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.tls13.lock().expect("no panic").pop()
    }
}

/// Shakes hands, asks for something, so that tickets have come, and says whether the session was resumed.
async fn resumes(server: &Server, config: &Arc<rustls::ClientConfig>, name: &str) -> bool {
    let mut stream = shake(server, config, name).await.expect("a handshake");
    let request = format!("GET /who HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = String::new();
    soon("an answer", stream.read_to_string(&mut answer)).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}

#[tokio::test]
async fn a_session_of_one_name_does_not_resume_under_another() {
    let server = serve(two(), "");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(&[version])
                .expect("a version")
                .with_root_certificates(crate::support::stream::roots().clone())
                .with_no_client_auth();
        config.resumption = Resumption::store(Arc::new(Indiscriminate::default()));
        let config = Arc::new(config);
        assert!(!resumes(&server, &config, "a.test").await, "the first");
        assert!(resumes(&server, &config, "a.test").await, "its own");
        assert!(!resumes(&server, &config, "b.test").await, "a stranger's");
        assert!(resumes(&server, &config, "b.test").await, "its own");
    }
}

#[tokio::test]
async fn whoever_names_nobody_has_no_session() {
    let server = serve(two(), "[[tenant]]\nnames = [\"127.0.0.1\"]\nroot = \"/usr/share\"\n");
    let store = Arc::new(Indiscriminate::default());
    let mut config = client(&["http/1.1"]);
    config.resumption = Resumption::store(store.clone());
    let config = Arc::new(config);
    for _ in 0..2 {
        let mut stream = shake(&server, &config, "127.0.0.1").await.expect("a handshake");
        stream.write_all(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await.expect("a request");
        let mut answer = String::new();
        soon("an answer", stream.read_to_string(&mut answer)).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
    }
    assert!(store.tls13.lock().expect("no panic").is_empty(), "no tickets");
}

#[tokio::test]
async fn each_name_shows_its_own_certificate_and_a_new_one_without_a_restart() {
    let certs = Site::new();
    let put = |name: &str| {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let cert = params.self_signed(&key).expect("a certificate").pem();
        certs.file(&format!("{name}.pem"), &cert).file(&format!("{name}.key"), key.serialize_pem());
        CertificateDer::from_pem_slice(cert.as_bytes()).expect("a certificate")
    };
    let first = put("shown.example");
    let site = two();
    site.file("shown.example/who", "shown").file("hidden.example/who", "hidden");
    let server =
        Builder::new(site).tenants().argument("--certs").argument(certs.path().to_str().expect("text")).start();
    assert_eq!(shown(&server, "shown.example").await.as_ref(), Some(&first));
    assert_eq!(shown(&server, "hidden.example").await, None, "no certificate, no handshake");
    drop(h1_tls(&server, "a.test").await);
    let second = put("shown.example");
    let renewed = async {
        while shown(&server, "shown.example").await.as_ref() != Some(&second) {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    soon("the new certificate", renewed).await;
}

/// The certificate that is shown for a name, whoever it is by.
async fn shown(server: &Server, name: &str) -> Option<CertificateDer<'static>> {
    let mut config = client(&["http/1.1"]);
    config.dangerous().set_certificate_verifier(Arc::new(AnyCertificate::default()));
    let stream = shake(server, &Arc::new(config), name).await.ok()?;
    Some(stream.get_ref().1.peer_certificates()?.first()?.clone().into_owned())
}
