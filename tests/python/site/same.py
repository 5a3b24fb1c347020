"""What handlers/rust/raw, handlers/c/raw and tests/frames/same.frames do: the same octets."""


def main(request, response):
    raw = response.raw
    if request.protocol_version != "HTTP/2.0":
        # RFC 9112 §2.2, §6.3: bare LF, and two lengths.
        raw.octets(b"HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n\none")
        raw.close("half-close")
        return
    # RFC 9113 §6.10, §6.1: a field block cut after its first octet, and a padded frame.
    raw.headers([(":status", "200")], split=[1])
    raw.data(b"one", padding=3)
    raw.data(b"two", end_stream=True)
