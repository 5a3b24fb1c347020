"""What a handler may not do, and what that costs nobody else."""

import os
import re
import sys
import time


def main(request, response):
    return globals()[request.GET.first(b"do").decode()](request, response)


def loop(request, response):
    while True:
        pass


def sleep_loop(request, response):
    while True:
        time.sleep(0.01)


def memory(request, response):
    return "x" * (10 << 30)


def memory_list(request, response):
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def recursion(request, response):
    def deeper():
        return deeper()

    return deeper()


def recursion_caught(request, response):
    def deeper(depth):
        try:
            return deeper(depth + 1)
        except RecursionError:
            return depth

    return str(deeper(0) > 100)


def native_recursion(request, response):
    nested = []
    for _ in range(1_000_000):
        nested = [nested]
    return repr(nested)


def regex(request, response):
    re.match(r"(a+)+$", "a" * 60 + "b")


def reach(request, response):
    """Everything that is out of reach, and what is said about it."""
    import socket
    import subprocess

    tries = {
        "passwd": lambda: open("/etc/passwd"),
        "parent": lambda: open("/../../../../etc/passwd"),
        "link": lambda: open("/link"),
        "link folder": lambda: os.listdir("/folder"),
        "write": lambda: open("/written", "w"),
        "append": lambda: open(__file__, "a"),
        "remove": lambda: os.remove(__file__),
        "mkdir": lambda: os.mkdir("/made"),
        "rename": lambda: os.rename(__file__, "/other.py"),
        "socket": lambda: socket.create_connection(("127.0.0.1", 80), 1),
        "look-up": lambda: socket.getaddrinfo("localhost", 80),
        "subprocess": lambda: subprocess.run(["true"]),
        "system": lambda: os.system("true"),
        "fork": lambda: os.fork(),
        "thread": lambda: __import__("threading").Thread(target=print).start(),
        "environment": lambda: dict(os.environ)["HOME"],
    }
    lines = []
    for name, attempt in tries.items():
        try:
            lines.append(f"{name}: {attempt()!r}")
        except Exception as error:
            lines.append(f"{name}: {type(error).__name__}")
    return "\n".join([*lines, f"root: {sorted(os.listdir('/'))}"])


def patch(request, response):
    import wptserve.response
    import wptserve.utils

    wptserve.response.Response.write = lambda self: self.writer.write(b"HTTP/1.1 200 Mine\r\n\r\n")
    wptserve.utils.isomorphic_decode = None
    sys.modules["json"] = None
    sys.path[:] = []
    __builtins__["print"] = None
    try:
        from wit_world.imports import script

        script.store_compiled(b"nonsense")
    except ImportError:
        pass
    return "patched"


def leave(request, response):
    sys.exit(3)


def leave_hard(request, response):
    os._exit(3)


def abort(request, response):
    os.abort()


def large(request, response):
    def pieces():
        while True:
            yield b"x" * (1 << 20)

    return [], pieces()


def flood_log(request, response):
    for number in range(5000):
        print("line", number, "x" * 100)
    return "printed"


def flood_stash(request, response):
    import uuid

    count = 0
    try:
        while True:
            request.server.stash.put(str(uuid.uuid4()), "x" * (1 << 19))
            count += 1
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def gone(request, response):
    """Writes until nobody reads, then says so in the stash."""
    response.write_status_headers()
    while response.writer.write(b"x" * 1000):
        time.sleep(0.005)
    request.server.stash.put(request.GET.first(b"key"), "gone")


def said(request, response):
    return repr(request.server.stash.take(request.GET.first(b"key")))


def traced(request, response):
    raise ValueError("traced")
