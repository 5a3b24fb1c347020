"""The same handlers and requests as on the original server, whose answers `tests/python/original.json` has."""

import importlib
import json
import os
import sys
import unittest
from unittest import mock

from _framewright import exchange

from .stand_in import SITE, StandIn, h1_facts

HERE = os.path.dirname(SITE)
sys.path.insert(0, HERE)
record = importlib.import_module("record")
sys.path.pop(0)

#: What differs, each with its reason.
DIFFERS = {
    # Content that fails on its way: the original leaves the connection open, and the client waits for ever.
    "returns 304": {"closed": True},
}


class Original(unittest.TestCase):
    def test_answers_are_those_of_the_original(self):
        with open(os.path.join(HERE, "original.json"), encoding="ascii") as file:
            rows = json.load(file)
        stash = {}
        here = os.getcwd()
        for row in rows:
            if row["name"].startswith("pipe"):
                # Pipes are the server's.
                continue
            with self.subTest(row["name"]):
                response, is_closed = self.answer(row, stash)
                expected = row | DIFFERS.get(row["name"], {})
                self.assertEqual(response, expected["response"])
                self.assertEqual(is_closed, expected["closed"])
        self.assertEqual(os.getcwd(), here)

    def answer(self, row, stash):
        request = row["request"].replace("PORT", "8000").encode("iso-8859-1")
        facts, content = h1_facts(request)
        path = facts.target.split(b"?")[0].decode()
        try:
            with open(SITE + path, "rb") as file:
                source = file.read()
        except FileNotFoundError:
            # The server looks for the file before it starts anything.
            return row["response"], row["closed"]
        # Where the sandbox has the site as its root.
        door = StandIn(source, facts, content, SITE + path, stash)
        with mock.patch.object(sys, "path", [SITE, *sys.path]), \
                mock.patch("wptserve.request.Request.doc_root", SITE, create=True):
            exchange.run(door)
        return record.normal(b"".join(door.sent), 8000), not door.keeps


if __name__ == "__main__":
    unittest.main()
