//! What an operator chooses about routes and grants.

use std::{path::PathBuf, sync::Arc};

use super::Pattern;
use crate::{quota::Account, sandbox::Grants};

/// Which handlers answer where, and what they may do.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// The folder that handlers with the grant for files see; usually the site's.
    pub root: PathBuf,
    /// Handlers mapped to paths; the first that fits method and path answers (`[[route]]`).
    pub routes: Vec<RouteSettings>,
    /// What handlers may do; the first pattern that fits their path counts, and without one nothing is granted
    /// (`[grant]`).
    pub grants: Vec<GrantRule>,
    /// Whether files of a site of our own behaviour whose names end in `.py` are run; else they are files like others.
    pub python: bool,
    /// Python handlers that share an instance which lives on, by their paths.
    pub shared: Vec<Pattern>,
    /// Where exchanges are counted, of the tenant whose site it is; none for a server's own site.
    pub account: Option<Arc<Account>>,
}

/// A handler mapped to a path.
#[derive(Clone, Debug)]
pub struct RouteSettings {
    /// The methods that it answers, case kept; none: all.
    pub methods: Option<Vec<String>>,
    /// The paths that it answers.
    pub pattern: Pattern,
    /// The component's file.
    pub handler: PathBuf,
}

/// What the handlers under a path may do.
#[derive(Clone, Debug)]
pub struct GrantRule {
    /// Matched with the path of a handler file in the site, or with the pattern of a route as it is written.
    pub pattern: Pattern,
    /// What they may do.
    pub grants: Grants,
}

impl Settings {
    /// Whether the Python handler at this path shares its instance with others.
    pub(super) fn shares(&self, path: &[u8]) -> bool {
        self.shared.iter().any(|pattern| pattern.matches(path))
    }

    /// What the handler at this path, or with this route pattern, may do.
    pub fn grants_at(&self, path: &[u8]) -> Grants {
        self.grants.iter().find(|rule| rule.pattern.matches(path)).map_or(Grants::NONE, |rule| rule.grants)
    }
}
