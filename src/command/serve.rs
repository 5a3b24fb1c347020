//! `framewright serve`.

use std::process::ExitCode;

use anyhow::Result;
use framewright::config::ServePlan;

use super::{started::Started, table, tenants};

/// Builds everything, binds, says so, and serves until asked to stop.
///
/// # Errors
/// Whatever can fail before the first request.
pub(super) async fn run(plan: &ServePlan) -> Result<ExitCode> {
    let server = Started::new(plan).await?;
    match &plan.tenants {
        Some(tenants) => table::show(&tenants::summary(tenants, &server.bound)),
        None => table::print(&server.bound, plan, server.identity.as_ref()),
    }
    server.announce()?;
    server.serve().await
}
