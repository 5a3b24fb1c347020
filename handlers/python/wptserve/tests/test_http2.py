"""Handlers over HTTP/2, as far as their own part goes."""

import os
import unittest

from _framewright import exchange
from wptserve.h2_events import Frame

from .stand_in import SITE, StandIn, h2_facts

DATA, HEADERS, SETTINGS = 0, 1, 4


def answer(name, query="", content=b"", frames=(), method=b"GET", fields=(), **more):
    path = os.path.join(SITE, name)
    with open(path, "rb") as file:
        source = file.read()
    facts = h2_facts(f"/{name}?{query}".encode(), method, fields, **more)
    door = StandIn(source, facts, content, path, frames=frames)
    exchange.run(door)
    return door


class Http2(unittest.TestCase):
    def test_early_hints_leave_politely(self):
        door = answer("h2/early_hints.py")
        self.assertEqual(door.sent, [
            ("informational", 103, [(b"link", b"</style.css>; rel=preload; as=style")]),
            ("headers", 200, [(b"content-type", b"text/plain")], False),
            ("data", b"the end", True),
        ])

    def test_each_data_frame_is_answered_as_it_comes(self):
        frames = [Frame(1, HEADERS, 4, 1, 9, b""), Frame(2, SETTINGS, 0, 0, 0, b""), Frame(3, DATA, 8, 1, 6, b"", padding=2),
                  Frame(4, DATA, 1, 1, 2, b"")]
        door = answer("h2/content.py", content=b"abcde", frames=frames, method=b"POST")
        self.assertEqual(door.sent, [
            ("headers", 200, [(b"content-type", b"text/plain")], False),
            ("data", b"abc", False), ("data", b"de", False), ("end",),
        ])

    def test_functions_are_called_in_the_order_of_the_frames_and_main_last(self):
        frames = [Frame(1, SETTINGS, 0, 0, 0, b""), Frame(2, HEADERS, 4, 1, 9, b""), Frame(3, DATA, 1, 1, 3, b"")]
        door = answer("h2/order.py", content=b"abc", frames=frames, method=b"POST")
        self.assertEqual(door.sent[1][1].decode().splitlines(), [
            "frame SETTINGS 0 0x0 0",
            "frame HEADERS 1 0x4 9",
            "headers RequestReceived 1 (':method', 'POST') 1",
            "frame DATA 1 0x1 3",
            "data b'abc' 3",
            "main b'abc' ['RequestReceived', 'DataReceived', 'StreamEnded']",
        ])

    def test_cookies_stay_one_where_all_fields_of_a_name_are_seen(self):
        fields = [(b"cookie", b"a=1"), (b"x-a", b"1"), (b"cookie", b"b=2"), (b"x-a", b"2")]
        sent = answer("request.py", "show=items", fields=fields, mended=frozenset(("request-duplicates",))).sent
        self.assertIn(b"(b'cookie', [b'a=1; b=2'])", sent[1][1])
        self.assertIn(b"(b'x-a', [b'1', b'2'])", sent[1][1])

    def test_fields_are_sent_as_the_library_of_the_original_sends_them_or_as_they_are(self):
        self.assertEqual(answer("h2/wire.py", "do=lowered").sent[0],
                         ("headers", 200, [(b"x-upper", b"trimmed")], False))
        door = answer("h2/wire.py", "do=unvalidated")
        self.assertEqual(door.sent[0][0:2], ("raw", "headers"))
        self.assertEqual(door.sent[0][3][0], [(b":status", b"200"), (b":abc", b"test")])

    def test_what_was_sent_raw_is_not_completed(self):
        kinds = [step[1] for step in answer("h2/wire.py", "do=frames").sent]
        self.assertEqual(kinds, ["headers", "data", "other", "other"])

    def test_a_head_request_ends_with_its_fields(self):
        self.assertEqual(answer("returns.py", "as=bytes", method=b"HEAD").sent,
                         [("headers", 200, [(b"x-before", b"kept")], True)])

    def test_failures_are_answered(self):
        for name, query, status in (("errors.py", "do=raised", 500), ("errors.py", "do=keyword", 410), ("no_main.py", "", 500),
                                    ("h2/wire.py", "do=only_http1", 500)):
            with self.subTest(query or name):
                self.assertEqual(answer(name, query).sent[0][1], status)


if __name__ == "__main__":
    unittest.main()
