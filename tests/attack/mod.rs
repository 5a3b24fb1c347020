//! What strangers may try: hostile clients and hostile handlers against a server with two tenants, one of which behaves
//! well and is to notice nothing.
//!
//! `benches/attack.rs` runs all of it against the release binary and prints a table (`make attack`); the ordinary suite
//! runs what is quick. Each attack checks how it was refused; that the server is up, that the good tenant was answered
//! without a fault, and that memory comes back is checked after every one of them. How long the good tenant waited is
//! shown, not judged: it says as much about the machine as about the server.

#![allow(dead_code, unused_imports, reason = "`make attack` and the suite share this, and each leaves some out")]

mod arena;
mod components;
mod handlers;
mod http1;
mod http2;
mod malformed;
mod report;
mod smuggling;
mod streams;
mod tls;

use std::{pin::Pin, sync::Arc};

pub use arena::Arena;
pub use report::Row;

type Run = Box<dyn Fn(Arc<Arena>) -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// One attack.
pub struct Attack {
    pub name: String,
    /// Whether the ordinary suite runs it too.
    pub is_quick: bool,
    /// Tells how it was refused; panics if it was not.
    pub run: Run,
}

impl Attack {
    fn new<F>(name: &str, run: impl Fn(Arc<Arena>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = String> + Send + 'static,
    {
        Self { name: name.to_owned(), is_quick: false, run: Box::new(move |arena| Box::pin(run(arena))) }
    }

    fn quick(mut self) -> Self {
        self.is_quick = true;
        self
    }
}

/// Every attack there is.
pub fn all() -> Vec<Attack> {
    [
        http2::attacks(),
        streams::attacks(),
        http1::attacks(),
        smuggling::attacks(),
        tls::attacks(),
        handlers::attacks(),
        components::attacks(),
        malformed::attacks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
