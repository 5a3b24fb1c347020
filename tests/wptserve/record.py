#!/usr/bin/env python3
"""Records what web-platform-tests' own server answers for the tree beside this file.

    record.py CHECKOUT     (of July 2021; CPython 3.11)

starts the server of that checkout within this process, over a copy of the tree with some files more whose names not
every file system takes, and writes `recorded/*.txt`. Fields that say when and by what a response was made are left out,
as are tracebacks; the boundary of multipart content is always the same.
"""

import http.client
import json
import os
import re
import shutil
import socket
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
BOUNDARY = "00000000-0000-4000-8000-000000000000"
ODD_NAMES = ["listing/<&\"' >.txt", "listing/per%cent?#.txt", "listing/größe ~(1)!*.txt"]
ALIASES = [
    {"url-path": "/alias/", "local-dir": "aliased"},
    {"url-path": "/alias/deeper/", "local-dir": "globals"},
    {"url-path": "/single/inside.txt", "local-dir": "aliased"},
]


def main():
    checkout = os.path.abspath(sys.argv[1])
    sys.path.insert(0, os.path.join(checkout, "tools"))
    import localpaths  # noqa: F401
    from serve import serve

    import wptserve.server
    from wptserve.handlers import FunctionHandler

    uuid.uuid4 = lambda: uuid.UUID(BOUNDARY)
    with tempfile.TemporaryDirectory() as root:
        root = os.path.join(root, "tree")
        shutil.copytree(os.path.join(HERE, "tree"), root)
        for name in ODD_NAMES:
            with open(os.path.join(root, name), "w") as file:
                file.write("x\n")
        aliases = [{**alias, "local-dir": os.path.join(root, alias["local-dir"])} for alias in ALIASES]
        builder = serve.get_route_builder(None, aliases, None)
        builder.add_handler("*", "/_url/*", FunctionHandler(describe))
        httpd = wptserve.server.WebTestHttpd(
            host="127.0.0.1", port=0, doc_root=root, routes=builder.get_routes(), rewrites=serve.rewrites,
            config={"browser_host": "web-platform.test"})
        httpd.start()
        write("generated.txt", "Generated documents and scripts.", exchanges(httpd.port, generated_requests(root)))
        write("files.txt", "Files, side files, ranges, listings and errors.", exchanges(httpd.port, FILE_REQUESTS))
        write("routes.txt", "METHOD PATH -> handler class, url_base, base directory below the tree, star group.",
              routes(httpd.router, root))
        write("urls.txt", "What becomes of request targets and Host fields (PORT is the server's own).",
              urls(httpd.port))


def write(name, what, lines):
    with open(os.path.join(HERE, "recorded", name), "w") as file:
        file.write("# %s\n# Recorded by record.py from the checkout of July 2021 under CPython 3.11, over tree/.\n"
                   "# > request line and fields; < status line and fields; | a line of content; \\ one that does not\n"
                   "# end; * in place of what depends on the machine; ! what became of the connection.\n" % what)
        file.writelines(line + "\n" for line in lines)


def escape(octets):
    return re.sub(rb"[^ -\[\]-~]", lambda match: b"\\x%02x" % match[0][0], octets).decode("ascii")


# ---- over the wire ----

SUFFIXES = {
    ".any.js": ["any.html", "any.worker.html", "any.worker-module.html", "any.sharedworker.html",
                "any.sharedworker-module.html", "any.serviceworker.html", "any.serviceworker-module.html",
                "any.worker.js", "any.worker-module.js"],
    ".window.js": ["window.html"],
    ".worker.js": ["worker.html", "worker-module.html"],
}


def generated_requests(root):
    for folder in ["globals", "meta", "sidecars", "sidecars/folder", "sidecars/faulty"]:
        for name in sorted(os.listdir(os.path.join(root, folder))):
            for suffix, results in SUFFIXES.items():
                if name.endswith(suffix):
                    # Globals are about exposure alone: of scripts one is enough.
                    if folder == "globals" and suffix == ".any.js" and name != "every.any.js":
                        results = results[:7]
                    for result in results:
                        stem = name[:-len(suffix)].encode("utf8")
                        path = "".join(chr(o) if chr(o).isalnum() and o < 128 or o in b".-" else "%%%02X" % o
                                       for o in stem)
                        yield "/%s/%s.%s" % (folder, path, result)
    yield "/globals/every.any.html?a=1&b"
    yield "/globals/every.any.worker.html?a=1&b=\"<%20"
    yield "/globals/every.any.worker-module.html?a=1"
    yield "/globals/every.any.sharedworker.html?"
    yield "/globals/every.any.sharedworker-module.html?a"
    yield "/globals/every.any.serviceworker.html?a=1#b"
    yield "/globals/every.any.serviceworker-module.html?a=1"
    yield "/globals/every.any.worker.js?a=1"
    yield "/globals/page.window.html?a=1"
    yield "/globals/own.worker.html?a=1"
    yield "/globals/%65very.any.html"
    yield "/meta/gr\xc3\xb6\xc3\x9fe.window.html"
    yield "/meta/template.sub.any.html?x=1%3C2"
    yield "/meta/template.sub.any.worker.js?x=y"
    yield "/globals/missing.any.html"
    yield "/globals/missing.any.worker.js"
    yield "/globals/missing.window.html"
    yield "/globals/..every.any.html"
    yield "/globals/every%00.any.html"
    yield "/alias/inside.any.html"
    yield "/alias/inside.any.worker.html"
    yield "/alias/deeper/every.any.worker.html"
    yield "/globals/every.any.html HEAD"
    yield "/globals/every.any.html POST"


FILE_REQUESTS = [
    "/sidecars/plain.txt", "/sidecars/typed.txt", "/sidecars/odd.txt", "/sidecars/sub.txt?x=1",
    "/sidecars/repeated.any.js", "/sidecars/folder/plain.txt", "/sidecars/folder/own.txt",
    "/sidecars/folder/test.any.js", "/sidecars/template/plain.txt", "/sidecars/faulty/colon.txt",
    "/sidecars/typed.txt.headers", "/sidecars/folder/", "/files/a.html", "/files/b.HTML", "/files/.html",
    "/files/a.tar.gz", "/files/a.event_stream", "/files/a.mjs", "/files/a.webmanifest", "/files/README",
    "/files/empty.txt", "/files/a%20b%2541+c.txt", "/files/gr%C3%B6%C3%9Fe.txt", "/files/gr\xc3\xb6\xc3\x9fe.txt",
    "/files/dots..txt", "/files/../files/ten.txt", "/files/%2e%2e/files/ten.txt", "/files//ten.txt", "//files/ten.txt",
    "/files/./ten.txt", "/files/ten.txt/", "/files/missing.txt", "/files/%FFmissing", "/files/ten.txt%00",
    "/files%2Ften.txt", "/files/verbatim.asis", "/files/missing.asis", "/files/ten.txt HEAD", "/files/ten.txt POST",
    "/files/ten.txt get", "/files/ten.txt HEAD bytes=2-3",
    "/listing", "/listing?a=1", "/listing/", "/listing/?a=1", "/listing/empty/", "/listing/sub/../", "/listing/./",
    "/listing/sub/", "/", "/listing/ HEAD", "/listing/ POST", "/alias/inside.txt", "/alias/", "/alias", "/alias/deeper/",
    "/single/inside.txt", "/single/other.txt", "/_certs/a", "/tools/a", "/a/tools/b", "/a/b/tools/c", "/results/",
    "/results/a", "/tools/runner/a", "/resources/WebIDLParser.js",
] + ["/files/ten.txt GET " + value for value in [
    "bytes=0-0", "bytes=0-9", "bytes=0-10", "bytes=9-", "bytes=10-", "bytes=-1", "bytes=-0", "bytes=-10", "bytes=-11",
    "bytes=-", "bytes=", "bytes=a-", "bytes=1", "bytes=1-2-3", "bytes=3-2", "bytes=0-99999999999999999999999",
    "bytes=99999999999999999999999-", "bytes=-99999999999999999999999", "bytes= 1 - 2 ", "bytes=1_0-", "bytes=0_1-0_2",
    "bytes=+1-+2", "bytes=1-2,", "bytes=,1-2", "bytes=0-1,5-6", "bytes=5-6,0-1", "bytes=0-1,2-3", "bytes=0-4,2-6",
    "bytes=0-1,3-4,8-", "bytes=8-,3-4,0-1", "bytes=0-9,2-3", "bytes=2-3,2-7,9-", "bytes=0-0,0-0,0-0", "bytes=0-1,20-",
    "bytes=-2,0-1", "bytes=1-1, 3-3", "Bytes=0-1", "octets=0-1", "0-1", "bytes=\xff", "bytes=0-1'", "bytes=0-\"1'",
    "bytes=0\t-\t1", "bytes=\x1c0-1", "bytes=\xa00-1", "bytes=0__1-", "bytes=_1-", "bytes=1_-", "bytes=00001-2",
    "bytes=0x1-",
]] + ["/files/empty.txt GET bytes=0-", "/files/empty.txt GET bytes=-", "/sidecars/typed.txt GET bytes=0-0,2-2",
      "/sidecars/folder/own.txt GET bytes=0-0,2-2", "/sidecars/folder/own.txt GET bytes=1-", "/listing/ GET bytes=0-1"]


def exchanges(port, requests):
    for request in requests:
        target, method, wanted = (request.split(" ", 2) + ["", ""])[:3]
        method = method or "GET"
        head = ["%s %s HTTP/1.1" % (method, target), "Host: web-platform.test:8000"]
        if wanted:
            head.append("Range: " + wanted)
        yield ""
        for line in head:
            yield "> " + escape(line.encode("latin1"))
        yield from response(port, method, "\r\n".join(head + ["", ""]).encode("latin1"))


def response(port, method, octets):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(octets)
        received = b""
        while b"\n\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                break
            received += more
        raw_head, _, content = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", raw_head)
        wanted = None if length is None else 0 if method == "HEAD" else int(length[1])
        while wanted is None or len(content) < wanted:
            more = connection.recv(65536)
            if not more:
                break
            content += more
        connection.settimeout(0.05)
        try:
            end = "closed" if connection.recv(1) == b"" else "more"
        except socket.timeout:
            end = "kept"
    lines = raw_head.split(b"\r\n")
    yield "< " + escape(lines[0])
    is_fault = lines[0].startswith(b"HTTP/1.1 500 ")
    for line in lines[1:]:
        if re.match(rb"(?i)server:|date:", line) or is_fault and line.lower().startswith(b"content-length:"):
            continue
        yield "< " + escape(line)
    if is_fault:
        message = json.loads(content)["error"]["message"]
        yield "* a message that begins: " + escape(message.split("\n")[0].encode())
    else:
        pieces = content.split(b"\n")
        for piece in pieces[:-1]:
            yield "| " + escape(piece)
        if pieces[-1]:
            yield "\\ " + escape(pieces[-1])
    yield "! " + end


# ---- the router alone ----

ROUTED = [
    "/", "/a.html", "/a/b.worker.html", "/.worker.html", "/worker.html", "/a.worker-module.html", "/a.window.html",
    "/a.any.html", "/a.any.worker.html", "/a.any.worker-module.html", "/a.any.sharedworker.html",
    "/a.any.sharedworker-module.html", "/a.any.serviceworker.html", "/a.any.serviceworker-module.html",
    "/a.any.worker.js", "/a.any.worker-module.js", "/a.worker.js", "/a.asis", "/a.py", "/a/.py", "/py", "/a.py/b",
    "/.well-known/origin-policy", "/.well-known/origin-policy/", "/alias/.well-known/origin-policy",
    "/alias//.well-known/origin-policy", "/alias/a.py", "/alias/a.any.html", "/alias/", "/alias", "/alias/deeper/x",
    "/alias/deeper/a.worker.html", "/single/inside.txt", "/single/inside.txtx", "/single/", "/single/a.py",
    "/tools/runner/a", "/tools/runner/", "/tools/runner", "/tools/runner/update_manifest.py", "/tools/", "/tools",
    "/tools/a.py", "/a/tools/b", "/a/tools/", "/a/tools", "/a/b/tools/c", "//tools/a", "/_certs/", "/_certs/a",
    "/_certs", "/results/", "/results", "/results/a", "", "*", "/a%2Epy", "/a.PY", "/\xc3\xa9.any.html",
    "/a.any.shadowrealm.html", "/a.any.window-module.html",
]


def routes(router, root):
    class Stub:
        pass

    for path in ROUTED:
        for method in ["GET", "HEAD", "POST", "FOO", "get"]:
            request = Stub()
            request.method, request.url_parts = method, Stub()
            request.url_parts.path, request.route_match = path, None
            handler = router.get_handler(request)
            base = getattr(handler, "base_path", None)
            match = request.route_match or {}
            yield "\t".join([
                method, escape(path.encode("latin1")), type(handler).__name__, getattr(handler, "url_base", ""),
                os.path.relpath(base, root) if base else "", escape(match.get("*", "-").encode("latin1")),
                match.get("spec", "-")])


# ---- URLs ----

TARGETS = [
    "/_url/a", "/_url/a?b=c#d", "/_url/?", "/_url/#x?y", "/_url/%2e/\xe9;p?q?r", "//_url/a", "///_url//a",
    "http://other.test/_url/a", "http://other.test:81/_url/a?b", "HTTP://other.test/_url/a",
    "https://other.test/_url/a", "http://User:pw@Other.TEST:82/_url/a", "http://[::1]:83/_url/a",
    "http://[fe80::1%25En0]/_url/", "http://other.test:/_url/a", "http://other.test:x/_url/a",
    "http://other.test:99999/_url/a", "http://other.test:081/_url/a", "http://other.test?/_url/a", "_url/a",
    "http://[::1/_url/a", "http://[1.2.3.4]/_url/a", "http://[v1.a]/_url/a", "/_url/a?GET=1&x=%41%FF+y&z&=v&&a=b=c;d&x=2",
    "http://other.test//_url/a",
]
HOSTS = [None, "", "name.test", "name.test:80", "Name.Test:0080", "name.test:", "a:b:c", "[::1]", "[::1]:80", " pad ",
         "name.test:80 ", "u@name.test:5", "name.test/x:1", "name.test:70000", "n\xe4me.test:1"]


def describe(request, response):
    def attempt(value):
        try:
            return value()
        except Exception as fault:
            return "%s!" % type(fault).__name__

    parts = request.url_parts
    return json.dumps({
        "url": request.url, "scheme": parts.scheme, "netloc": parts.netloc, "path": parts.path, "query": parts.query,
        "fragment": parts.fragment, "hostname": attempt(lambda: parts.hostname), "port": attempt(lambda: parts.port),
        "request_path": request.request_path,
        "GET": [[key.decode("latin1"), [value.decode("latin1") for value in values]]
                for key, values in request.GET.items()],
    }, sort_keys=True)


def urls(port):
    cases = [(target, "name.test:80") for target in TARGETS] + [("/_url/a", host) for host in HOSTS]
    for target, host in cases:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            field = "" if host is None else "Host: %s\r\n" % host
            connection.sendall(("GET %s HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (target, field)).encode("latin1"))
            received = b""
            while more := connection.recv(65536):
                received += more
        content = received.partition(b"\r\n\r\n")[2].decode()
        if received and not received.startswith(b"HTTP/1.1 200"):
            content = received.split(b"\r\n")[0].decode()
        yield "\t".join([escape(target.encode("latin1")), "-" if host is None else escape(host.encode("latin1")),
                         content.replace(str(port), "PORT") or "nothing"])


if __name__ == "__main__":
    main()
