//! The one integration binary: the whole server, spoken to from outside.

mod architecture;
mod clients;
mod support;
