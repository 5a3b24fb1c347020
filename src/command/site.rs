//! Who answers in a site that behaves as wptserve does.

use std::sync::Arc;

use framewright::{exchange::Dispatch, wptserve};

use super::parts::Parts;

/// The site of these settings, whose ports are complete.
#[expect(clippy::needless_pass_by_value, reason = "the site will keep its settings")]
pub(super) fn site(settings: wptserve::Settings, parts: &Parts) -> Arc<dyn Dispatch> {
    // Until wptserve's routes are joined to it, files of the document root are served as ours are.
    tracing::debug!(ports = ?settings.ports, "a site for wptserve's clients");
    Arc::clone(&parts.dispatch)
}
