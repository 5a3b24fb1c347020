"""Frames as `wptserve.raw` describes them, in the words of the interface `raw`."""

from wit_world.imports import raw


def build(kind, stream_id, parts):
    """A frame of the interface."""
    return raw.Frame(stream_id, _BODIES[kind](*parts) if kind != "origin" else raw.Body_Origin(parts))


def _block(pieces):
    return [_instruction(piece) for piece in pieces]


def _instruction(piece):
    if isinstance(piece, int):
        return raw.Instruction_Indexed(piece)
    if isinstance(piece, (bytes, bytearray)):
        return raw.Instruction_Octets(bytes(piece))
    name, value, *options = piece
    indexing = _INDEXING[options[0] if options else "without-indexing"]
    is_huffman = bool(options[1]) if len(options) > 1 else False
    return raw.Instruction_Literal(raw.Literal(name, value, indexing, is_huffman))


_INDEXING = {
    "without-indexing": raw.Indexing.WITHOUT_INDEXING,
    "never-indexed": raw.Indexing.NEVER_INDEXED,
    "incremental": raw.Indexing.INCREMENTAL,
}


def _priority(priority):
    return None if priority is None else raw.Priority(*priority)


_BODIES = {
    "data": lambda octets, padding, end: raw.Body_Data(raw.Data(octets, padding, end)),
    "headers": lambda block, split, padding, priority, end_stream, end_headers: raw.Body_Headers(
        raw.Headers(_block(block), split, padding, _priority(priority), end_stream, end_headers)
    ),
    "continuation": lambda block, end: raw.Body_Continuation(raw.Continuation(_block(block), end)),
    "push_promise": lambda promised, block, split, padding, end: raw.Body_PushPromise(
        raw.PushPromise(promised, _block(block), split, padding, end)
    ),
    "priority": lambda *parts: raw.Body_Priority(raw.Priority(*parts)),
    "rst_stream": lambda code: raw.Body_RstStream(code),
    "settings": lambda ack, pairs: raw.Body_Settings(raw.Settings(ack, [raw.Setting(*pair) for pair in pairs])),
    "ping": lambda ack, opaque: raw.Body_Ping(raw.Ping(ack, opaque)),
    "goaway": lambda last, code, debug: raw.Body_Goaway(raw.Goaway(last, code, debug)),
    "window_update": lambda increment: raw.Body_WindowUpdate(increment),
    "altsvc": lambda origin, value: raw.Body_Altsvc(raw.Altsvc(origin, value)),
    "priority_update": lambda stream, value: raw.Body_PriorityUpdate(raw.PriorityUpdate(stream, value)),
    "other": lambda kind, flags, reserved, payload, length: raw.Body_Other(
        raw.Other(kind, flags, reserved, payload, length)
    ),
}
