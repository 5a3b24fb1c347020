//! One connection: handshake, choice of protocol, and the protocol itself, all in the connection's own task.

use std::{fmt::Display, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tracing::Instrument;

use super::{ListenerSettings, Protocols, Settings, paced::Paced};
use crate::{
    drain::Drain,
    exchange::{ConnectionFacts, ConnectionId, Dispatch, Entry, Escort, TlsFacts},
    http1, http2,
    observe::span,
    tls, wire,
};

/// What the connections of one listener share.
pub(super) struct Service {
    listener: Arc<str>,
    protocols: Protocols,
    tls: Option<tls::Acceptor>,
    handshake: Duration,
    sniff: Duration,
    http1: http1::Settings,
    http2: http2::Settings,
    dispatch: Arc<dyn Dispatch>,
    drain: Drain,
}

/// The protocol of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spoken {
    Http1,
    Http2,
}

impl Service {
    pub(super) fn new(
        settings: &Settings,
        listener: &ListenerSettings,
        dispatch: Arc<dyn Dispatch>,
        drain: Drain,
    ) -> Self {
        Self {
            listener: Arc::clone(&listener.name),
            protocols: listener.protocols,
            tls: listener.tls.clone(),
            handshake: settings.handshake,
            sniff: settings.sniff,
            http1: settings.http1.clone(),
            http2: settings.http2.clone(),
            dispatch,
            drain,
        }
    }

    /// The listener's name.
    pub(super) fn listener(&self) -> &str {
        &self.listener
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let id = ConnectionId::next();
        let span = span::connection(&id, &self.listener, peer);
        self.serve_as(id, stream, peer).instrument(span).await;
    }

    async fn serve_as(&self, id: ConnectionId, stream: TcpStream, peer: SocketAddr) {
        // Test servers answer in small pieces whose moment of arrival is part of the test (RFC 9293 §3.7.4).
        let local = match stream.set_nodelay(true).and_then(|()| stream.local_addr()) {
            Ok(local) => local,
            Err(error) => return ended("connection", &error),
        };
        let facts = |tls| Arc::new(ConnectionFacts { id, peer, local, listener: Arc::clone(&self.listener), tls });
        let Some(acceptor) = &self.tls else { return self.serve_cleartext(stream, facts(None)).await };
        let deadline = Instant::now() + self.handshake;
        match self.unless_draining(acceptor.accept(stream, deadline)).await {
            None => {}
            Some(Ok((stream, tls))) => {
                let spoken = self.negotiated(&tls);
                self.speak(spoken, stream, facts(Some(tls))).await;
            }
            Some(Err(fault)) => {
                ended("handshake", &fault);
            }
        }
    }

    async fn serve_cleartext(&self, stream: TcpStream, facts: Arc<ConnectionFacts>) {
        match self.protocols {
            Protocols::Http1 => self.speak(Spoken::Http1, stream, facts).await,
            Protocols::Http2 => self.speak(Spoken::Http2, stream, facts).await,
            Protocols::Both => match self.unless_draining(timeout(self.sniff, wire::sniff(stream))).await {
                None => {}
                Some(Ok(Ok((is_http2, stream)))) => {
                    let spoken = if is_http2 { Spoken::Http2 } else { Spoken::Http1 };
                    self.speak(spoken, stream, facts).await;
                }
                Some(Ok(Err(error))) => ended("connection", &error),
                Some(Err(_)) => ended("connection", &"the peer sent nothing"),
            },
        }
    }

    /// What ALPN chose, or what a listener speaks with peers that do not use it.
    fn negotiated(&self, tls: &TlsFacts) -> Spoken {
        match (&tls.alpn, self.protocols) {
            (Some(name), _) if &name[..] == b"h2" => Spoken::Http2,
            (None, Protocols::Http2) => Spoken::Http2,
            _ => Spoken::Http1,
        }
    }

    async fn speak<T>(&self, spoken: Spoken, stream: T, facts: Arc<ConnectionFacts>)
    where
        T: wire::Transport + 'static,
    {
        let escort = match self.dispatch.enter(&facts) {
            Entry::Open => None,
            Entry::Escorted(escort) => Some(escort),
            Entry::Refused(why) => return ended("connection", &why),
        };
        let stream = Paced::new(stream, escort.clone());
        match escort {
            None => self.converse(spoken, stream, facts, Arc::clone(&self.dispatch)).await,
            Some(escort) => {
                let dispatch = Arc::<dyn Escort>::clone(&escort);
                tokio::select! {
                    () = self.converse(spoken, stream, facts, dispatch) => {}
                    () = escort.cut() => ended("connection", &"it was cut off"),
                }
            }
        }
    }

    async fn converse<T>(&self, spoken: Spoken, stream: T, facts: Arc<ConnectionFacts>, dispatch: Arc<dyn Dispatch>)
    where
        T: wire::Transport + 'static,
    {
        let drain = self.drain.clone();
        match spoken {
            Spoken::Http1 => {
                if let Err(fault) = http1::serve(stream, facts, dispatch, self.http1.clone(), drain).await {
                    ended("HTTP/1.1 connection", &fault);
                }
            }
            Spoken::Http2 => {
                if let Err(fault) = http2::serve(stream, facts, dispatch, self.http2.clone(), drain).await {
                    ended("HTTP/2 connection", &fault);
                }
            }
        }
    }

    /// None when the server drains first: a connection that has not said anything yet needs no answer.
    async fn unless_draining<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut drain = self.drain.clone();
        tokio::select! {
            output = future => Some(output),
            () = drain.draining() => None,
        }
    }
}

/// How a connection ends is the peer's doing.
fn ended(what: &str, fault: &dyn Display) {
    tracing::debug!("{what} ended: {fault}");
}
