//! Request content as the exchange sees it.

use std::task::{Context, Poll};

use super::link::Link;
use crate::exchange::{ContentError, ContentEvent, ContentStream};

/// The content of one request.
#[derive(Debug)]
pub(super) struct Reader(pub(super) Link);

impl ContentStream for Reader {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<ContentEvent, ContentError>> {
        // The task may have left a full inbox alone, or may have to send 100 Continue.
        self.0.step(|state| state.poll_content(cx))
    }
}
