"""`response.raw`: the raw door. Any octets and any frames, right or wrong; needs the grant `raw`.

Each method sends at once. `stream_id`: none stands for the exchange's own stream, or for 0 where the frame belongs to
the connection. A field block is a list of name and value pairs, sent as literals that leave the client's table alone,
or octets, which are the encoded block itself (RFC 7541).
"""

from .utils import isomorphic_encode

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
ALTSVC, ORIGIN, PRIORITY_UPDATE = 0xA, 0xC, 0x10

#: Frames that make up a response.
_ANSWERING = frozenset(("data", "headers", "continuation", "rst_stream"))


class RawError(Exception):
    """A raw call was refused."""


class Raw:
    """The raw door of one exchange. The methods give False once the connection is gone."""

    def __init__(self, door, response):
        self._door = door
        self._response = response

    def frame(self, type, flags=0, payload=b"", stream_id=None, declared_length=None, reserved=False):
        """Any frame (RFC 9113 §4.1). `declared_length`: the Length field, where it is not to be the payload's."""
        own = getattr(self._response.request, "h2_stream_id", None)
        if type in (DATA, HEADERS, CONTINUATION, RST_STREAM) and stream_id in (None, own):
            self._touch()
        return self.frames(("other", stream_id, (type, flags, reserved, payload, declared_length)))

    def frames(self, *frames):
        """Several frames with nothing between them: what the methods below build, as `(kind, stream_id, parts)`."""
        own = getattr(self._response.request, "h2_stream_id", None)
        if any(kind in _ANSWERING and stream_id in (None, own) for kind, stream_id, _ in frames):
            self._touch()
        return self._door.send_frames(frames)

    def data(self, data, end_stream=False, padding=None, stream_id=None):
        return self.frames(("data", stream_id, (data, padding, end_stream)))

    def headers(self, block, end_stream=False, end_headers=True, padding=None, split=(), priority=None, stream_id=None):
        """HEADERS, with CONTINUATION where `split` says: octets of the block in each frame but the last."""
        parts = (_block(block), list(split), padding, priority, end_stream, end_headers)
        return self.frames(("headers", stream_id, parts))

    def continuation(self, block, end_headers=True, stream_id=None):
        return self.frames(("continuation", stream_id, (_block(block), end_headers)))

    def push_promise(self, promised_stream_id, block, end_headers=True, padding=None, split=(), stream_id=None):
        parts = (promised_stream_id, _block(block), list(split), padding, end_headers)
        return self.frames(("push_promise", stream_id, parts))

    def priority(self, dependency, weight=15, exclusive=False, stream_id=None):
        return self.frames(("priority", stream_id, (exclusive, dependency, weight)))

    def reset(self, error_code=0, stream_id=None):
        return self.frames(("rst_stream", stream_id, (error_code,)))

    def settings(self, settings=(), ack=False, stream_id=None):
        """`settings`: a dict, or pairs of identifier and value."""
        pairs = settings.items() if isinstance(settings, dict) else settings
        return self.frames(("settings", stream_id, (ack, [(int(name), value) for name, value in pairs])))

    def ping(self, opaque=b"\0" * 8, ack=False, stream_id=None):
        return self.frames(("ping", stream_id, (ack, opaque)))

    def goaway(self, last_stream_id=0, error_code=0, debug_data=b"", stream_id=None):
        return self.frames(("goaway", stream_id, (last_stream_id, error_code, debug_data)))

    def window_update(self, increment, stream_id=None):
        return self.frames(("window_update", stream_id, (increment,)))

    def altsvc(self, value, origin=b"", stream_id=None):
        """RFC 7838 §4."""
        return self.frames(("altsvc", stream_id, (isomorphic_encode(origin), isomorphic_encode(value))))

    def origin(self, *origins, stream_id=None):
        """RFC 8336 §2."""
        return self.frames(("origin", stream_id, [isomorphic_encode(origin) for origin in origins]))

    def priority_update(self, prioritized_stream_id, value, stream_id=None):
        """RFC 9218 §7.1."""
        return self.frames(("priority_update", stream_id, (prioritized_stream_id, isomorphic_encode(value))))

    def octets(self, octets):
        """Octets verbatim: on HTTP/2 between two frames, and the connection closes behind the exchange."""
        self._touch()
        return self._door.send_octets(octets)

    def flush(self):
        """Waits until all that was sent has been handed to the operating system."""
        return self._door.flush()

    def close(self, how="half-close"):
        """Leaves: `half-close`, `without-close-notify` or `reset`."""
        self._touch()
        return self._door.close(how)

    def after(self, keep):
        """Whether the connection serves further requests when the exchange is over."""
        self._door.after(keep)

    def hold(self, seconds, octets=65536):
        """Keeps other streams' frames back until `release`, at most this long and this many octets."""
        return self._door.hold(seconds, octets)

    def release(self):
        """Ends a hold; says how it ended: `released`, `lost` or `none`."""
        return self._door.release()

    def absorb(self, stream_id):
        """Makes the client's frames on a stream promised raw no error."""
        return self._door.absorb(stream_id)

    def _touch(self):
        """What was sent raw is the response, and nothing is added to it."""
        writer = self._response.writer
        writer.content_written = True
        if hasattr(writer, "stream_ended"):
            writer.stream_ended = writer.is_raw = True


def _block(block):
    """The pieces of a field block: pairs become literals."""
    if isinstance(block, (bytes, bytearray)):
        return [bytes(block)]
    pieces = []
    for piece in block:
        if isinstance(piece, (bytes, bytearray, int)):
            # Octets of a block as they are, or an index (RFC 7541 §6.1).
            pieces.append(piece)
        else:
            name, value, *options = piece
            value = str(value) if isinstance(value, int) else value
            pieces.append((isomorphic_encode(name), isomorphic_encode(value), *options))
    return pieces
