//! What an operator asks a server: whether it lives (`/healthz`), whether it takes requests (`/readyz`), and how much each
//! tenant uses (`/metrics`, in Prometheus' text format 0.0.4).
//!
//! For a listener of its own that only this machine reaches. There is nothing here that changes anything.

mod exposition;
mod metrics;
mod platform;

use std::sync::Arc;

use crate::{
    exchange::{BoxFuture, Dispatch, Exchange, FieldSection},
    tenant::Tenants,
};

/// Answers on the operator's listener.
pub struct Admin {
    tenants: Tenants,
}

impl Admin {
    /// What tells of these tenants.
    pub fn new(tenants: Tenants) -> Arc<Self> {
        Arc::new(Self { tenants })
    }

    /// Status, media type and content of the answer to a GET.
    fn answer(&self, path: &[u8]) -> (u16, &'static str, String) {
        match path {
            // While this answers, so do the other listeners: all close together when the server is to stop.
            b"/healthz" | b"/readyz" => (200, TEXT, "ok\n".to_owned()),
            b"/metrics" => (200, METRICS, metrics::text(&self.tenants)),
            _ => (404, TEXT, "404: there are /healthz, /readyz and /metrics\n".to_owned()),
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Dispatch for Admin {
    fn dispatch(&self, mut exchange: Exchange) -> BoxFuture<'static, ()> {
        let (status, media_type, text) = match &exchange.head.method[..] {
            b"GET" | b"HEAD" => self.answer(exchange.head.path()),
            _ => (405, TEXT, "405: only GET and HEAD\n".to_owned()),
        };
        Box::pin(async move {
            let length = text.len().to_string();
            let mut lines = vec![("content-type", media_type), ("content-length", &*length)];
            if status == 405 {
                // RFC 9110 §15.5.6
                lines.push(("allow", "GET, HEAD"));
            }
            let lines = lines.into_iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
            // A peer that is gone by now misses nothing.
            let _ = exchange.response.send_head(status, &FieldSection::from_lines(lines), false).await;
            let _ = exchange.response.send_data(text.into(), true).await;
        })
    }
}
