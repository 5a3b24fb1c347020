"""The notation of `wire` in examples/misbehave/table.json, read and written.

An HTTP/2 item is a frame or octets between frames:

    {"type": "DATA", "flags": "padded", "stream": 1, "length": 4, "payload": "03 00*3"}
    {"octets": "000064"}

`type` and each of `flags` are names or `0x…`. `length` is the Length field, `payload` what follows in hexadecimal, where
`61*100` is that octet a hundred times. `reserved` sets the reserved bit, `times` repeats the item. `fields` is what the
field block decodes to that begins with this frame. A frame without `payload` was sent politely: its fields are compared,
their encoding is the server's choice. An HTTP/1.1 item is text, one code point for each octet, or `{"text", "times"}`.
"""

import re

TYPES = {
    "DATA": 0x0, "HEADERS": 0x1, "PRIORITY": 0x2, "RST_STREAM": 0x3, "SETTINGS": 0x4, "PUSH_PROMISE": 0x5, "PING": 0x6,
    "GOAWAY": 0x7, "WINDOW_UPDATE": 0x8, "CONTINUATION": 0x9, "ALTSVC": 0xA, "ORIGIN": 0xC, "PRIORITY_UPDATE": 0x10,
}
FLAGS = {"end-stream": 0x1, "ack": 0x1, "end-headers": 0x4, "padded": 0x8, "priority": 0x20}

HEADER_LENGTH = 9


def number(text, names):
    return int(text, 16) if text.startswith("0x") else names[text]


def kind_of(item):
    return number(item["type"], TYPES)


def flags_of(item):
    return sum(number(word, FLAGS) for word in item["flags"].split(",") if word)


def payload_of(text):
    """`03 61*4` as octets."""
    octets = b""
    for run in text.split():
        digits, _, times = run.partition("*")
        octets += bytes.fromhex(digits) * int(times or 1)
    return octets


def text_of(value):
    """`a*100` as text; whatever is no such run stands for itself."""
    run = re.fullmatch(r"(.)\*(\d+)", value, re.DOTALL)
    return run[1] * int(run[2]) if run else value


def header(item):
    stream = item["stream"] | (0x80000000 if item.get("reserved") else 0)
    length = item["length"].to_bytes(3, "big")
    return length + bytes([kind_of(item), flags_of(item)]) + stream.to_bytes(4, "big")


def octets_of(item):
    """What an item is on the wire; None for a polite field section."""
    if isinstance(item, str):
        return item.encode("latin-1")
    if "text" in item:
        return item["text"].encode("latin-1") * item["times"]
    if "octets" in item:
        return payload_of(item["octets"])
    if "payload" not in item:
        return None
    return (header(item) + payload_of(item["payload"])) * item.get("times", 1)


def block_of(kind, flags, payload):
    """The piece of a field block that a frame holds: without padding and priority (RFC 9113 §6.2)."""
    if kind == TYPES["HEADERS"]:
        if flags & FLAGS["padded"]:
            payload = payload[1 : len(payload) - payload[0]]
        if flags & FLAGS["priority"]:
            payload = payload[5:]
    elif kind == TYPES["PUSH_PROMISE"]:
        payload = payload[4:]
    return payload


def show(octets, most=6):
    """Octets as frames in this notation, the first few of them, for reports."""
    names = {kind: name for name, kind in TYPES.items()}
    shown = []
    while octets and len(shown) < most:
        if len(octets) < HEADER_LENGTH:
            shown.append(f"octets {octets.hex()}")
            break
        length, kind, flags = int.from_bytes(octets[:3], "big"), octets[3], octets[4]
        stream = int.from_bytes(octets[5:9], "big")
        payload = octets[9 : 9 + length]
        cut = "" if len(payload) == length else f" ({len(payload)} came)"
        digits = payload.hex() if len(payload) <= 64 else payload[:64].hex() + "…"
        shown.append(f"{names.get(kind, hex(kind))} flags={flags:#x} stream={stream:#x} length={length}{cut} {digits}")
        octets = octets[9 + length :]
    return "; ".join(shown) or "nothing"
