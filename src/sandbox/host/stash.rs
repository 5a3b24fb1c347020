//! `framewright:handler/stash`.

use super::Guest;
use crate::{
    sandbox::{bindings::framewright::handler::stash, grants::Grants},
    stash::{KeyError, PutError},
};

type Answer<T> = wasmtime::Result<Result<T, stash::StashError>>;

impl Guest {
    /// Whether the stash is open to this exchange; says so in the log if not.
    fn has_stash(&self) -> bool {
        let granted = self.grants.contains(Grants::STASH);
        if !granted {
            self.log.denied("framewright:handler/stash");
        }
        granted
    }

    /// The path that a call names, or the request's own.
    fn stash_path<'a>(&'a self, named: Option<&'a String>) -> &'a [u8] {
        named.map_or_else(|| self.request.head.path(), String::as_bytes)
    }
}

impl stash::Host for Guest {
    fn put(&mut self, path: Option<String>, key: String, value: Vec<u8>) -> Answer<()> {
        if !self.has_stash() {
            return Ok(Err(stash::StashError::NotGranted));
        }
        let put = self.stash.put(self.stash_path(path.as_ref()), key.as_bytes(), value.into());
        Ok(put.map_err(|error| match error {
            PutError::Occupied => stash::StashError::Occupied,
            PutError::Key(error) => error.into(),
            PutError::ValueTooLarge(most) => stash::StashError::ValueTooLarge(most),
            PutError::Full(limit) => stash::StashError::Full(limit.to_owned()),
        }))
    }

    fn take(&mut self, path: Option<String>, key: String) -> Answer<Option<Vec<u8>>> {
        if !self.has_stash() {
            return Ok(Err(stash::StashError::NotGranted));
        }
        let taken = self.stash.take(self.stash_path(path.as_ref()), key.as_bytes());
        Ok(taken.map(|value| value.map(Vec::from)).map_err(Into::into))
    }

    fn peek(&mut self, path: Option<String>, key: String) -> Answer<Option<Vec<u8>>> {
        if !self.has_stash() {
            return Ok(Err(stash::StashError::NotGranted));
        }
        let seen = self.stash.peek(self.stash_path(path.as_ref()), key.as_bytes());
        Ok(seen.map(|value| value.map(Vec::from)).map_err(Into::into))
    }

    async fn lock(&mut self) -> Answer<()> {
        if !self.has_stash() {
            return Ok(Err(stash::StashError::NotGranted));
        }
        if self.held.is_some() {
            return Ok(Err(stash::StashError::NotReentrant));
        }
        Ok(match self.stash.lock(self.log.holder()).await {
            Ok(held) => {
                self.held = Some(held);
                Ok(())
            }
            Err(locked) => Err(stash::StashError::Locked(locked.to_string())),
        })
    }

    fn unlock(&mut self) -> Answer<()> {
        if !self.has_stash() {
            return Ok(Err(stash::StashError::NotGranted));
        }
        Ok(self.held.take().map(drop).ok_or(stash::StashError::NotReentrant))
    }
}

impl From<KeyError> for stash::StashError {
    fn from(KeyError: KeyError) -> Self {
        Self::KeyTooLong
    }
}
