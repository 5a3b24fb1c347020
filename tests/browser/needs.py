"""Which Python or WebSocket handlers a test uses, as far as its files show.

A test that differs because of a handler that a server does not run says nothing of the rest of that server. This follows
the names of files in a test's files, those in theirs, and so on; names that are put together at run time escape it, and a
name in a comment counts. It is a hint, for reports, and for leaving such tests out (`--native`).
"""

import os
import pathlib
import re

# A name of a file of a kind that can name further ones, or of a handler.
WORD = re.compile(r"[\w./%+-]+")
NAME = re.compile(r".*\w\.(?:m?js|x?html?|xht|svg|css|py)\.?$")
LONGEST = 300
WEBSOCKET = re.compile(r"\bnew WebSocket(?:Stream)?\(|\{\{ports\[wss?\]")
# The harness and what comes with it name handlers that only their own tests use.
SHARED = ("resources/", "common/get-host-info")
# Where names without a folder are, beside the file that has them.
BESIDE = ("", "resources/", "support/", "../resources/", "../support/")
# A test's files lead to every other file sooner or later.
DEPTH = 4
MOST_FILES = 60


class Needs:
    """Of the tests of one checkout."""

    def __init__(self, checkout):
        self.checkout = checkout
        # What is known of files already: the names in each, and whether there is one.
        self.named, self.files = {}, {}

    def of(self, test):
        """Paths of handlers, and `WebSocket`, in order."""
        found, seen = set(), set()
        files = {path for path in self.checkout.sources(test) if path.is_file()}
        found.update(self.handler(path) for path in files if path.suffix == ".py")
        for _ in range(DEPTH):
            seen |= files
            named = set().union(*map(self.names_in, files))
            found |= {each for each in named if isinstance(each, str)}
            files = {each for each in named if not isinstance(each, str)} - seen
            if len(seen) + len(files) > MOST_FILES:
                break
        return sorted(found)

    def names_in(self, path):
        """What a file names: handlers as text, other files as paths."""
        if path not in self.named:
            text = path.read_text(encoding="utf-8", errors="replace")
            found = {"WebSocket"} if WEBSOCKET.search(text) else set()
            for name in {word.rstrip(".") for word in WORD.findall(text) if len(word) < LONGEST and NAME.match(word)}:
                for file in self.places(path, name):
                    found.add(self.handler(file) if file.suffix == ".py" else file)
            self.named[path] = found
        return self.named[path]

    def places(self, path, name):
        """The file that a name means, if there is one: from the root, or beside the file that has the name."""
        root = str(self.checkout.root)
        candidates = [f"{root}/{name.lstrip('/')}"]
        if not name.startswith("/"):
            candidates = [f"{path.parent}/{folder}{name}" for folder in BESIDE] + candidates
        for each in map(os.path.normpath, candidates):
            if each not in self.files:
                self.files[each] = each.startswith(root + "/") and os.path.isfile(each)
            if self.files[each]:
                shared = each.removeprefix(root + "/").startswith(SHARED)
                return [] if shared else [pathlib.Path(each)]
        return []

    def handler(self, path):
        return "/" + str(path.relative_to(self.checkout.root))
