//! One client for every carrier: requests and responses whose fields keep their order, duplicates and octets.

use framewright::wire::{FrameKind, flags};

use super::{Carrier, Server, connect, frames, h1};

/// Field lines as they stood on the wire.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A connection with one exchange at a time.
pub struct Client {
    carrier: Carrier,
    protocol: Protocol,
}

#[expect(clippy::large_enum_variant, reason = "one for each test")]
enum Protocol {
    H1(h1::Connection),
    H2(frames::Connection, u32),
}

/// A request; its content is sent as told.
pub struct Request<'a> {
    pub method: &'a str,
    pub target: &'a [u8],
    pub fields: &'a [(&'a [u8], &'a [u8])],
}

/// A response head.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub fields: Fields,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub informational: Vec<Head>,
    pub head: Head,
    /// Chunks or DATA frames, empty ones left out.
    pub pieces: Vec<Vec<u8>>,
    pub trailers: Fields,
}

impl Answer {
    pub fn content(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.content()).expect("text")
    }
}

impl Head {
    /// The values of a field, in order.
    pub fn all(&self, name: &str) -> Vec<String> {
        let ours = self.fields.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        ours.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }
}

/// Field lines from text.
pub fn fields(lines: &[(&str, &str)]) -> Fields {
    lines.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

impl Client {
    pub async fn connect(server: &Server, carrier: Carrier) -> Self {
        let stream = connect(server, carrier).await;
        let protocol = if carrier.is_h2() {
            Protocol::H2(frames::Connection::new(stream, &[]).await, 0)
        } else {
            Protocol::H1(h1::Connection::new(stream))
        };
        Self { carrier, protocol }
    }

    /// A GET and its answer.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.begin(&Request { method: "GET", target: path.as_bytes(), fields: &[] }, false).await;
        self.answer("GET").await
    }

    /// A POST with content and its answer.
    pub async fn post(&mut self, path: &str, content: &[u8]) -> Answer {
        self.begin(&Request { method: "POST", target: path.as_bytes(), fields: &[] }, true).await;
        self.send(content).await;
        self.end(&[]).await;
        self.answer("POST").await
    }

    /// Sends a request head.
    pub async fn begin(&mut self, request: &Request<'_>, has_content: bool) {
        let scheme = self.carrier.scheme().as_bytes();
        match &mut self.protocol {
            Protocol::H1(connection) => {
                let mut head =
                    [request.method.as_bytes(), b" ", request.target, b" HTTP/1.1\r\nHost: localhost\r\n"].concat();
                let chunked = [(b"Transfer-Encoding".as_slice(), b"chunked".as_slice())];
                for (name, value) in request.fields.iter().chain(has_content.then_some(&chunked[0])) {
                    head.extend([name, b": ".as_slice(), value, b"\r\n"].concat());
                }
                connection.send([&head, b"\r\n".as_slice()].concat()).await;
            }
            Protocol::H2(connection, stream) => {
                *stream = if *stream == 0 { 1 } else { *stream + 2 };
                let pseudo: [(&[u8], &[u8]); 4] = [
                    (b":method", request.method.as_bytes()),
                    (b":scheme", scheme),
                    (b":authority", b"localhost"),
                    (b":path", request.target),
                ];
                connection.fields(*stream, &[&pseudo, request.fields].concat(), !has_content).await;
            }
        }
    }

    /// Sends a piece of content.
    pub async fn send(&mut self, content: &[u8]) {
        match &mut self.protocol {
            Protocol::H1(connection) => {
                let size = format!("{:x}\r\n", content.len());
                connection.send([size.as_bytes(), content, b"\r\n"].concat()).await;
            }
            Protocol::H2(connection, stream) => connection.content(*stream, content, false).await,
        }
    }

    /// Ends the request, with trailers if there are any.
    pub async fn end(&mut self, trailers: &[(&[u8], &[u8])]) {
        match &mut self.protocol {
            Protocol::H1(connection) => {
                let lines: Vec<u8> = trailers
                    .iter()
                    .flat_map(|(name, value)| [name, b": ".as_slice(), value, b"\r\n"].concat())
                    .collect();
                connection.send([b"0\r\n", &lines[..], b"\r\n"].concat()).await;
            }
            Protocol::H2(connection, stream) if trailers.is_empty() => connection.content(*stream, b"", true).await,
            Protocol::H2(connection, stream) => connection.fields(*stream, trailers, true).await,
        }
    }

    /// Reads a response head; those before it are informational.
    pub async fn head(&mut self) -> (Vec<Head>, Head) {
        match &mut self.protocol {
            Protocol::H1(connection) => {
                let mut informational = Vec::new();
                loop {
                    let head = parse(&connection.head().await);
                    if head.status >= 200 {
                        return (informational, head);
                    }
                    informational.push(head);
                }
            }
            Protocol::H2(connection, stream) => {
                let response = connection.head(*stream).await;
                if response.end == frames::End::Complete {
                    connection.keep_end(*stream);
                }
                let informational = response.informational.into_iter().map(|(status, fields)| Head { status, fields });
                (informational.collect(), Head { status: response.status, fields: response.fields })
            }
        }
    }

    /// Reads one chunk or DATA frame with content; none at the end, with the trailers.
    pub async fn piece(&mut self) -> Result<Vec<u8>, Fields> {
        match &mut self.protocol {
            Protocol::H1(connection) => match connection.chunk().await {
                Some(chunk) => Ok(chunk),
                None => Err(field_lines(&connection.lines_to_empty().await)),
            },
            Protocol::H2(connection, stream) => loop {
                let frame = connection.next_on(*stream).await.expect("the rest of a response");
                let end = frame.header.has(flags::END_STREAM);
                match frame.header.kind {
                    FrameKind::DATA if frame.payload.is_empty() && !end => {}
                    FrameKind::DATA if frame.payload.is_empty() => return Err(Vec::new()),
                    FrameKind::DATA => {
                        connection.open_window(0, frame.header.length).await;
                        if end {
                            connection.keep_end(*stream);
                        } else {
                            connection.open_window(*stream, frame.header.length).await;
                        }
                        return Ok(frame.payload);
                    }
                    FrameKind::HEADERS => return Err(frame.section),
                    _ => panic!("{frame:?}"),
                }
            },
        }
    }

    /// Reads a whole answer; `method` decides whether it has content.
    pub async fn answer(&mut self, method: &str) -> Answer {
        let (informational, head) = self.head().await;
        let mut answer = Answer { informational, head, pieces: Vec::new(), trailers: Vec::new() };
        if method == "HEAD" || answer.head.status == 204 || answer.head.status == 304 {
            return answer;
        }
        if let (Protocol::H1(connection), [length]) = (&mut self.protocol, &answer.head.all("content-length")[..]) {
            answer.pieces.push(connection.take(length.parse().expect("a length")).await);
            return answer;
        }
        loop {
            match self.piece().await {
                Ok(piece) => answer.pieces.push(piece),
                Err(trailers) => {
                    answer.trailers = trailers;
                    return answer;
                }
            }
        }
    }
}

fn parse(head: &str) -> Head {
    let (status_line, lines) = head.split_once('\n').expect("a status line");
    let status = status_line.split(' ').nth(1).expect("a status").parse().expect("a status");
    Head { status, fields: field_lines(lines) }
}

fn field_lines(lines: &str) -> Fields {
    let line = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no field line: {line:?}"));
        (name.as_bytes().to_vec(), value.as_bytes().to_vec())
    };
    lines.lines().map(line).collect()
}
