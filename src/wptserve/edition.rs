//! Which checkout is served: some documents and routes changed since the one that the octets were recorded from.

/// The age of a checkout. What is not named here is the same in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Edition {
    /// As of July 2021: no ShadowRealms, no window modules, no web extensions; origin policies.
    July2021,
    /// Today's: tests may ask `GLOBAL.isShadowRealm()`, and run in ShadowRealms and in module scripts of windows.
    #[default]
    Today,
}

impl Edition {
    /// A file below the document root that only today's checkouts have, and whose scripts the generated documents load.
    pub const MARK_OF_TODAY: &'static str = "resources/testharness-shadowrealm-inner.js";
}
