//! The template language of web-platform-tests (`{{host}}`, `{{GET[x]}}`, `{{$id:uuid()}}`). Sans I/O.

mod facts;

pub use facts::{Facts, Value};
