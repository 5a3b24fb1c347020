"""The two servers that a comparison is between: ours, and the checkout's own."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

START_S = 60
STOP_S = 20
# Processes of the server before that were killed just now may hold its ports for a moment.
FREE_S = 5

# In the form of the checkout's own config.json. Names of subtests contain ports, so both servers get the same ones;
# nothing else than this machine reaches them.
CONFIG = {
    "browser_host": "web-platform.test",
    "alternate_hosts": {"alt": "not-web-platform.test"},
    "server_host": "127.0.0.1",
    "check_subdomains": False,
    "log_level": "error",
    "ports": {
        "http": [18000, 18001], "https": [18443, 18444], "ws": [18666], "wss": [18667], "h2": [19000],
    },
}


class Failed(Exception):
    """A server does not start, or does not listen where it should."""


class Places:
    """Where tests are, by what their names say (https://web-platform-tests.org/writing-tests/file-names.html)."""

    def __init__(self, config):
        self.host = config.get("browser_host", "web-platform.test")
        self.hosts = [self.host, *config.get("alternate_hosts", {"alt": "not-web-platform.test"}).values()]
        ports = config.get("ports", {})
        self.http, self.https, self.h2 = (self.port(ports, scheme) for scheme in ("http", "https", "h2"))

    @staticmethod
    def port(ports, scheme):
        port = (ports.get(scheme) or [None])[0]
        if not isinstance(port, int):
            raise Failed(f"the configuration gives no fixed port for {scheme}: \"ports\": {{\"{scheme}\": [PORT]}}")
        return port

    def url(self, test):
        name = test.partition("?")[0].partition("#")[0]
        host = f"www.{self.host}" if ".www." in name else self.host
        if ".h2." in name:
            return f"https://{host}:{self.h2}{test}"
        if ".https." in name or ".serviceworker" in name:
            return f"https://{host}:{self.https}{test}"
        return f"http://{host}:{self.http}{test}"

    def resolver_rules(self):
        """So that no hosts file is needed: every name of the hosts' top-level domains is this machine, since some tests make
        up names there, but those that must not be found."""
        rules = [f"MAP {prefix}nonexistent.{host} ~NOTFOUND" for host in self.hosts for prefix in ("", "*.")]
        domains = dict.fromkeys(f"*.{host.rpartition('.')[2]}" if "." in host else host for host in self.hosts)
        return ", ".join([*rules, *(f"MAP {domain} 127.0.0.1" for domain in domains)])


class Server:
    """A process and those that it starts, in a group of their own, with a log."""

    def __init__(self, command, places, log, **options):
        self.places, self.log = places, pathlib.Path(log)
        end = time.monotonic() + FREE_S
        for port in (places.http, places.https, places.h2):
            while answers(port):
                if time.monotonic() > end:
                    raise Failed(f"port {port} is taken: by a server that still runs?")
                time.sleep(0.05)
        with open(self.log, "wb") as out:
            try:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **options)
            except OSError as error:
                raise Failed(f"{command[0]}: {error.strerror}") from error
        self.cpu_s = None

    def __enter__(self):
        begin = time.monotonic()
        waiting = [self.places.http, self.places.https, self.places.h2]
        while waiting:
            if self.process.poll() is not None or time.monotonic() - begin > START_S:
                self.stop()
                ended = f", having ended with {self.process.returncode}" if self.process.returncode is not None else ""
                raise Failed(f"the server does not listen on {waiting}{ended}\n{self.last_words()}")
            waiting = [port for port in waiting if not answers(port)]
            time.sleep(0.02)
        self.ready_s = time.monotonic() - begin
        return self

    def __exit__(self, *_):
        self.cpu_s = cpu_seconds(self.process.pid)
        self.stop()

    def stop(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
                self.process.wait(STOP_S)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.poll()

    def last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


class Running:
    """A server that somebody else has started."""

    ready_s = cpu_s = None

    def __init__(self, places):
        missing = [port for port in (places.http, places.https, places.h2) if not answers(port)]
        if missing:
            raise Failed(f"nothing listens on {missing}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def ours(program, checkout, config, places, log, flags=()):
    command = [program, "wpt", str(checkout), "--config", str(config), "--log-level", "warn", *flags]
    return Server(command, places, log)


def original(python, checkout, config, places, log):
    script = pathlib.Path(__file__).parent / "original.py"
    return Server([python, str(script), str(checkout), str(config)], places, log)


def write_config(given, file):
    """The configuration that both servers get, as a value: that of the file `given`, or ours, which goes to `file`."""
    if given is None:
        file.write_text(json.dumps(CONFIG, indent=1))
        return CONFIG
    try:
        return json.loads(pathlib.Path(given).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failed(f"{given}: {error}") from error


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def cpu_seconds(group):
    """CPU time so far of all living processes of a process group, where /proc tells."""
    if sys.platform != "linux":
        return None
    ticks = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the program's name, which may contain anything: proc(5) counts the process group as 5, times from 14.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
