//! A response's way to nowhere, which keeps what was sent: for tests of whoever answers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{
    BoxFuture, ConnectionFacts, ConnectionId, Exchange, ExchangeId, FieldSection, NoContent, NoFrames, RequestHead,
    ResponseHead, ResponseWriter, SendError, StreamWriter, Version,
};

/// What a test sees of a response.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Recorded>>);

/// A response as it was sent.
#[derive(Clone, Default, Debug)]
pub(crate) struct Recorded {
    pub(crate) status: u16,
    pub(crate) fields: FieldSection,
    pub(crate) content: Vec<u8>,
    /// The longest piece of content.
    pub(crate) longest: usize,
    pub(crate) ended: bool,
    pub(crate) reset: Option<u32>,
}

impl Recorder {
    /// An exchange over HTTP/2, without request content, and what records its response.
    pub(crate) fn exchange(method: &str, target: &[u8], fields: &[(&str, &str)]) -> (Exchange, Self) {
        let recorder = Self::default();
        let address: SocketAddr = ([127, 0, 0, 1], 1).into();
        let lines = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let exchange = Exchange {
            id: ExchangeId::next(),
            head: RequestHead {
                method: Bytes::copy_from_slice(method.as_bytes()),
                scheme: Bytes::from_static(b"http"),
                authority: Some(Bytes::from_static(b"localhost")),
                path_and_query: Bytes::copy_from_slice(target),
                version: Version::Http2,
                fields: FieldSection::from_lines(lines),
                verbatim: Bytes::new(),
            },
            content: Box::new(NoContent),
            response: ResponseWriter::new(Box::new(recorder.clone()), Version::Http2, method == "HEAD"),
            connection: Arc::new(ConnectionFacts {
                id: ConnectionId::next(),
                peer: address,
                local: address,
                listener: "test".into(),
                tls: None,
            }),
            stream_id: Some(1),
            wire: Arc::new(NoFrames),
            arrived: tokio::time::Instant::now(),
        };
        (exchange, recorder)
    }

    /// What has been sent so far.
    pub(crate) fn recorded(&self) -> Recorded {
        self.0.lock().expect("no test panics here").clone()
    }

    fn record(&self, step: impl FnOnce(&mut Recorded)) -> BoxFuture<'static, Result<(), SendError>> {
        step(&mut self.0.lock().expect("no test panics here"));
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Recorded {
    /// The value of a field; empty if there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        std::str::from_utf8(self.fields.first(name).unwrap_or_default()).expect("text")
    }
}

impl StreamWriter for Recorder {
    fn send_informational<'a>(&'a mut self, _: u16, _: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> {
        self.record(|_| {})
    }

    fn send_head<'a>(&'a mut self, head: ResponseHead<'a>) -> BoxFuture<'a, Result<(), SendError>> {
        self.record(|recorded| {
            recorded.status = head.status;
            recorded.fields = head.fields.clone();
            recorded.ended = matches!(head.content, super::ContentRule::Forbidden | super::ContentRule::Empty);
        })
    }

    fn send_data(&mut self, octets: Bytes, end: bool) -> BoxFuture<'_, Result<(), SendError>> {
        self.record(|recorded| {
            recorded.longest = recorded.longest.max(octets.len());
            recorded.content.extend_from_slice(&octets);
            recorded.ended = end;
        })
    }

    fn send_trailers<'a>(&'a mut self, _: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> {
        self.record(|recorded| recorded.ended = true)
    }

    fn reset(&mut self, code: u32) {
        drop(self.record(|recorded| recorded.reset = Some(code)));
    }

    fn open_window(&self) -> u64 {
        u64::MAX
    }

    fn can_send_trailers(&self) -> bool {
        true
    }

    fn poll_peer_gone(&mut self, _: &mut Context<'_>) -> Poll<Option<u32>> {
        Poll::Pending
    }
}
