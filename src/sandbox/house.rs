//! What the handlers of one site share, and what each of their exchanges may use.
//!
//! A sandbox has a house of its own for servers of one site. Where several sites share it, each has its own house: no
//! value, no compiled script and no turn of one is another's.

use std::sync::Arc;

use tokio::{sync::Semaphore, time::Instant};

use super::{code_cache::CodeCache, run::Residents, settings::Limits};
use crate::{
    quota::Account,
    stash::{self, Stash},
};

/// What the handlers of one site share. Cheap to clone.
#[derive(Clone)]
pub struct House {
    pub(super) stash: Arc<Stash>,
    pub(super) code: Arc<CodeCache>,
    pub(super) residents: Arc<Residents>,
    pub(super) limits: Limits,
    pub(super) is_local: bool,
    pub(super) tenure: Option<Tenure>,
}

/// A house that somebody else owns.
#[derive(Clone)]
pub(super) struct Tenure {
    pub(super) account: Arc<Account>,
    /// Busy guests of this house that stand in line for a core at one time: so that every house has one place there,
    /// however many guests it has.
    pub(super) turns: Arc<Semaphore>,
    /// Likewise for guests that begin slowly.
    pub(super) beginning: Arc<Semaphore>,
    /// Likewise for handlers of this house that are to be compiled.
    pub(super) compiling: Arc<Semaphore>,
}

impl House {
    /// The house of a server of one site.
    pub(super) fn own(stash: stash::Settings, limits: Limits, is_local: bool) -> Self {
        Self {
            stash: Arc::new(Stash::new(stash)),
            code: CodeCache::new(),
            residents: Arc::default(),
            limits,
            is_local,
            tenure: None,
        }
    }

    /// The house of a tenant, whose clients are told nothing about failures.
    pub fn of_tenant(account: &Arc<Account>, stash: stash::Settings, limits: Limits) -> Self {
        let place = || Arc::new(Semaphore::new(1));
        let tenure = Tenure { account: Arc::clone(account), turns: place(), beginning: place(), compiling: place() };
        Self {
            stash: Arc::new(Stash::new(stash)),
            code: CodeCache::bounded(TENANT_CODE_OCTETS),
            residents: Arc::default(),
            limits,
            is_local: false,
            tenure: Some(tenure),
        }
    }

    /// The account of the tenant, if it is one's.
    pub fn account(&self) -> Option<&Arc<Account>> {
        self.tenure.as_ref().map(|tenure| &tenure.account)
    }

    /// Values in the stash, and their octets.
    pub fn stash_usage(&self) -> (usize, u64) {
        self.stash.usage()
    }
}

/// Octets of compiled scripts kept for a tenant.
const TENANT_CODE_OCTETS: usize = 4 << 20;

impl Tenure {
    /// How long guests have to rest.
    pub(super) fn rest(&self) -> std::time::Duration {
        self.account.rest(Instant::now())
    }
}
