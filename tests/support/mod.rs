//! The few verbs that tests are written in: start a server, speak HTTP/1.1, speak HTTP/2, look at the log.

mod any_certificate;
pub mod client;
pub mod frames;
pub mod h1;
pub mod h2c;
pub mod server;
pub mod site;
pub mod stream;

use std::time::Duration;

pub use any_certificate::AnyCertificate;
pub use client::Client;
pub use server::{Builder, Server};
pub use site::{Site, handler};
pub use stream::{CARRIERS, Carrier, Stream, connect};

/// How long a test waits for what must come: far longer than it takes, so that a slow machine fails nothing.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what must come.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: nothing within {PATIENCE:?}"))
}
