"""`response.writer` over HTTP/2."""


from .utils import isomorphic_encode

#: RFC 9113 §8.2.2: fields that the original's library drops.
_CONNECTION_SPECIFIC = frozenset((b"connection", b"upgrade", b"transfer-encoding", b"keep-alive", b"proxy-connection"))
#: Names that stand for pseudo-fields.
_PSEUDO = frozenset((b"method", b"scheme", b"host", b"path", b"authority", b"status"))
#: Octets that every client takes in one frame (RFC 9113 §6.5.2).
_FRAME_OCTETS = 16384
#: Octets of a file that are sent in one piece.
FILE_OCTETS = 64 * 1024


class ProtocolError(Exception):
    """What was to be sent is no proper HTTP/2, and was not sent."""


class StreamClosedError(ProtocolError):
    """The stream is over."""


class H2ResponseWriter:
    """Writes a response frame by frame. The first methods are checked by the server; the raw ones are not."""

    def __init__(self, door, response):
        self._door = door
        self._response = response
        self.request = response.request
        self.logger = response.logger
        self.content_written = False
        self.stream_ended = False
        self.is_peer_gone = False
        #: Whether frames of the response left through the raw door.
        self.is_raw = False
        self._has_head = False
        #: Whether the head left unchecked: then the server knows of none, and all that follows leaves the same way.
        self._is_unchecked = False
        #: Promised responses by the identifier that `write_push` gave.
        self._pushed = {}

    @property
    def has_begun(self):
        """Whether anything of the final response has left."""
        return self._has_head or self.is_raw

    def write_headers(self, headers, status_code, status_message=None, stream_id=None, last=False):
        """HEADERS with `:status` and these fields. 1xx: an informational response, of which there can be several."""
        self.content_written = True
        is_last = last or self.request.method == "HEAD"
        lines = [(_octets(name), _octets(value)) for name, value in headers]
        if not self._response.validate:
            self._send_unchecked(status_code, lines, stream_id, is_last)
        elif 100 <= int(status_code) < 200 and not is_last:
            self._step(self._door.send_informational, int(status_code), _polite(lines))
        else:
            target = self._target(stream_id)
            self._step(self._door.send_headers, int(status_code), _polite(lines), is_last, target)
            self._note_end(is_last, target)
            self._has_head = self._has_head or target is None

    def write_data(self, item, last=False, stream_id=None):
        """DATA, as many frames as the client's windows and frame size need."""
        self.content_written = True
        target = self._target(stream_id)
        if isinstance(item, (str, bytes)):
            self._send_data(self.encode(item), last, target)
        else:
            item.seek(0)
            octets = item.read(FILE_OCTETS)
            while octets and not self.is_peer_gone:
                following = item.read(FILE_OCTETS)
                self._send_data(self.encode(octets), last and not following, target)
                octets = following
        self._note_end(last, target)

    def write_data_frame(self, data, last, stream_id=None):
        """The same, for those that call it."""
        self.write_data(data, last, stream_id)

    def write_push(self, promise_headers, push_stream_id=None, status=None, response_headers=None, response_data=None):
        """Promises a response, and sends it if there is one. Gives the identifier that the other methods take for it:
        the server numbers the stream itself, unless `push_stream_id` names it, which needs the raw door."""
        lines = [(_octets(name), _octets(value)) for name, value in promise_headers]
        if push_stream_id is not None:
            self._response.raw.push_promise(push_stream_id, lines)
            return push_stream_id
        push_stream_id = 2 * (len(self._pushed) + 1)
        self._pushed[push_stream_id] = self._step(self._door.push, lines)
        if response_headers is not None:
            if status is None:
                raise ValueError("a pushed response with fields needs a status")
            self.write_headers(response_headers, status, stream_id=push_stream_id, last=response_data is None)
        if response_data is not None:
            self.write_data(response_data, last=True, stream_id=push_stream_id)
        return push_stream_id

    def end_stream(self, stream_id=None):
        """An empty DATA frame with END_STREAM."""
        self.content_written = True
        target = self._target(stream_id)
        if self._is_unchecked and target is None:
            self._send_data(b"", True, None)
        else:
            self._step(self._door.end_stream, target)
        self._note_end(True, target)

    def write_raw_header_frame(self, headers, stream_id=None, end_stream=False, end_headers=False, frame_cls=None):
        """HEADERS with exactly these fields, whatever the state of the stream.

        A well-formed informational response before the head leaves politely: it needs no grant, and the connection is
        none the worse for it.
        """
        lines = [(_octets(name), _octets(value)) for name, value in headers]
        is_continuation = getattr(frame_cls, "__name__", "") == "ContinuationFrame"
        own = stream_id in (None, 0, self.request.h2_stream_id)
        if own and end_headers and not end_stream and not is_continuation and not self._has_head:
            status = _informational(lines)
            if status is not None and self._door.send_informational(status, lines[1:]) is None:
                self.content_written = True
                return
        self.content_written = True
        if is_continuation:
            self._response.raw.continuation(lines, end_headers=end_headers, stream_id=stream_id or None)
            return
        self._response.raw.headers(lines, end_stream=end_stream, end_headers=end_headers, stream_id=stream_id or None)
        self._note_end(end_stream, None if own else stream_id)

    def write_raw_data_frame(self, data, stream_id=None, end_stream=False):
        """One DATA frame, whatever the windows say."""
        self.content_written = True
        self._response.raw.data(self.encode(data), end_stream=end_stream, stream_id=stream_id or None)
        self._note_end(end_stream, None if stream_id in (None, 0, self.request.h2_stream_id) else stream_id)

    def write_raw_continuation_frame(self, headers, stream_id=None, end_headers=False):
        """CONTINUATION with these fields."""
        self.content_written = True
        lines = [(_octets(name), _octets(value)) for name, value in headers]
        self._response.raw.continuation(lines, end_headers=end_headers, stream_id=stream_id or None)

    def get_max_payload_size(self, stream_id=None):
        """Octets of content that could leave at once, as the original counts."""
        return min(16384, self._door.open_window()) - 9

    def write(self, raw_data):
        """Octets verbatim, between two frames. The connection closes behind the response."""
        return self.write_raw(raw_data)

    def write_raw(self, raw_data):
        """Octets verbatim, between two frames. The connection closes behind the response."""
        self.content_written = True
        return self._response.raw.octets(self.encode(raw_data))

    def flush(self):
        """Everything has left when a write returns."""

    def encode(self, data):
        """Octets as they are, text in the response's encoding."""
        if isinstance(data, bytes):
            return data
        if isinstance(data, str):
            return data.encode(self._response.encoding)
        raise ValueError(f"data should be text or octets, but is {type(data)}")

    def decode(self, data):
        """Text as it is, octets in the response's encoding."""
        if isinstance(data, str):
            return data
        if isinstance(data, bytes):
            return data.decode(self._response.encoding)
        raise ValueError(f"data should be text or octets, but is {type(data)}")

    def _target(self, stream_id):
        """The pushed response with this identifier; none: the exchange's own."""
        if stream_id is None or stream_id == self.request.h2_stream_id:
            return None
        if stream_id not in self._pushed:
            raise ProtocolError(f"stream {stream_id} was not promised by this response")
        return self._pushed[stream_id]

    def _send_data(self, octets, is_last, target):
        if not self._is_unchecked or target is not None:
            self._step(self._door.send_data, octets, is_last, target)
            return
        for at in range(0, max(len(octets), 1), _FRAME_OCTETS):
            piece = octets[at : at + _FRAME_OCTETS]
            is_end = is_last and at + _FRAME_OCTETS >= len(octets)
            if not self._response.raw.data(piece, end_stream=is_end):
                self.is_peer_gone = True
                return
            self.stream_ended = is_end

    def _note_end(self, is_last, target):
        if is_last and target is None:
            self.stream_ended = True

    def _send_unchecked(self, status_code, lines, stream_id, is_last):
        lines = [(b":status", str(status_code).encode("ascii")), *lines]
        self._response.raw.headers(lines, end_stream=is_last, stream_id=stream_id)
        self.stream_ended = is_last
        self._has_head = self._is_unchecked = True

    def _step(self, step, *arguments):
        """A call of the door: what it gives, or `ProtocolError`. After the peer has left, nothing happens."""
        fault = step(*arguments)
        if isinstance(fault, PeerGone):
            self.is_peer_gone = True
            self.stream_ended = True
            return None
        if isinstance(fault, Exception):
            raise fault
        return fault


class PeerGone(Exception):
    """The peer has left; no fault of the handler."""


def _octets(value):
    return str(value).encode("ascii") if isinstance(value, int) else isomorphic_encode(value)


def _polite(lines):
    """Fields as the original's library sends them: lower-case, trimmed, without what is for HTTP/1.x alone."""
    polite = []
    for name, value in lines:
        name = name.lower().strip()
        if name in _PSEUDO:
            name = b":" + name
        if name not in _CONNECTION_SPECIFIC:
            polite.append((name, value.strip()))
    return polite


def _informational(lines):
    """The status, if these are the fields of an informational response (RFC 9113 §8.1)."""
    if not lines or lines[0][0] != b":status":
        return None
    status = lines[0][1]
    is_status = len(status) == 3 and status.isdigit() and status[:1] == b"1" and status != b"101"
    return int(status) if is_status else None


