//! HTTP/2 by the `h2` crate's client.

use bytes::Bytes;
use h2::{
    RecvStream, SendStream,
    client::{self, ResponseFuture, SendRequest},
};
use http::{HeaderMap, Request};

use super::{Stream, soon};

/// A connection; its task ends with it.
pub struct Connection {
    pub requests: SendRequest<Bytes>,
    task: tokio::task::JoinHandle<Result<(), h2::Error>>,
}

/// A whole response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub fields: HeaderMap,
    pub content: Vec<u8>,
    pub trailers: Option<HeaderMap>,
}

impl Connection {
    pub async fn new(stream: Stream) -> Self {
        Self::with(stream, &client::Builder::new()).await
    }

    pub async fn with(stream: Stream, builder: &client::Builder) -> Self {
        let (requests, connection) = soon("the handshake", builder.handshake(stream)).await.expect("a handshake");
        Self { requests, task: tokio::spawn(connection) }
    }

    /// Opens a stream.
    pub async fn open(&mut self, request: Request<()>, end: bool) -> (ResponseFuture, SendStream<Bytes>) {
        soon("room for a stream", std::future::poll_fn(|cx| self.requests.poll_ready(cx))).await.expect("a connection");
        self.requests.send_request(request, end).expect("a request")
    }

    /// Sends a request with content and reads the response.
    pub async fn call(&mut self, request: Request<()>, content: impl Into<Bytes>) -> Result<Response, h2::Error> {
        let content = content.into();
        let (response, mut stream) = self.open(request, content.is_empty()).await;
        if !content.is_empty() {
            stream.send_data(content, true)?;
        }
        read(response).await
    }

    pub async fn get(&mut self, path: &str) -> Response {
        self.call(get(path), Bytes::new()).await.expect("a response")
    }

    /// Waits for the connection to end, and says how.
    pub async fn end(self) -> Result<(), h2::Error> {
        drop(self.requests);
        soon("the connection's end", self.task).await.expect("the task")
    }
}

/// A GET for this path.
pub fn get(path: &str) -> Request<()> {
    Request::get(format!("http://localhost{path}")).body(()).expect("a request")
}

/// Reads a whole response.
pub async fn read(response: ResponseFuture) -> Result<Response, h2::Error> {
    let (head, mut stream) = soon("a response head", response).await?.into_parts();
    let content = content(&mut stream).await?;
    let trailers = soon("trailers", stream.trailers()).await?;
    Ok(Response { status: head.status.as_u16(), fields: head.headers, content, trailers })
}

/// Reads content to its end.
pub async fn content(stream: &mut RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut content = Vec::new();
    while let Some(piece) = soon("content", stream.data()).await {
        let piece = piece?;
        stream.flow_control().release_capacity(piece.len())?;
        content.extend_from_slice(&piece);
    }
    Ok(content)
}
