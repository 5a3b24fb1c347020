//! Small files in memory, so that a request for one costs a look-up and one system call.

use std::{
    mem::size_of,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

use bytes::Bytes;
use lru::LruCache;

use super::root::Identity;
use crate::exchange::FieldSection;

/// Files by the path that they answer to; the least recently used are dropped first.
pub(super) struct Cache {
    files: Mutex<Files>,
    limit: u64,
}

/// A file as it was read. Whoever uses it first makes sure that `identity` is still that of `place`.
pub(super) struct CachedFile {
    /// Where it lies, below the root.
    pub(super) place: Box<[u8]>,
    pub(super) identity: Identity,
    pub(super) media_type: &'static str,
    /// The fields of a response with all of it.
    pub(super) fields: FieldSection,
    pub(super) content: Bytes,
    /// The start of the last look at the disk that found it unchanged, on the site's clock.
    pub(super) confirmed: AtomicU64,
}

struct Files {
    by_key: LruCache<Box<[u8]>, Arc<CachedFile>>,
    octets: u64,
}

/// The largest file that is kept; larger ones are read from the system's own cache as they are sent.
pub(super) const LARGEST: u64 = 2 << 20;

impl Cache {
    /// A cache of `limit` octets, file content and bookkeeping together.
    pub(super) fn new(limit: u64) -> Self {
        Self { files: Mutex::new(Files { by_key: LruCache::unbounded(), octets: 0 }), limit }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<Arc<CachedFile>> {
        self.lock().by_key.get(key).cloned()
    }

    pub(super) fn insert(&self, key: &[u8], file: Arc<CachedFile>) {
        let cost = file.cost(key);
        if cost > self.limit {
            return;
        }
        let mut files = self.lock();
        files.remove(key);
        files.octets += cost;
        files.by_key.put(key.into(), file);
        while files.octets > self.limit {
            let Some((key, file)) = files.by_key.pop_lru() else { break };
            files.octets -= file.cost(&key);
        }
    }

    pub(super) fn remove(&self, key: &[u8]) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Files> {
        // No step under the lock can leave it half done: a panic elsewhere does not concern it.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn remove(&mut self, key: &[u8]) {
        if let Some(file) = self.by_key.pop(key) {
            self.octets -= file.cost(key);
        }
    }
}

impl CachedFile {
    /// Octets that it takes, roughly; at the least what an empty file costs, so that many of them are bounded too.
    fn cost(&self, key: &[u8]) -> u64 {
        (self.content.len() + self.place.len() + key.len() + size_of::<Self>() + BOOKKEEPING) as u64
    }
}

/// Octets for the map's own nodes and the fields of the response, rounded up.
const BOOKKEEPING: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(length: usize) -> Arc<CachedFile> {
        Arc::new(CachedFile {
            place: Box::from(*b"a"),
            identity: Identity::of(&tempfile::tempfile().expect("a file")).expect("an identity"),
            media_type: "",
            fields: FieldSection::new(),
            content: Bytes::from(vec![0; length]),
            confirmed: AtomicU64::new(0),
        })
    }

    #[test]
    fn the_least_recently_used_files_make_room() {
        let cache = Cache::new(3 * file(10_000).cost(b"a"));
        for key in [b"a", b"b", b"c"] {
            cache.insert(key, file(10_000));
        }
        assert!(cache.get(b"a").is_some());
        cache.insert(b"d", file(10_000));
        let kept = [b"a", b"b", b"c", b"d"].map(|key| cache.get(key).is_some());
        assert_eq!(kept, [true, false, true, true]);
        cache.insert(b"d", file(0));
        cache.remove(b"a");
        cache.remove(b"c");
        assert_eq!(cache.lock().octets, file(0).cost(b"d"));
        cache.insert(b"e", file(100_000));
        assert!(cache.get(b"e").is_none() && cache.get(b"d").is_some());
    }
}
