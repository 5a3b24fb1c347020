"""Exchanges without a server, while the component is built: what the interpreter learns in them is in the snapshot.

Code that runs specializes itself and fills caches, which are writes to the snapshot's memory. A page that an exchange
writes has to be copied first, and put back afterwards.
"""

import random
import sys
import urllib.parse
import weakref

import componentize_py_runtime
from componentize_py_types import Ok
from wit_world.imports import script, types

_SHORT = b"def main(request, response):\n    return 'hello'\n"
_USUAL = b"""
import json
import os
from wptserve.utils import isomorphic_decode, isomorphic_encode

def main(request, response):
    token = request.headers.get(b"X-Token", b"")
    response.headers.set(b"Content-Type", b"text/plain")
    response.headers.append(b"Cache-Control", b"no-cache")
    if b"status" in request.GET:
        response.status = int(request.GET.first(b"status"))
    name = isomorphic_decode(request.GET.first(b"name", b"none"))
    return [(b"X-Name", isomorphic_encode(name))], json.dumps({"token": isomorphic_decode(token)})
"""
_TARGET = b"/a/b.py?name=x&status=200"
_FIELDS = ((b"User-Agent", b"Mozilla/5.0 (X11)"), (b"Accept", b"*/*"), (b"Accept-Encoding", b"gzip, deflate"),
           (b"Cookie", b"a=b"), (b"X-Token", b"t"))


class _Server:
    """Stands in for the imports: answers each by the name of the function that was called."""

    def __init__(self, source, facts):
        self.answers = {
            "facts": facts,
            "path": "/a/b.py",
            "source": source,
            "compiled": None,
            "config": "{}",
            "read": Ok(types.ContentEvent_End()),
            "open_window": 65535,
        }

    def call_import(self, _index, arguments):
        name = sys._getframe(1).f_code.co_name
        if name == "store_compiled":
            self.answers["compiled"] = arguments[0]
        return self.answers.get(name, _DONE)


_DONE = Ok(None)


def play(handler):
    """A handful of exchanges, over either protocol, with and without the raw door."""
    call_import = componentize_py_runtime.call_import
    try:
        for source in (_SHORT, _USUAL):
            for facts in (_facts(types.Version.HTTP11, True), _facts(types.Version.HTTP11, False),
                          _facts(types.Version.HTTP2, True)):
                server = _Server(source, facts)
                componentize_py_runtime.call_import = server.call_import
                # The second time the code is there.
                for _ in range(2):
                    _exchange(handler)
    finally:
        componentize_py_runtime.call_import = call_import


def _exchange(handler):
    # What is only worked out once for each URL, and what the bindings do for an exchange.
    urllib.parse.clear_cache()
    types.Version(types.Version.HTTP2.value)
    request, response = types.Request.__new__(types.Request), types.ResponseWriter.__new__(types.ResponseWriter)
    for resource in (request, response):
        resource.handle = 1
        resource.finalizer = weakref.finalize(resource, _drop, 0, 1)
    random.seed()
    handler.handle(request, response)


def _drop(_index, _handle):
    pass


def _facts(version, has_raw):
    peer = types.Endpoint("127.0.0.1", 50000)
    fields, head, stream = [], b"", None
    if version is types.Version.HTTP2:
        pseudo = ((b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"localhost:9000"), (b":path", _TARGET))
        fields = [types.Field(name.lower(), value) for name, value in (*pseudo, *_FIELDS)]
        stream = 1
    else:
        lines = b"".join(b"%s: %s\r\n" % line for line in _FIELDS)
        head = b"GET " + _TARGET + b" HTTP/1.1\r\nHost: localhost:8000\r\n" + lines + b"\r\n"
    return script.ExchangeFacts(
        method=b"GET",
        scheme="http",
        authority=b"localhost:8000",
        path_with_query=_TARGET,
        version=version,
        fields=fields,
        head=head,
        peer=peer,
        local=peer,
        stream_id=stream,
        has_raw=has_raw,
        is_local=True,
        mended=script.Mended(0),
        injects_script=False,
        only_load=False,
    )
