//! Numbers that have names in the RFCs.

/// Frame types: RFC 9113 §6, RFC 7838 §4, RFC 8336 §2, RFC 9218 §7.1.
pub const KINDS: &[(&str, u8)] = &[
    ("DATA", 0x0),
    ("HEADERS", 0x1),
    ("PRIORITY", 0x2),
    ("RST_STREAM", 0x3),
    ("SETTINGS", 0x4),
    ("PUSH_PROMISE", 0x5),
    ("PING", 0x6),
    ("GOAWAY", 0x7),
    ("WINDOW_UPDATE", 0x8),
    ("CONTINUATION", 0x9),
    ("ALTSVC", 0xa),
    ("ORIGIN", 0xc),
    ("PRIORITY_UPDATE", 0x10),
];

/// RFC 9113 §7, whose codes count up from 0.
pub const CODES: &[&str] = &[
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1; without their common prefix `SETTINGS_`.
pub const SETTINGS: &[(&str, u16)] = &[
    ("HEADER_TABLE_SIZE", 0x1),
    ("ENABLE_PUSH", 0x2),
    ("MAX_CONCURRENT_STREAMS", 0x3),
    ("INITIAL_WINDOW_SIZE", 0x4),
    ("MAX_FRAME_SIZE", 0x5),
    ("MAX_HEADER_LIST_SIZE", 0x6),
    ("ENABLE_CONNECT_PROTOCOL", 0x8),
    ("NO_RFC7540_PRIORITIES", 0x9),
];

/// RFC 9113 §6; ACK has the value of END_STREAM.
pub const FLAGS: &[(&str, u8)] =
    &[("end-stream", 0x1), ("ack", 0x1), ("end-headers", 0x4), ("padded", 0x8), ("priority", 0x20)];

/// The name of a frame type.
pub fn kind_name(kind: u8) -> Option<&'static str> {
    KINDS.iter().find(|(_, number)| *number == kind).map(|(name, _)| *name)
}

/// The name of an error code.
pub fn code_name(code: u32) -> Option<&'static str> {
    CODES.get(usize::try_from(code).ok()?).copied()
}

/// The number of an error code's name.
pub fn code_number(name: &str) -> Option<u64> {
    CODES.iter().zip(0..).find(|(known, _)| **known == name).map(|(_, number)| number)
}

/// The number of a name in one of the tables here.
pub fn number<N: Copy + Into<u64>>(table: &[(&str, N)], name: &str) -> Option<u64> {
    table.iter().find(|(known, _)| *known == name).map(|(_, number)| (*number).into())
}
