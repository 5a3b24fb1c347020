//! `framewright:handler/script`.

use super::{Guest, log::printable};
use crate::{
    exchange::Phase,
    sandbox::{
        Script,
        bindings::framewright::handler::{log, script},
    },
};

impl Guest {
    /// The script. Only runtimes that the server ships can call for it, and they run nothing else.
    fn script(&self) -> wasmtime::Result<&Script> {
        self.script.as_ref().ok_or_else(|| wasmtime::Error::msg("this exchange has no script"))
    }
}

impl script::Host for Guest {
    fn path(&mut self) -> wasmtime::Result<String> {
        Ok(self.script()?.path.to_string())
    }

    fn source(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.script()?.source.to_vec())
    }

    fn is_local(&mut self) -> wasmtime::Result<bool> {
        Ok(self.is_local)
    }

    fn fail(&mut self, cause: String) -> wasmtime::Result<()> {
        let is_open = self.response.with(|response| response.phase() == Phase::Head && !response.is_raw());
        if is_open == Some(true) {
            self.failure.get_or_insert_with(|| printable(&cause));
        } else {
            self.log.line(log::Level::Warn, &format!("failed after it had begun to respond: {cause}"));
        }
        Ok(())
    }
}
