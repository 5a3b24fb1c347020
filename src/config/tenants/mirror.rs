//! `[tenants]` and `[[tenant]]` as the file says them.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::config::file::Grant;

/// `[tenants]`: what is so for all of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Tenants {
    pub(super) root: Option<Spanned<PathBuf>>,
    pub(super) certs: Option<Spanned<PathBuf>>,
    pub(super) admin: Option<Spanned<String>>,
    pub(super) python: Option<bool>,
    pub(super) compile_cpu_s: Option<Spanned<u64>>,
    pub(super) compile_mib: Option<Spanned<u64>>,
    pub(super) compiled_mib: Option<Spanned<u64>>,
    pub(super) compile_queue: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) grant: BTreeMap<Spanned<String>, Grant>,
}

/// `[[tenant]]`: one that is listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Tenant {
    pub(super) names: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) root: Option<Spanned<PathBuf>>,
    pub(super) python: Option<bool>,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) grant: BTreeMap<Spanned<String>, Grant>,
}

/// `[tenants.limits]` and `[tenant.limits]`, the unit in each key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    // Each exchange.
    pub(super) memory_mib: Option<Spanned<u64>>,
    pub(super) cpu_ms: Option<Spanned<u64>>,
    pub(super) wall_s: Option<Spanned<u64>>,
    pub(super) sent_mib: Option<Spanned<u64>>,
    pub(super) log_kib: Option<Spanned<u64>>,
    // All together.
    pub(super) connections: Option<Spanned<u64>>,
    pub(super) exchanges: Option<Spanned<u64>>,
    pub(super) requests_per_s: Option<Spanned<u64>>,
    pub(super) requests_burst: Option<Spanned<u64>>,
    pub(super) cpu_ms_per_s: Option<Spanned<u64>>,
    pub(super) sent_kib_per_s: Option<Spanned<u64>>,
    pub(super) memory_in_use_mib: Option<Spanned<u64>>,
    pub(super) log_kib_per_s: Option<Spanned<u64>>,
    pub(super) compilations: Option<Spanned<u64>>,
    pub(super) stash_keys: Option<Spanned<u64>>,
    pub(super) stash_mib: Option<Spanned<u64>>,
    pub(super) stash_value_kib: Option<Spanned<u64>>,
    pub(super) stash_age_s: Option<Spanned<u64>>,
    pub(super) cache_mib: Option<Spanned<u64>>,
}
