//! The text of responses (RFC 9112 §4, §5, §7.1): fields exactly as given. Sans I/O.

use bytes::{BufMut, BytesMut};
use http::StatusCode;

use crate::exchange::FieldSection;

/// The status line, with the reason phrase registered for the status or an empty one.
///
/// HTTP/1.0 clients see `HTTP/1.1` too (RFC 9112 §2.3: the version that the server conforms to).
pub(super) fn status_line(out: &mut BytesMut, status: u16) {
    if status == 200 {
        out.put_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.put_slice(b"HTTP/1.1 ");
    out.put_slice(&[digit(status / 100), digit(status / 10), digit(status), b' ']);
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    out.put_slice(reason.unwrap_or_default().as_bytes());
    out.put_slice(b"\r\n");
}

/// Field lines, order, case and duplicates kept, without the empty line.
pub(super) fn field_lines(out: &mut BytesMut, fields: &FieldSection) {
    for field in fields.iter() {
        out.put_slice(field.name);
        out.put_slice(b": ");
        out.put_slice(field.value);
        out.put_slice(b"\r\n");
    }
}

/// A chunk-size line (RFC 9112 §7.1).
pub(super) fn chunk_size(out: &mut BytesMut, size: usize) {
    let digits = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        out.put_u8(b"0123456789abcdef"[(size >> (place * 4)) & 0xf]);
    }
    out.put_slice(b"\r\n");
}

fn digit(number: u16) -> u8 {
    b"0123456789"[usize::from(number % 10)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_have_the_registered_reason() {
        for (status, expected) in [
            (200, "HTTP/1.1 200 OK\r\n"),
            (103, "HTTP/1.1 103 Early Hints\r\n"),
            (404, "HTTP/1.1 404 Not Found\r\n"),
            (299, "HTTP/1.1 299 \r\n"),
            (999, "HTTP/1.1 999 \r\n"),
        ] {
            let mut out = BytesMut::new();
            status_line(&mut out, status);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn field_lines_stay_as_they_are() {
        let mut out = BytesMut::new();
        let lines = [(b"b".as_slice(), b"1".as_slice()), (b"A", b""), (b"B", b"\xff")];
        field_lines(&mut out, &FieldSection::from_lines(lines));
        assert_eq!(out, b"b: 1\r\nA: \r\nB: \xff\r\n".as_slice());
    }

    #[test]
    fn chunk_sizes_are_hexadecimal() {
        for size in [0, 1, 9, 10, 15, 16, 255, 4096, 65_537, usize::MAX] {
            let mut out = BytesMut::new();
            chunk_size(&mut out, size);
            assert_eq!(out, format!("{size:x}\r\n"));
        }
    }
}
