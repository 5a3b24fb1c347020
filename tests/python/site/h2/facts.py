"""What only HTTP/2 shows."""


def main(request, response):
    show = [request.protocol_version, request.h2_stream_id, request.request_line, request.url_parts.scheme,
            request.url_parts.path, sorted(request.headers.items()), request.raw_headers.raw_items(),
            dict(request.raw_headers) == {name.decode(): value[0].decode("iso-8859-1") for name, value in request.headers.items()}]
    return [("X-A", "1")], "\n".join(map(repr, show)).replace(f":{request.url_parts.port}", ":PORT")
