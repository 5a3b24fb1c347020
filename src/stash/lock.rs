//! The site's one lock: fair, not reentrant, and its holder has a name.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::exchange::ExchangeId;

/// The longest wait for the lock: twelve times what the slowest known holder takes.
pub const LOCK_WAIT: Duration = Duration::from_secs(60);

/// One lock, given to those who wait in the order in which they came.
#[derive(Clone)]
pub(super) struct Lock {
    turn: Arc<Semaphore>,
    holder: Arc<Mutex<Option<Holder>>>,
}

/// Who holds the lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Its handler, as log lines call it.
    pub handler: Arc<str>,
}

/// The lock, held as long as this lives: whoever ends an exchange and drops what it had has released it.
pub struct Held {
    lock: Lock,
    _turn: OwnedSemaphorePermit,
}

/// Waited for longer than [`LOCK_WAIT`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Locked(Option<Holder>);

impl Lock {
    pub(super) fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), holder: Arc::default() }
    }

    /// Waits for the lock.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line.
    pub(super) async fn acquire(&self, by: Holder) -> Result<Held, Locked> {
        match tokio::time::timeout(LOCK_WAIT, self.turn.clone().acquire_owned()).await {
            Ok(Ok(turn)) => {
                *self.holder() = Some(by);
                Ok(Held { lock: self.clone(), _turn: turn })
            }
            // Nobody closes the semaphore.
            Ok(Err(_)) | Err(_) => Err(Locked(self.holder().clone())),
        }
    }

    fn holder(&self) -> MutexGuard<'_, Option<Holder>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The turn is passed on after this, when the fields are dropped: the next holder's name stays.
        *self.lock.holder() = None;
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exchange {}, handler {}", self.exchange, self.handler)
    }
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(holder) => holder.fmt(f),
            // It was passed on at this very moment.
            None => f.write_str("the next in line"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use super::*;

    fn by(handler: &str) -> Holder {
        Holder { exchange: ExchangeId::next(), handler: handler.into() }
    }

    /// Lets a waiter get in line; answers whether it has to wait.
    async fn waits<T>(mut waiter: std::pin::Pin<&mut impl Future<Output = T>>) -> bool {
        poll_fn(|cx| Poll::Ready(waiter.as_mut().poll(cx).is_pending())).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_lock_goes_to_those_who_wait_in_their_order() {
        let lock = Lock::new();
        let first = lock.acquire(by("/1")).await.expect("free");
        let (mut second, mut third) = (pin!(lock.acquire(by("/2"))), pin!(lock.acquire(by("/3"))));
        assert!(waits(second.as_mut()).await && waits(third.as_mut()).await);
        drop(first);
        assert!(waits(third.as_mut()).await, "the second is before it");
        let second = second.await.expect("its turn");
        assert_eq!(lock.holder().as_ref().map(|holder| &*holder.handler), Some("/2"));
        assert!(waits(third.as_mut()).await);
        drop(second);
        third.await.expect("its turn");
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_the_line_holds_nobody_up() {
        let lock = Lock::new();
        let first = lock.acquire(by("/1")).await.expect("free");
        let mut third = pin!(lock.acquire(by("/3")));
        {
            let mut second = pin!(lock.acquire(by("/2")));
            assert!(waits(second.as_mut()).await && waits(third.as_mut()).await);
        }
        drop(first);
        third.await.expect("its turn");
        assert_eq!(*lock.holder(), None, "released again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_after_its_bound_and_names_the_holder() {
        let lock = Lock::new();
        let holder = by("/slow.handler.wasm");
        let _held = lock.acquire(holder.clone()).await.expect("free");
        let mut waiter = pin!(lock.acquire(by("/2")));
        assert!(waits(waiter.as_mut()).await);
        tokio::time::advance(LOCK_WAIT - Duration::from_millis(1)).await;
        assert!(waits(waiter.as_mut()).await);
        tokio::time::advance(Duration::from_millis(1)).await;
        let refused = waiter.await.err().expect("no longer");
        assert_eq!(refused.to_string(), format!("exchange {}, handler /slow.handler.wasm", holder.exchange));
    }
}
