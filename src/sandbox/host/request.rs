//! `framewright:handler/types.request`.

use std::{future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use wasmtime::component::Resource;

use super::{Guest, Request};
use crate::{
    exchange::{
        ConnectionFacts, ContentError, ContentEvent, ContentStream, FieldSection, NoContent, RequestHead, Version,
    },
    sandbox::bindings::framewright::handler::types,
};

/// The most octets that one read gives: one receive buffer.
const READ_OCTETS: u32 = 64 << 10;

/// The request as far as the guest has read it.
pub(super) struct RequestState {
    pub(super) head: RequestHead,
    content: Box<dyn ContentStream>,
    pub(super) connection: Arc<ConnectionFacts>,
    pub(super) stream_id: Option<u32>,
    /// What was left of a piece larger than the guest asked for.
    rest: Bytes,
}

impl RequestState {
    pub(super) fn new(
        head: RequestHead,
        content: Box<dyn ContentStream>,
        connection: Arc<ConnectionFacts>,
        stream_id: Option<u32>,
    ) -> Self {
        Self { head, content, connection, stream_id, rest: Bytes::new() }
    }

    /// Lets go of the content: whoever reads on finds its end.
    pub(super) fn close(&mut self) {
        self.content = Box::new(NoContent);
        self.rest = Bytes::new();
    }

    async fn read(&mut self, max: u32) -> Result<types::ContentEvent, types::ReadError> {
        if self.rest.is_empty() {
            match poll_fn(|cx| self.content.poll_next(cx)).await {
                Ok(ContentEvent::Data(octets)) => self.rest = octets,
                Ok(ContentEvent::Trailers(fields)) => return Ok(types::ContentEvent::Trailers(to_fields(&fields))),
                Ok(ContentEvent::End) => return Ok(types::ContentEvent::End),
                Err(ContentError::Reset(code)) => return Err(types::ReadError::Reset(code)),
                Err(ContentError::Malformed) => return Err(types::ReadError::Malformed),
            }
        }
        let wanted = if max == 0 { READ_OCTETS } else { max.min(READ_OCTETS) };
        let piece = self.rest.split_to(self.rest.len().min(wanted as usize));
        Ok(types::ContentEvent::Data(piece.into()))
    }
}

impl types::Host for Guest {}

impl types::HostRequest for Guest {
    fn method(&mut self, _: Resource<Request>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.request.head.method.to_vec())
    }

    fn scheme(&mut self, _: Resource<Request>) -> wasmtime::Result<String> {
        Ok(String::from_utf8_lossy(&self.request.head.scheme).into_owned())
    }

    fn authority(&mut self, _: Resource<Request>) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.request.head.authority.as_ref().map(|authority| authority.to_vec()))
    }

    fn path_with_query(&mut self, _: Resource<Request>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.request.head.path_and_query.to_vec())
    }

    fn version(&mut self, _: Resource<Request>) -> wasmtime::Result<types::Version> {
        Ok(to_version(self.request.head.version))
    }

    fn fields(&mut self, _: Resource<Request>) -> wasmtime::Result<Vec<types::Field>> {
        Ok(to_fields(&self.request.head.fields))
    }

    async fn read(
        &mut self,
        own: Resource<Request>,
        max: u32,
        deadline_ns: Option<u64>,
    ) -> wasmtime::Result<Result<types::ContentEvent, types::ReadError>> {
        if own.rep() != self.own {
            return Err(wasmtime::Error::msg("this request was an earlier exchange's"));
        }
        let reading = self.request.read(max);
        Ok(match deadline_ns {
            None => reading.await,
            Some(nanoseconds) => tokio::time::timeout(Duration::from_nanos(nanoseconds), reading)
                .await
                .unwrap_or(Err(types::ReadError::Deadline)),
        })
    }

    fn connection(&mut self, _: Resource<Request>) -> wasmtime::Result<types::ConnectionFacts> {
        let facts = &self.request.connection;
        Ok(types::ConnectionFacts {
            connection_id: facts.id.as_u64(),
            stream_id: self.request.stream_id,
            peer: to_endpoint(facts.peer),
            local: to_endpoint(facts.local),
            tls: facts.tls.as_ref().map(|tls| types::TlsFacts {
                version: tls.version.to_owned(),
                alpn: tls.alpn.as_ref().map(|alpn| alpn.to_vec()),
                sni: tls.sni.clone(),
            }),
        })
    }

    fn drop(&mut self, _: Resource<Request>) -> wasmtime::Result<()> {
        Ok(())
    }
}

pub(super) fn to_version(version: Version) -> types::Version {
    match version {
        Version::Http10 => types::Version::Http10,
        Version::Http11 => types::Version::Http11,
        Version::Http2 => types::Version::Http2,
    }
}

pub(super) fn to_endpoint(address: std::net::SocketAddr) -> types::Endpoint {
    types::Endpoint { address: address.ip().to_canonical().to_string(), port: address.port() }
}

pub(super) fn to_fields(section: &FieldSection) -> Vec<types::Field> {
    section.iter().map(|field| types::Field { name: field.name.to_vec(), value: field.value.to_vec() }).collect()
}
