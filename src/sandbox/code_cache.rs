//! What runtimes made of scripts, kept from one exchange to the next: octets that nobody here looks into.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use lru::LruCache;
use sha2::{Digest as _, Sha256};

use super::target::Script;

/// Octets kept in all where nobody says otherwise, keys aside; what was used longest ago is dropped for more. Compiled
/// scripts have about twice the octets of their source: enough for some thousand.
const KEPT_OCTETS: usize = 64 << 20;
/// The most octets of one script's.
const CODE_OCTETS: usize = 4 << 20;

/// Compiled scripts by path and content.
pub(super) struct CodeCache(Mutex<Kept>);

struct Kept {
    codes: LruCache<Key, Bytes>,
    octets: usize,
    most: usize,
}

/// A module that an exchange asked for in vain: its path and source.
pub(super) type Missed = (String, Bytes);

/// Modules that one exchange can have compiled, and the most octets of a module and of them all.
const MISSED: usize = 64;
const MISSED_OCTETS: usize = 1 << 20;

/// SHA-256 over what a script or module is called and what it says: the name stands in the code, for tracebacks.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

/// One exchange's part in the cache. It stores only what it was told is missing, and only once, which the runtime does
/// before the script runs: so no script reaches the code of another exchange.
pub(super) struct CodeDesk {
    cache: Arc<CodeCache>,
    /// Known from the first look on, until the code is stored.
    missing: Option<Key>,
    has_looked: bool,
    /// Modules that are not kept.
    missed: Vec<Missed>,
}

impl CodeCache {
    pub(super) fn new() -> Arc<Self> {
        Self::bounded(KEPT_OCTETS)
    }

    pub(super) fn bounded(most: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Kept { codes: LruCache::unbounded(), octets: 0, most })))
    }

    /// Whether the code of this script or module is kept.
    pub(super) fn has(&self, path: &str, source: &[u8]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).codes.contains(&Key::of(path, source))
    }

    fn find(&self, key: &Key) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).codes.get(key).cloned()
    }

    fn keep(&self, key: Key, code: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.octets += code.len();
        if let Some(before) = kept.codes.put(key, code) {
            kept.octets -= before.len();
        }
        while kept.octets > kept.most
            && let Some((_, oldest)) = kept.codes.pop_lru()
        {
            kept.octets -= oldest.len();
        }
    }
}

impl Key {
    fn of(path: &str, source: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path.as_bytes());
        hash.update(source);
        Self(hash.finalize().into())
    }
}

impl CodeDesk {
    pub(super) fn new(cache: &Arc<CodeCache>) -> Self {
        Self { cache: Arc::clone(cache), missing: None, has_looked: false, missed: Vec::new() }
    }

    /// The code that is kept for this script. Only the first look counts.
    pub(super) fn find(&mut self, script: &Script) -> Option<Bytes> {
        if std::mem::replace(&mut self.has_looked, true) {
            return None;
        }
        let key = Key::of(&script.path, &script.source);
        let code = self.cache.find(&key);
        if code.is_none() {
            self.missing = Some(key);
        }
        code
    }

    /// The code that is kept for a module. One that is not is noted, within bounds.
    pub(super) fn find_module(&mut self, path: String, source: Vec<u8>) -> Option<Bytes> {
        let code = self.cache.find(&Key::of(&path, &source));
        let noted: usize = self.missed.iter().map(|(path, source)| path.len() + source.len()).sum();
        if code.is_none() && self.missed.len() < MISSED && noted + path.len() + source.len() <= MISSED_OCTETS {
            self.missed.push((path, source.into()));
        }
        code
    }

    /// The modules that were not kept.
    pub(super) fn take_missed(&mut self) -> Vec<Missed> {
        std::mem::take(&mut self.missed)
    }

    /// Keeps the code, if it was missing and is not too large.
    pub(super) fn store(&mut self, code: Vec<u8>) {
        if let Some(key) = self.missing.take()
            && code.len() <= CODE_OCTETS
        {
            self.cache.keep(key, code.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Runtime, SiteFacts, Task};

    fn script(path: &str, source: &str) -> Script {
        Script {
            runtime: Runtime::Python,
            path: path.into(),
            source: Bytes::copy_from_slice(source.as_bytes()),
            facts: Arc::new(SiteFacts::default()),
            task: Task::Answer,
            is_shared: false,
        }
    }

    #[test]
    fn code_is_found_by_path_and_content() {
        let cache = CodeCache::new();
        let mut first = CodeDesk::new(&cache);
        assert_eq!(first.find(&script("/a.py", "1")), None);
        first.store(b"one".to_vec());
        for (path, source, expected) in
            [("/a.py", "1", Some(&b"one"[..])), ("/a.py", "2", None), ("/b.py", "1", None), ("/a.p", "y1", None)]
        {
            assert_eq!(CodeDesk::new(&cache).find(&script(path, source)).as_deref(), expected, "{path} {source}");
        }
    }

    #[test]
    fn an_exchange_stores_only_what_it_missed_and_only_once() {
        let cache = CodeCache::new();
        let own = script("/a.py", "1");
        let mut unasked = CodeDesk::new(&cache);
        unasked.store(b"unasked".to_vec());
        assert_eq!(unasked.find(&own), None);
        unasked.store(b"first".to_vec());
        unasked.store(b"second".to_vec());
        assert_eq!(unasked.find(&own), None);
        let mut later = CodeDesk::new(&cache);
        assert_eq!(later.find(&own).as_deref(), Some(&b"first"[..]));
        later.store(b"third".to_vec());
        assert_eq!(later.find(&own), None);
        later.store(b"fourth".to_vec());
        assert_eq!(CodeDesk::new(&cache).find(&own).as_deref(), Some(&b"first"[..]));
    }

    #[test]
    fn modules_share_the_cache_and_exchanges_only_note_what_is_missing() {
        let cache = CodeCache::new();
        let mut desk = CodeDesk::new(&cache);
        assert_eq!(desk.find_module("/m.py".into(), b"1".to_vec()), None);
        desk.store(b"not asked for by the script".to_vec());
        assert!(!cache.has("/m.py", b"1"));
        assert_eq!(desk.take_missed(), [("/m.py".to_owned(), Bytes::from_static(b"1"))]);

        let mut aside = CodeDesk::new(&cache);
        assert_eq!(aside.find(&script("/m.py", "1")), None);
        aside.store(b"code".to_vec());
        assert_eq!(desk.find_module("/m.py".into(), b"1".to_vec()).as_deref(), Some(&b"code"[..]));
        assert!(desk.take_missed().is_empty());
    }

    #[test]
    fn what_an_exchange_can_have_compiled_is_bounded() {
        let cache = CodeCache::new();
        let mut desk = CodeDesk::new(&cache);
        for number in 0..2 * MISSED {
            desk.find_module(number.to_string(), Vec::new());
        }
        assert_eq!(desk.take_missed().len(), MISSED);
        for _ in 0..3 {
            desk.find_module("/m.py".into(), vec![0; MISSED_OCTETS / 2]);
        }
        assert_eq!(desk.take_missed().len(), 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let cache = CodeCache::new();
        let mut refused = CodeDesk::new(&cache);
        assert_eq!(refused.find(&script("/large.py", "")), None);
        refused.store(vec![0; CODE_OCTETS + 1]);
        assert_eq!(CodeDesk::new(&cache).find(&script("/large.py", "")), None);
        for number in 0..=KEPT_OCTETS / CODE_OCTETS {
            let mut desk = CodeDesk::new(&cache);
            assert_eq!(desk.find(&script("/a.py", &number.to_string())), None);
            desk.store(vec![0; CODE_OCTETS]);
        }
        assert_eq!(CodeDesk::new(&cache).find(&script("/a.py", "0")), None);
        assert!(CodeDesk::new(&cache).find(&script("/a.py", "1")).is_some());
    }
}
