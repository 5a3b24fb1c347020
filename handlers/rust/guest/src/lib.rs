//! What every Rust handler needs: the contract's types, as generated from `wit/`, and [`handler!`], which exports one
//! function as the handler.
//!
//! A handler is compiled for `wasm32-unknown-unknown`: there is no operating system below it, only what the contract
//! gives. [`clock`] adds the one WASI interface that these handlers want beside it.

pub mod clock;
#[cfg(target_family = "wasm")]
mod heap;
mod outcome;
mod query;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "handler",
        pub_export_macro: true,
        default_bindings_module: "framewright_guest::bindings",
    });
}

pub use bindings::framewright::handler::log::{Level, log};
pub use bindings::framewright::handler::types::{
    ConnectionFacts, ContentEvent, Endpoint, Field, Phase, ReadError, Request, ResponseWriter, TlsFacts, Version,
    WriteError,
};
/// The wire as it is, for handlers that misbehave on purpose, and what the client put on it; pushes and the stash. Each
/// as documented in `wit/`; importing none of them needs no grant.
pub use bindings::framewright::handler::{inspect, push, raw, stash};
pub use outcome::{Fault, Outcome};
pub use query::Query;

/// One field line, from anything that is octets.
pub fn field(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Field {
    Field { name: name.as_ref().to_vec(), value: value.as_ref().to_vec() }
}

/// A literal line of a raw field block, any octets, that leaves the peer's dynamic table alone (RFC 7541 §6.2.2).
pub fn literal(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> raw::Instruction {
    raw::Instruction::Literal(raw::Literal {
        name: name.as_ref().to_vec(),
        value: value.as_ref().to_vec(),
        indexing: raw::Indexing::WithoutIndexing,
        huffman: false,
    })
}

/// A raw frame on the exchange's own stream, or on stream 0 where its type belongs there.
pub fn frame(body: raw::Body) -> raw::Frame {
    raw::Frame { stream_id: None, body }
}

/// What RFC 7541 §6 calls a representation, in one word, as `wit/inspect.wit` spells it.
pub fn representation(representation: inspect::Representation) -> &'static str {
    use inspect::Representation;
    match representation {
        Representation::Text => "text",
        Representation::Indexed => "indexed",
        Representation::Incremental => "incremental",
        Representation::WithoutIndexing => "without-indexing",
        Representation::NeverIndexed => "never-indexed",
    }
}

/// Makes a panic say why, in the log, before it traps.
#[doc(hidden)]
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string())));
}

/// Exports a function as the handler: `fn(Request, ResponseWriter)`, returning nothing or a `Result` whose error, a
/// [`Fault`] or one part of it, is logged.
#[macro_export]
macro_rules! handler {
    ($function:path) => {
        struct Handler;

        impl $crate::bindings::exports::framewright::handler::incoming_handler::Guest for Handler {
            fn handle(request: $crate::Request, response: $crate::ResponseWriter) {
                $crate::log_panics();
                $crate::Outcome::report($function(request, response));
            }
        }

        $crate::bindings::export!(Handler with_types_in $crate::bindings);
    };
}
