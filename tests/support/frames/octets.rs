//! Frames and field blocks as octets.

use framewright::wire::{FrameHeader, FrameKind, hpack::encode_literal};

/// The octets of a frame.
pub fn frame(kind: FrameKind, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let length = u32::try_from(payload.len()).expect("a frame's length");
    [&FrameHeader { length, kind, flags, reserved: false, stream }.encode(), payload].concat()
}

/// A field block of literals.
pub fn block(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    fields.iter().for_each(|(name, value)| encode_literal(&mut block, name, value));
    block
}

/// The pseudo-fields of a request.
pub fn head<'a>(method: &'a str, path: &'a str) -> [(&'a [u8], &'a [u8]); 4] {
    [(b":method", method.as_bytes()), (b":scheme", b"http"), (b":authority", b"localhost"), (b":path", path.as_bytes())]
}
