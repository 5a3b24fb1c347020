//! Values that outlive an exchange, and one lock: the only way from one exchange to another.
//!
//! A [`Stash`] is one site's: whoever runs several sites makes one for each. It knows nothing of guests or grants.

mod lock;
mod settings;
#[expect(clippy::module_inception, reason = "the module is named after its one central type")]
mod stash;
mod store;

pub use lock::{Held, Holder, LOCK_WAIT, Locked};
pub use settings::Settings;
pub use stash::Stash;
pub use store::{KEY_OCTETS, KeyError, PATH_OCTETS, PutError};
