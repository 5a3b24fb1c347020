"""Runs tests of a web-platform-tests checkout, served by us, in Chromium and compares what becomes of them with a reference:

    wpt.py CHECKOUT [NAME…] [--server PROGRAM|running] [--flag=--NAME=VALUE]… [--config FILE] [--out FOLDER] [--jobs N]
           [--reference FILE [--stable FILE] | --reference-server [--python PROGRAM]] [--native] [--retries N]
           [--at-least PERCENT]

A NAME is a folder or a file of the checkout, the URL of a test (`/dom/…`), or a list of such names (`@FILE`); without any,
all tests of the reference, or else of the checkout; with --native, only those whose files name no Python and no WebSocket
handler. The reference is a results file, or what the checkout's own server
gives on the same ports (run twice, to know what is flaky). FOLDER (target/wpt) gets results.json, report.txt, report.html,
and the servers' logs. The exit code is 1 if fewer than PERCENT (100) of the subtests agree, 2 if not all could be compared.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import time

sys.path.append(str(pathlib.Path(__file__).parent.parent / "browsers"))

import reports
import servers
from agreement import Agreement
from drivers import Missing
from listing import Checkout, Unknown
from needs import Needs
from pool import Pool, Progress


class Session:
    """What all runs of one invocation have in common."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.checkout = Checkout(wanted.checkout)
        if wanted.server != "running" and not shutil.which(wanted.server):
            raise servers.Failed(f"{wanted.server}: no such program; `make` builds it, --server names another")
        self.out = wanted.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.config = pathlib.Path(wanted.config or self.out / "config.json").resolve()
        self.places = servers.Places(servers.write_config(wanted.config, self.config))
        self.facts = []
        self.interrupted = False
        self.needs = Needs(self.checkout)

    def tests(self):
        """What is to be run."""
        wanted = self.wanted
        if wanted.names or not wanted.reference:
            tests = self.checkout.select(wanted.names or ["."])
        else:
            tests = list(read(wanted.reference))
        if wanted.native:
            left_out = {test: needs for test in tests if (needs := self.needs.of(test))}
            tests = [test for test in tests if test not in left_out]
            text = "".join(f"{test} {' '.join(needs)}\n" for test, needs in left_out.items())
            (self.out / "left-out.txt").write_text(text, encoding="utf-8")
            self.facts.append(f"{len(left_out)} tests left out that name Python or WebSocket handlers (left-out.txt)")
        if not tests:
            raise Unknown("no tests there")
        return tests

    def seconds_of(self, test):
        return self.wanted.long_seconds if self.checkout.takes_long(test) else self.wanted.seconds

    def run(self, title, server, tests):
        """The results of all tests against a server, which this starts and stops."""
        with server:
            pool = Pool(self.wanted.jobs, self.places.resolver_rules(), self.places.url, self.seconds_of)
            begin = time.monotonic()
            results = pool.run(tests, Progress(title, len(tests)))
            seconds = time.monotonic() - begin
        self.interrupted |= pool.interrupted
        fact = f"{title}: {len(results)} of {len(tests)} tests in {seconds:.0f} s, {len(results) / max(seconds, 0.001):.1f}/s, "
        fact += f"{self.wanted.jobs} at a time, Chromium {pool.version}"
        if server.cpu_s is not None:
            fact += f"; the server was ready after {server.ready_s:.2f} s and took {server.cpu_s:.1f} s of CPU time"
        self.facts.append(fact)
        return results

    def ours(self, name):
        program = self.wanted.server
        if program == "running":
            return servers.Running(self.places)
        return servers.ours(program, self.checkout.root, self.config, self.places, self.out / f"{name}.log",
                            self.wanted.flag)

    def original(self, name):
        return servers.original(
            self.wanted.python, self.checkout.root, self.config, self.places, self.out / f"{name}.log")

    def references(self, tests):
        """(reference, a second run of it or None)"""
        if self.wanted.reference_server:
            runs = []
            for name in ("reference", "reference-again"):
                runs.append(self.run(name, self.original(name), tests))
                write(self.out / f"{name}.json", runs[-1])
            return runs
        return read(self.wanted.reference), read(self.wanted.stable)

    def compare(self, reference, stable, tests):
        results = self.run("ours", self.ours("server"), tests)
        for _ in range(self.wanted.retries):
            differing = {each.test: each for each in Agreement(reference, results, stable).differences}
            if not differing or self.interrupted:
                break
            again = self.run("ours, what differed again", self.ours("server-again"), list(differing))
            worse = {each.test for each in Agreement(reference, again, stable).differences}
            equal = [test for test in again if test not in worse]
            self.facts.append(f"{len(equal)} tests agreed in a further run only")
            self.facts += [f"    {test}: {first_difference(differing[test])}" for test in equal]
            results.update({test: again[test] for test in equal})
        write(self.out / "results.json", results)
        agreement = Agreement(reference, results, stable, self.wanted.depth)
        for each in agreement.differences:
            each.needs = self.needs.of(each.test)
        return agreement


def first_difference(difference):
    name, reference, ours, message = difference.subtests[0]
    return reports.one_line(f"{name}: {reference} -> {ours} {message}")


def read(file):
    if file is None:
        return None
    try:
        results = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
        if not all(isinstance(each["subtests"], dict) for each in results.values()):
            raise ValueError("no results of a run")
        return results
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unknown(f"{file}: {error}") from error


def write(file, results):
    # ASCII alone, since names may have what UTF-8 cannot say.
    file.write_text(json.dumps(results, indent=1))


def arguments():
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--server", default="target/release/framewright")
    parser.add_argument("--flag", action="append", default=[], metavar="--NAME=VALUE", help="one more for our server; may be repeated")
    parser.add_argument("--config")
    parser.add_argument("--out", type=pathlib.Path, default="target/wpt")
    parser.add_argument("--jobs", type=int, default=cores, help=f"tests at a time ({cores})")
    parser.add_argument("--seconds", type=float, default=15, help="for a test (15)")
    parser.add_argument("--long-seconds", type=float, default=65, help="for a test that asks for more time (65)")
    parser.add_argument("--reference")
    parser.add_argument("--reference-server", action="store_true", help="compare with the checkout's own server")
    parser.add_argument("--python", default=sys.executable, help="what runs the checkout's own server")
    parser.add_argument("--stable", help="a second run of the reference")
    parser.add_argument("--native", action="store_true", help="leave out tests that name Python or WebSocket handlers")
    parser.add_argument("--retries", type=int, default=1, help="further runs of tests that differ (1)")
    parser.add_argument("--at-least", type=float, default=100, metavar="PERCENT")
    parser.add_argument("--depth", type=int, default=1, help="of the folders in the report (1)")
    parser.add_argument("--list", action="store_true", help="print the tests' URLs and run nothing")
    wanted = parser.parse_intermixed_args()
    if wanted.jobs < 1 or wanted.retries < 0 or wanted.depth < 1 or min(wanted.seconds, wanted.long_seconds) <= 0:
        parser.error("--jobs and --depth begin at 1, --retries at 0, and limits in seconds above 0")
    if wanted.reference and wanted.reference_server:
        parser.error("one reference: --reference or --reference-server")
    if wanted.stable and not wanted.reference:
        parser.error("--stable is a second run of a --reference")
    return wanted


def compare(wanted):
    session = Session(wanted)
    tests = session.tests()
    if wanted.list:
        print(*map(session.places.url, tests), sep="\n")
        return 0
    reference, stable = session.references(tests)
    if reference is None:
        return without_reference(session, tests)
    agreement = session.compare(reference, stable, tests)
    (session.out / "report.txt").write_text(reports.text(agreement, session.facts), encoding="utf-8")
    (session.out / "report.html").write_text(reports.html(agreement, session.facts), encoding="utf-8")
    print((session.out / "report.txt").read_text(encoding="utf-8"), end="")
    if not agreement.all.tests:
        raise Unknown("the reference has none of these tests")
    if session.interrupted:
        return 2
    return 0 if agreement.all.percent >= wanted.at_least else 1


def without_reference(session, tests):
    results = session.run("ours", session.ours("server"), tests)
    write(session.out / "results.json", results)
    report = reports.results(results, session.facts)
    (session.out / "report.txt").write_text(report, encoding="utf-8")
    print(report, end="")
    return 2 if session.interrupted else 0


def main():
    try:
        return compare(arguments())
    except (Unknown, Missing, servers.Failed) as error:
        print(f"wpt.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
