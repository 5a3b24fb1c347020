//! HTTP/1.1 as octets: what was sent is what the test says, and what came back is shown as it came.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Stream, soon};

/// A connection on which messages are written and read by hand.
pub struct Connection {
    pub stream: Stream,
    buffer: Vec<u8>,
}

/// A response as it stood on the wire.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Status line and field lines, without the empty line.
    pub head: String,
    pub content: Vec<u8>,
    /// The trailer section's lines, if the content was chunked.
    pub trailers: String,
}

impl Response {
    /// The values of a field, compared without case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = |line: &&str| line.split_once(':').is_some_and(|(field, _)| field.eq_ignore_ascii_case(name));
        self.head.lines().skip(1).filter(named).map(|line| line.split_once(':').expect("a colon").1.trim()).collect()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.content).expect("text")
    }
}

impl Connection {
    pub fn new(stream: Stream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    pub async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).await.expect("a write");
        self.stream.flush().await.expect("a flush");
    }

    /// Sends a GET and reads the response.
    pub async fn get(&mut self, target: &str) -> Response {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        self.response("GET").await
    }

    /// Reads one response; `method` is the request's, as it decides whether there is content.
    pub async fn response(&mut self, method: &str) -> Response {
        let head = self.head().await;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut response = Response { status, head, content: Vec::new(), trailers: String::new() };
        if method == "HEAD" || status < 200 || status == 204 || status == 304 {
            return response;
        }
        if response.all("transfer-encoding") == ["chunked"] {
            while let Some(chunk) = self.chunk().await {
                response.content.extend(chunk);
            }
            response.trailers = self.lines_to_empty().await;
        } else if let [length] = response.all("content-length")[..] {
            let length = length.parse().expect("a length");
            response.content = self.take(length).await;
        } else {
            response.content = self.rest().await;
        }
        response
    }

    /// Reads a head, up to its empty line.
    pub async fn head(&mut self) -> String {
        let head = self.lines_to_empty().await;
        assert!(head.starts_with("HTTP/1.1 "), "{head:?}");
        head
    }

    /// Reads one chunk; none is the last.
    pub async fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.line().await;
        let length = usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("no chunk size: {line:?}"));
        if length == 0 {
            return None;
        }
        let chunk = self.take(length).await;
        assert_eq!(self.line().await, "", "the end of a chunk");
        Some(chunk)
    }

    /// Everything up to the close; a reset counts as one.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.buffer)
    }

    /// Whether the peer closed with nothing more sent.
    pub async fn is_closed(&mut self) -> bool {
        self.rest().await.is_empty()
    }

    pub async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(self.fill().await, "closed after {} of {count} octets", self.buffer.len());
        }
        self.buffer.drain(..count).collect()
    }

    pub async fn lines_to_empty(&mut self) -> String {
        let mut lines = String::new();
        loop {
            let line = self.line().await;
            if line.is_empty() {
                return lines;
            }
            lines.push_str(&line);
            lines.push('\n');
        }
    }

    async fn line(&mut self) -> String {
        let end = loop {
            if let Some(at) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                break at;
            }
            assert!(self.fill().await, "closed inside a line: {:?}", String::from_utf8_lossy(&self.buffer));
        };
        let line = self.buffer.drain(..end + 2).take(end).collect();
        String::from_utf8(line).expect("text")
    }

    async fn fill(&mut self) -> bool {
        let mut buffer = vec![0; 16 << 10];
        let count = soon("octets or a close", self.stream.read(&mut buffer)).await.unwrap_or(0);
        self.buffer.extend_from_slice(&buffer[..count]);
        count > 0
    }
}
