//! One tenant.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use tokio::{sync::watch, time::Instant};

use super::Terms;
use crate::{
    exchange::{Dispatch, Exchange},
    quota::Account,
    router::{self, Behaviour, Router, RunHandler},
    sandbox::{House, Report, Sandbox, Target},
    site::{self, Site},
};

/// One tenant: its site, its house, its account. Its folder may be replaced by another; all else lives as long as its
/// name is served.
pub struct Tenant {
    name: Arc<str>,
    root: PathBuf,
    terms: Arc<Terms>,
    account: Arc<Account>,
    handlers: Arc<Handlers>,
    router: RwLock<Arc<dyn Dispatch>>,
    stamp: Mutex<Stamp>,
    gone: watch::Sender<bool>,
}

/// The sandbox as one tenant's handlers find it.
struct Handlers {
    sandbox: Arc<Sandbox>,
    house: House,
}

impl RunHandler for Handlers {
    async fn run(&self, target: &Target, exchange: Exchange) -> Report {
        self.sandbox.run_in(&self.house, target, exchange).await
    }
}

/// Which folder it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp(u64, u64);

impl Stamp {
    /// The folder that a path leads to now; none if there is none.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Some(Self(metadata.dev(), metadata.ino()))
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            Some(Self(0, 0))
        }
    }
}

impl Tenant {
    /// Opens a tenant's folder.
    ///
    /// # Errors
    /// If it is no folder, or cannot be opened.
    pub(super) fn open(
        name: Arc<str>,
        root: PathBuf,
        terms: Arc<Terms>,
        sandbox: &Arc<Sandbox>,
    ) -> io::Result<Arc<Self>> {
        let stamp = Stamp::of(&root).ok_or(io::ErrorKind::NotFound)?;
        let account = Arc::new(Account::new(Arc::clone(&name), &terms.quota, Instant::now()));
        let house = House::of_tenant(&account, terms.stash, terms.limits);
        let handlers = Arc::new(Handlers { sandbox: Arc::clone(sandbox), house });
        let router = router(&root, &terms, &account, &handlers)?;
        let (router, stamp) = (RwLock::new(router), Mutex::new(stamp));
        Ok(Arc::new(Self { name, root, terms, account, handlers, router, stamp, gone: watch::Sender::new(false) }))
    }

    /// The name that logs and figures call it by.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it may use, and has used.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Values in its stash, and their octets.
    pub fn stash_usage(&self) -> (usize, u64) {
        self.handlers.house.stash_usage()
    }

    /// Who answers its exchanges at the moment.
    pub(super) fn router(&self) -> Arc<dyn Dispatch> {
        Arc::clone(&self.router.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows what became of the folder; false if it is there no more.
    pub(super) fn look(&self) -> bool {
        let Some(now) = Stamp::of(&self.root) else { return false };
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        if *stamp != now {
            match router(&self.root, &self.terms, &self.account, &self.handlers) {
                Ok(router) => {
                    *self.router.write().unwrap_or_else(PoisonError::into_inner) = router;
                    *stamp = now;
                    tracing::info!(tenant = &*self.name, "the folder was replaced by another");
                }
                Err(error) => tracing::warn!(tenant = &*self.name, %error, "the new folder cannot be opened"),
            }
        }
        true
    }

    /// Has its connections cut off, those to come included.
    pub(super) fn leave(&self) {
        self.gone.send_replace(true);
    }

    /// Resolves once it has left.
    pub(super) async fn left(&self) {
        // The sender is in here: the wait cannot fail.
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
    }

    /// Whether it has left.
    pub(super) fn has_left(&self) -> bool {
        *self.gone.borrow()
    }
}

fn router(
    root: &Path,
    terms: &Terms,
    account: &Arc<Account>,
    handlers: &Arc<Handlers>,
) -> io::Result<Arc<dyn Dispatch>> {
    let site = Site::open(&site::Settings {
        root: root.to_owned(),
        // A link out of the folder leads to somebody else's files.
        follow_symlinks: false,
        cache_octets: terms.cache_octets,
    })?;
    let settings = router::Settings {
        root: root.to_owned(),
        routes: Vec::new(),
        grants: terms.grants.clone(),
        python: terms.python,
        shared: Vec::new(),
        account: Some(Arc::clone(account)),
    };
    Ok(Arc::new(Router::new(settings, Behaviour::Framewright(site), Arc::clone(handlers))))
}
