//! What the host keeps for one exchange while its guest runs.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::{GuestLog, ResponseCell, request::RequestState, wasi};
use crate::{
    exchange::{Exchange, WireView},
    sandbox::{
        Script,
        code_cache::CodeDesk,
        grants::Grants,
        limits::{Exceeded, Meter},
        settings::OnDisconnect,
    },
    stash::{Held, Stash},
};

/// The guest's `request` resource. There is one in each store, so the handle carries nothing.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "bindgen! re-exports the resource types")]
pub struct Request;

/// The guest's `response-writer` resource; likewise.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "bindgen! re-exports the resource types")]
pub struct Response;

/// The data of one store.
pub(in crate::sandbox) struct Guest {
    pub(super) request: RequestState,
    pub(super) response: ResponseCell,
    /// Responses that the guest promised; its handles count from 1.
    pub(super) pushed: Vec<ResponseCell>,
    /// What the client put on the connection.
    pub(super) wire: Arc<dyn WireView>,
    pub(super) grants: Grants,
    pub(super) stash: Arc<Stash>,
    /// The site's lock. Here, it is released with everything else of the exchange, however that ends.
    pub(super) held: Option<Held>,
    pub(super) on_disconnect: OnDisconnect,
    /// What a runtime of the server's runs.
    pub(super) script: Option<Script>,
    pub(super) code: CodeDesk,
    /// Why the script can't be run, if its runtime said so.
    pub(in crate::sandbox) failure: Option<String>,
    pub(super) is_local: bool,
    pub(in crate::sandbox) log: Arc<GuestLog>,
    pub(in crate::sandbox) meter: Meter,
    files: Option<Arc<std::path::Path>>,
    table: ResourceTable,
    /// Built at the first call of a WASI function: most handlers make none.
    wasi: Option<Box<WasiCtx>>,
}

/// What the server gives a guest beside its exchange.
pub(in crate::sandbox) struct Surroundings {
    pub(in crate::sandbox) on_disconnect: OnDisconnect,
    pub(in crate::sandbox) grants: Grants,
    /// The folder that it sees as `/`, if it may.
    pub(in crate::sandbox) files: Option<Arc<std::path::Path>>,
    pub(in crate::sandbox) stash: Arc<Stash>,
    pub(in crate::sandbox) script: Option<Script>,
    pub(in crate::sandbox) code: CodeDesk,
    pub(in crate::sandbox) is_local: bool,
}

impl Guest {
    pub(in crate::sandbox) fn new(
        exchange: Exchange,
        log: Arc<GuestLog>,
        meter: Meter,
        surroundings: Surroundings,
    ) -> (Self, ResponseCell) {
        let Surroundings { on_disconnect, grants, files, stash, script, code, is_local } = surroundings;
        let Exchange { head, content, response, connection, stream_id, wire, .. } = exchange;
        let response = ResponseCell::new(response);
        let guest = Self {
            request: RequestState::new(head, content, connection, stream_id),
            response: response.clone(),
            pushed: Vec::new(),
            wire,
            grants,
            stash,
            held: None,
            on_disconnect,
            script,
            code,
            failure: None,
            is_local,
            log,
            meter,
            files,
            table: bounded_table(),
            wasi: None,
        };
        (guest, response)
    }

    /// Ends the exchange: the error travels through the guest as a trap and is recognised when it comes out.
    pub(super) fn exceed(&mut self, limit: Exceeded) -> wasmtime::Error {
        self.meter.exceeded = Some(limit);
        wasmtime::Error::from(limit)
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| Box::new(wasi::context(&self.log, self.files.as_deref())));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// Handles that a guest may hold: more than any runtime opens, few enough to cost the host under 1 MiB.
const HANDLES: usize = 4096;

fn bounded_table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    table
}
