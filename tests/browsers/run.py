"""Runs examples/misbehave in browsers and compares with what is recorded:

    run.py SITE OUTPUT [--record] [--server PROGRAM | --ports HTTP HTTPS] [--browser NAME]…

Each browser opens the page over HTTP/1.1 and over HTTP/2 and runs all that suits. OUTPUT gets report.txt and report.html,
the browsers side by side, and BROWSER.json, in the form of expected/BROWSER.json:

    {"version": …, "rows": {"FILE over PROTOCOL": {"seen": …, "reason": …}}}

`reason` stands there if, and only if, the browser does other than the row's `expect`. `--record` takes what was seen for
what is expected and keeps reasons; who records then gives the missing ones, which count as faults until then. The exit code is 1 if anything differs.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import time

import report
from drivers import BROWSERS, Missing

EXPECTED = pathlib.Path(__file__).parent / "expected"
# Some 180 rows, of which most wait half a second for what the client says at last.
RUN_S = 900
UNKNOWN_REASON = "not looked into"


@contextlib.contextmanager
def serving(program, site):
    """A server on free ports: those of HTTP/1.1 and of HTTP/2."""
    command = [program, "serve", site, "--http", "0", "--https", "0", "--log-level", "error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            ready = json.loads(server.stdout.readline())
            ports = {each["name"]: each["port"] for each in ready["listeners"]}
            yield ports["http"], ports["https"]
        finally:
            server.terminate()


def run(browser, url):
    """The page's results."""
    browser.open(url)
    # After the load event, so that `open` does not have to wait for all of it.
    browser.evaluate("document.querySelector('#run-all').click()")
    end = time.monotonic() + RUN_S
    while time.monotonic() < end:
        results = browser.evaluate("return document.querySelector('#results').textContent")
        if results:
            return json.loads(results)
        time.sleep(0.5)
    raise RuntimeError(f"{url}: no results within {RUN_S} s")


def run_all(kind, ports):
    """What one browser makes of both protocols: {"version", "rows"}, each row as the page gave it."""
    rows = {}
    for scheme, port in zip(("http", "https"), ports):
        with kind() as browser:
            results = run(browser, f"{scheme}://localhost:{port}/index.html")
            for row in results["rows"]:
                rows[f"{row['file']} over {results['protocol']}"] = row
            version = browser.version
    return {"version": version, "rows": rows}


def compared(name, got):
    """The faults of a run against what is recorded of this browser."""
    expected = recorded(name)["rows"]
    faults = []
    for row in sorted(expected.keys() | got["rows"].keys()):
        if row not in expected:
            faults.append(f"{row}: not recorded")
        elif row not in got["rows"]:
            faults.append(f"{row}: recorded, but not run")
        elif got["rows"][row]["seen"] != expected[row]["seen"]:
            faults.append(f"{row}: recorded {expected[row]['seen']}; seen {got['rows'][row]['seen']}")
        elif expected[row].get("reason") == UNKNOWN_REASON:
            faults.append(f"{row}: deviates for a reason that nobody has looked into")
        elif got["rows"][row]["agrees"] == ("reason" in expected[row]):
            faults.append(f"{row}: {'agrees, despite its reason' if got['rows'][row]['agrees'] else 'deviates without a reason'}")
    return faults


def recorded(name):
    file = EXPECTED / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else {"rows": {}}


def as_data(name, got):
    """A run in the form of expected/*.json, with the reasons that are known."""
    known = recorded(name)["rows"]
    rows = {}
    for row, each in sorted(got["rows"].items()):
        rows[row] = {"seen": each["seen"]}
        if not each["agrees"]:
            rows[row]["reason"] = known.get(row, {}).get("reason", UNKNOWN_REASON)
    return {"version": got["version"], "rows": rows}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("site")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--server", default="target/release/framewright")
    parser.add_argument("--ports", type=int, nargs=2)
    parser.add_argument("--browser", action="append", choices=sorted(BROWSERS))
    return parser.parse_args()


def main():
    wanted = arguments()
    wanted.output.mkdir(parents=True, exist_ok=True)
    runs, faults = {}, {}
    serve = contextlib.nullcontext(wanted.ports) if wanted.ports else serving(wanted.server, wanted.site)
    with serve as ports:
        for name in wanted.browser or BROWSERS:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                runs[name] = run_all(BROWSERS[name], ports)
            except Missing as missing:
                print(f"{name} is left out: {missing}", file=sys.stderr)
                continue
            text = json.dumps(as_data(name, runs[name]), indent=1, ensure_ascii=False) + "\n"
            (wanted.output / f"{name}.json").write_text(text)
            if wanted.record:
                (EXPECTED / f"{name}.json").write_text(text)
            faults[name] = compared(name, runs[name])
    table = json.loads((pathlib.Path(wanted.site) / "table.json").read_text())
    (wanted.output / "report.txt").write_text(report.text(table, runs, faults))
    (wanted.output / "report.html").write_text(report.html(table, runs, faults))
    print((wanted.output / "report.txt").read_text())
    sys.exit(1 if any(faults.values()) or not runs else 0)


main()
