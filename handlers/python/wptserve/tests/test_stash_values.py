"""What values become in the stash."""

import unittest

from wptserve import stash_values
from wptserve.multidict import MultiDict


class StashValues(unittest.TestCase):
    def test_every_value_comes_back_with_its_type(self):
        for value in (b"", b"\0\xff", "", "\u00e9\u2603\ud800", 0, -7, 1 << 80, True, False, 1.5, float("inf"), [], [1, b"a", None],
                      {}, {"a": 1}, {b"k": [1]}, {1: 2, None: 3}, {"$bytes": "x"}, {"$": 1}, {"$x": 1, "y": 2}, (), (1, (b"b",)),
                      {1, 2}, b"\0json:7", {("a", b"b"): {"c": (1,)}}):
            with self.subTest(value=value):
                back = stash_values.loads(stash_values.dumps(value))
                self.assertEqual(back, value)
                self.assertIs(type(back), type(value))

    def test_octets_stand_as_they_are_so_that_other_languages_need_no_json(self):
        self.assertEqual(stash_values.dumps(b"plain"), b"plain")
        self.assertEqual(stash_values.loads(b"left by another"), b"left by another")
        self.assertEqual(stash_values.dumps({"a": [b"\xff", "\u00e9"]}),
                         b'\0json:{"a": [{"$bytes": "\xc3\xbf"}, "\xc3\xa9"]}')

    def test_subclasses_become_what_they_are_made_of(self):
        form = MultiDict()
        form.add(b"a", b"1")
        self.assertEqual(stash_values.loads(stash_values.dumps(form)), {b"a": [b"1"]})

    def test_other_objects_are_refused_by_name(self):
        with self.assertRaisesRegex(TypeError, "not object"):
            stash_values.dumps([object()])


if __name__ == "__main__":
    unittest.main()
