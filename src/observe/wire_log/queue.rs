//! Entries on their way to the log's thread.

use std::{
    collections::VecDeque,
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::record::{Entry, Record};

/// A bounded queue with one taker.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is something to take, or there never will be again.
    filled: Condvar,
    /// There is room.
    taken: Condvar,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    /// The weight of all entries.
    octets: usize,
    closed: bool,
}

/// Octets that may wait for the disk: a second of a busy server's frames.
const QUEUE_OCTETS: usize = 8 << 20;

/// The longest that whoever logs waits for room. It may be a connection's turn; and a disk that is slower than this has
/// stopped. Then records are dropped, and counted.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

impl Queue {
    /// Adds the entry that `make` makes; what is made in here stands in the order of its times. Waits for room for a
    /// moment; drops and counts what then has none. Does nothing once the queue is closed.
    pub(super) fn push(&self, weight: usize, make: impl FnOnce() -> Entry) {
        let full = |state: &mut State| !state.closed && state.octets > 0 && state.octets + weight > QUEUE_OCTETS;
        let mut state = self.lock();
        // Nobody waits twice for a disk that has stopped.
        if full(&mut state) && !state.is_losing() {
            state = self.taken.wait_timeout_while(state, LONGEST_WAIT, full).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.closed {
            return;
        }
        if full(&mut state) {
            state.lose(make);
        } else {
            state.octets += weight;
            state.entries.push_back(make());
        }
        drop(state);
        self.filled.notify_one();
    }

    /// All that waits, as soon as there is something; nothing once the queue is closed and empty.
    pub(super) fn take(&self) -> VecDeque<Entry> {
        let idle = |state: &mut State| state.entries.is_empty() && !state.closed;
        let mut state = self.filled.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        state.octets = 0;
        let entries = mem::take(&mut state.entries);
        drop(state);
        self.taken.notify_all();
        entries
    }

    /// Takes no more in. What waits can still be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.taken.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of ours panics under the lock; and if it did, the entries would still be entries.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_losing(&self) -> bool {
        matches!(self.entries.back(), Some(Entry { record: Record::Lost { .. }, .. }))
    }

    /// Counts one lost record in the place where it would have stood.
    fn lose(&mut self, make: impl FnOnce() -> Entry) {
        if let Some(Entry { record: Record::Lost { records }, .. }) = self.entries.back_mut() {
            *records += 1;
        } else {
            self.entries.push_back(Entry { record: Record::Lost { records: 1 }, ..make() });
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    fn entry(limit: u64) -> Entry {
        Entry { time: OffsetDateTime::UNIX_EPOCH, record: Record::Full { limit } }
    }

    fn records(queue: &Queue) -> Vec<Record> {
        queue.take().into_iter().map(|entry| entry.record).collect()
    }

    #[test]
    fn what_finds_no_room_is_counted_where_it_would_have_stood() {
        let queue = Queue::default();
        queue.push(QUEUE_OCTETS, || entry(1));
        queue.push(1, || entry(2));
        queue.push(1, || entry(3));
        assert_eq!(records(&queue), [Record::Full { limit: 1 }, Record::Lost { records: 2 }]);
        queue.push(1, || entry(4));
        assert_eq!(records(&queue), [Record::Full { limit: 4 }]);
    }

    #[test]
    fn one_entry_over_the_bound_passes_alone() {
        let queue = Queue::default();
        queue.push(QUEUE_OCTETS + 1, || entry(1));
        assert_eq!(records(&queue), [Record::Full { limit: 1 }]);
    }

    #[test]
    fn a_waiting_writer_goes_on_as_soon_as_there_is_room() {
        let queue = Queue::default();
        queue.push(QUEUE_OCTETS, || entry(1));
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| [records(&queue), records(&queue)].concat());
            queue.push(1, || entry(2));
            queue.close();
            assert_eq!(taker.join().unwrap(), [Record::Full { limit: 1 }, Record::Full { limit: 2 }]);
        });
    }

    #[test]
    fn a_closed_queue_takes_nothing_in_and_gives_what_it_has() {
        let queue = Queue::default();
        queue.push(1, || entry(1));
        queue.close();
        queue.push(1, || entry(2));
        assert_eq!(records(&queue), [Record::Full { limit: 1 }]);
        assert!(records(&queue).is_empty());
    }
}
