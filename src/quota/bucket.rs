//! So much a second, with a burst: the generic cell rate algorithm (ITU-T I.371, annex A), in one atomic number.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// Units that refill steadily. A full bucket holds the burst.
#[derive(Debug)]
pub struct Bucket {
    started: Instant,
    per_second: u64,
    /// How long an empty bucket takes to fill, in nanoseconds.
    burst: u64,
    /// When the bucket will be full again, in nanoseconds since `started`.
    full_at: AtomicU64,
}

const SECOND: u64 = 1_000_000_000;

impl Bucket {
    /// A full bucket. A rate of 0 counts as 1 unit a second.
    pub fn new(per_second: u64, burst: u64, now: Instant) -> Self {
        let per_second = per_second.max(1);
        Self { started: now, per_second, burst: time_of(burst, per_second), full_at: AtomicU64::new(0) }
    }

    /// Takes units, if they are there.
    pub fn take(&self, units: u64, now: Instant) -> bool {
        let (now, cost) = (self.since_start(now), time_of(units, self.per_second));
        let taken = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            let after = full_at.max(now).saturating_add(cost);
            (after - now <= self.burst).then_some(after)
        });
        taken.is_ok()
    }

    /// Takes units whether they are there or not; how long it takes until what is lacking has come back.
    pub fn spend(&self, units: u64, now: Instant) -> Duration {
        let (now, cost) = (self.since_start(now), time_of(units, self.per_second));
        let spent = |full_at: u64| full_at.max(now).saturating_add(cost);
        let before = self
            .full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| Some(spent(full_at)))
            .unwrap_or_else(|full_at| full_at);
        self.lack(spent(before), now)
    }

    /// How long it takes until nothing is lacking.
    pub fn wait(&self, now: Instant) -> Duration {
        self.lack(self.full_at.load(Ordering::Relaxed), self.since_start(now))
    }

    fn lack(&self, full_at: u64, now: u64) -> Duration {
        Duration::from_nanos(full_at.saturating_sub(now).saturating_sub(self.burst))
    }

    fn since_start(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// How long so many units take to come.
fn time_of(units: u64, per_second: u64) -> u64 {
    let nanos = u128::from(units) * u128::from(SECOND) / u128::from(per_second);
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let start = Instant::now();
        let bucket = Bucket::new(10, 3, start);
        let at = |millis| start + Duration::from_millis(millis);
        for (millis, expected) in
            [(0, true), (0, true), (0, true), (0, false), (99, false), (100, true), (150, false), (10_000, true)]
        {
            assert_eq!(bucket.take(1, at(millis)), expected, "at {millis} ms");
        }
        // A long rest fills it to its burst, not further.
        let taken = (0..10).filter(|_| bucket.take(1, at(10_000))).count();
        assert_eq!(taken, 2);
    }

    #[test]
    fn spending_more_than_there_is_makes_a_debt_that_time_pays() {
        let start = Instant::now();
        let bucket = Bucket::new(1000, 1000, start);
        assert_eq!(bucket.spend(1000, start), Duration::ZERO);
        assert_eq!(bucket.spend(500, start), Duration::from_millis(500));
        assert_eq!(bucket.wait(start + Duration::from_millis(200)), Duration::from_millis(300));
        assert!(!bucket.take(1, start + Duration::from_millis(400)));
        assert_eq!(bucket.wait(start + Duration::from_millis(500)), Duration::ZERO);
    }

    #[test]
    fn no_number_overflows() {
        let start = Instant::now();
        let bucket = Bucket::new(0, u64::MAX, start);
        assert!(bucket.take(1, start));
        bucket.spend(u64::MAX, start);
        bucket.spend(u64::MAX, start);
        assert_eq!(bucket.wait(start), Duration::ZERO, "a burst without end lacks nothing");
    }
}
