"""What a handler may give back."""

import io


class Pair:
    def __call__(self):
        return b"called"


def main(request, response):
    response.headers.set("X-Before", "kept")
    return SHAPES[request.GET.first(b"as")](request, response)


SHAPES = {
    b"none": lambda request, response: None,
    b"bytes": lambda request, response: b"octets",
    b"str": lambda request, response: "text \u00e9",
    b"empty": lambda request, response: "",
    b"pair": lambda request, response: ([("X-A", "1"), (b"x-a", b"2"), ("X-Before", "added"), ("X-N", 7)], "pair"),
    b"triple": lambda request, response: (404, [("X-A", "1")], b"triple"),
    b"status-pair": lambda request, response: ((299, "As Said"), [], "phrase"),
    b"status-bytes": lambda request, response: ((299, b"As \xe9 Said"), [], "phrase"),
    b"status-text": lambda request, response: ("404", [], "a string of three"),
    b"status-two": lambda request, response: ("42", [], "a string of two"),
    b"status-308": lambda request, response: (308, [("Location", "/x")], ""),
    b"four": lambda request, response: (1, 2, 3, 4),
    b"generator": lambda request, response: ([], (piece for piece in [b"one ", "", None, Pair(), " three"])),
    b"list": lambda request, response: ([], [b"a", "b", lambda: "c"]),
    b"file": lambda request, response: ([], io.BytesIO(b"x" * 40000)),
    b"content-length": lambda request, response: ([("Content-Length", "3")], "abc"),
    b"items": lambda request, response: ({"X-A": "1"}.items(), "items"),
    b"own-server": lambda request, response: ([("Server", "mine"), ("Date", "today")], "x"),
    b"204": lambda request, response: (204, [], ""),
    b"304": lambda request, response: (304, [], None),
    b"bad-value": lambda request, response: ([("X-A", "\u2603")], "x"),
}
