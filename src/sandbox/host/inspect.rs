//! `framewright:handler/inspect`.

use std::{future::poll_fn, time::Duration};

use super::Guest;
use crate::{
    exchange::{NoFrame, Representation, SeenFrame},
    sandbox::bindings::framewright::handler::inspect,
};

impl inspect::Host for Guest {
    fn fields(&mut self) -> wasmtime::Result<Vec<inspect::SentField>> {
        let lines = self.request.head.fields.iter().map(|field| inspect::SentField {
            name: field.name.to_vec(),
            value: field.value.to_vec(),
            representation: to_representation(field.representation),
        });
        Ok(lines.collect())
    }

    fn head(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.request.head.verbatim.to_vec())
    }

    fn frames(&mut self, after: u64, stream_id: Option<u32>) -> wasmtime::Result<Vec<inspect::SeenFrame>> {
        Ok(self.wire.frames(after, stream_id).into_iter().map(to_frame).collect())
    }

    async fn next_frame(
        &mut self,
        after: u64,
        stream_id: Option<u32>,
        deadline_ns: Option<u64>,
    ) -> wasmtime::Result<Result<inspect::SeenFrame, inspect::WaitError>> {
        let next = poll_fn(|cx| self.wire.poll_frame(after, stream_id, cx));
        let next = match deadline_ns {
            None => next.await,
            Some(nanoseconds) => match tokio::time::timeout(Duration::from_nanos(nanoseconds), next).await {
                Ok(next) => next,
                Err(_) => return Ok(Err(inspect::WaitError::Deadline)),
            },
        };
        Ok(next.map(to_frame).map_err(|error| match error {
            NoFrame::Closed => inspect::WaitError::Closed,
            NoFrame::WrongProtocol => inspect::WaitError::WrongProtocol,
        }))
    }

    fn tls(&mut self) -> wasmtime::Result<Option<inspect::TlsDetails>> {
        Ok(self.request.connection.tls.as_ref().map(|tls| inspect::TlsDetails {
            version: tls.version.to_owned(),
            cipher_suite: tls.cipher_suite.to_owned(),
            sni: tls.sni.clone(),
            alpn_offered: tls.alpn_offered.iter().map(|name| name.to_vec()).collect(),
            alpn: tls.alpn.as_ref().map(|name| name.to_vec()),
            resumed: tls.resumed,
        }))
    }
}

fn to_representation(representation: Representation) -> inspect::Representation {
    match representation {
        Representation::Text => inspect::Representation::Text,
        Representation::Indexed => inspect::Representation::Indexed,
        Representation::Incremental => inspect::Representation::Incremental,
        Representation::WithoutIndexing => inspect::Representation::WithoutIndexing,
        Representation::NeverIndexed => inspect::Representation::NeverIndexed,
    }
}

fn to_frame(frame: SeenFrame) -> inspect::SeenFrame {
    inspect::SeenFrame {
        number: frame.number,
        arrived_ns: u64::try_from(frame.arrived.as_nanos()).unwrap_or(u64::MAX),
        kind: frame.kind,
        flags: frame.flags,
        reserved: frame.reserved,
        stream_id: frame.stream,
        length: frame.length,
        padding: frame.padding,
        payload: frame.payload.into_vec(),
        refused: frame.refused.map(str::to_owned),
    }
}
