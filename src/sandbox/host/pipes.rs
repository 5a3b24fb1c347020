//! `framewright:handler/pipes`.

use super::Guest;
use crate::sandbox::bindings::framewright::handler::pipes;

impl pipes::Host for Guest {
    async fn apply(&mut self, _: pipes::Reply, pipes: String) -> wasmtime::Result<Result<pipes::Reply, String>> {
        Ok(Err(format!("this server runs no pipes for scripts, so not {pipes}")))
    }
}
