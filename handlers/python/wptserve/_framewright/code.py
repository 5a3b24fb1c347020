"""From a handler's source to its functions."""

import marshal
import sys

from . import modules


def load(door):
    """Runs the handler's file, as the original does, and gives its globals.

    Its code is kept from one exchange to the next, by path and content. It is stored before any of it runs.
    """
    path = door.path()
    code = door.compiled()
    if code is None:
        code = compile(door.source(), path, "exec", dont_inherit=True)
        door.store_compiled(marshal.dumps(code))
    else:
        code = marshal.loads(code)
    environment = {"__file__": path}
    exec(code, environment)
    return environment


def compile_only(door):
    """Compiles the file for the server to keep, as `load` does, and runs nothing of it. One with faults is for whoever
    imports it to report."""
    if door.compiled() is None:
        try:
            door.store_compiled(marshal.dumps(compile(door.source(), door.path(), "exec", dont_inherit=True)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    door.send_headers(204, [], True, None)


def set_paths():
    """Where handlers find modules: the site's root, and what the checkout's own server adds to it."""
    sys.dont_write_bytecode = True
    sys.path[:] = ["/", "/tools", *(f"/tools/third_party/{name}" for name in _THIRD_PARTY)]
    modules.install()
    sys.argv[:] = [""]


_THIRD_PARTY = (
    "h2", "hpack", "hyperframe", "html5lib", "webencodings", "six", "attrs", "attrs/src", "more-itertools", "packaging",
    "pywebsocket3",
)
