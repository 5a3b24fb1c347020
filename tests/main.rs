//! The one integration binary: the whole server, spoken to from outside.

#![allow(unreachable_pub, reason = "a test binary exports nothing, and `pub` marks what the modules of tests/ share")]
#![allow(clippy::print_stderr, reason = "what a failed test prints is its report")]

mod alpn;
mod architecture;
mod attack;
mod attacks;
mod clients;
mod config;
mod deadlines;
mod fairness;
mod faults;
mod h1_malformed;
mod h1_raw;
mod h1_wire;
mod h2_floods;
mod h2_malformed;
mod h2_raw;
mod h2_raw_order;
mod h2_resets;
mod h2_wire;
mod lifecycle;
mod limits;
mod python;
mod reload;
mod scenarios;
mod scripts;
mod site;
mod stash;
mod support;
mod tenants;
mod warm;
mod wasi;
mod wire_log;
mod wpt_command;
mod wptserve_site;
