//! What comes before a site that behaves as wptserve does: the wait that all responses have, and the answer of
//! WebSocket servers.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{access::AccessLine, page};
use crate::exchange::{BoxFuture, Dispatch, Exchange};

/// Answers for WebSocket listeners, and hands everything else on after a while.
pub struct Front {
    /// Who answers.
    pub inner: Arc<dyn Dispatch>,
    /// How long each response waits.
    pub latency: Duration,
    /// The names of WebSocket listeners.
    pub websockets: BTreeSet<String>,
}

impl Dispatch for Front {
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()> {
        if self.websockets.contains(&*exchange.connection.listener) {
            return Box::pin(no_websockets(exchange));
        }
        if self.latency.is_zero() {
            return self.inner.dispatch(exchange);
        }
        let (inner, latency) = (Arc::clone(&self.inner), self.latency);
        Box::pin(async move {
            tokio::time::sleep(latency).await;
            inner.dispatch(exchange).await;
        })
    }
}

async fn no_websockets(mut exchange: Exchange) {
    let line = AccessLine::of(&exchange, None);
    page::respond(&mut exchange.response, 501, None, "501: this version does not speak WebSocket\n").await;
    line.write(&exchange.response.sent(), Some("WebSocket"), None);
}
