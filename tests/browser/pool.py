"""Runs tests in several browsers at a time, replaces browsers that go, and shows how far it is."""

import queue
import shutil
import sys
import threading
import time

from devtools import Chromium, Gone, outcome

# A browser is replaced after so many tests: what earlier ones leave behind in it slows the later ones down.
TESTS_PER_BROWSER = 400
# A test that takes the browser with it is given this many.
BROWSERS_PER_TEST = 2


class Pool:
    """Browsers that take tests from one queue."""

    def __init__(self, jobs, resolver_rules, url_of, seconds_of):
        self.jobs = jobs
        self.resolver_rules = resolver_rules
        self.url_of = url_of
        self.seconds_of = seconds_of
        self.version = ""
        self.interrupted = False

    def run(self, tests, progress):
        """{test: result}. If interrupted, what there is by then."""
        waiting = queue.SimpleQueue()
        for test in tests:
            waiting.put(test)
        results, faults = {}, []
        work = (waiting, results, progress, faults)
        threads = [threading.Thread(target=self.worker, args=work, daemon=True) for _ in range(min(self.jobs, len(tests)))]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        except KeyboardInterrupt:
            print("\ninterrupted: the tests that are running may end", file=sys.stderr)
            self.interrupted = True
            while not waiting.empty():
                take(waiting)
            for thread in threads:
                thread.join(max(map(self.seconds_of, tests)))
        if faults:
            raise faults[0]
        return {test: results[test] for test in tests if test in results}

    def worker(self, waiting, results, progress, faults):
        try:
            while (test := take(waiting)) is not None:
                self.browse(test, waiting, results, progress)
        except Exception as fault:  # Of the runner itself: told by the main thread.
            faults.append(fault)

    def browse(self, test, waiting, results, progress):
        """One browser's life, beginning with this test."""
        tries = 0
        with Chromium(self.resolver_rules) as browser:
            self.version = browser.version
            for _ in range(TESTS_PER_BROWSER):
                try:
                    results[test] = browser.load(self.url_of(test), self.seconds_of(test))
                    progress(results[test])
                except Gone as gone:
                    results[test] = outcome("CRASH", f"the browser: {gone}")
                    break
                if (test := take(waiting)) is None:
                    return
            else:
                waiting.put(test)
                return
        self.again(test, waiting, results, progress)

    def again(self, test, waiting, results, progress):
        """A test that has lost its browser, which may have been another's fault, gets one of its own."""
        for _ in range(BROWSERS_PER_TEST - 1):
            try:
                with Chromium(self.resolver_rules) as browser:
                    results[test] = browser.load(self.url_of(test), self.seconds_of(test))
                    break
            except Gone as gone:
                results[test] = outcome("CRASH", f"the browser: {gone}")
        progress(results[test])


def take(waiting):
    try:
        return waiting.get_nowait()
    except queue.Empty:
        return None


class Progress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, title, total, out=None):
        self.title, self.total, self.out = title, total, out or sys.stderr
        self.done, self.failed = 0, 0
        self.lock = threading.Lock()
        self.begin = time.monotonic()
        self.told = self.begin
        self.live = self.out.isatty()

    # Seconds between lines where there is no terminal.
    EVERY_S = 10

    def __call__(self, result):
        with self.lock:
            self.done += 1
            self.failed += result["status"] in ("CRASH", "EXTERNAL-TIMEOUT")
            now = time.monotonic()
            if self.live or self.done == self.total or now - self.told > self.EVERY_S:
                self.told = now
                self.show(now - self.begin)

    def show(self, seconds):
        speed = self.done / max(seconds, 0.001)
        left = (self.total - self.done) / speed
        text = f"{self.done}/{self.total}  {speed:.1f}/s  {clock(seconds)} gone, {clock(left)} left"
        if self.failed:
            text += f"  {self.failed} without a result"
        if not self.live:
            print(f"{self.title}: {text}", file=self.out, flush=True)
            return
        columns = shutil.get_terminal_size().columns
        room = max(10, min(40, columns - len(self.title) - len(text) - 6))
        filled = room * self.done // self.total
        line = f"{self.title} [{'#' * filled}{'.' * (room - filled)}] {text}"[: columns - 1]
        print(f"\r{line}\x1b[K", end="\n" if self.done == self.total else "", file=self.out, flush=True)


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
