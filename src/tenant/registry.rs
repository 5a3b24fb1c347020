//! Who there is.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Host, Listed, Settings, Tenant, Terms, visit::Visit};
use crate::{
    exchange::{BoxFuture, ConnectionFacts, Dispatch, Entry, Exchange},
    sandbox::Sandbox,
};

/// How often those that are known are looked at: a tenant whose folder goes is gone within half a second.
pub const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// All tenants of a server. Clones are the same.
#[derive(Clone)]
pub struct Tenants(Arc<Registry>);

struct Registry {
    settings: Settings,
    sandbox: Arc<Sandbox>,
    /// Those that have been asked for.
    known: RwLock<HashMap<Key, Arc<Tenant>>>,
    /// Held while one is opened, so that none is opened twice.
    opening: Mutex<()>,
    misdirected: AtomicU64,
}

/// Which tenant: names alone could be another's too.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    /// The one listed here.
    Listed(usize),
    /// One of those listed here, by its host.
    Each(usize, Host),
    /// A folder of the directory.
    Folder(Host),
}

/// What a host leads to: the tenant, what it is called, its folder and terms.
struct Order<'a> {
    key: Key,
    name: Arc<str>,
    root: PathBuf,
    terms: &'a Arc<Terms>,
}

impl Tenants {
    /// The tenants that these settings speak of; none is opened yet.
    pub fn new(settings: Settings, sandbox: Arc<Sandbox>) -> Self {
        let (known, opening) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Registry { settings, sandbox, known, opening, misdirected: AtomicU64::new(0) }))
    }

    /// Whose host it is, if it is anybody's. Looks at the disk if it has not been asked for before.
    pub fn owner(&self, host: &Host) -> Option<Arc<Tenant>> {
        let order = self.0.settings.order(host)?;
        if let Some(tenant) = self.0.known(&order.key) {
            return Some(tenant);
        }
        let _opening = self.0.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = self.0.known(&order.key) {
            return Some(tenant);
        }
        match Tenant::open(Arc::clone(&order.name), order.root, Arc::clone(order.terms), &self.0.sandbox) {
            Ok(tenant) => {
                tracing::info!(tenant = &*order.name, "opened");
                self.0.known_mut().insert(order.key, Arc::clone(&tenant));
                Some(tenant)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(tenant = &*order.name, %error, "the folder cannot be opened");
                None
            }
        }
    }

    /// Looks at the folders of those that are known; those without one leave. Blocks.
    pub fn sweep(&self) {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (key, tenant) in known.into_iter().filter(|(_, tenant)| !tenant.look()) {
            tracing::info!(tenant = &**tenant.name(), "left: its folder is gone");
            self.0.known_mut().remove(&key);
            tenant.leave();
        }
    }

    pub(super) fn note_misdirected(&self) {
        self.0.misdirected.fetch_add(1, Ordering::Relaxed);
    }

    /// Exchanges so far whose authority was nobody's, or not the connection's.
    pub fn misdirected(&self) -> u64 {
        self.0.misdirected.load(Ordering::Relaxed)
    }

    /// Those that have been asked for, in no order.
    pub fn known(&self) -> Vec<Arc<Tenant>> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// Every connection gets a visit of its own.
impl Dispatch for Tenants {
    /// Never asked: [`enter`](Self::enter) gives each connection somebody else.
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()> {
        drop(exchange);
        Box::pin(std::future::ready(()))
    }

    fn enter(&self, connection: &ConnectionFacts) -> Entry {
        match Visit::new(self.clone(), connection) {
            Ok(visit) => Entry::Escorted(Arc::new(visit)),
            Err(why) => Entry::Refused(why),
        }
    }
}

impl Registry {
    fn known(&self, key: &Key) -> Option<Arc<Tenant>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn known_mut(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<Key, Arc<Tenant>>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settings {
    /// What a host leads to. A folder of the directory is meant by its own name alone, and by no address.
    fn order(&self, host: &Host) -> Option<Order<'_>> {
        for (index, listed) in self.listed.iter().enumerate() {
            if let Some(middle) = listed.names.iter().find_map(|name| name.matches(host)) {
                return Some(listed.order(index, host, middle));
            }
        }
        let folder = self.folder.as_ref().filter(|_| !host.is_address())?;
        let name = Arc::from(host.as_str());
        let key = Key::Folder(host.clone());
        Some(Order { key, name, root: folder.join(host.as_str()), terms: &self.terms })
    }
}

impl Listed {
    fn order(&self, index: usize, host: &Host, middle: Option<&str>) -> Order<'_> {
        match middle {
            Some(middle) if has_star(&self.root) => Order {
                key: Key::Each(index, host.clone()),
                name: host.as_str().into(),
                root: with_star(&self.root, middle),
                terms: &self.terms,
            },
            _ => Order { key: Key::Listed(index), name: self.name(), root: self.root.clone(), terms: &self.terms },
        }
    }

    /// What a tenant of several names is called: by its first that is one host, else by the folder's path.
    fn name(&self) -> Arc<str> {
        let exact = self.names.iter().find_map(|name| name.exact());
        exact.map_or_else(|| self.root.display().to_string().into(), |host| host.as_str().into())
    }
}

fn has_star(path: &Path) -> bool {
    path.to_string_lossy().contains('*')
}

/// `middle` is a part of a label: it has no separator in it, and is neither `.` nor `..`.
fn with_star(path: &Path, middle: &str) -> PathBuf {
    path.to_string_lossy().replace('*', middle).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::NamePattern;

    fn listed(names: &[&str], root: &str) -> Listed {
        Listed {
            names: names.iter().map(|name| NamePattern::parse(name).expect(name)).collect(),
            root: root.into(),
            terms: Arc::default(),
        }
    }

    #[test]
    fn a_host_leads_to_the_first_who_has_it() {
        let settings = Settings {
            folder: Some("/all".into()),
            listed: vec![
                listed(&["a.example", "www.a.example", "127.0.0.1"], "/a"),
                listed(&["pr-*.example.org"], "/previews/*/site"),
                listed(&["*.example.net"], "/net"),
            ],
            terms: Arc::default(),
        };
        for (host, expected) in [
            ("a.example", Some(("a.example", "/a"))),
            ("www.a.example", Some(("a.example", "/a"))),
            ("127.0.0.1", Some(("a.example", "/a"))),
            ("pr-7.example.org", Some(("pr-7.example.org", "/previews/7/site"))),
            ("x.example.net", Some(("/net", "/net"))),
            ("b.example", Some(("b.example", "/all/b.example"))),
            ("example.org", Some(("example.org", "/all/example.org"))),
            ("127.0.0.2", None),
            ("::1", None),
        ] {
            let order = settings.order(&Host::parse(host).expect("a host"));
            let order = order.as_ref().map(|order| (&*order.name, order.root.to_str().expect("text")));
            assert_eq!(order, expected, "{host}");
        }
    }
}
