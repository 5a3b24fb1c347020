//! Server push in good order (RFC 9113 §8.4), also where handlers have promised streams raw.

use http::{HeaderValue, Method, Request, Uri};

use super::writer::{Stream, Writer, header_map};
use crate::exchange::{PushError, PushedRequest};

impl Writer {
    /// Promises a response (RFC 9113 §8.4).
    pub(super) fn promise(&mut self, request: &PushedRequest<'_>) -> Result<Self, PushError> {
        if !self.tap.takes_promises() {
            return Err(PushError::Disabled);
        }
        let promise = promised(request).ok_or(PushError::InvalidRequest)?;
        self.skip_raw_promises()?;
        let pushed = match &mut self.stream {
            Stream::Head(stream) | Stream::Content(_, Some(stream)) => stream.push_request(promise),
            Stream::Pushed(_) | Stream::Content(_, None) | Stream::Reset => return Err(PushError::Closed),
        };
        let pushed = pushed.map_err(|_| PushError::Refused)?;
        let id = pushed.stream_id().as_u32();
        self.is_ahead = true;
        self.tap.hold_promised(id);
        let (tap, resets) = (self.tap.clone(), self.resets.clone());
        let mut writer = Self::new(Stream::Pushed(pushed), tap, resets, id, self.stall, self.after_raw);
        writer.is_ahead = true;
        Ok(writer)
    }

    /// Has h2 promise a stream above those that were promised raw (RFC 9113 §5.1.1), of which it does not know.
    ///
    /// h2 counts a stream up before it looks at the fields that it is given, and forgets it when they are none that HTTP/2
    /// allows. So each promise with such a field skips a stream, and nothing leaves.
    fn skip_raw_promises(&mut self) -> Result<(), PushError> {
        let Some(last) = self.tap.last_promised_raw() else { return Ok(()) };
        let mut next = self.tap.last_promised() + 2;
        if last.saturating_sub(next) / 2 >= STREAMS_SKIPPED {
            return Err(PushError::Refused);
        }
        let (Stream::Head(stream) | Stream::Content(_, Some(stream))) = &mut self.stream else {
            return Err(PushError::Closed);
        };
        while next <= last {
            let mut nothing = Request::new(());
            nothing.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
            if stream.push_request(nothing).is_ok() {
                return Err(PushError::Refused);
            }
            self.tap.note_promised(next);
            next += 2;
        }
        Ok(())
    }
}

/// Streams that are skipped at most to find one for a promise: a moment's work.
const STREAMS_SKIPPED: u32 = 4_096;

/// A request as h2 promises it; none if it makes no URI.
fn promised(request: &PushedRequest<'_>) -> Option<Request<()>> {
    let uri = Uri::builder()
        .scheme(request.scheme)
        .authority(request.authority)
        .path_and_query(request.path_and_query)
        .build()
        .ok()?;
    let mut promise = Request::new(());
    *promise.method_mut() = Method::from_bytes(request.method).ok()?;
    *promise.uri_mut() = uri;
    *promise.headers_mut() = header_map(request.fields)?;
    Some(promise)
}
