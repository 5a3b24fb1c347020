//! The world `framewright:handler/script-runtime`, which is that of handlers and one interface more, as Rust types.
//! Generated names stop at `host/`, `modules.rs` and `run.rs`.

wasmtime::component::bindgen!({
    path: "wit",
    world: "script-runtime",
    imports: {
        "framewright:handler/types.[method]request.read": async | trappable,
        "framewright:handler/types.[method]response-writer.send-informational": async | trappable,
        "framewright:handler/types.[method]response-writer.send-headers": async | trappable,
        "framewright:handler/types.[method]response-writer.send-data": async | trappable,
        "framewright:handler/types.[method]response-writer.send-data-frame": async | trappable,
        "framewright:handler/types.[method]response-writer.send-trailers": async | trappable,
        "framewright:handler/types.[method]response-writer.end-stream": async | trappable,
        "framewright:handler/inspect.next-frame": async | trappable,
        "framewright:handler/raw.send-frames": async | trappable,
        "framewright:handler/raw.send-octets": async | trappable,
        "framewright:handler/raw.flush": async | trappable,
        "framewright:handler/raw.close": async | trappable,
        "framewright:handler/raw.hold": async | trappable,
        "framewright:handler/stash.lock": async | trappable,
        "framewright:handler/pipes.apply": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "framewright:handler/types.request": super::host::Request,
        "framewright:handler/types.response-writer": super::host::Response,
    },
});

/// Linked: a handler of a site, which lacks the interface `script`, or a runtime that the server ships.
pub(super) type HandlerPre = ScriptRuntimePre<super::host::Guest>;
