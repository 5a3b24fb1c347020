//! `framewright:handler/stash`.

use super::Guest;
use crate::sandbox::bindings::framewright::handler::stash;

type Answer<T> = wasmtime::Result<Result<T, stash::StashError>>;

impl stash::Host for Guest {
    fn put(&mut self, _: Option<String>, _: String, _: Vec<u8>) -> Answer<()> {
        Ok(Err(stash::StashError::NotGranted))
    }

    fn take(&mut self, _: Option<String>, _: String) -> Answer<Option<Vec<u8>>> {
        Ok(Err(stash::StashError::NotGranted))
    }

    fn peek(&mut self, _: Option<String>, _: String) -> Answer<Option<Vec<u8>>> {
        Ok(Err(stash::StashError::NotGranted))
    }

    async fn lock(&mut self) -> Answer<()> {
        Ok(Err(stash::StashError::NotGranted))
    }

    fn unlock(&mut self) -> Answer<()> {
        Ok(Err(stash::StashError::NotGranted))
    }
}
