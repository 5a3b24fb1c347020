//! A request as the original sees it: its octets as text, its target as a URL.

use tokio::time::Instant;

use super::{
    Switch, Switches,
    fault::Fault,
    isomorphic,
    query::Query,
    routes,
    url::{Bound, Carrier, RequestUrl, collapse},
};
use crate::exchange::{ConnectionFacts, RequestHead, Version};

/// A request, as text and in parts.
pub(super) struct Request<'a> {
    pub(super) head: &'a RequestHead,
    pub(super) method: String,
    pub(super) url: RequestUrl,
    pub(super) query: Query,
    pub(super) arrived: Instant,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        head: &'a RequestHead,
        connection: &ConnectionFacts,
        switches: Switches,
        arrived: Instant,
    ) -> Result<Self, Fault> {
        let local = connection.local;
        let carrier = match (head.version, connection.tls.is_some()) {
            (Version::Http2, _) if !switches.has(Switch::Http2Url) => Carrier::Http2,
            (_, true) => Carrier::Https,
            (_, false) => Carrier::Http,
        };
        // There, targets of HTTP/2 are text in UTF-8.
        let target = match head.version {
            Version::Http2 => String::from_utf8_lossy(&head.path_and_query).into_owned(),
            Version::Http10 | Version::Http11 => isomorphic::decode(&head.path_and_query),
        };
        let method = isomorphic::decode(&head.method);
        let target = routes::rewrite(&method, &target);
        let target = if head.version == Version::Http2 { target } else { collapse(&target).into_owned().into() };
        let host = head.authority.as_deref().map(isomorphic::decode);
        let ip = local.ip().to_string();
        let bound = Bound { ip: &ip, port: local.port() };
        let url = RequestUrl::new(carrier, &target, host.as_deref(), bound)
            .map_err(|fault| Fault::Internal(format!("the request has no URL: {fault}")))?;
        let query = Query::parse(&url.query);
        Ok(Self { head, method, url, query, arrived })
    }
}
