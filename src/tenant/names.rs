//! Which certificate a server name gets: only names of tenants have one.

use std::sync::Arc;

use super::{Host, Tenants};
use crate::tls::{Certificates, Identity, Names};

/// The names of all tenants, for TLS.
pub struct TenantNames {
    /// Who there is.
    pub tenants: Tenants,
    /// Their certificates.
    pub certificates: Certificates,
}

impl Names for TenantNames {
    fn identity(&self, name: Option<&str>) -> Option<Arc<Identity>> {
        let Some(name) = name else { return self.certificates.of_nobody() };
        let host = Host::parse(name)?;
        self.tenants.owner(&host)?;
        self.certificates.of(host.as_str())
    }
}
