//! The stash of one site: its values and its lock, shared by all who have it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Held, Holder, KeyError, Locked, PutError, Settings,
    lock::Lock,
    store::{Key, Store},
};

/// Values under a path and a key, and one lock.
pub struct Stash {
    store: Mutex<Store>,
    lock: Lock,
}

impl Stash {
    /// An empty stash.
    pub fn new(settings: Settings) -> Self {
        Self { store: Mutex::new(Store::new(settings)), lock: Lock::new() }
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// See [`PutError`]; nothing was changed.
    pub fn put(&self, path: &[u8], key: &[u8], value: Bytes) -> Result<(), PutError> {
        let key = Key::new(path, key)?;
        self.store().put(key, value, Instant::now())
    }

    /// Removes a value and gives it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn take(&self, path: &[u8], key: &[u8]) -> Result<Option<Bytes>, KeyError> {
        let key = Key::new(path, key)?;
        Ok(self.store().take(&key, Instant::now()))
    }

    /// Gives a value and leaves it there.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn peek(&self, path: &[u8], key: &[u8]) -> Result<Option<Bytes>, KeyError> {
        let key = Key::new(path, key)?;
        Ok(self.store().peek(&key, Instant::now()))
    }

    /// Waits for the lock, in the order of the calls, for [`LOCK_WAIT`](super::LOCK_WAIT) at most.
    ///
    /// # Errors
    /// [`Locked`], which names the holder.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line.
    pub async fn lock(&self, by: Holder) -> Result<Held, Locked> {
        self.lock.acquire(by).await
    }

    /// Values kept now, and the octets that they cost.
    pub fn usage(&self) -> (usize, u64) {
        self.store().usage(Instant::now())
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // No step under the lock can leave it half done: a panic elsewhere does not concern it.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
