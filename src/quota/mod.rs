//! What one tenant may use of the server at one time, and what it has used.
//!
//! An [`Account`] is shared by everything that works for the tenant: connections, exchanges, guests. Each of its parts is
//! an atomic number, so that nobody waits for a lock on the way of a request. What is used up is named by a [`Quota`];
//! what becomes of it is decided by whoever asked.
//!
//! Knows neither protocols nor guests; the time is an argument.

mod account;
mod bucket;
mod gauge;
mod histogram;
mod settings;

pub use account::{Account, Ended, Quota};
pub use bucket::Bucket;
pub use gauge::{Gauge, Held};
pub use histogram::{BOUNDS, Histogram};
pub use settings::{BACKLOG, Settings};
