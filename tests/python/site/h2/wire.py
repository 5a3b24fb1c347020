"""The raw door over HTTP/2, one case for each `do`."""


def main(request, response):
    return globals()[request.GET.first(b"do").decode()](request, response)


def unvalidated(request, response):
    response.validate = False
    response.headers.set(":abc", "test")
    return b"x"


def refused(request, response):
    response.headers.set("X bad", "test")
    return b"x"


def lowered(request, response):
    response.headers.set("X-Upper", " trimmed ")
    response.headers.set("Connection", "close")
    response.headers.set("Transfer-Encoding", "chunked")
    return b"x"


def frames(request, response):
    raw = response.raw
    raw.headers([(":status", "200"), ("X-Upper", "a\0\r\nb")])
    raw.data(b"one", padding=2)
    raw.frame(0x42, flags=0xFF, payload=b"unknown")
    raw.frame(0x0, flags=0x1, payload=b"end")


def continued(request, response):
    response.writer.write_raw_header_frame([(":status", "200")], end_headers=False)
    response.writer.write_raw_continuation_frame([("a", "b")], end_headers=True)
    response.writer.write_raw_data_frame("text", end_stream=True)


def reset(request, response):
    response.write_status_headers()
    response.writer.write_data(b"some")
    response.raw.reset(0x7)


def control(request, response):
    raw = response.raw
    raw.ping(b"12345678")
    raw.window_update(5)
    raw.altsvc("h2=\":1\"", origin="")
    raw.settings({0x99: 7})
    raw.goaway(last_stream_id=1, error_code=0xB, debug_data=b"calm")
    return b"polite"


def octets(request, response):
    response.writer.write_raw(b"\0\0\x08\x06\0\0\0\0\0abcdefgh")
    return b"never sent"


def informational(request, response):
    response.writer.write_headers([("link", "</a>")], 103)
    response.writer.write_headers([("link", "</b>")], 103)
    return b"x"


def pushed(request, response):
    promise = [(":method", "GET"), (":path", "/pushed"), (":scheme", "https"), (":authority", "localhost"), ("a", "b")]
    stream = response.writer.write_push(promise, None, 203, [("x", "y")], b"pushed content")
    return repr(stream)


def only_http1(request, response):
    response.writer.write_status(200)
