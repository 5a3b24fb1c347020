//! What frame types and flags are called, in the wire log and by `call`. This module knows no more of HTTP/2 than that.

/// The name of a frame type (RFC 9113 §6, RFC 7838 §4, RFC 8336 §2, RFC 9218 §7.1), if it has one.
pub fn frame_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x0 => "DATA",
        0x1 => "HEADERS",
        0x2 => "PRIORITY",
        0x3 => "RST_STREAM",
        0x4 => "SETTINGS",
        0x5 => "PUSH_PROMISE",
        0x6 => "PING",
        0x7 => "GOAWAY",
        0x8 => "WINDOW_UPDATE",
        0x9 => "CONTINUATION",
        0xa => "ALTSVC",
        0xc => "ORIGIN",
        0x10 => "PRIORITY_UPDATE",
        _ => return None,
    })
}

/// The flags of a frame type that have names (RFC 9113 §6), lowest first.
pub fn flag_names(kind: u8) -> &'static [(u8, &'static str)] {
    match kind {
        0x0 => &[(0x1, "END_STREAM"), (0x8, "PADDED")],
        0x1 => &[(0x1, "END_STREAM"), (0x4, "END_HEADERS"), (0x8, "PADDED"), (0x20, "PRIORITY")],
        0x4 | 0x6 => &[(0x1, "ACK")],
        0x5 => &[(0x4, "END_HEADERS"), (0x8, "PADDED")],
        0x9 => &[(0x4, "END_HEADERS")],
        _ => &[],
    }
}
