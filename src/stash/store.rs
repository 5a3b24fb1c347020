//! The values: put once, taken once, gone when they are old. Sans I/O: the time is an argument.

use bytes::Bytes;
use lru::LruCache;
use tokio::time::Instant;

use super::Settings;

/// The longest key: far more than a UUID in any spelling.
pub const KEY_OCTETS: usize = 256;

/// The longest path: what a site's own paths may have.
pub const PATH_OCTETS: usize = 4096;

/// The values of one site.
pub(super) struct Store {
    settings: Settings,
    /// In the order in which they were put, which is that in which they grow old: nothing here ever counts as a use.
    values: LruCache<Key, Value>,
    octets: u64,
}

/// Where a value is kept. Two values under one key and different paths are two.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    path: Box<[u8]>,
    key: Box<[u8]>,
}

struct Value {
    octets: Bytes,
    put: Instant,
}

/// The key is longer than [`KEY_OCTETS`], or the path than [`PATH_OCTETS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the key has more than {KEY_OCTETS} octets, or the path more than {PATH_OCTETS}")]
pub struct KeyError;

/// Why a value was not put.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PutError {
    /// There is a value already; it stays.
    #[error("there is a value under this key already")]
    Occupied,
    /// Key or path are too long.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The value has more octets than these.
    #[error("a value has {0} octets at most (stash_value_kib)")]
    ValueTooLarge(u64),
    /// There is no room for one more; names the key of the limit that is used up.
    #[error("the stash is full ({0})")]
    Full(&'static str),
}

impl Key {
    pub(super) fn new(path: &[u8], key: &[u8]) -> Result<Self, KeyError> {
        if path.len() > PATH_OCTETS || key.len() > KEY_OCTETS {
            return Err(KeyError);
        }
        Ok(Self { path: path.into(), key: key.into() })
    }

    fn cost(&self, value: &Bytes) -> u64 {
        (self.path.len() + self.key.len() + value.len()) as u64
    }
}

impl Store {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, values: LruCache::unbounded(), octets: 0 }
    }

    pub(super) fn put(&mut self, key: Key, value: Bytes, now: Instant) -> Result<(), PutError> {
        self.expire(now);
        if self.values.contains(&key) {
            return Err(PutError::Occupied);
        }
        if value.len() as u64 > self.settings.value_octets {
            return Err(PutError::ValueTooLarge(self.settings.value_octets));
        }
        if self.values.len() >= self.settings.keys {
            return Err(PutError::Full("stash_keys"));
        }
        let cost = key.cost(&value);
        if cost > self.settings.octets - self.octets {
            return Err(PutError::Full("stash_mib"));
        }
        self.octets += cost;
        self.values.put(key, Value { octets: value, put: now });
        Ok(())
    }

    pub(super) fn take(&mut self, key: &Key, now: Instant) -> Option<Bytes> {
        self.expire(now);
        let value = self.values.pop(key)?.octets;
        self.octets -= key.cost(&value);
        Some(value)
    }

    pub(super) fn peek(&mut self, key: &Key, now: Instant) -> Option<Bytes> {
        self.expire(now);
        self.values.peek(key).map(|value| value.octets.clone())
    }

    pub(super) fn usage(&mut self, now: Instant) -> (usize, u64) {
        self.expire(now);
        (self.values.len(), self.octets)
    }

    /// Drops what is too old. What nobody asks about stays until the next call, whatever it is for.
    fn expire(&mut self, now: Instant) {
        while let Some((_, value)) = self.values.peek_lru()
            && now.saturating_duration_since(value.put) >= self.settings.age
            && let Some((key, value)) = self.values.pop_lru()
        {
            self.octets -= key.cost(&value.octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SETTINGS: Settings = Settings { keys: 3, octets: 30, value_octets: 20, age: Duration::from_secs(10) };

    fn key(key: &str) -> Key {
        Key::new(b"/", key.as_bytes()).expect("short enough")
    }

    fn value(length: usize) -> Bytes {
        vec![b'v'; length].into()
    }

    #[test]
    fn a_value_is_put_once_and_taken_once() {
        let (mut store, now) = (Store::new(SETTINGS), Instant::now());
        assert_eq!(store.take(&key("a"), now), None);
        assert_eq!(store.put(key("a"), "one".into(), now), Ok(()));
        assert_eq!(store.put(key("a"), "two".into(), now), Err(PutError::Occupied));
        assert_eq!(store.peek(&key("a"), now), Some("one".into()), "the first one stays");
        assert_eq!(store.peek(&key("a"), now), Some("one".into()), "looking takes nothing");
        assert_eq!(store.take(&key("a"), now), Some("one".into()));
        assert_eq!(store.take(&key("a"), now), None);
        assert_eq!(store.peek(&key("a"), now), None);
        assert_eq!(store.put(key("a"), "two".into(), now), Ok(()), "its place is free again");
    }

    #[test]
    fn one_key_under_two_paths_is_two_places() {
        let (mut store, now) = (Store::new(SETTINGS), Instant::now());
        let at = |path: &str, key: &str| Key::new(path.as_bytes(), key.as_bytes()).expect("short enough");
        assert_eq!(store.put(at("/a", "k"), "1".into(), now), Ok(()));
        assert_eq!(store.put(at("/", "ak"), "2".into(), now), Ok(()), "nor is it their concatenation");
        assert_eq!(store.take(&at("/b", "k"), now), None);
        assert_eq!(store.take(&at("/a", "k"), now), Some("1".into()));
    }

    #[test]
    fn keys_and_paths_have_their_longest() {
        for (path, key, expected) in
            [(0, 0, true), (PATH_OCTETS, KEY_OCTETS, true), (PATH_OCTETS + 1, 0, false), (0, KEY_OCTETS + 1, false)]
        {
            assert_eq!(Key::new(&vec![b'p'; path], &vec![b'k'; key]).is_ok(), expected, "{path} and {key}");
        }
    }

    #[test]
    fn each_limit_refuses_by_name_and_changes_nothing() {
        // (what is there, as octets of values; the next value's octets; what happens). Path and key cost 2 octets each.
        for (there, next, expected) in [
            (&[][..], 20, Ok(())),
            (&[], 21, Err(PutError::ValueTooLarge(20))),
            (&[0, 0], 0, Ok(())),
            (&[0, 0, 0], 0, Err(PutError::Full("stash_keys"))),
            (&[13], 13, Ok(())),
            (&[13], 14, Err(PutError::Full("stash_mib"))),
        ] {
            let (mut store, now) = (Store::new(SETTINGS), Instant::now());
            for (index, &length) in there.iter().enumerate() {
                assert_eq!(store.put(key(&index.to_string()), value(length), now), Ok(()), "{there:?}");
            }
            let before = store.octets;
            assert_eq!(store.put(key("n"), value(next), now), expected, "{next} octets after {there:?}");
            assert_eq!(store.peek(&key("n"), now).is_some(), expected.is_ok());
            assert_eq!(store.octets - before, if expected.is_ok() { next as u64 + 2 } else { 0 });
        }
    }

    #[test]
    fn what_was_taken_makes_room() {
        let (mut store, now) = (Store::new(SETTINGS), Instant::now());
        for round in 0..1000 {
            assert_eq!(store.put(key("a"), value(20), now), Ok(()), "round {round}");
            assert_eq!(store.take(&key("a"), now), Some(value(20)));
        }
        assert_eq!((store.octets, store.values.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_expire_first() {
        let mut store = Store::new(SETTINGS);
        let wait = async |seconds| tokio::time::advance(Duration::from_secs(seconds)).await;
        assert_eq!(store.put(key("a"), value(1), Instant::now()), Ok(()));
        wait(4).await;
        assert_eq!(store.put(key("b"), value(2), Instant::now()), Ok(()));
        wait(5).await;
        assert!(store.peek(&key("a"), Instant::now()).is_some(), "9 s old, and a look makes it no younger");
        wait(1).await;
        assert_eq!(store.peek(&key("a"), Instant::now()), None, "10 s old");
        assert!(store.peek(&key("b"), Instant::now()).is_some(), "6 s old");
        assert_eq!(store.octets, 4);
        assert_eq!(store.put(key("a"), value(1), Instant::now()), Ok(()), "its place is free again");
        wait(4).await;
        assert_eq!(store.take(&key("b"), Instant::now()), None, "10 s old");
        assert_eq!(store.take(&key("a"), Instant::now()), Some(value(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn expiry_makes_room_in_a_full_stash() {
        let mut store = Store::new(SETTINGS);
        for name in ["a", "b", "c"] {
            assert_eq!(store.put(key(name), value(0), Instant::now()), Ok(()));
        }
        assert_eq!(store.put(key("d"), value(0), Instant::now()), Err(PutError::Full("stash_keys")));
        tokio::time::advance(SETTINGS.age).await;
        assert_eq!(store.put(key("d"), value(0), Instant::now()), Ok(()));
        assert_eq!(store.values.len(), 1);
    }
}
