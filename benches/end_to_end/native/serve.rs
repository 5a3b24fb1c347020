//! Accepting connections and answering on them.
//!
//! What a peer does wrong ends its connection without a word: the load generator reports it.

use std::{convert::Infallible, sync::Arc};

use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{Engine, answers::Answers};

/// Concurrent streams on one connection: what the server under test allows.
const STREAMS: u32 = 256;

/// Speaks HTTP/1.1 on every connection.
pub(super) async fn accept_clear(listener: TcpListener, answers: Arc<Answers>) -> anyhow::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        connections.spawn(http1(stream, Arc::clone(&answers)));
        while connections.try_join_next().is_some() {}
    }
}

/// Shakes hands and speaks what ALPN chose on every connection.
pub(super) async fn accept_tls(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answers: Arc<Answers>,
    engine: Engine,
) -> anyhow::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, answers) = (acceptor.clone(), Arc::clone(&answers));
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            match (stream.get_ref().1.alpn_protocol(), engine) {
                (Some(b"h2"), Engine::H2) => drop(http2(stream, &answers).await),
                (Some(b"h2"), Engine::Hyper) => http2_by_hyper(stream, answers).await,
                _ => http1(stream, answers).await,
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn http2(stream: impl AsyncRead + AsyncWrite + Unpin, answers: &Answers) -> Result<(), h2::Error> {
    let mut connection =
        h2::server::Builder::new().max_concurrent_streams(STREAMS).handshake::<_, bytes::Bytes>(stream).await?;
    while let Some(request) = connection.accept().await {
        let (request, mut respond) = request?;
        let answer = answers.find(request.uri().path());
        let content = answer.content.clone();
        let mut stream = respond.send_response(answer.response(()), content.is_empty())?;
        if !content.is_empty() {
            stream.send_data(content, true)?;
        }
    }
    Ok(())
}

async fn http2_by_hyper(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, answers: Arc<Answers>) {
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .auto_date_header(false)
        .max_concurrent_streams(STREAMS)
        .serve_connection(TokioIo::new(stream), service_fn(move |request| answer(request, Arc::clone(&answers))))
        .await;
}

async fn http1(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, answers: Arc<Answers>) {
    let _ = hyper::server::conn::http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service_fn(move |request| answer(request, Arc::clone(&answers))))
        .await;
}

async fn answer(
    request: http::Request<Incoming>,
    answers: Arc<Answers>,
) -> Result<http::Response<Full<bytes::Bytes>>, Infallible> {
    let answer = answers.find(request.uri().path());
    let content = answer.content.clone();
    Ok(answer.response(Full::new(content)))
}
