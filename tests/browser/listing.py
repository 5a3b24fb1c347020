"""The testharness tests of a web-platform-tests checkout, as the URLs that a browser loads.

Follows the documented conventions on file names and metadata
(https://web-platform-tests.org/writing-tests/file-names.html, …/testharness.html): markup that loads
/resources/testharness.js, and `.any.js`, `.window.js` and `.worker.js` files, of which the server makes pages. Reference
tests, manual ones and WebDriver's are none of ours.
"""

import html.parser
import os
import pathlib
import re

MARKUP = {".html", ".htm", ".xhtml", ".xht", ".xml", ".svg"}
NO_TESTS_IN = {"resources", "support", "tools", "crashtests", "print"}
NO_TESTS_BELOW = {("common",), ("conformance-checkers",), ("css21", "archive"), ("css", "CSS2", "archive"), ("css", "common")}
# `NAME-manual.html` and so on: somebody, or something else than a script, has to look.
OTHER_KINDS = {"manual", "visual", "crash", "print"}
# What <meta name="flags"> says of CSS tests that need somebody to look.
MANUAL_FLAGS = {"animated", "font", "history", "interact", "paged", "speech", "userstyle"}

# Each global of `global=` and the page that runs a test in it. `jsshell` is no browser's.
PAGES = {
    "window": ".any.html",
    "window-module": ".any.window-module.html",
    "dedicatedworker": ".any.worker.html",
    "dedicatedworker-module": ".any.worker-module.html",
    "sharedworker": ".any.sharedworker.html",
    "sharedworker-module": ".any.sharedworker-module.html",
    "serviceworker": ".any.serviceworker.html",
    "serviceworker-module": ".any.serviceworker-module.html",
    **{f"shadowrealm-in-{realm}": f".any.shadowrealm-in-{realm}.html" for realm in (
        "window", "shadowrealm", "dedicatedworker", "sharedworker", "serviceworker", "audioworklet")},
}
SHORTHANDS = {
    "": ["window", "dedicatedworker"],
    "worker": ["dedicatedworker", "sharedworker", "serviceworker"],
    "shadowrealm": [name for name in PAGES if name.startswith("shadowrealm-")],
}

META = re.compile(r"//\s*META:\s*(\w*)=(.*)$")


class Unknown(Exception):
    """Nothing of that name is in the checkout."""


class Checkout:
    """A folder with tests."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        if not (self.root / "resources/testharness.js").is_file():
            raise Unknown(f"{root} is no checkout of web-platform-tests: resources/testharness.js is missing")

    def select(self, names):
        """The tests that `names` mean, each once, in order: folders, files, URLs (`/…`), and lists of these (`@FILE`)."""
        tests = {}
        for name in names:
            for each in self.lines(name[1:]) if name.startswith("@") else [name]:
                tests.update(dict.fromkeys(self.tests_of(each)))
        return list(tests)

    @staticmethod
    def lines(file):
        try:
            text = pathlib.Path(file).read_text(encoding="utf-8")
        except OSError as error:
            raise Unknown(f"{file}: {error.strerror}") from error
        return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    def tests_of(self, name):
        path = self.root / name.strip("/")
        if path.is_dir():
            return self.below(path)
        if name.startswith("/"):
            return [name]
        if not path.is_file():
            raise Unknown(f"{name}: no folder or file of {self.root}")
        return self.in_file(path)

    def below(self, folder):
        for path, folders, files in os.walk(folder):
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            for file in sorted(files):
                yield from self.in_file(pathlib.Path(path, file))

    def in_file(self, path):
        """URLs, if the file holds a test."""
        parts = path.relative_to(self.root).parts
        kind = path.stem.rpartition("-")[2].partition(".")[0] if "-" in path.stem else ""
        if (len(parts) < 2 or NO_TESTS_IN & set(parts) or any(parts[: len(each)] == each for each in NO_TESTS_BELOW)
                or kind in OTHER_KINDS or path.name.startswith((".", "MANIFEST"))):
            return []
        url = "/" + "/".join(parts)
        if path.suffix == ".js":
            return self.in_script(path, url)
        return self.in_markup(path, url) if path.suffix in MARKUP else []

    @staticmethod
    def in_script(path, url):
        name = next((kind for kind in (".any.js", ".window.js", ".worker.js") if url.endswith(kind)), None)
        if not name:
            return []
        meta = script_meta(path)
        if name == ".any.js":
            wanted = next((value for key, value in meta if key == "global"), "")
            pages = [page for kind, page in PAGES.items() if kind in globals_of(wanted)]
        else:
            pages = [name.replace(".js", ".html")]
        stem = url.removesuffix(name)
        return [stem + page + variant for page in sorted(pages) for variant in variants(meta)]

    @staticmethod
    def in_markup(path, url):
        octets = path.read_bytes()
        # Most files are no tests, and parsing takes long.
        if b"testharness.js" not in octets and not octets.startswith((b"\xff\xfe", b"\xfe\xff")):
            return []
        markup = Markup.of(octets)
        return [url + variant for variant in variants(markup.meta)] if markup.is_test else []

    def takes_long(self, test):
        """Whether a test asks for more time, so far as its file tells."""
        for path in self.sources(test):
            if path.is_file():
                meta = script_meta(path) if path.suffix == ".js" else Markup.of(path.read_bytes()).meta
                return any(key == "timeout" and value.lower() == "long" for key, value in meta)
        return False

    def sources(self, test):
        url = re.split(r"[?#]", test)[0]
        yield self.root / url.lstrip("/")
        for kind in ("any", "window", "worker"):
            if (found := re.fullmatch(rf"/(.*\.{kind})(\.[a-z-]+)?\.html", url)):
                yield self.root / f"{found[1]}.js"


def globals_of(value):
    names = set()
    for word in value.split(","):
        names.update(SHORTHANDS.get(word.strip(), [word.strip()]))
    return names


def variants(meta):
    return [value for key, value in meta if key == "variant"] or [""]


def script_meta(path):
    """The `// META: key=value` lines that a script begins with."""
    meta = []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not (found := META.match(line.rstrip("\n"))):
                break
            meta.append(found.groups())
    return meta


class Markup(html.parser.HTMLParser):
    """What a page says of itself in <meta>, and whether it loads the harness."""

    def __init__(self):
        super().__init__()
        self.meta = []
        self.loads_harness = False
        self.is_manual = False

    @classmethod
    def of(cls, octets):
        utf16 = octets.startswith((b"\xff\xfe", b"\xfe\xff"))
        it = cls()
        it.feed(octets.decode("utf-16" if utf16 else "utf-8", errors="replace"))
        return it

    @property
    def is_test(self):
        return self.loads_harness and not self.is_manual

    def handle_starttag(self, tag, attrs):
        # XML may give HTML's names any prefix.
        tag, attributes = tag.rpartition(":")[2], dict(attrs)
        if tag == "script" and attributes.get("src") == "/resources/testharness.js":
            self.loads_harness = True
        if tag == "meta" and attributes.get("content") is not None:
            name, content = attributes.get("name"), attributes["content"]
            self.meta.append((name, content))
            self.is_manual |= name == "flags" and not MANUAL_FLAGS.isdisjoint(content.split())
