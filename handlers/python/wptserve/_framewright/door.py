"""The door to the server: the one module, with `frames`, that knows the WIT interfaces and their bindings."""

from componentize_py_types import Err
from wit_world.imports import inspect, log, pipes, push, raw, script, stash, types
from wptserve.h2_events import Frame
from wptserve.h2_writer import PeerGone, ProtocolError, StreamClosedError
from wptserve.raw import RawError

from . import frames
from .facts import Facts

_VERSIONS = {types.Version.HTTP10: "HTTP/1.0", types.Version.HTTP11: "HTTP/1.1", types.Version.HTTP2: "HTTP/2"}
_HOW = {"half-close": raw.How.HALF_CLOSE, "without-close-notify": raw.How.WITHOUT_CLOSE_NOTIFY, "reset": raw.How.RESET}
_MENDED = {"request-duplicates": script.Mended.REQUEST_DUPLICATES, "http2-url": script.Mended.HTTP2_URL,
           "http2-content": script.Mended.HTTP2_CONTENT}
_SECOND = 1_000_000_000


class Door:
    """One exchange. Steps of a response give None, or what went wrong as an exception that is not raised."""

    def __init__(self, request, response):
        self._request = request
        self._response = response
        self._facts = None

    # The script.

    def facts(self):
        if self._facts is None:
            told = script.facts()
            self._facts = Facts(
                _VERSIONS[told.version],
                told.method,
                told.path_with_query,
                told.scheme,
                [(field.name, field.value) for field in told.fields],
                told.head,
                (told.peer.address, told.peer.port),
                (told.local.address, told.local.port),
                told.stream_id,
                told.has_raw,
                told.is_local,
                frozenset(name for name, flag in _MENDED.items() if told.mended & flag),
                told.injects_script,
                told.only_load,
            )
        return self._facts

    path = staticmethod(script.path)
    source = staticmethod(script.source)
    compiled = staticmethod(script.compiled)
    store_compiled = staticmethod(script.store_compiled)
    compiled_module = staticmethod(script.compiled_module)
    only_compile = staticmethod(script.only_compile)
    config = staticmethod(script.config)
    fail = staticmethod(script.fail)
    inject_script = staticmethod(script.inject_script)

    def log_warning(self, text):
        for line in text.splitlines():
            log.log(log.Level.WARN, line)

    # The request.

    def read(self):
        """Some octets of content; none at the end, and when the client broke off."""
        try:
            event = self._request.read(0, None)
        except Err:
            return b""
        return event.value if isinstance(event, types.ContentEvent_Data) else b""

    def next_frame(self, after, own, stream_id, timeout):
        """The next frame of a stream; of the own one and the connection if `stream_id` is 0."""
        deadline = None if timeout is None else int(timeout * _SECOND)
        while True:
            try:
                frame = inspect.next_frame(after, stream_id or None, deadline)
            except Err:
                return None
            if frame.stream_id in (0, own):
                return Frame(
                    frame.number, frame.kind, frame.flags, frame.stream_id, frame.length, frame.payload,
                    frame.padding, frame.reserved, frame.arrived_ns / _SECOND, frame.refused,
                )
            after = frame.number

    # The polite response. `target`: a pushed response, or none for the exchange's own.

    def send_informational(self, status, fields):
        return self._step(self._response.send_informational, status, _fields(fields))

    def send_headers(self, status, fields, is_last, target):
        return self._step((target or self._response).send_headers, status, _fields(fields), is_last)

    def send_data(self, octets, is_last, target):
        return self._step((target or self._response).send_data, octets, is_last)

    def end_stream(self, target):
        return self._step((target or self._response).end_stream)

    def open_window(self):
        return self._response.open_window()

    def push(self, lines):
        """The response promised to these request fields, or what went wrong."""
        pseudo = {name: value for name, value in lines if name.startswith(b":")}
        fields = _fields([line for line in lines if not line[0].startswith(b":")])
        try:
            return push.push(pseudo.get(b":method", b"GET"), pseudo.get(b":authority"), pseudo.get(b":path", b"/"), fields)
        except Err as error:
            return ProtocolError(f"the server promises nothing: {_words(error.value)}")

    @staticmethod
    def _step(step, *arguments):
        try:
            step(*arguments)
        except Err as error:
            if isinstance(error.value, types.WriteError_PeerGone):
                return PeerGone()
            if isinstance(error.value, types.WriteError_OutOfOrder):
                return StreamClosedError(f"out of order: the response is in the phase {error.value.value.name.lower()}")
            return ProtocolError(f"refused: {_words(error.value)}")
        return None

    # The raw door.

    def send_octets(self, octets):
        return _raw(raw.send_octets, octets)

    def send_frames(self, described):
        return _raw(raw.send_frames, [frames.build(*frame) for frame in described])

    def flush(self):
        return _raw(raw.flush)

    def close(self, how):
        return _raw(raw.close, _HOW[how])

    def hold(self, seconds, octets):
        return _raw(raw.hold, int(seconds * _SECOND), octets)

    def release(self):
        return raw.release().name.lower()

    def absorb(self, stream_id):
        return _raw(raw.absorb, stream_id)

    def after(self, keep):
        raw.after(raw.Rule.KEEP if keep else raw.Rule.CLOSE)

    # The stash: what went wrong, in words, or None.

    def stash_put(self, path, key, octets):
        return _stash(stash.put, path, key, octets)[1]

    def stash_take(self, path, key):
        return _stash(stash.take, path, key)

    def stash_lock(self):
        """What went wrong, and whether it was only the patience of the server that ended."""
        try:
            stash.lock()
        except Err as error:
            return _words(error.value), isinstance(error.value, stash.StashError_Locked)
        return None, False

    def stash_unlock(self):
        return _stash(stash.unlock)[1]

    def apply_pipes(self, reply, text):
        """Status, reason, fields and content behind these pipes. Content: octets, or pieces and waits in seconds."""
        status, reason, fields, content = reply
        if isinstance(reason, str):
            reason = reason.encode("iso-8859-1")
        if isinstance(content, bytes):
            content = pipes.Content_Whole(content)
        else:
            content = pipes.Content_Steps([pipes.Step_Octets(piece) for piece in content])
        lines = [(_octets(name), _octets(value)) for name, value in fields]
        try:
            reply = pipes.apply(pipes.Reply(status, reason, _fields(lines), content), text)
        except Err as error:
            raise ValueError(error.value) from None
        content = reply.content.value
        if isinstance(reply.content, pipes.Content_Steps):
            content = [
                step.value / _SECOND if isinstance(step, pipes.Step_Pause) else step.value for step in content
            ]
        return reply.status, reply.reason, [(field.name, field.value) for field in reply.fields], content


def _octets(value):
    if isinstance(value, bytes):
        return value
    return str(value).encode("iso-8859-1")


def _fields(lines):
    return [types.Field(name, value) for name, value in lines]


def _raw(call, *arguments):
    """Whether the call was made; `RawError` if it can't be."""
    try:
        call(*arguments)
    except Err as error:
        if isinstance(error.value, raw.RawError_Gone):
            return False
        raise RawError(f"the raw door refuses: {_words(error.value)}") from None
    return True


def _stash(call, *arguments):
    try:
        return call(*arguments), None
    except Err as error:
        return None, _words(error.value)


def _words(error):
    """A fault's name as the interface spells it, and what it names."""
    kind = type(error).__name__.partition("_")[2] if hasattr(error, "__dict__") and "_" in type(error).__name__ else ""
    if not kind:
        return str(getattr(error, "name", error)).lower().replace("_", "-")
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("-")
    value = getattr(error, "value", None)
    return words if value is None else f"{words} ({getattr(value, 'name', value)})"
