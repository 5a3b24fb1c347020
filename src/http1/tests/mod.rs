//! Transcripts over an in-memory pipe: send these octets, expect those. The clock is paused, so deadlines cost nothing.

mod content;
mod faults;
mod leaving;
mod lifecycle;
mod raw;
mod responses;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
    time::timeout,
};

use super::{Fault, Settings, serve};
use crate::{
    drain::{Drain, DrainHandle},
    exchange::{
        AfterRaw, BoxFuture, ConnectionFacts, ConnectionId, ContentError, ContentEvent, ContentStream, Dispatch,
        Exchange, Extent, FieldSection, RawDoor, ResponseWriter,
    },
    wire::Transport,
};

/// A client's end of a connection.
struct Client {
    io: DuplexStream,
    served: JoinHandle<Result<(), Fault>>,
    drain: Option<DrainHandle>,
}

/// Octets that the pipe holds in each direction unless a test says otherwise.
const WIDTH: usize = 64 * 1024;

impl Client {
    fn connect(dispatch: Arc<dyn Dispatch>) -> Self {
        Self::connect_through(WIDTH, Settings::default(), dispatch)
    }

    fn connect_through(width: usize, settings: Settings, dispatch: Arc<dyn Dispatch>) -> Self {
        let (near, far) = duplex(width);
        Self::over(near, far, settings, dispatch)
    }

    fn over<T>(near: DuplexStream, far: T, settings: Settings, dispatch: Arc<dyn Dispatch>) -> Self
    where
        T: Transport + 'static,
    {
        let (handle, drain) = Drain::pair();
        let served = tokio::spawn(serve(far, facts(), dispatch, settings, drain));
        Self { io: near, served, drain: Some(handle) }
    }

    async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.io.write_all(octets.as_ref()).await.expect("the server reads");
    }

    /// Ends the client's direction.
    async fn end(&mut self) {
        self.io.shutdown().await.expect("the pipe closes");
    }

    async fn expect(&mut self, octets: impl AsRef<[u8]>) {
        let expected = octets.as_ref();
        let mut received = Vec::new();
        while received.len() < expected.len() {
            let mut buffer = vec![0; expected.len() - received.len()];
            match timeout(FOREVER, self.io.read(&mut buffer)).await.expect("an answer in time").expect("octets") {
                0 => break,
                octets => received.extend_from_slice(&buffer[..octets]),
            }
        }
        assert_eq!(String::from_utf8_lossy(&received), String::from_utf8_lossy(expected));
    }

    /// Nothing more comes for now.
    async fn expect_silence(&mut self) {
        let mut buffer = [0; 100];
        if let Ok(read) = timeout(Duration::from_millis(1), self.io.read(&mut buffer)).await {
            let read = read.expect("octets");
            panic!("expected silence, got {:?}", String::from_utf8_lossy(&buffer[..read]));
        }
    }

    /// Everything up to the end of the connection.
    async fn rest(&mut self) -> String {
        let mut received = Vec::new();
        timeout(FOREVER, self.io.read_to_end(&mut received)).await.expect("an end in time").expect("octets");
        String::from_utf8_lossy(&received).into_owned()
    }

    async fn expect_end(&mut self) {
        assert_eq!(self.rest().await, "", "expected the end");
    }

    /// How the server's side ended.
    async fn served(self) -> Result<(), Fault> {
        drop(self.io);
        timeout(FOREVER, self.served).await.expect("an end in time").expect("no panic")
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
/// Its nine octets of content are still to come.
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n";

/// Longer than any deadline; the paused clock jumps there at once if nothing else is left to do.
const FOREVER: Duration = Duration::from_secs(3600);

fn facts() -> Arc<ConnectionFacts> {
    let address = ([127, 0, 0, 1], 80).into();
    Arc::new(ConnectionFacts {
        id: ConnectionId::next(),
        peer: address,
        local: address,
        listener: "test".into(),
        tls: None,
    })
}

/// A dispatcher out of an async closure.
fn answer<F, A>(handler: F) -> Arc<dyn Dispatch>
where
    F: Fn(Exchange) -> A + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |exchange| -> BoxFuture<'static, ()> { Box::pin(handler(exchange)) })
}

/// Answers each request with its target.
fn targets() -> Arc<dyn Dispatch> {
    answer(|mut exchange| async move {
        let target = exchange.head.path_and_query.clone();
        let length = fields(&[("Content-Length", &target.len().to_string())]);
        exchange.response.send_head(200, &length, false).await.expect("head");
        exchange.response.send_data(target, true).await.expect("content");
    })
}

fn fields(lines: &[(&str, &str)]) -> FieldSection {
    FieldSection::from_lines(lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

async fn next(content: &mut Box<dyn ContentStream>) -> Result<ContentEvent, ContentError> {
    std::future::poll_fn(|cx| content.poll_next(cx)).await
}

/// All content, as text; trailers as `name=value;`.
async fn read_all(content: &mut Box<dyn ContentStream>) -> Result<String, ContentError> {
    let mut all = Vec::new();
    loop {
        match next(content).await? {
            ContentEvent::Data(octets) => all.extend_from_slice(&octets),
            ContentEvent::Trailers(section) => {
                for field in section.iter() {
                    all.extend_from_slice(&[field.name, b"=", field.value, b";"].concat());
                }
            }
            ContentEvent::End => return Ok(String::from_utf8_lossy(&all).into_owned()),
        }
    }
}

/// Answers with what became of the request content.
fn digest() -> Arc<dyn Dispatch> {
    answer(|mut exchange| async move {
        let text = match read_all(&mut exchange.content).await {
            Ok(content) => content,
            Err(error) => error.to_string(),
        };
        let length = fields(&[("Content-Length", &text.len().to_string())]);
        exchange.response.send_head(200, &length, false).await.expect("head");
        exchange.response.send_data(Bytes::from(text), true).await.expect("content");
    })
}

/// A response of known length as [`targets`] and [`digest`] send it.
fn ok(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{content}", content.len())
}

/// The same, before the connection closes.
fn ok_close(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{content}", content.len())
}

fn door(response: &mut ResponseWriter) -> &mut dyn RawDoor {
    response.raw().expect("HTTP/1.x has a raw door")
}

async fn octets(response: &mut ResponseWriter, octets: &'static str) {
    door(response).send_octets(Bytes::from_static(octets.as_bytes())).await.expect("sent");
}

/// Sends these octets, each in a call of its own, and says what becomes of the connection.
fn verbatim(calls: &'static [&'static str], rule: Option<AfterRaw>) -> Arc<dyn Dispatch> {
    answer(move |mut exchange| async move {
        for call in calls {
            octets(&mut exchange.response, call).await;
        }
        if let Some(rule) = rule {
            door(&mut exchange.response).after(rule);
        }
    })
}
