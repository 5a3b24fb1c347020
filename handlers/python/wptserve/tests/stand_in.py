"""A door that leads nowhere: it remembers what was sent, and needs neither WebAssembly nor a server."""

import os

from _framewright.facts import Facts
from wptserve.h2_writer import StreamClosedError

SITE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../../tests/python/site"))


class StandIn:
    """One exchange. `sent` has what left: octets on HTTP/1.x, tuples on HTTP/2."""

    def __init__(self, source, facts, content=b"", path="/a.py", stash=None, frames=()):
        self._source = source
        self._facts = facts
        self._content = [content] if content else []
        self._path = path
        self._stash = {} if stash is None else stash
        self._frames = list(frames)
        self._phase = "head"
        self.sent = []
        self.keeps = None
        self.failed = None
        self.log = []
        self.stored = None
        self.writes_left = None
        self.locked = False
        self.pipes = None

    def facts(self):
        return self._facts

    def path(self):
        return self._path

    def source(self):
        return self._source

    def compiled(self):
        return None

    def store_compiled(self, code):
        self.stored = code

    def compiled_module(self, path, source):
        return None

    def only_compile(self):
        return False

    def config(self):
        return '{"ports": {"http": [8000, 8001]}, "domains_set": ["a", "b"]}'

    def fail(self, cause):
        self.failed = cause

    def inject_script(self, page):
        return b"<script></script>" + page

    def log_warning(self, text):
        self.log.append(text)

    def read(self):
        return self._content.pop(0) if self._content else b""

    def next_frame(self, after, own, stream_id, timeout):
        while self._frames:
            frame = self._frames.pop(0)
            if frame.number > after and (not stream_id or frame.stream_id == stream_id):
                return frame
        return None

    def send_octets(self, octets):
        if self.writes_left == 0:
            return False
        if self.writes_left is not None:
            self.writes_left -= 1
        self.sent.append(octets)
        return True

    def after(self, keep):
        self.keeps = keep

    def send_informational(self, status, fields):
        self.sent.append(("informational", status, fields))

    def send_headers(self, status, fields, is_last, target):
        return self._step("head", ("headers", status, fields, is_last), is_last, "content")

    def send_data(self, octets, is_last, target):
        return self._step("content", ("data", octets, is_last), is_last, "content")

    def end_stream(self, target):
        return self._step("content", ("end",), True, "content")

    def _step(self, phase, step, is_last, then):
        if self._phase != phase:
            return StreamClosedError(f"out of order: {self._phase}")
        self.sent.append(step)
        self._phase = "closed" if is_last else then

    def open_window(self):
        return 65535

    def send_frames(self, frames):
        self.sent.extend(("raw", *frame) for frame in frames)
        return True

    def stash_put(self, path, key, octets):
        if (path, key) in self._stash:
            return "occupied"
        self._stash[path, key] = octets

    def stash_take(self, path, key):
        return self._stash.pop((path, key), None), None

    def stash_lock(self):
        if self.locked:
            return "not-reentrant", False
        self.locked = True
        return None, False

    def stash_unlock(self):
        self.locked = False

    def apply_pipes(self, reply, text):
        self.pipes = [*(self.pipes or []), text]
        return reply


def h1_facts(request, scheme="http", **more):
    """The facts of a request over HTTP/1.x that is given as octets; and its content."""
    head, _, content = request.partition(b"\r\n\r\n")
    line = head.partition(b"\r\n")[0]
    method, target, version = line.split(b" ")
    facts = Facts(version.decode(), method, target, scheme, [], head + b"\r\n\r\n", ("127.0.0.1", 5000),
                  ("127.0.0.1", 8000), **more)
    return facts, content


def h2_facts(target=b"/a.py", method=b"GET", fields=(), **more):
    """The facts of a request over HTTP/2."""
    pseudo = [(b":method", method), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", target)]
    return Facts("HTTP/2", method, target, "https", [*pseudo, *fields], b"", ("127.0.0.1", 5000), ("127.0.0.1", 9000),
                 stream_id=1, **more)
