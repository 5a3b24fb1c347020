"""Headless browsers with one page, each with a throw-away profile that takes any certificate.

All speak WebDriver's commands (https://www.w3.org/TR/webdriver2/): Chromium and WebKitGTK through the drivers that
Debian packages beside them, over HTTP; Firefox, whose driver Debian does not package, over Marionette, the protocol under
it: JSON messages on a TCP socket, each preceded by its length in decimal and a colon.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

# Longer than a browser takes to start on a busy machine.
START_S = 60
# Longer than any command, none of which waits for a page's own work.
COMMAND_S = 60


class Missing(Exception):
    """The browser or its driver is not installed."""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Browser:
    """A process and its profile, gone together."""

    name = ""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        self.process = None

    def __enter__(self):
        try:
            self.launch()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.quit()
        except (OSError, ValueError, RuntimeError, AttributeError):
            pass  # It is about to end anyway, or never got so far.
        if self.process:
            # The whole group: what a wrapper has started does not end with it.
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.process.wait()
        self.profile.cleanup()

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def spawn(self, command):
        if shutil.which(command[0]) is None:
            raise Missing(f"{command[0]} is not installed")
        quiet = subprocess.DEVNULL
        environment = {"HOME": self.profile.name, "PATH": "/usr/local/bin:/usr/bin:/bin", "MOZ_HEADLESS": "1"}
        self.process = subprocess.Popen(
            command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment, start_new_session=True
        )

    def retry(self, action, *errors):
        """What has just been started may not listen yet."""
        end = time.monotonic() + START_S
        while True:
            try:
                return action()
            except errors:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.1)


class HttpDriver(Browser):
    """WebDriver over HTTP."""

    def start(self, command, capabilities):
        self.port = free_port()
        self.spawn([*command, f"--port={self.port}"])
        wanted = {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True, **capabilities}}}
        answer = self.retry(lambda: self.call("POST", "/session", wanted), urllib.error.URLError, ConnectionError)
        self.session = f"/session/{answer['sessionId']}"
        self.version = answer["capabilities"].get("browserVersion", "")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=COMMAND_S) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode(errors='replace')}") from error

    def open(self, url):
        self.call("POST", f"{self.session}/url", {"url": url})

    def evaluate(self, script):
        return self.call("POST", f"{self.session}/execute/sync", {"script": script, "args": []})

    def quit(self):
        self.call("DELETE", self.session)


class Chromium(HttpDriver):
    name = "chromium"

    def launch(self):
        # No sandbox, as containers have none and the pages are ours; no calls home.
        flags = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
            "--no-proxy-server", f"--user-data-dir={self.profile.name}/profile",
        ]
        self.start(["chromedriver"], {"goog:chromeOptions": {"args": flags}})


class WebKitGtk(HttpDriver):
    name = "webkit"

    def launch(self):
        if shutil.which("xvfb-run") is None:
            raise Missing("xvfb-run is not installed")
        # It has no headless mode, so the driver and with it the browser get a display of their own.
        self.start(["xvfb-run", "-a", "WebKitWebDriver"], {})


class Firefox(Browser):
    name = "firefox"

    def launch(self):
        port = free_port()
        with open(f"{self.profile.name}/user.js", "w", encoding="utf-8") as file:
            for preference, value in {**PREFERENCES, "marionette.port": port}.items():
                file.write(f"user_pref({json.dumps(preference)}, {json.dumps(value)});\n")
        self.spawn(["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", self.profile.name])
        self.socket = self.retry(lambda: socket.create_connection(("127.0.0.1", port), COMMAND_S), ConnectionError)
        self.last_id = 0
        self.receive()  # Who it is.
        answer = self.call("WebDriver:NewSession", {"acceptInsecureCerts": True})
        self.version = answer["capabilities"]["browserVersion"]

    def receive(self):
        length = b""
        while (octet := self.octets(1)) != b":":
            length += octet
        return json.loads(self.octets(int(length)))

    def octets(self, count):
        octets = b""
        while len(octets) < count:
            more = self.socket.recv(count - len(octets))
            if not more:
                raise ConnectionError("Firefox is gone")
            octets += more
        return octets

    def call(self, command, parameters):
        self.last_id += 1
        message = json.dumps([0, self.last_id, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self.receive()
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return result

    def open(self, url):
        self.call("WebDriver:Navigate", {"url": url})

    def evaluate(self, script):
        return self.call("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def quit(self):
        self.call("Marionette:Quit", {"flags": ["eForceQuit"]})


# No calls home, and no detours.
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "toolkit.telemetry.enabled": False,
}

BROWSERS = {kind.name: kind for kind in (Chromium, Firefox, WebKitGtk)}
