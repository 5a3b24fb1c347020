//! The one call from a protocol towards whoever answers.

use std::{future::Future, pin::Pin};

use super::Exchange;

/// A boxed future, as trait objects need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers exchanges. The router implements it; tests implement it with closures.
pub trait Dispatch: Send + Sync {
    /// Answers one exchange, up to the end or the reset of its response.
    ///
    /// Dropping the future abandons the exchange: the implementor's writer resets the stream.
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()>;
}

impl<F> Dispatch for F
where
    F: Fn(Exchange) -> BoxFuture<'static, ()> + Send + Sync,
{
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()> {
        self(exchange)
    }
}
