//! Binds the listeners, accepts connections and gives each to its protocol; drains them at the end.
//!
//! Knows no protocol beyond which is spoken where, and no answer: that is [`Dispatch`](crate::exchange::Dispatch)'s.
//! Every task has an owner: [`Bound::serve`] owns one for each listener, and that one those of its connections.

mod bind;
mod bound;
mod connection;
mod listener;
mod paced;
mod platform;
mod ready;
mod settings;
mod signals;
#[cfg(test)]
mod tests;

pub use bind::{BindError, BindFault, bind};
pub use bound::{Bound, Outcome};
pub use settings::{ListenerSettings, OWN_CONNECTIONS, Protocols, Settings};
pub use signals::{Signals, Stopper};
