//! What the host keeps for one exchange while its guest runs.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::{GuestLog, ResponseCell, request::RequestState, wasi::Wasi};
use crate::{
    exchange::{Exchange, NoFrames, WireView},
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
    /// The guest's handle of this exchange's request, and of its response. Those of earlier exchanges of an instance that
    /// lives on are smaller, and mean nothing any more.
    pub(in crate::sandbox) own: u32,
    /// Responses that the guest promised; its handles count on from the one above.
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
    pub(in crate::sandbox) code: CodeDesk,
    /// Why the script can't be run, if its runtime said so.
    pub(in crate::sandbox) failure: Option<String>,
    pub(super) is_local: bool,
    pub(in crate::sandbox) log: Arc<GuestLog>,
    pub(in crate::sandbox) meter: Meter,
    files: Option<Arc<std::path::Path>>,
    table: ResourceTable,
    /// Built at the first call of a WASI function: most handlers make none.
    wasi: Option<Box<Wasi>>,
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
            own: 0,
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

    /// Puts the next exchange in the place of the last, in an instance that lives on. It keeps what is the instance's: its
    /// memory's account and its WASI handles.
    pub(in crate::sandbox) fn begin(&mut self, mut next: Self) {
        next.own = self.own.wrapping_add(1).wrapping_add(u32::try_from(self.pushed.len()).unwrap_or(u32::MAX));
        std::mem::swap(&mut next.meter, &mut self.meter);
        std::mem::swap(&mut next.table, &mut self.table);
        std::mem::swap(&mut next.wasi, &mut self.wasi);
        if let Some(wasi) = &next.wasi {
            wasi.print_to(&next.log);
        }
        *self = next;
    }

    /// Lets go of all that is the exchange's, as dropping the store would. The response has been taken.
    pub(in crate::sandbox) fn end(&mut self) {
        self.request.close();
        self.held = None;
        self.wire = Arc::new(NoFrames);
        // Those that are not complete are reset.
        self.pushed.iter().for_each(|pushed| drop(pushed.take()));
        if let Some(wasi) = &self.wasi {
            wasi.flush();
        }
    }

    /// Ends the exchange: the error travels through the guest as a trap and is recognised when it comes out.
    pub(super) fn exceed(&mut self, limit: Exceeded) -> wasmtime::Error {
        self.meter.exceeded = Some(limit);
        wasmtime::Error::from(limit)
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(&self.log, self.files.as_deref())));
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut self.table }
    }
}

/// Handles that a guest may hold: more than any runtime opens, few enough to cost the host under 1 MiB.
const HANDLES: usize = 4096;

fn bounded_table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    table
}
