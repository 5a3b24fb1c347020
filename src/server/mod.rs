//! The composition root: builds every part and joins them; knows no protocol.

mod shutdown;

pub use shutdown::{Drain, DrainHandle};
