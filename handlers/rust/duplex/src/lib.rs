//! Responds before the request's content has arrived, then sends every piece back as it comes: full duplex. Trailers
//! come back as trailers.
//!
//! Nothing is kept: as long as the peer doesn't take what is sent back, nothing more is read from it.

use framewright_guest::{ContentEvent, Fault, Request, ResponseWriter, field, handler};

handler!(duplex);

fn duplex(request: Request, response: ResponseWriter) -> Result<(), Fault> {
    response.send_headers(200, &[field("content-type", "application/octet-stream")], false)?;
    let mut trailers = Vec::new();
    loop {
        match request.read(0, None) {
            Ok(ContentEvent::Data(data)) => response.send_data(&data, false)?,
            Ok(ContentEvent::Trailers(fields)) => trailers = fields,
            Ok(ContentEvent::End) => break,
            Err(error) => {
                // Returning would end the response politely, as if all had come back.
                response.reset(INTERNAL_ERROR)?;
                return Err(error.into());
            }
        }
    }
    match trailers.as_slice() {
        [] => response.end_stream()?,
        fields => response.send_trailers(fields)?,
    }
    Ok(())
}

/// RFC 9113 §7.
const INTERNAL_ERROR: u32 = 0x2;
