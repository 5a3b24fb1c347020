//! A whole server in one process: what is spoken where, and how it stops.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::{ListenerSettings, Outcome, Protocols, Settings, Signals, Stopper, bind};
use crate::{
    exchange::{BoxFuture, Exchange},
    tls,
};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How long a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers `/` at once, and everything else never; says when a request has arrived.
struct Running {
    addresses: Vec<SocketAddr>,
    stopper: Stopper,
    served: JoinHandle<Outcome>,
    arrived: mpsc::UnboundedReceiver<()>,
}

impl Running {
    /// One cleartext listener for each set of protocols, on a port of its own.
    fn start(listeners: &[Protocols], change: impl FnOnce(&mut Settings)) -> Self {
        let listener = |(index, &protocols): (usize, &Protocols)| listener(&index.to_string(), protocols);
        let mut settings =
            Settings { listeners: listeners.iter().enumerate().map(listener).collect(), ..Settings::default() };
        change(&mut settings);
        let bound = bind(settings).expect("ports are free");
        let addresses = bound.addresses().map(|(_, address)| address).collect();
        let (sender, arrived) = mpsc::unbounded_channel();
        let dispatch = move |mut exchange: Exchange| -> BoxFuture<'static, ()> {
            let sender = sender.clone();
            Box::pin(async move {
                // The test may have looked away.
                let _ = sender.send(());
                if exchange.head.path() != b"/" {
                    std::future::pending::<()>().await;
                }
                let listener = Arc::clone(&exchange.connection.listener);
                let text = format!("{} at {listener}", exchange.head.version.as_str());
                exchange.response.answer(200, &text).await.expect("it is sent");
            })
        };
        let (stopper, signals) = Signals::stopper();
        let served = tokio::spawn(async { bound.serve(Arc::new(dispatch), signals).await.expect("it serves") });
        Self { addresses, stopper, served, arrived }
    }

    async fn connect(&self, listener: usize) -> TcpStream {
        TcpStream::connect(self.addresses[listener]).await.expect("it listens")
    }

    /// Connects and asks for what is never answered.
    async fn hang(&mut self) -> TcpStream {
        let mut stream = self.connect(0).await;
        stream.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
        timeout(PATIENCE, self.arrived.recv()).await.expect("it arrives").expect("the server is there");
        stream
    }

    async fn outcome(self) -> Outcome {
        timeout(PATIENCE, self.served).await.expect("it ends").expect("it does not panic")
    }
}

fn listener(name: &str, protocols: Protocols) -> ListenerSettings {
    ListenerSettings {
        name: name.into(),
        addresses: vec![V4],
        skip_missing: false,
        port: 0,
        protocols,
        tls: None,
        dispatch: None,
        origin: "test".to_owned(),
    }
}

/// Everything until the peer closes.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut octets = Vec::new();
    // A reset closes as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut octets)).await.expect("it closes");
    String::from_utf8_lossy(&octets).into_owned()
}

async fn get_h1(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("it is sent");
    rest(&mut stream).await
}

async fn get_h2(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<String, h2::Error> {
    let (mut client, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let request = http::Request::get("http://a/").body(()).expect("valid");
    let (response, _) = client.send_request(request, true)?;
    let mut content = response.await?.into_body();
    let mut text = String::new();
    while let Some(octets) = content.data().await {
        text.push_str(&String::from_utf8_lossy(&octets?));
    }
    drop((client, content));
    connection.await.expect("it does not panic")?;
    Ok(text)
}

#[tokio::test]
async fn each_listener_speaks_its_protocols() {
    let running = Running::start(&[Protocols::Both, Protocols::Http1, Protocols::Http2], |_| {});
    assert!(get_h1(running.connect(0).await).await.ends_with("HTTP/1.1 at 0"));
    assert_eq!(get_h2(running.connect(0).await).await.expect("it is spoken"), "HTTP/2 at 0");
    assert!(get_h1(running.connect(1).await).await.ends_with("HTTP/1.1 at 1"));
    assert!(get_h2(running.connect(1).await).await.is_err());
    assert!(!get_h1(running.connect(2).await).await.contains("200"));
    assert_eq!(get_h2(running.connect(2).await).await.expect("it is spoken"), "HTTP/2 at 2");
    running.stopper.stop();
    assert_eq!(running.outcome().await, Outcome::Drained);
}

#[tokio::test]
async fn alpn_picks_the_protocol_and_its_lack_the_default() {
    let state = tempfile::tempdir().expect("a directory");
    let certificate = tls::CertificateSource::Local { state_dir: state.path().to_owned(), names: Vec::new() };
    let settings = tls::Settings { certificate, key_log: None };
    let identity = tls::Identity::load(&settings, time::OffsetDateTime::now_utc()).expect("it is made");
    let both = tls::Acceptor::new(&identity, &["h2", "http/1.1"]).expect("it is set up");
    let h2 = tls::Acceptor::new(&identity, &["h2"]).expect("it is set up");
    let running = Running::start(&[Protocols::Both, Protocols::Http2], |settings| {
        settings.listeners[0].tls = Some(both);
        settings.listeners[1].tls = Some(h2);
    });
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(tls::ca_path(state.path())).expect("it is made")).expect("it is one");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("they are supported")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connect = async |listener: usize, alpn: &[&str]| {
        let mut config = config.clone();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("localhost").expect("valid");
        TlsConnector::from(Arc::new(config)).connect(name, running.connect(listener).await).await
    };
    for (listener, alpn, expected) in [
        (0, ["http/1.1"].as_slice(), "HTTP/1.1 at 0"),
        (0, &["http/1.1", "h2"], "HTTP/2 at 0"),
        (0, &[], "HTTP/1.1 at 0"),
        (1, &["h2", "http/1.1"], "HTTP/2 at 1"),
        (1, &[], "HTTP/2 at 1"),
    ] {
        let stream = connect(listener, alpn).await.expect("they agree");
        let text = if expected.starts_with("HTTP/2") {
            get_h2(stream).await.expect("it is spoken")
        } else {
            get_h1(stream).await
        };
        assert!(text.ends_with(expected), "{alpn:?}: {text}");
    }
    assert!(connect(1, &["http/1.1"]).await.is_err());
}

#[tokio::test]
async fn the_ready_line_lists_every_address() {
    let mut first = listener("http", Protocols::Both);
    first.addresses = vec![V4, IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let bound = bind(Settings { listeners: vec![first, listener("h2", Protocols::Http2)], ..Settings::default() })
        .expect("ports are free");
    let ports: Vec<_> = bound.addresses().map(|(_, address)| address.port()).collect();
    let expected = format!(
        concat!(
            r#"{{"event":"ready","version":"{}","listeners":["#,
            r#"{{"name":"http","protocols":["http/1.1","h2"],"tls":false,"address":"127.0.0.1","port":{}}},"#,
            r#"{{"name":"http","protocols":["http/1.1","h2"],"tls":false,"address":"::1","port":{}}},"#,
            r#"{{"name":"h2","protocols":["h2"],"tls":false,"address":"127.0.0.1","port":{}}}]}}"#
        ),
        env!("CARGO_PKG_VERSION"),
        ports[0],
        ports[1],
        ports[2]
    );
    assert_eq!(bound.ready_line(), expected);
}

#[tokio::test]
async fn draining_closes_what_is_idle_and_silent_at_once() {
    let running = Running::start(&[Protocols::Both], |_| {});
    let mut silent = running.connect(0).await;
    let mut idle = running.connect(0).await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.expect("it is answered");
    assert_eq!(&first, b"HTTP/1.1 200");
    running.stopper.stop();
    rest(&mut silent).await;
    rest(&mut idle).await;
    let address = running.addresses[0];
    assert_eq!(running.outcome().await, Outcome::Drained);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_outlasts_the_drain_is_cut_off() {
    let mut running = Running::start(&[Protocols::Both], |settings| settings.drain = Duration::from_millis(200));
    let mut stream = running.hang().await;
    let stopped = Instant::now();
    running.stopper.stop();
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(running.outcome().await, Outcome::Aborted);
    assert!(stopped.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_second_signal_cuts_off_at_once() {
    let mut running = Running::start(&[Protocols::Both], |settings| settings.drain = 100 * PATIENCE);
    let mut stream = running.hang().await;
    running.stopper.stop();
    running.stopper.stop();
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(running.outcome().await, Outcome::Aborted);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_one_to_end() {
    let mut running = Running::start(&[Protocols::Both], |settings| settings.connections = 1);
    let mut first = running.connect(0).await;
    first.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
    timeout(PATIENCE, running.arrived.recv()).await.expect("it arrives").expect("the server is there");
    let mut second = running.connect(0).await;
    second.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("the system takes it");
    let early = timeout(Duration::from_millis(100), running.arrived.recv()).await;
    assert!(early.is_err(), "it was let in");
    drop(first);
    assert!(rest(&mut second).await.ends_with("HTTP/1.1 at 0"));
    running.stopper.stop();
    assert_eq!(running.outcome().await, Outcome::Drained);
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let running = Running::start(&[Protocols::Both], |settings| settings.sniff = Duration::from_millis(50));
    assert_eq!(rest(&mut running.connect(0).await).await, "");
}
