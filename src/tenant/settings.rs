//! What an operator chooses about tenants.

use std::{path::PathBuf, sync::Arc};

use super::NamePattern;
use crate::{quota, router::GrantRule, sandbox, stash};

/// Who the tenants are.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// The directory of which every folder is a tenant, whose one name is the folder's; none: only those listed.
    pub folder: Option<PathBuf>,
    /// Tenants that the operator lists; the first that has a name counts, and all before the folder.
    pub listed: Vec<Listed>,
    /// What tenants may do of whom nothing else is said.
    pub terms: Arc<Terms>,
}

/// A tenant that the operator lists, or with a `*` in its root as many as there are folders.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its names; at least one.
    pub names: Vec<NamePattern>,
    /// Its folder. With a `*`, each host that its names fit is a tenant of its own, in the folder of which the `*` has
    /// become what it stands for in the host.
    pub root: PathBuf,
    /// What it may do.
    pub terms: Arc<Terms>,
}

/// What a tenant may do, and how much.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What one exchange may use.
    pub limits: sandbox::Limits,
    /// What all together may use.
    pub quota: quota::Settings,
    /// How much its stash holds.
    pub stash: stash::Settings,
    /// What its handlers may do; the first that fits counts, and without one nothing is granted.
    pub grants: Vec<GrantRule>,
    /// Whether its `.py` files are run.
    pub python: bool,
    /// Octets of its files that are kept in memory.
    pub cache_octets: u64,
}
