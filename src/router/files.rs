//! Handler files of the site that have been found, so that the next request for one costs no look-up.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;

use super::Settings;
use crate::{
    sandbox::{Program, Target},
    site::SitePath,
};

/// Targets by the path of the request, as sent. Whether a file still is what it was is for those to find out who run
/// it.
pub(super) struct HandlerFiles(Mutex<LruCache<Box<[u8]>, Arc<Target>>>);

/// Paths remembered. Each costs about its own length three times over; one that falls out costs a look-up.
const MAX_PATHS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

impl HandlerFiles {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(MAX_PATHS)))
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<Arc<Target>> {
        self.lock().get(path).cloned()
    }

    /// Remembers that the request path `sent` names `file`.
    pub(super) fn insert(&self, sent: &[u8], path: &SitePath<'_>, file: &Path, settings: &Settings) -> Arc<Target> {
        let name = path.to_absolute();
        let target = Arc::new(Target {
            program: Program::Component(file.into()),
            grants: settings.grants_at(&name),
            name: String::from_utf8_lossy(&name).into(),
            root: Arc::from(&*settings.root),
        });
        self.lock().put(sent.into(), Arc::clone(&target));
        target
    }

    pub(super) fn remove(&self, sent: &[u8]) {
        self.lock().pop(sent);
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Box<[u8]>, Arc<Target>>> {
        // No step under the lock can leave it half done: a panic elsewhere does not concern it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
