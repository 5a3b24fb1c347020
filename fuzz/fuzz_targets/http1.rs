//! A connection takes whatever a client sends: heads, targets, fields, framing, trailers.
#![no_main]

use framewright::{drain::Drain, exchange::{BoxFuture, ConnectionFacts, ConnectionId, Dispatch, Exchange}, http1};
use libfuzzer_sys::fuzz_target;
use std::{future::poll_fn, sync::Arc};
use tokio::io::AsyncWriteExt;

fn answer(mut exchange: Exchange) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        while let Ok(framewright::exchange::ContentEvent::Data(_)) = poll_fn(|cx| exchange.content.poll_next(cx)).await {}
        let _ = exchange.response.answer(200, "read").await;
    })
}

fuzz_target!(|octets: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let _ = client.write_all(&octets[..octets.len().min(1 << 19)]).await;
        let _ = client.shutdown().await;
        let address = ([127, 0, 0, 1], 1).into();
        let facts = ConnectionFacts { id: ConnectionId::next(), peer: address, local: address, listener: "fuzz".into(), tls: None };
        let dispatch: Arc<dyn Dispatch> = Arc::new(answer);
        let (_handle, drain) = Drain::pair();
        let _ = http1::serve(server, facts.into(), dispatch, http1::Settings::default(), drain).await;
    });
});
