"""What the runner relies on, with a checkout and a harness of a few lines: python3 selftest.py [-v]"""

import contextlib
import http.server
import io
import json
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

sys.path.append(str(pathlib.Path(__file__).parent.parent / "browsers"))

import wpt
from agreement import Agreement
from devtools import Chromium, Gone
from drivers import free_port
from listing import Checkout, Unknown
from needs import Needs

HARNESS_TAG = '<script src="/resources/testharness.js"></script>'
# The part of testharness.js's interface that the runner uses; `done` stands for a test's end.
HARNESS = """
let told;
window.add_completion_callback = callback => { told = callback; };
window.done = (...tests) => setTimeout(() => told(
  tests.map(([name, status, message]) => ({name, status, message})), {status: 0, message: null}), 10);
"""

TREE = {
    "resources/testharness.js": HARNESS,
    "resources/not-a-test.html": HARNESS_TAG,
    "a/page.html": f'<meta name=timeout content=long>{HARNESS_TAG}<script>done(["one", 0], ["two", 1, "no\\ud800"])</script>',
    "a/variants.htm": f'<meta name=variant content="?1"><meta name=variant content="#2">{HARNESS_TAG}<script>done()</script>',
    "a/dialog.html": f'{HARNESS_TAG}<script>alert(1); done(["answered", 0])</script>',
    "a/cookie.html": f'{HARNESS_TAG}<script>done([document.cookie || "fresh", 0]); document.cookie = "old=1"</script>',
    "a/hidden.html": f'{HARNESS_TAG}<script>done([Object.keys(window).filter(key => /tell/i.test(key)).join(), 0])</script>',
    "a/never.html": HARNESS_TAG,
    "a/x-manual.html": HARNESS_TAG,
    "a/.hidden.html": HARNESS_TAG,
    "a/reference.html": "<p>No harness.",
    "a/x.svg": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:h="http://www.w3.org/1999/xhtml">'
               '<h:script src="/resources/testharness.js"/></svg>',
    "b/one.any.js": "// META: title=one\n// META: global=window,worker,jsshell\n// META: timeout=long\n",
    "b/two.any.js": "// META: variant=?a\n// META: variant=?b\n",
    "b/three.any.js": "\n// META: global=window\n",
    "b/four.window.js": "// META: global=worker\n",
    "b/five.https.worker.js": "",
    "c/direct.html": f"{HARNESS_TAG}<script>fetch('resources/answer.py?x')</script>",
    "c/indirect.any.js": "// META: script=helper.js\n",
    "c/helper.js": "fetch(RESOURCES + 'answer.py'); new WebSocket(there);",
    "c/resources/answer.py": "",
    "c/innocent.html": f"{HARNESS_TAG}<script>'nowhere.py, a.html.'; done()</script>",
    "b/six.any.js": "// META: global=shadowrealm-in-window, window-module,unheard-of\n",
}


@contextlib.contextmanager
def checkout():
    with tempfile.TemporaryDirectory() as root:
        for name, text in TREE.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        yield root


class Quiet(http.server.SimpleHTTPRequestHandler):
    # Names of files that were asked for.
    asked = set()

    def log_message(self, *_):
        self.asked.add(self.path)


@contextlib.contextmanager
def serving(root):
    """A server of the tree: its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Quiet(*args, directory=root)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def kill_pages(browser):
    """Ends the processes of all pages, as a fault of the browser's would."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ours = os.getpgid(int(folder.name)) == browser.process.pid
            if ours and b"--type=renderer" in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)


@contextlib.contextmanager
def pages_killed(browser, path):
    """Ends pages again and again as soon as one has asked for the path: how far it is by then cannot be known."""
    over = threading.Event()
    Quiet.asked.discard(path)

    def kill():
        while not over.wait(0.5):
            if path in Quiet.asked:
                kill_pages(browser)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Listing(unittest.TestCase):
    def setUp(self):
        self.checkout = Checkout(self.enterContext(checkout()))

    def test_markup_is_a_test_if_it_loads_the_harness_and_needs_nobody(self):
        self.assertEqual(self.checkout.select(["a"]), [
            "/a/cookie.html", "/a/dialog.html", "/a/hidden.html", "/a/never.html", "/a/page.html",
            "/a/variants.htm?1", "/a/variants.htm#2", "/a/x.svg"])
        self.assertEqual(self.checkout.select(["resources"]), [])

    def test_scripts_become_a_page_for_each_global_and_variant(self):
        self.assertEqual(self.checkout.select(["b"]), [
            "/b/five.https.worker.html", "/b/four.window.html",
            "/b/one.any.html", "/b/one.any.serviceworker.html", "/b/one.any.sharedworker.html", "/b/one.any.worker.html",
            "/b/six.any.shadowrealm-in-window.html", "/b/six.any.window-module.html",
            "/b/three.any.html", "/b/three.any.worker.html",
            "/b/two.any.html?a", "/b/two.any.html?b", "/b/two.any.worker.html?a", "/b/two.any.worker.html?b"])

    def test_names_are_folders_files_urls_and_lists_and_each_test_comes_once(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("# some\n/a/any.html?x\na/page.html\n\n")
            file.flush()
            self.assertEqual(self.checkout.select([f"@{file.name}", "a/page.html"]), ["/a/any.html?x", "/a/page.html"])
        for wrong in ("nowhere", "@/nowhere"):
            self.assertRaises(Unknown, self.checkout.select, [wrong])
        self.assertRaises(Unknown, Checkout, "/nowhere")

    def test_the_time_that_a_test_asks_for_stands_in_its_file(self):
        long = [test for test in self.checkout.select(["."]) if self.checkout.takes_long(test)]
        self.assertEqual([test.partition(".")[0] for test in long], ["/a/page", *["/b/one"] * 4])
        self.assertFalse(self.checkout.takes_long("/nowhere.html"))


    def test_the_handlers_that_a_test_needs_are_found_through_its_files(self):
        needs = Needs(self.checkout)
        self.assertEqual(needs.of("/c/direct.html"), ["/c/resources/answer.py"])
        self.assertEqual(needs.of("/c/indirect.any.worker.html"), ["/c/resources/answer.py", "WebSocket"])
        self.assertEqual(needs.of("/c/innocent.html"), [])
        self.assertEqual(needs.of("/nowhere.html"), [])


class Comparing(unittest.TestCase):
    def test_missing_and_surplus_subtests_differ_and_what_the_reference_cannot_repeat_is_left_out(self):
        def run(status="OK", **subtests):
            return {"/d/t.html": {"status": status, "message": None, "subtests": {k: [v, None] for k, v in subtests.items()}}}

        reference = run(a="PASS", b="PASS", c="PASS", flaky="PASS")
        stable = run(a="PASS", b="PASS", c="PASS", flaky="FAIL", sometimes="PASS")
        seen = Agreement(reference, run(a="PASS", b="FAIL", flaky="FAIL", new="PASS", sometimes="FAIL"), stable)
        self.assertEqual((seen.all.subtests, seen.all.same, seen.all.flaky), (5, 2, 1))
        self.assertEqual(
            [each[:3] for each in seen.differences[0].subtests],
            [("b", "PASS", "FAIL"), ("c", "PASS", "missing"), ("new", "missing", "PASS")])
        self.assertEqual(list(seen.folders), ["/d"])
        self.assertEqual(Agreement(reference, reference).differences, [])


class Browsing(unittest.TestCase):
    RULES = "MAP *.test 127.0.0.1"

    def test_a_context_is_fresh_a_dialog_holds_nothing_up_and_pages_see_nothing_of_the_runner(self):
        with checkout() as root, serving(root) as port, Chromium(self.RULES) as browser:
            def load(path, seconds=20):
                return browser.load(f"http://web.test:{port}/a/{path}", seconds)

            result = load("page.html")
            self.assertEqual(result["subtests"], {"one": ["PASS", None], "two": ["FAIL", "no\ud800"]})
            for _ in range(2):
                self.assertEqual(load("cookie.html")["subtests"], {"fresh": ["PASS", None]})
            self.assertEqual(load("dialog.html")["subtests"], {"answered": ["PASS", None]})
            self.assertEqual(load("hidden.html")["subtests"], {"": ["PASS", None]})
            self.assertEqual(load("never.html", 0.5)["status"], "EXTERNAL-TIMEOUT")
            self.assertEqual(browser.load(f"http://nowhere.invalid:{port}/", 20)["status"], "EXTERNAL-TIMEOUT")
            with pages_killed(browser, "/a/never.html"):
                self.assertEqual(load("never.html", 60)["status"], "CRASH")
            self.assertEqual(load("page.html")["status"], "OK")
            os.killpg(browser.process.pid, signal.SIGKILL)
            self.assertRaises(Gone, load, "page.html")

    def test_a_run_survives_its_browsers_and_tells_a_difference(self):
        with checkout() as root, serving(root) as port, tempfile.TemporaryDirectory() as out:
            config = pathlib.Path(out, "config.json")
            # Whatever the protocol, this test's pages are all on the one server.
            config.write_text(json.dumps({"ports": {scheme: [port] for scheme in ("http", "https", "h2")}}))
            names = ["a/page.html", "a/cookie.html", "a/variants.htm"]
            arguments = [root, *names, "--server", "running", "--config", str(config), "--jobs", "2", "--out"]

            self.assertEqual(self.wpt(*arguments, f"{out}/first", killing=True), 0)
            first = pathlib.Path(out, "first/results.json")
            results = json.loads(first.read_text())
            self.assertEqual({result["status"] for result in results.values()}, {"OK"})
            self.assertEqual(len(results), 4)

            results["/a/page.html"]["subtests"]["one"][0] = "FAIL"
            first.write_text(json.dumps(results))
            compared = [*arguments, f"{out}/second", "--reference", str(first)]
            self.assertEqual(self.wpt(*compared), 1)
            self.assertIn("one: FAIL -> PASS", pathlib.Path(out, "second/report.txt").read_text())
            self.assertIn("/a/page.html", pathlib.Path(out, "second/report.html").read_text())
            self.assertEqual(self.wpt(*compared, "--at-least", "80"), 0)
            native = [root, "a/page.html", "c", "--native", *arguments[4:], f"{out}/third"]
            self.assertEqual(self.wpt(*native), 0)
            self.assertEqual(list(json.loads(pathlib.Path(out, "third/results.json").read_text())),
                             ["/a/page.html", "/c/innocent.html"])

    def test_what_cannot_be_run_is_said(self):
        with checkout() as root, tempfile.TemporaryDirectory() as out:
            config = pathlib.Path(out, "config.json")
            config.write_text(json.dumps({"ports": {scheme: [free_port()] for scheme in ("http", "https", "h2")}}))
            common = ["--config", str(config), "--out", f"{out}/x"]
            for wrong in ([root, "nowhere"], [root, "resources"], [out], [root, "a", "--server", "running"],
                          [root, "a", "--server", "false"], [root, "a", "--server", "/nowhere"],
                          [root, "a", "--reference", str(config)]):
                self.assertEqual(self.wpt(*wrong, *common), 2, wrong)
            self.assertEqual(self.wpt(root, "a", "--config", "/nowhere", "--out", f"{out}/x"), 2)

    def wpt(self, *arguments, killing=False):
        """The runner's exit code. With `killing`, the first browser ends while it works."""
        lives = []

        def load(browser, *args, original=Chromium.load):
            lives.append(browser)
            if killing and len(lives) == 1:
                threading.Timer(0.05, browser.kill).start()
                time.sleep(0.1)
            return original(browser, *args)

        quiet = io.StringIO()
        with mock.patch.object(sys, "argv", ["wpt.py", *arguments]), mock.patch.object(Chromium, "load", load), \
                contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            return wpt.main()


if __name__ == "__main__":
    unittest.main()
