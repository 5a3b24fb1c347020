//! One connection and the tenant that it belongs to.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{sync::SetOnce, time::Instant};

use super::{Host, Tenant, Tenants};
use crate::{
    exchange::{BoxFuture, ConnectionFacts, Dispatch, Escort, Exchange, FieldSection, Version},
    observe::{Access, access},
    quota::{Held, Quota},
};

/// Answers the exchanges of one connection, all for the same tenant.
pub(super) struct Visit {
    tenants: Tenants,
    /// Over TLS without a server name: only addresses are names then.
    only_addresses: bool,
    bound: OnceLock<Result<Bound, Refused>>,
    /// The tenant again, for those who wait for it.
    tenant: SetOnce<Arc<Tenant>>,
}

/// The tenant of a connection, and its place in the tenant's account.
struct Bound {
    tenant: Arc<Tenant>,
    /// The host that it was bound by.
    host: Host,
    _connection: Held,
}

/// Why an exchange is not the tenant's to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refused {
    /// The authority is nobody's here, or another's than the connection's (RFC 9110 §15.5.20).
    Misdirected,
    /// The tenant has used up what it may.
    Quota(Quota),
}

impl Refused {
    fn status(self) -> u16 {
        match self {
            Self::Misdirected => 421,
            Self::Quota(quota) => quota.status(),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Misdirected => "421: not served over this connection\n",
            Self::Quota(Quota::Requests) => "429: too many requests\n",
            Self::Quota(_) => "503: too much at one time\n",
        }
    }
}

impl Visit {
    /// A visit that a connection begins; over TLS the tenant is known from here on.
    ///
    /// # Errors
    /// Why the connection is closed at once.
    pub(super) fn new(tenants: Tenants, connection: &ConnectionFacts) -> Result<Self, &'static str> {
        let visit = Self {
            tenants,
            only_addresses: connection.tls.as_ref().is_some_and(|tls| tls.sni.is_none()),
            bound: OnceLock::new(),
            tenant: SetOnce::new(),
        };
        if let Some(name) = connection.tls.as_ref().and_then(|tls| tls.sni.as_deref()) {
            let bound = visit.bound.get_or_init(|| visit.bind(Host::parse(name)));
            match bound {
                Ok(_) => {}
                Err(Refused::Misdirected) => return Err("its server name is nobody's any more"),
                Err(Refused::Quota(quota)) => {
                    tracing::info!(name, connection = %connection.id, "closed a connection: {quota}");
                    return Err("the tenant has too many connections (connections)");
                }
            }
        }
        Ok(visit)
    }

    /// Finds the tenant of a host, and counts the connection.
    fn bind(&self, host: Option<Host>) -> Result<Bound, Refused> {
        let host = host.ok_or(Refused::Misdirected)?;
        let tenant = self.tenants.owner(&host).ok_or(Refused::Misdirected)?;
        let connection = tenant.account().connect().map_err(Refused::Quota)?;
        // It is set only here, once.
        let _ = self.tenant.set(Arc::clone(&tenant));
        Ok(Bound { tenant, host, _connection: connection })
    }

    /// The tenant whose exchange this is, and its place in the account.
    fn admit(&self, exchange: &Exchange) -> Result<(&Arc<Tenant>, Held), Refused> {
        let authority = exchange.head.authority.as_deref().unwrap_or_default();
        let bound = self.bound.get_or_init(|| {
            let host = Host::of_authority(authority);
            self.bind(host.filter(|host| !self.only_addresses || host.is_address()))
        });
        let bound = bound.as_ref().map_err(|refused| *refused)?;
        if bound.tenant.has_left() || !(bound.host.is_spelled(authority) || self.is_another_name(bound, authority)) {
            return Err(Refused::Misdirected);
        }
        let held = bound.tenant.account().begin(exchange.arrived).map_err(Refused::Quota)?;
        Ok((&bound.tenant, held))
    }

    /// Whether an authority is another name of the same tenant, which browsers use a connection for (RFC 9113 §9.1.1).
    fn is_another_name(&self, bound: &Bound, authority: &[u8]) -> bool {
        let host = Host::of_authority(authority).filter(|host| !self.only_addresses || host.is_address());
        let owner = host.and_then(|host| self.tenants.owner(&host));
        owner.is_some_and(|owner| Arc::ptr_eq(&owner, &bound.tenant))
    }
}

impl Dispatch for Visit {
    fn dispatch(&self, exchange: Exchange) -> BoxFuture<'static, ()> {
        match self.admit(&exchange) {
            Ok((tenant, held)) => {
                let answer = tenant.router().dispatch(exchange);
                Box::pin(async move {
                    let _held = held;
                    answer.await;
                })
            }
            Err(refused) => {
                if refused == Refused::Misdirected {
                    self.tenants.note_misdirected();
                }
                let tenant = self.tenant.get().map(|tenant| Arc::clone(tenant.name()));
                Box::pin(refuse(exchange, refused, tenant))
            }
        }
    }
}

impl Escort for Visit {
    fn wrote(&self, octets: usize) -> Option<Instant> {
        let now = Instant::now();
        let wait = self.tenant.get()?.account().sent(octets as u64, now);
        (wait > Duration::ZERO).then(|| now + wait)
    }

    fn cut(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { self.tenant.wait().await.left().await })
    }
}

/// Answers in few words; an HTTP/1.x connection that is of no use to anybody ends with that.
async fn refuse(mut exchange: Exchange, refused: Refused, tenant: Option<Arc<str>>) {
    let text = refused.text();
    let length = text.len().to_string();
    let mut lines = vec![("content-type", "text/plain; charset=utf-8"), ("content-length", &*length)];
    if matches!(refused, Refused::Quota(_)) {
        // RFC 9110 §10.2.3
        lines.push(("retry-after", "1"));
    }
    let is_useless = matches!(refused, Refused::Misdirected | Refused::Quota(Quota::Connections));
    if is_useless && exchange.head.version != Version::Http2 {
        lines.push(("connection", "close"));
    }
    let lines = lines.into_iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    // A peer that is gone by now misses nothing.
    let _ = exchange.response.send_head(refused.status(), &FieldSection::from_lines(lines), false).await;
    let _ = exchange.response.send_data(text.into(), true).await;
    let cause = match refused {
        Refused::Misdirected => "the authority is not the connection's".to_owned(),
        Refused::Quota(quota) => quota.to_string(),
    };
    let sent = exchange.response.sent();
    access(&Access {
        exchange: &exchange.id,
        connection: &exchange.connection.id,
        stream: exchange.stream_id,
        listener: &exchange.connection.listener,
        tenant: tenant.as_deref(),
        version: exchange.head.version.as_str(),
        method: &exchange.head.method,
        path_and_query: &exchange.head.path_and_query,
        status: sent.status,
        octets: sent.octets,
        handler_time: None,
        cpu_time: None,
        cause: Some(&cause),
        handler: None,
    });
}
