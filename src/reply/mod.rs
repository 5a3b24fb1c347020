//! A whole response as a value, before anything of it is sent: status, fields and content that may be a file, pieces,
//! or a script of pieces and pauses.
//!
//! Handlers of files and generated documents make one, pipes change it, and only then it is sent. Responses of
//! components never take this form: they are steps ([`ResponseWriter`](crate::exchange::ResponseWriter)).

mod body;
mod fields;

pub use body::{Body, FilePart, Piece, ReadFault, Step};
pub use fields::ReplyFields;

use bytes::Bytes;

pub use crate::site::FileContent;

/// A whole response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status; not checked.
    pub status: u16,
    /// The reason phrase; none: the one that belongs to the status, if any.
    pub reason: Option<Bytes>,
    /// The fields, in the order in which they will leave.
    pub fields: ReplyFields,
    /// The content.
    pub body: Body,
}

impl Reply {
    /// A response with this status, without fields or content.
    pub fn new(status: u16) -> Self {
        Self { status, reason: None, fields: ReplyFields::default(), body: Body::Pieces(Vec::new()) }
    }
}
