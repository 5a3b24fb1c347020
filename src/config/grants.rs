//! `[grant."/path/*"]`: who may use what.

use std::{cmp::Reverse, collections::BTreeMap};

use toml::Spanned;

use super::{
    error::ConfigError,
    file::{self, Source},
    plan::GrantSettings,
    routes::check_pattern,
};
use crate::{
    router::{GrantRule, Pattern},
    sandbox::Grants,
};

/// What handlers may use where nobody says: all but files, because whoever starts a local server owns its handlers.
pub(super) fn default_grant() -> GrantSettings {
    GrantSettings { pattern: "/*".to_owned(), raw: true, stash: true, files: false, push: true }
}

/// Reads the grants, the most specific first and one for every path last. What a grant leaves out it has from the next
/// less specific one that covers its paths.
///
/// # Errors
/// Bad patterns.
pub(super) fn resolve(
    tables: &BTreeMap<Spanned<String>, file::Grant>,
    source: &Source,
) -> Result<Vec<GrantSettings>, ConfigError> {
    resolve_under(vec![default_grant()], tables, source)
}

/// As [`resolve`], with these grants in the place of the default one.
///
/// # Errors
/// Bad patterns.
pub(super) fn resolve_under(
    mut grants: Vec<GrantSettings>,
    tables: &BTreeMap<Spanned<String>, file::Grant>,
    source: &Source,
) -> Result<Vec<GrantSettings>, ConfigError> {
    for pattern in tables.keys() {
        check_pattern(pattern.get_ref(), &pattern.span(), source)?;
    }
    // Patterns sort by what they match: a prefix of another is shorter, and covers it.
    let mut ascending: Vec<_> = tables.iter().map(|(pattern, table)| (pattern.get_ref(), table)).collect();
    ascending.sort_by_key(|(pattern, _)| specificity(pattern));
    for (pattern, table) in ascending {
        let covering = grants.iter().filter(|grant| covers(&grant.pattern, pattern));
        let covering = covering.max_by_key(|grant| specificity(&grant.pattern));
        let above = covering.cloned().unwrap_or_else(default_grant);
        let grant = GrantSettings {
            pattern: pattern.clone(),
            raw: table.raw.unwrap_or(above.raw),
            stash: table.stash.unwrap_or(above.stash),
            files: table.files.unwrap_or(above.files),
            push: table.push.unwrap_or(above.push),
        };
        grants.retain(|other| other.pattern != grant.pattern);
        grants.push(grant);
    }
    grants.sort_by_key(|grant| Reverse(specificity(&grant.pattern)));
    Ok(grants)
}

impl GrantSettings {
    /// The same, as the router takes it.
    pub fn rule(&self) -> GrantRule {
        let each = [
            (self.raw, Grants::RAW),
            (self.stash, Grants::STASH),
            (self.files, Grants::FILES),
            (self.push, Grants::PUSH),
        ];
        let grants = each.iter().filter(|(granted, _)| *granted).fold(Grants::NONE, |all, (_, one)| all.with(*one));
        GrantRule { pattern: Pattern::new(&self.pattern), grants }
    }
}

/// Longer prefixes are more specific, and a single path more than any prefix.
fn specificity(pattern: &str) -> (bool, usize) {
    (!pattern.ends_with("/*"), pattern.len())
}

/// Whether every path that `inner` matches is matched by `outer`.
fn covers(outer: &str, inner: &str) -> bool {
    match outer.strip_suffix('*') {
        Some(prefix) if outer.ends_with("/*") => inner.starts_with(prefix),
        _ => outer == inner,
    }
}
