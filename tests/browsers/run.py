"""Runs examples/misbehave in browsers and compares with what is recorded:

    run.py SITE OUTPUT [--record | --add] [--runs N] [--server PROGRAM] [--browser NAME]… [--only PART,…]

Each browser runs the page over HTTP/1.1 and over HTTP/2, each time with a fresh profile and a server with a listener for
every row: so each script has an origin and connections of its own, and several run at one time without disturbing each
other. OUTPUT gets report.txt and report.html, the browsers side by side, BROWSER.json in the form of the record (see
record.py), and the wire logs, in which to look for the why of an outcome.

`--record` takes what was seen for what is expected. It runs everything several times (`--runs`, else 3), and what is not
the same each time is recorded as unstable. `--add` does the same and keeps what is recorded beside it, to find rarer
outcomes of the same version. Without either, rows with another outcome than recorded run again before they count: a
change is one that comes each time. The exit code is 1 if anything differs from the record.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import time

import record
import report
from drivers import BROWSERS, Missing

PROTOCOLS = {"http": "http/1.1", "https": "h2"}
# A run takes some 20 s; where a browser hangs on a hundred rows, each for 8 s, some 90 s. On a busy machine far longer.
RUN_S = 600
RECORDED_RUNS = 3
# How often a new outcome has to come in a row.
CONFIRMATIONS = 2


@contextlib.contextmanager
def serving(wanted, name, scheme, listeners):
    """A server with so many listeners of one scheme, on free ports: the ports. Its logs are named after the browser."""
    logs = wanted.output / f"{name}-{scheme}"
    command = [wanted.server, "serve", wanted.site, "--log-level", "error", "--state-dir", wanted.output / "state"]
    command += ["--wire-log", f"{logs}.wire.jsonl", *[f"--{scheme}", "0"] * listeners]
    with open(f"{logs}.log", "wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as server:
        try:
            line = server.stdout.readline()
            if not line:
                sys.exit(f"the server did not start: {log.name} says why")
            ready = json.loads(line)
            # Each port is there twice, for IPv4 and IPv6.
            yield list(dict.fromkeys(listener["port"] for listener in ready["listeners"]))
        finally:
            server.terminate()


def results(browser, url):
    """What the page has found out when it is through."""
    browser.open(url)
    end = time.monotonic() + RUN_S
    while time.monotonic() < end:
        text = browser.evaluate("return document.querySelector('#results').textContent")
        if text:
            return json.loads(text)
        time.sleep(0.2)
    raise RuntimeError(f"{url.split('?')[0]}: not through within {RUN_S} s")


def run(kind, wanted, only):
    """What one browser makes of the rows with these parts in their names: its version, and the rows as the page has them."""
    rows, version = {}, ""
    for scheme, protocol in PROTOCOLS.items():
        files = [row["file"] for row in wanted.table if row["protocol"] in (protocol, "both")]
        own = sum(any(part in file for part in only) for file in files)
        if own == 0:
            continue
        with serving(wanted, kind.name, scheme, own + 1) as [page, *ports], kind() as browser:
            version = browser.version
            query = f"run&only={','.join(only)}&ports={','.join(map(str, ports))}"
            got = results(browser, f"{scheme}://localhost:{page}/index.html?{query}")
        if got["protocol"] != protocol:
            raise RuntimeError(f"{kind.name}: the page came over {got['protocol']} instead of {protocol}")
        rows |= {f"{row['file']} over {protocol}": row for row in got["rows"]}
    return version, rows


def run_several(kind, wanted):
    """The outcomes of several runs, in the form of the record."""
    began, runs = time.monotonic(), []
    for number in range(1, wanted.runs + 1):
        print(f"{kind.name}, run {number} of {wanted.runs} …", file=sys.stderr, flush=True)
        version, rows = run(kind, wanted, wanted.only)
        lost = sorted({row["file"] for row in rows.values() if row["outcome"] == "lost"})
        if lost:
            print(f"{kind.name}: once more {len(lost)} rows whose frames did not answer …", file=sys.stderr, flush=True)
            rows |= run(kind, wanted, lost)[1]
        runs.append(rows)
    print(f"{kind.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return record.of_runs(kind.name, version, runs)


def confirmed(got, kind, wanted):
    """The same, but for rows whose new outcome does not come again: those have the recorded one."""
    known = record.load(kind.name)
    for _ in range(CONFIRMATIONS):
        changed = record.changed(got, known)
        if not changed:
            return
        print(f"{kind.name}: once more {len(changed)} rows that have changed …", file=sys.stderr, flush=True)
        _, rows = run(kind, wanted, sorted({name.split(" over ")[0] for name in changed}))
        again = record.of_runs(kind.name, got["version"], [rows])
        for name in changed:
            if not record.is_new(again["rows"][name], known["rows"][name]):
                got["rows"][name] = again["rows"][name]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    recording = parser.add_mutually_exclusive_group()
    recording.add_argument("--record", action="store_true")
    recording.add_argument("--add", action="store_true")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--server", default="target/release/framewright")
    parser.add_argument("--browser", action="append", choices=sorted(BROWSERS))
    parser.add_argument("--only", help="rows with one of these in their file's name")
    wanted = parser.parse_args()
    wanted.records = wanted.record or wanted.add
    if wanted.records and wanted.only:
        parser.error("a record is of all rows: not with --only")
    wanted.whole = wanted.only is None
    wanted.only = (wanted.only or "").split(",")
    try:
        wanted.table = json.loads((wanted.site / "table.json").read_text())
    except (OSError, ValueError) as error:
        parser.error(f"the table of {wanted.site}: {error}")
    if not any(part in row["file"] for row in wanted.table for part in wanted.only):
        parser.error("no row's file has that in its name")
    wanted.runs = wanted.runs or (RECORDED_RUNS if wanted.records else 1)
    return wanted


def main():
    wanted = arguments()
    wanted.output.mkdir(parents=True, exist_ok=True)
    runs, faults, broken = {}, {}, False
    for name in wanted.browser or BROWSERS:
        try:
            runs[name] = got = run_several(BROWSERS[name], wanted)
        except Missing as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
            continue
        except (OSError, RuntimeError) as error:
            print(f"{name} broke off: {error}", file=sys.stderr)
            broken = True
            continue
        known = record.load(name)
        if wanted.add:
            if known["version"] not in ("none", got["version"]):
                sys.exit(f"{name} {got['version']}: recorded is {known['version']}; use --record")
            record.add(got, known)
        if not wanted.records:
            confirmed(got, BROWSERS[name], wanted)
        record.keep_reasons(got, known)
        record.save(got, wanted.output)
        if wanted.records:
            record.save(got, record.FOLDER)
        faults[name] = record.compared(got, record.load(name), complete=wanted.whole)
    (wanted.output / "report.txt").write_text(report.text(wanted.table, runs, faults))
    (wanted.output / "report.html").write_text(report.html(wanted.table, runs, faults))
    print((wanted.output / "report.txt").read_text())
    sys.exit(1 if any(faults.values()) or broken or not runs else 0)


main()
