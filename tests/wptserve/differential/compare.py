"""Sends the same requests to `framewright wpt` and to wptserve itself, and compares what comes back:

    compare.py --server PROGRAM [--tools FOLDER] [--only TEXT] [--all]
    compare.py --tools FOLDER                    two versions of wptserve, the installed one and that of a checkout

Requests are the rows of requests/*.json: {"target"} with "method" (GET), "fields", "body" and "protocols" (h1 and h2), or
{"raw"}, the octets of a request on HTTP/1.1; instead of a target in tree/, "files" puts a folder with these files there,
and asks for the first of them with "query". `⟨300 a⟩` stands for 300 times `a`. `differs` of a row, {"[PROTOCOL ]ASPECT": REASON}, names what is allowed to
differ from wptserve: REASON is a key of reasons.json, which points into docs/differences.md. What does not differ although
it is listed is a fault as well, and so is that wptserve falls silent without closing, unless `silent` of the row names the
protocols where it does: two servers that say nothing agree about nothing. Prints one line a fault, and exits with 1 if there is any. `--all` goes on to list every
difference as if none were allowed.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import exchanges
from normal import normal

HERE = pathlib.Path(__file__).parent
PROJECT = HERE.parent.parent.parent
# Ours keeps every fault that it has a switch for (docs/wpt.md).
AS_WPTSERVE = [f"--{switch}=off" for switch in (
    "static-length", "request-duplicates", "document-duplicates", "http2-url", "http2-content")]
ASPECTS = ("status", "fields", "content", "connection", "interim")
# Most of the time goes by waiting for what does not come.
AT_A_TIME = 12
START_S = 60
# What seems wrong is asked again, in quiet: on a busy machine a wait may have been too short.
FURTHER_ROUNDS = 3


@dataclasses.dataclass
class Case:
    """One row over one protocol."""

    name: str
    protocol: str
    row: dict
    # {aspect: reason}
    allowed: dict


def rows():
    """(file, number in it, row)"""
    for file in sorted((HERE / "requests").glob("*.json")):
        for number, row in enumerate(json.loads(file.read_text(encoding="utf-8"))["rows"]):
            yield file.stem, number, expanded(row)


def expanded(value):
    """`⟨3 ab#⟩` in any text becomes `ab0ab1ab2`."""
    if isinstance(value, str):
        return re.sub(r"⟨(\d+) ([^⟩]*)⟩", lambda found: "".join(found[2].replace("#", str(n)) for n in range(int(found[1]))), value)
    if isinstance(value, list):
        return [expanded(each) for each in value]
    return {key: expanded(each) for key, each in value.items()} if isinstance(value, dict) else value


def prepare(root):
    """Copies the tree, puts every row's own files there, and gives the cases."""
    shutil.copytree(HERE / "tree", root, symlinks=True)
    (root / "files/large.bin").write_bytes(bytes(range(251)) * 400)
    (root / "files/empty-folder").mkdir()
    cases = []
    for group, number, row in rows():
        row = dict(row)
        if "files" in row:
            folder = f"own/{group}-{number}"
            for name, text in row["files"].items():
                path = root / folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(exchanges.octets(text))
            row["target"] = f"/{folder}/{urllib.parse.quote(next(iter(row['files'])))}{row.get('query', '')}"
        for protocol in row.get("protocols", ["h1"] if "raw" in row else ["h1", "h2"]):
            cases.append(Case(f"{group} {number}, {protocol}: {name_of(row)}", protocol, row, allowed(row, protocol)))
    return cases


def name_of(row):
    if "raw" in row:
        return repr(row["raw"][:120])
    fields = "".join(f" {name}: {value[:60]}" for name, value in row.get("fields", []))
    files = "".join(f" {name}={text[:60]!r}" for name, text in row.get("files", {}).items())
    return f"{row.get('method', 'GET')} {row['target'][:120]}{fields}{files}"


def allowed(row, protocol):
    found = {}
    for key, reason in row.get("differs", {}).items():
        where, _, aspect = key.rpartition(" ")
        if aspect not in ASPECTS or where not in ("", "h1", "h2"):
            raise SystemExit(f"{row}: no aspect {key!r}")
        if where in ("", protocol):
            found[aspect] = reason
    return found


def reasons():
    """{key: sentence}; every one of them points at a heading that exists."""
    found = json.loads((HERE / "reasons.json").read_text(encoding="utf-8"))
    document = PROJECT / "docs/differences.md"
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.M) if document.exists() else []
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for key, reason in found.items():
        page, _, anchor = reason["where"].partition("#")
        if page != "docs/differences.md" or anchor not in anchors:
            raise SystemExit(f"reasons.json: {key} points to {reason['where']}, where nothing is")
    return found


def is_newer(reason):
    """Whether only the package differs so, and no checkout of 2021."""
    return reason.startswith("newer-")


# ---- the servers ----


def write_config(folder):
    """What templates see, and where ours listens. Every port of it is free."""
    with contextlib.ExitStack() as held:
        ports = [held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(7)]
    certificate = {"host_cert_path": str(folder / "certificate.pem"), "host_key_path": str(folder / "key.pem")}
    config = {
        "browser_host": "web-platform.test",
        "alternate_hosts": {"alt": "not-web-platform.test"},
        "check_subdomains": False,
        "server_host": "127.0.0.1",
        "ports": {"http": ports[:2], "https": ports[2:4], "ws": [ports[4]], "wss": [ports[5]], "h2": [ports[6]]},
        "ssl": {"type": "pregenerated", "pregenerated": certificate},
    }
    (folder / "config.json").write_text(json.dumps(config))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=web-platform.test",
               "-addext", "subjectAltName=DNS:web-platform.test",
               "-keyout", certificate["host_key_path"], "-out", certificate["host_cert_path"]]
    subprocess.run(command, check=True, capture_output=True)
    return config


@contextlib.contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@contextlib.contextmanager
def original(tree, folder, tools=None):
    command = [sys.executable, "-B", str(HERE / "original.py"), str(tree), str(folder / "config.json"),
               str(folder / "certificate.pem"), str(folder / "key.pem"), *([str(tools)] if tools else [])]
    log = open(folder / f"original{'-tools' if tools else ''}.log", "wb")
    pipe = subprocess.PIPE
    with log, ended(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, cwd=folder)) as process:
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"wptserve does not start:\n{pathlib.Path(log.name).read_text()[-2000:]}")
        yield json.loads(line)


@contextlib.contextmanager
def ours(program, tree, folder, config):
    log = open(folder / "ours.log", "wb")
    command = [program, "wpt", str(tree), "--config", str(folder / "config.json"), "--log-level", "warn", *AS_WPTSERVE]
    with log, ended(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)) as process:
        ports = {"h1": config["ports"]["http"][0], "h2": config["ports"]["h2"][0]}
        end = time.monotonic() + START_S
        while not all(map(listens, ports.values())):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{program} does not start:\n{pathlib.Path(log.name).read_text()[-2000:]}")
            time.sleep(0.05)
        yield ports


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


# ---- the comparison ----


def differences(case, ports, config):
    """{aspect: (wptserve's, ours)}, and whether wptserve falls silent."""
    told = config["ports"]["http" if case.protocol == "h1" else "h2"][0]
    authority = f"web-platform.test:{config['ports']['http'][0]}"
    seen = []
    for side in ports:
        port = side[case.protocol]
        seen.append(normal(exchanges.exchange(case.protocol, port, case.row, authority), port, told))
    found = {aspect: (seen[0][aspect], seen[1][aspect]) for aspect in ASPECTS if seen[0][aspect] != seen[1][aspect]}
    return found, "silent" in seen[0]["connection"]


def judge(case, found, silent, known):
    """Lines about what should not be."""
    lines = []
    if silent != (case.protocol in case.row.get("silent", [])):
        lines.append(f"  wptserve {'falls silent' if silent else 'does not fall silent'}")
    for aspect in ASPECTS:
        if aspect in found and aspect not in case.allowed:
            lines += [f"  {aspect}", f"    wptserve: {shown(found[aspect][0])}", f"    ours:     {shown(found[aspect][1])}"]
        elif aspect in case.allowed and aspect not in found:
            lines.append(f"  {aspect}: the same, though it is said to differ: {case.allowed[aspect]}")
        if aspect in case.allowed and case.allowed[aspect] not in known:
            lines.append(f"  {aspect}: reasons.json has no {case.allowed[aspect]!r}")
    return [case.name, *lines] if lines else []


def shown(value):
    text = repr(value)
    return text if len(text) <= 900 else f"{text[:900]}… ({len(text)})"


def run(cases, ports, config, known):
    """Lines about what should not be, for each case where there are any, in order."""

    def one(case):
        try:
            return judge(case, *differences(case, ports, config), known)
        except Exception as error:
            return [case.name, f"  no comparison: {type(error).__name__}: {error}"]

    results = {}
    for number in range(1 + FURTHER_ROUNDS):
        with concurrent.futures.ThreadPoolExecutor(1 if number else AT_A_TIME) as threads:
            again = [case for case in cases if results.get(case.name, True)]
            results.update(zip((case.name for case in again), threads.map(one, again)))
    return [results[case.name] for case in cases if results[case.name]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", help="ours")
    parser.add_argument("--tools", help="the `tools` folder of a checkout, whose wptserve to use")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--all", action="store_true", help="every difference, as if none were allowed")
    wanted = parser.parse_args()
    if not (wanted.server or wanted.tools):
        parser.error("two servers to compare: --server, --tools or both")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        tree = folder / "tree"
        cases = [case for case in prepare(tree) if wanted.only in case.name]
        known = {} if wanted.all else reasons()
        if wanted.server and wanted.tools:
            for case in cases:
                case.allowed = {aspect: reason for aspect, reason in case.allowed.items() if not is_newer(reason)}
        if wanted.all:
            for case in cases:
                case.allowed = {}
        config = write_config(folder)
        with contextlib.ExitStack() as running:
            ports = [running.enter_context(original(tree, folder, wanted.tools if wanted.server else None))]
            second = ours(wanted.server, tree, folder, config) if wanted.server else original(tree, folder, wanted.tools)
            ports.append(running.enter_context(second))
            faults = run(cases, ports, config, known)
    for lines in faults:
        print("\n".join(lines))
    used = {reason for case in cases for reason in case.allowed.values()}
    unused = [] if wanted.only else sorted(key for key in known.keys() - used if not (wanted.tools and is_newer(key)))
    for key in unused:
        print(f"reasons.json: nothing differs for {key}")
    allowed_count = sum(bool(case.allowed) for case in cases)
    print(f"{len(cases)} exchanges, {allowed_count} with a difference that is allowed, {len(faults)} with faults")
    sys.exit(1 if faults or unused or not cases else 0)


if __name__ == "__main__":
    main()
