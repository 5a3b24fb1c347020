//! Sends content and then a trailer section (RFC 9110 §6.5) with two lines of one name, whose order is kept.
//!
//! fetch() does not show trailers; `curl -v` and `nghttp -v` do.

use framewright_guest::{Request, ResponseWriter, WriteError, field, handler};

handler!(trailers);

fn trailers(_: Request, response: ResponseWriter) -> Result<(), WriteError> {
    let content = b"The trailers follow.\n";
    let fields = [field("content-type", "text/plain"), field("trailer", "x-octets, x-note")];
    response.send_headers(200, &fields, false)?;
    response.send_data(content, false)?;
    response.send_trailers(&[
        field("x-octets", content.len().to_string()),
        field("x-note", "first"),
        field("x-note", "second"),
    ])
}
