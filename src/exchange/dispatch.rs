//! The one call from a protocol towards whoever answers.

use std::{future::Future, pin::Pin, sync::Arc};

use tokio::time::Instant;

use super::{ConnectionFacts, Exchange};

/// A boxed future, as trait objects need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers exchanges. The router implements it; tests implement it with closures.
pub trait Dispatch: Send + Sync {
    /// Answers one exchange, up to the end or the reset of its response.
    ///
    /// Dropping the future abandons the exchange: the implementor's writer resets the stream.
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()>;

    /// How the exchanges of this connection are answered; asked once, before the first. By default as all others.
    fn enter(&self, connection: &ConnectionFacts) -> Entry {
        let _ = connection;
        Entry::Open
    }
}

/// How the exchanges of a connection are answered.
pub enum Entry {
    /// By the one who was asked.
    Open,
    /// By this one, which keeps an eye on the connection too.
    Escorted(Arc<dyn Escort>),
    /// Not at all, for this reason: the connection closes.
    Refused(&'static str),
}

/// Answers the exchanges of one connection, and bounds what the connection does.
pub trait Escort: Dispatch + 'static {
    /// Notes octets that left; none may leave before the moment that this gives.
    fn wrote(&self, octets: usize) -> Option<Instant>;

    /// Resolves when the connection is to be cut off, whatever it is doing.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    fn cut(&self) -> BoxFuture<'_, ()>;
}

impl<F> Dispatch for F
where
    F: Fn(Exchange) -> BoxFuture<'static, ()> + Send + Sync,
{
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()> {
        self(exchange)
    }
}
