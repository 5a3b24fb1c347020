//! What the operator wants: arguments, environment and configuration file, resolved into one plan.
//!
//! Three types stand for it, in this order: [`cli::Cli`](crate::cli::Cli) is what was typed, the private `File` is what
//! the file says, [`ServePlan`] is what it means. `wpt` reads another server's files, in [`wpt`], towards the same plan; strangers' sites are in [`tenants`].
//! Whatever can fail fails here, naming file and line, before anything is bound. Subsystems own their settings; this module only fills them.

mod environment;
mod error;
mod file;
mod grants;
mod limits;
mod listeners;
mod plan;
mod resolve;
mod routes;
mod tenants;
#[cfg(test)]
mod tests;
mod wpt;
mod wptserve;

pub use environment::{Environment, ProcessEnvironment};
pub use error::{ConfigError, Fault, Place};
pub use plan::{
    GrantSettings, HttpSettings, ListenerSettings, RouteSettings, ServePlan, ServerSettings, SiteSettings, TenantsPlan,
    WarmPlan, WptPlan, WptservePlan,
};
pub use resolve::{ca_plan, call_plan, check_plan, serve_plan, warm_plan};
pub use wpt::wpt_plan;
