//! Answers every request with one line of text: the smallest complete handler.

use framewright_guest::{Request, ResponseWriter, WriteError, field, handler};

handler!(hello);

fn hello(_: Request, response: ResponseWriter) -> Result<(), WriteError> {
    let fields = [field("content-type", "text/plain; charset=utf-8"), field("content-length", "14")];
    response.send_headers(200, &fields, false)?;
    response.send_data(b"Hello, world!\n", true)
}
