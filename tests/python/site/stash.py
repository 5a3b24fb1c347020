"""The stash, and what it makes of values."""

VALUES = {b"bytes": b"\x00\xff", b"str": "\u00e9\u2603", b"int": 7, b"bool": True, b"list": [1, b"a", [None]],
          b"dict": {b"k": 1, "s": {"$x": 2}}, b"tuple": (1, "a", b"b")}


def main(request, response):
    stash = request.server.stash
    key = request.GET.first(b"key")
    kind = request.GET.first(b"kind")
    if b"put" in request.GET:
        stash.put(key, VALUES[kind])
        return "put"
    if b"twice" in request.GET:
        try:
            stash.put(key, "again")
            return "put"
        except Exception as error:
            return type(error).__name__
    if b"errors" in request.GET:
        return repr([_raised(stash.put, key, None), _raised(stash.put, "no uuid", 1), _raised(stash.take, None)])
    if b"lock" in request.GET:
        with stash.lock:
            pass
        stash.lock.acquire()
        stash.lock.release()
    value = stash.take(key=key, path="/stash.py" if b"path" in request.GET else None)
    return repr((value, type(value).__name__, value == VALUES[kind]))


def _raised(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return type(error).__name__
