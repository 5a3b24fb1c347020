//! `framewright:handler/script`.

use super::{
    Guest,
    log::printable,
    request::{to_endpoint, to_fields, to_version},
};
use crate::{
    exchange::Phase,
    sandbox::{
        Mended, Script, Task,
        bindings::framewright::handler::{log, script},
        grants::Grants,
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

    fn facts(&mut self) -> wasmtime::Result<script::ExchangeFacts> {
        let head = &self.request.head;
        let connection = &self.request.connection;
        Ok(script::ExchangeFacts {
            method: head.method.to_vec(),
            scheme: String::from_utf8_lossy(&head.scheme).into_owned(),
            authority: head.authority.as_ref().map(|authority| authority.to_vec()),
            path_with_query: head.path_and_query.to_vec(),
            version: to_version(head.version),
            fields: if head.verbatim.is_empty() { to_fields(&head.fields) } else { Vec::new() },
            head: head.verbatim.to_vec(),
            peer: to_endpoint(connection.peer),
            local: to_endpoint(connection.local),
            stream_id: self.request.stream_id,
            has_raw: self.grants.contains(Grants::RAW),
            is_local: self.is_local,
            mended: mended(self.script()?.facts.mended),
            injects_script: self.script()?.facts.inject.is_some(),
            only_load: self.script()?.task != Task::Answer,
        })
    }

    fn config(&mut self) -> wasmtime::Result<String> {
        Ok(self.script()?.facts.config.clone())
    }

    fn compiled(&mut self) -> wasmtime::Result<Option<Vec<u8>>> {
        let script = self.script()?.clone();
        Ok(self.code.find(&script).map(|code| code.to_vec()))
    }

    fn store_compiled(&mut self, code: Vec<u8>) -> wasmtime::Result<()> {
        self.code.store(code);
        Ok(())
    }

    fn only_compile(&mut self) -> wasmtime::Result<bool> {
        Ok(self.script()?.task == Task::Compile)
    }

    fn compiled_module(&mut self, path: String, source: Vec<u8>) -> wasmtime::Result<Option<Vec<u8>>> {
        self.script()?;
        Ok(self.code.find_module(path, source).map(|code| code.to_vec()))
    }

    fn inject_script(&mut self, page: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        Ok(match &self.script()?.facts.inject {
            Some(inject) => inject(page.into()).into(),
            None => page,
        })
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

fn mended(mended: Mended) -> script::Mended {
    let each = [
        (mended.request_duplicates, script::Mended::REQUEST_DUPLICATES),
        (mended.http2_url, script::Mended::HTTP2_URL),
        (mended.http2_content, script::Mended::HTTP2_CONTENT),
    ];
    each.into_iter()
        .filter_map(|(is_mended, flag)| is_mended.then_some(flag))
        .fold(script::Mended::empty(), |all, one| all | one)
}
