//! Breaks rules on purpose, octet for octet as `tests/frames/same.frames` does.
//!
//! HTTP/2: a field block cut after its first octet (RFC 9113 §6.10, allowed and rare), a padded frame (§6.1). HTTP/1.1: bare
//! LF and two lengths (RFC 9112 §2.2, §6.3).

use framewright_guest::{Fault, Request, ResponseWriter, Version, frame, handler, literal, raw};

handler!(misbehave);

fn misbehave(request: Request, _response: ResponseWriter) -> Result<(), Fault> {
    if request.version() != Version::Http2 {
        raw::send_octets(b"HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n\none")?;
        return Ok(raw::close(raw::How::HalfClose)?);
    }
    let headers = raw::Headers {
        block: vec![literal(":status", "200")],
        split: vec![1],
        padding: None,
        priority: None,
        end_stream: false,
        end_headers: true,
    };
    raw::send_frames(&[frame(raw::Body::Headers(headers))])?;
    raw::send_frames(&[data("one", Some(3), false)])?;
    Ok(raw::send_frames(&[data("two", None, true)])?)
}

fn data(text: &str, padding: Option<u8>, end_stream: bool) -> raw::Frame {
    frame(raw::Body::Data(raw::Data { octets: text.into(), padding, end_stream }))
}
