"""The handler that wptserve answers with: the same response as the Rust `hello`."""


def main(request, response):
    fields = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"14")]
    return 200, fields, b"Hello, world!\n"
