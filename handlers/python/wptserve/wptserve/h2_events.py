"""What `handle_headers`, `handle_data` and `handle_frame` are given."""


class RequestReceived:
    """The request's field section."""

    def __init__(self, stream_id, headers, stream_ended):
        self.stream_id = stream_id
        #: Name and value pairs, text, in wire order with pseudo-fields.
        self.headers = headers
        self.stream_ended = StreamEnded(stream_id) if stream_ended else None
        self.priority_updated = None


class DataReceived:
    """A DATA frame of the client's, padding removed."""

    def __init__(self, stream_id, data, flow_controlled_length, stream_ended):
        self.stream_id = stream_id
        self.data = data
        self.flow_controlled_length = flow_controlled_length
        self.stream_ended = StreamEnded(stream_id) if stream_ended else None


class StreamEnded:
    """The client's side of the stream is over."""

    def __init__(self, stream_id):
        self.stream_id = stream_id


class StreamReset:
    """The client reset the stream (RFC 9113 §6.4)."""

    def __init__(self, stream_id, error_code):
        self.stream_id = stream_id
        self.error_code = error_code
        self.remote_reset = True


class Frame:
    """A frame of the client's as it stood on the wire (RFC 9113 §4.1)."""

    NAMES = ("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
             "WINDOW_UPDATE", "CONTINUATION")

    def __init__(self, number, type, flags, stream_id, length, payload, padding=None, reserved=False, arrived=0.0,
                 refused=None):
        #: Counts the connection's frames from 1.
        self.number = number
        self.type = type
        self.flags = flags
        self.stream_id = stream_id
        #: As declared, padding included.
        self.length = length
        #: At most 256 octets; none of DATA, HEADERS and CONTINUATION.
        self.payload = payload
        self.padding = padding
        self.reserved = reserved
        #: Seconds since the client's preface.
        self.arrived = arrived
        #: Why the server refused it; none if it did not.
        self.refused = refused

    @property
    def name(self):
        """What RFC 9113 §6 calls it; `0x…` for others."""
        return self.NAMES[self.type] if self.type < len(self.NAMES) else f"{self.type:#x}"

    @property
    def ends_stream(self):
        """END_STREAM, on the frames that have it."""
        return self.type in (0, 1) and bool(self.flags & 0x1)

    def __repr__(self):
        return f"<{self.name} stream={self.stream_id} flags={self.flags:#x} length={self.length}>"
