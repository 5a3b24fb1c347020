"""What handlers see of a request: the expressions that the query names."""


def main(request, response):
    lines = []
    for name in request.GET.get_list(b"show"):
        lines.append(f"{name.decode()}: {SHOWN[name](request)!r}")
    # The port's digits would count in Content-Length.
    text = "\n".join(lines).replace(f":{request.url_parts.port}", ":PORT")
    return [("Content-Type", "text/plain")], text + "\n"


SHOWN = {
    b"method": lambda request: request.method,
    b"request_path": lambda request: request.request_path,
    b"url": lambda request: request.url.replace(str(request.url_parts.port), "PORT"),
    b"parts": lambda request: (request.url_parts.scheme, request.url_parts.path, request.url_parts.query,
                               request.url_parts.hostname, type(request.url_parts.port)),
    b"url_base": lambda request: request.url_base,
    b"route_match": lambda request: request.route_match,
    b"client": lambda request: (request.client_address[0], type(request.client_address[1])),
    b"version": lambda request: request.protocol_version,
    b"request_line": lambda request: request.request_line,
    b"items": lambda request: sorted(request.headers.items()),
    b"get": lambda request: (request.headers.get("X-A"), request.headers.get(b"x-a"), request.headers.get("none"),
                             request.headers.get("none", b"d")),
    b"in": lambda request: ("X-A" in request.headers, b"x-a" in request.headers, "none" in request.headers),
    b"get_list": lambda request: (request.headers.get_list(b"X-A"), request.headers.get_list("none", [])),
    b"iteritems": lambda request: sorted(request.headers.iteritems()),
    b"raw": lambda request: str(request.raw_headers).replace(request.headers[b"host"].decode(), "HOST"),
    b"raw_items": lambda request: [item for item in request.raw_headers.raw_items() if item[0].lower() != "host"],
    b"GET": lambda request: sorted((key, values) for key, values in request.GET.items() if key != b"show"),
    b"first": lambda request: (request.GET.first(b"a", None), request.GET.last(b"a", None), request.GET.get(b"a"),
                               request.GET.get_list(b"a"), b"a" in request.GET, "a" in request.GET),
    b"body": lambda request: (request.body, request.body),
    b"raw_input": lambda request: (request.raw_input.length, request.raw_input.read(2), request.raw_input.tell(),
                                   request.raw_input.readline(), request.raw_input.read(), request.raw_input.seek(1),
                                   request.raw_input.readlines()),
    b"seek": lambda request: _raised(lambda: request.raw_input.seek(1000)),
    b"POST": lambda request: sorted((key, [_part(value) for value in values]) for key, values in request.POST.items()),
    b"cookies": lambda request: sorted((name, [(value.key, value.value, value.path, str(value)) for value in values])
                                       for name, values in request.cookies.items()),
    b"cookie": lambda request: (request.cookies[b"a"], request.cookies.first(b"a"), request.cookies.get(b"none"),
                                request.cookies.get_list(b"a"), request.cookies.first(b"a") == b"1"),
    b"auth": lambda request: (request.auth.username, request.auth.password),
    b"assign": lambda request: _raised(lambda: request.headers.__setitem__("a", "b")),
    b"missing": lambda request: (_raised(lambda: request.headers["none"]), _raised(lambda: request.GET[b"none"]),
                                 _raised(lambda: request.headers.get_list("none"))),
}


def _part(value):
    if isinstance(value, bytes):
        return value
    return value.name, value.filename, value.type, value.value, value.file.read(), value.headers["Content-Type"]


def _raised(call):
    try:
        return call()
    except Exception as error:
        return "KeyError" if isinstance(error, KeyError) else "raised"
