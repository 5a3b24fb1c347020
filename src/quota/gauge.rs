//! So many at one time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::Account;

/// A number that goes up and down, and what it may not exceed.
#[derive(Debug)]
pub struct Gauge {
    now: AtomicU64,
    high: AtomicU64,
    most: u64,
}

/// One more in a gauge of an account, until this is dropped.
#[derive(Debug)]
pub struct Held {
    account: Arc<Account>,
    gauge: fn(&Account) -> &Gauge,
}

impl Gauge {
    /// An empty one.
    pub fn new(most: u64) -> Self {
        Self { now: AtomicU64::new(0), high: AtomicU64::new(0), most }
    }

    /// Adds, unless that were too much.
    pub fn add(&self, count: u64) -> bool {
        let added = self.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            now.checked_add(count).filter(|sum| *sum <= self.most)
        });
        let Ok(before) = added else { return false };
        // A load first: the mark moves rarely, and a write would be one more for every exchange.
        if before + count > self.high.load(Ordering::Relaxed) {
            self.high.fetch_max(before + count, Ordering::Relaxed);
        }
        true
    }

    /// Takes away what was added.
    pub fn remove(&self, count: u64) {
        self.now.fetch_sub(count, Ordering::Relaxed);
    }

    /// The number now.
    pub fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The largest that it has been.
    pub fn high(&self) -> u64 {
        self.high.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Adds one, unless that were too much.
    pub(super) fn one(account: &Arc<Account>, gauge: fn(&Account) -> &Gauge) -> Option<Self> {
        gauge(account).add(1).then(|| Self { account: Arc::clone(account), gauge })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        (self.gauge)(&self.account).remove(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_stops_at_its_most_and_remembers_its_highest() {
        let gauge = Gauge::new(10);
        assert!(gauge.add(6) && gauge.add(4));
        assert!(!gauge.add(1) && !gauge.add(u64::MAX));
        gauge.remove(4);
        assert_eq!((gauge.now(), gauge.high()), (6, 10));
        assert!(gauge.add(1));
    }
}
