"""A `main` that is an object."""

from wptserve.handlers import json_handler


@json_handler
def main(request, response):
    if b"status" in request.GET:
        return 201, [("X-A", "1")], {"b": [1, None, "\u00e9"]}
    return {"a": "\u00e9"}
