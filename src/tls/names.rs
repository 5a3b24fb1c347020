//! Certificates by server name (RFC 6066 §3): each name has its own, and sessions of its own.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use rustls::ServerConfig;

use super::{Identity, SetupError, accept};

/// Says which certificate goes with a name.
pub trait Names: Send + Sync {
    /// The certificate for the server name that a client asks for, in lower case, or for clients that ask for none.
    /// None: nobody here has that name, and the handshake fails. The same certificate is the same `Arc`.
    fn identity(&self, name: Option<&str>) -> Option<Arc<Identity>>;
}

/// The settings for each name, made when it is first asked for.
///
/// A name's tickets are sealed with keys of that name alone, so that no session of one resumes under another's. For
/// clients that name nobody there are no sessions at all: they may end up with anybody.
pub(super) struct ByName {
    names: Arc<dyn Names>,
    alpn: Vec<Vec<u8>>,
    kept: Mutex<LruCache<Option<Box<str>>, Kept>>,
}

#[derive(Clone)]
struct Kept {
    identity: Arc<Identity>,
    config: Arc<ServerConfig>,
}

/// Names whose settings are kept; for others they are made anew, and their sessions are forgotten.
const MAX_NAMES: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

impl ByName {
    pub(super) fn new(names: Arc<dyn Names>, alpn: &[&str]) -> Self {
        Self { names, alpn: accept::protocols(alpn), kept: Mutex::new(LruCache::new(MAX_NAMES)) }
    }

    /// The settings for a name; none if nobody has it.
    ///
    /// # Errors
    /// If the cryptography underneath fails.
    pub(super) fn config(&self, name: Option<&str>) -> Result<Option<Arc<ServerConfig>>, SetupError> {
        let name = name.map(|name| name.to_ascii_lowercase().into_boxed_str());
        let Some(identity) = self.names.identity(name.as_deref()) else { return Ok(None) };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = kept.get(&name)
            && Arc::ptr_eq(&own.identity, &identity)
        {
            return Ok(Some(Arc::clone(&own.config)));
        }
        let mut config = accept::config(&identity, self.alpn.clone())?;
        if name.is_none() {
            config.send_tls13_tickets = 0;
            config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        } else {
            config.ticketer = rustls::crypto::ring::Ticketer::new()?;
        }
        let config = Arc::new(config);
        kept.put(name, Kept { identity, config: Arc::clone(&config) });
        Ok(Some(config))
    }
}
