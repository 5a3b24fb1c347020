"""A handler over HTTP/2: `handle_headers` at once, `handle_data` for each DATA frame, `main` when the client is done."""

from wptserve import pipes
from wptserve.h2_events import DataReceived, RequestReceived, StreamEnded, StreamReset
from wptserve.h2_writer import StreamClosedError
from wptserve.handlers import FunctionHandler
from wptserve.utils import HTTPException

from . import code

DATA, HEADERS, RST_STREAM = 0x0, 0x1, 0x3


def run(door, request, response, finish):
    """Answers the exchange. `finish` sends what a step made, and reports what it raised."""
    environment = {}

    def load():
        environment.update(code.load(door))
        if not any(name in environment for name in ("main", *_HOOKS)):
            raise HTTPException(500, f"No main function or handlers in script {door.path()}")

    try:
        load()
        feed(door, request, response, environment)
    except BaseException as error:
        # Rebound: `error` is gone behind this block.
        fault = error
        finish(door, request, response, lambda: _raise(fault))
        end(response)
        return
    finish(door, request, response, lambda: main(request, response, environment))
    end(response)


_HOOKS = ("handle_headers", "handle_data", "handle_frame")


def _raise(fault):
    if isinstance(fault, OSError):
        raise HTTPException(404) from fault
    raise fault


def main(request, response, environment):
    """What comes after the client's END_STREAM. Without a `main`, hooks have done all there is to do."""
    if "main" in environment:
        FunctionHandler(environment["main"])(request, response)


def end(response):
    """Ends what nothing ended: older handlers never do."""
    if not response.writer.stream_ended:
        try:
            response.writer.end_stream()
        except StreamClosedError:
            pass


def feed(door, request, response, environment):
    """Calls the hooks for the request's frames, to its end. Without hooks there is nothing to wait for but the end."""
    on_headers, on_data, on_frame = (environment.get(name) for name in _HOOKS)
    stream = request.h2_stream_id
    has_content = True
    if on_data is None and on_frame is None:
        received = RequestReceived(stream, request.raw_headers.raw_items(), False)
        request.frames.append(received)
        if on_headers is not None:
            on_headers(received, request, response)
        # The original answers when all of the request is there.
        request.received.read()
        request.received.seek(0)
        return
    while has_content:
        frame = door.next_frame(request._seen_frames, stream, 0 if on_frame else stream, None)
        if frame is None:
            return
        request._seen_frames = frame.number
        if on_frame is not None:
            on_frame(frame, request, response)
        if frame.stream_id == stream and frame.refused is None:
            has_content = take(frame, request, response, on_headers, on_data)


def take(frame, request, response, on_headers, on_data):
    """Passes one frame of the stream on; whether more may come."""
    stream = request.h2_stream_id
    if frame.type == HEADERS and not request.frames:
        event = RequestReceived(stream, request.raw_headers.raw_items(), frame.ends_stream)
        request.frames.append(event)
        if on_headers is not None:
            on_headers(event, request, response)
    elif frame.type == DATA:
        octets = frame.length - (0 if frame.padding is None else frame.padding + 1)
        event = DataReceived(stream, request.received.read(octets) if octets else b"", frame.length, frame.ends_stream)
        request.frames.append(event)
        if on_data is not None:
            on_data(event, request, response)
    elif frame.type == RST_STREAM:
        request.frames.append(StreamReset(stream, int.from_bytes(frame.payload[:4], "big")))
        return False
    if frame.ends_stream:
        request.frames.append(StreamEnded(stream))
        return False
    return True
