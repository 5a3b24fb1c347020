"""What `response` and `response.writer` send, one case for each `do`."""

import io


def main(request, response):
    return CASES[request.GET.first(b"do")](request, response)


def fields(request, response):
    headers = response.headers
    headers.set("X-A", "1")
    headers.append("x-a", "2")
    headers.append("X-B", 3)
    headers["X-C"] = "4"
    headers.set("X-B", "5")
    headers.update([("X-D", "6"), ("X-D", "7")])
    del headers["X-C"]
    seen = (headers.get("X-A"), headers.get("none"), headers["x-d"], "X-D" in headers, b"x-c" in headers,
            list(headers), headers.get("none", 1))
    response.content = repr(seen)


def status(request, response):
    response.status = 201, "Made"
    response.content = repr(response.status)


def status_error(request, response):
    try:
        response.status = (1, 2, 3)
    except ValueError:
        response.content = "ValueError"


def no_defaults(request, response):
    response.add_required_headers = False
    response.headers.set("X-A", "1")
    response.content = "x"


def close(request, response):
    response.close_connection = True
    response.content = "x"


def error(request, response):
    response.headers.set("X-A", "gone")
    response.set_error(418, 'no "coffee" \u00e9')


def head_body(request, response):
    response.send_body_for_head_request = True
    response.content = "sent for HEAD too"


def encoding(request, response):
    response.encoding = "iso-8859-1"
    response.content = "\u00e9"


def writer(request, response):
    response.writer.write_status(202)
    response.writer.write_header("X-A", "1")
    response.writer.write_header(b"X-N", 2)
    response.writer.end_headers()
    response.writer.write("content, \u00e9")
    return "not sent"


def writer_length(request, response):
    response.writer.write_status(200, "Fine")
    response.writer.write_header("Content-Length", "4")
    response.writer.end_headers()
    response.writer.write_content(b"ab")
    response.writer.write_raw_content("cd")


def writer_content(request, response):
    response.writer.write_content("first")
    response.writer.write_content(" second")
    response.close_connection = True


def writer_header_only(request, response):
    response.writer.write_header("X-A", "1")
    response.writer.write_content(io.BytesIO(b"from a file"))


def writer_raw(request, response):
    response.writer.write(b"HTTP/1.1 200 OK\nX: bare line feeds\n\nbody")
    response.close_connection = True


def writer_kept(request, response):
    response.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def writer_types(request, response):
    raised = []
    for value in (None, 5, ["x"]):
        try:
            response.writer.write(value)
        except ValueError:
            raised.append("ValueError")
    try:
        response.writer.write_raw_content(None)
    except ValueError:
        raised.append("ValueError")
    response.writer.content_written = False
    response.content = repr(raised)


def informational(request, response):
    response.add_required_headers = False
    response.writer.write_status(103)
    response.writer.write_header("Link", "</a>")
    response.writer.end_headers()
    response.writer._status_written = False
    response.writer._headers_complete = False
    response.writer.write_status(200)
    response.writer.write_header("Content-Length", "0")
    response.writer.end_headers()


def whole(request, response):
    response.status = 203
    response.headers.set("X-A", "1")
    response.content = "whole"
    response.write()


def piecewise(request, response):
    response.content = ["a", b"b"]
    response.write_status_headers()
    response.write_content()


def chunked(request, response):
    response.headers.set("Transfer-Encoding", "chunked")
    response.write_status_headers()
    response.writer.write("3\r\nabc\r\n")
    response.writer.write("0\r\n\r\n")


CASES = {name.replace("_", "-").encode(): case for name, case in list(globals().items()) if callable(case) and name != "main"}
