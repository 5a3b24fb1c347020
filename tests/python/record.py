"""Records what the original server answers to the requests below, as `original.json`.

    python3 tests/python/record.py CHECKOUT     a checkout of web-platform-tests with tools/wptserve

The handlers are those of `site/`. The recording is what the tests compare with, natively (`handlers/python/wptserve/tests`)
and through the server (`tests/python.rs`); dates, ports and the like are replaced in both.
"""

import json
import os
import re
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "6a1b2c3d-0000-4000-8000-00000000000"
MULTIPART = (
    "--XX\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nva\xe9lue\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".txt\"\r\n"
    "Content-Type: text/x-own\r\n\r\nline\r\n--not\r\n\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"nofile\"; filename=\"\"\r\n\r\n\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nsecond\r\n--XX--\r\n"
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def requests():
    """Name, method, target, fields and content of each request."""
    def show(name, names, method="GET", fields=(), body="", query=""):
        target = "/request.py?" + "&".join(f"show={part}" for part in names.split()) + query
        return (name, method, target, fields, body)

    a = {"X-A": "1"}
    yield show("request basics", "method request_path url parts url_base route_match client version request_line")
    yield show("request odd method", "method", "frob")
    yield show("request absolute", "url request_path", query="&x=http://y")
    yield show("headers", "items get in get_list iteritems missing assign", fields={**a, "Multi-Word": "  b c\t"})
    yield show("headers duplicates", "items get raw raw_items", fields=[("X-A", "1"), ("x-a", "2"), ("X-B", "")])
    yield show("headers octets", "items raw_items", fields={"X-A": "\xe9\xff"})
    yield show("query", "GET first", query="&a=1&a=2+3&b&=c&d=%e9%2&;e=f;g=h&%61b=%00&&")
    yield show("query none", "GET first")
    yield show("body", "body raw_input seek", "POST", {"Content-Type": "text/plain"}, "one\ntwo\n\xe9")
    yield show("post form", "POST body", "POST", FORM, "a=1&b=%e9+x&a=2&c&=d")
    yield show("post default type", "POST", "POST", {}, "a=1")
    yield show("post put", "POST", "PUT", FORM, "a=1")
    yield show("post text", "POST", "POST", {"Content-Type": "text/plain"}, "a=1")
    yield show("post multipart", "POST", "POST", {"Content-Type": "multipart/form-data; boundary=XX"}, MULTIPART)
    yield show("post multipart quoted", "POST", "POST", {"Content-Type": 'multipart/form-data; boundary="XX"'}, MULTIPART)
    yield show("post multipart no boundary", "POST", "POST", {"Content-Type": "multipart/form-data"}, MULTIPART)
    for number, cookie in enumerate(("a=1", 'a=1; b="q\\"x"; a=2', "a=1; foo; c=d", "=x", "a b=c", "a=1; {=2; b=3",
                                     "a=1; path=/x; secure", "path=/; a=1", "a=\xe9; b=1", "$Version=1; a=1", "a=", "")):
        yield show(f"cookies {number}", "cookies", fields={"Cookie": cookie})
    yield show("cookie", "cookie", fields={"Cookie": "a=1; a=1"})
    yield show("cookie error", "cookies", fields={"Cookie": "a@b=1"})
    for number, value in enumerate(("Basic dXNlcjpwYTpzcw==", "basic dXNlcjpwYXNz", "Bearer x", "Basic", "Basic dXNlcg==")):
        yield show(f"auth {number}", "auth", fields={"Authorization": value})
    yield show("auth none", "auth")
    for shape in ("none bytes str empty pair triple status-pair status-bytes status-text status-two status-308 four "
                  "generator list file content-length items own-server 204 304 bad-value unknown").split():
        yield (f"returns {shape}", "GET", f"/returns.py?as={shape}", {}, "")
        if shape in ("bytes", "generator", "none", "content-length"):
            yield (f"returns {shape} HEAD", "HEAD", f"/returns.py?as={shape}", {}, "")
    for case in ("fields status status-error no-defaults close error head-body encoding writer writer-length "
                 "writer-content writer-header-only writer-raw writer-kept writer-types informational whole piecewise "
                 "chunked").split():
        yield (f"writing {case}", "GET", f"/writing.py?do={case}", {}, "")
    yield ("writing head-body HEAD", "HEAD", "/writing.py?do=head-body", {}, "")
    yield ("writing whole HEAD", "HEAD", "/writing.py?do=whole", {}, "")
    for case in "plain text all delta none delete two unset bad".split():
        yield (f"cookies set {case}", "GET", f"/cookies.py?do={case}", {}, "")
    for case in "raised code positional keyword missing-file".split():
        yield (f"errors {case}", "GET", f"/errors.py?do={case}", {}, "")
    yield ("json", "GET", "/json_object.py", {}, "")
    yield ("json status", "GET", "/json_object.py?status", {}, "")
    yield ("syntax error", "GET", "/syntax_error.py", {}, "")
    yield ("no main", "GET", "/no_main.py", {}, "")
    yield ("no file", "GET", "/none.py", {}, "")
    yield ("modules", "GET", "/modules.py", {}, "")
    for number, kind in enumerate("bytes str int bool list dict tuple".split()):
        key = f"{KEY}{number}"
        for step in ("put", "twice", "lock", "path"):
            yield (f"stash {kind} {step}", "GET", f"/stash.py?key={key}&kind={kind}&{step}", {}, "")
    yield ("stash errors", "GET", f"/stash.py?key={KEY}9&kind=int&errors", {}, "")
    for name, pipe in (("header", "header(X-P,1,true)"), ("header set", "header(X-Before,2)"), ("status", "status(404)"),
                       ("slice", "slice(1,3)"), ("trickle", "trickle(1:d0:r2)"), ("trickle delay", "trickle(d0.01)"),
                       ("sub", "sub"), ("unknown", "nothing()"), ("arity", "gzip()"), ("two", "slice(1)|header(A,b)")):
        for shape in ("str", "generator", "none"):
            yield (f"pipe {name} {shape}", "GET", f"/returns.py?as={shape}&pipe={pipe}", {}, "")
    yield ("pipe in writing", "GET", "/writing.py?do=writer-kept&pipe=header(A,b)", {}, "")
    yield ("pipe template", "GET", "/template.sub.py?a=x%3Cy", {}, "")
    yield ("pipe called", "GET", "/calls_sub.py?a=x%3Cy", {}, "")
    yield ("closes when asked", "GET", "/returns.py?as=bytes", {"Connection": "close"}, "")


def octets(method, target, fields, body, port):
    """The request as it is sent."""
    lines = fields.items() if isinstance(fields, dict) else fields
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines)
    if body:
        head += f"Content-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode("iso-8859-1")


def normal(response, port):
    """A response without what differs from one to the next."""
    text = response.decode("iso-8859-1").replace(str(port), "PORT")
    text = re.sub(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "Date: DATE", text)
    text = re.sub(r"Server: (?:BaseHTTP|Framewright)/[^\r\n]*", "Server: SERVER", text)
    text = re.sub(r"expires=\d\d (\w{3}) 20(?!30)\d\d \d\d:\d\d:\d\d GMT", "expires=TIME", text)
    if text.startswith("HTTP/1.1 500"):
        # Tracebacks: the shape is compared, the text is not.
        text = re.sub(r'("message": ").*("\}\})', r"\1CAUSE\2", text, flags=re.DOTALL)
        text = re.sub(r"Content-Length: \d+", "Content-Length: N", text)
    return text


def exchange(port, request, is_head):
    """What comes back, and whether the server closed the connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(2)
        connection.sendall(request)
        response = b""
        started = time.monotonic()
        while time.monotonic() - started < 20:
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                if response:
                    return response, False
                continue
            if not piece:
                return response, True
            response += piece
    return response, False


def main():
    checkout = os.path.abspath(sys.argv[1])
    tools = os.path.join(checkout, "tools")
    third = os.path.join(tools, "third_party")
    root = os.path.join(HERE, "site")
    names = ("h2", "hpack", "hyperframe", "six", "pywebsocket3")
    sys.path[:0] = [root, os.path.join(tools, "wptserve"), tools, *(os.path.join(third, name) for name in names)]
    os.chdir(root)
    from wptserve import handlers, server, stash
    from wptserve.config import ConfigBuilder
    from wptserve.router import any_method

    class Quiet:
        def __getattr__(self, _):
            return lambda *arguments, **named: None

    port = 8795
    settings = dict(browser_host="localhost", doc_root=root, ports={"http": [port]}, subdomains={"www"},
                    ssl={"type": "none"}, alternate_hosts={"alt": "other.localhost"})
    routes = [(any_method, "*.py", handlers.PythonScriptHandler(root))]
    with stash.StashServer(("localhost", port + 1), authkey=b"test"), ConfigBuilder(Quiet(), **settings) as config:
        httpd = server.WebTestHttpd(host="127.0.0.1", port=port, doc_root=root, routes=routes, config=config)
        httpd.start()
        time.sleep(1)
        rows = []
        for name, method, target, fields, body in requests():
            sent = octets(method, target, fields, body, port)
            response, is_closed = exchange(port, sent, method == "HEAD")
            rows.append({"name": name, "request": sent.decode("iso-8859-1").replace(str(port), "PORT"),
                         "response": normal(response, port), "closed": is_closed})
        with open(os.path.join(HERE, "original.json"), "w", encoding="ascii") as file:
            json.dump(rows, file, indent=1)
            file.write("\n")
    os._exit(0)


if __name__ == "__main__":
    main()
