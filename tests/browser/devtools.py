"""Headless Chromium over its debugging pipe, a fresh browser context for each test.

WebDriver has no contexts, and a test's cookies, caches and service workers must not reach the next one; so this speaks the
protocol that chromedriver speaks itself: JSON messages, a NUL after each, commands on the browser's descriptor 3, answers
and events on 4. <https://chromedevtools.github.io/devtools-protocol/>
"""

import json
import os
import select
import shutil
import signal
import subprocess
import time

from drivers import Browser, Missing

PROGRAMS = ("chromium", "google-chrome", "chromium-browser")
# Longer than any command takes but navigation, which has a limit of its own.
COMMAND_S = 30

# `Status` and `Test` of testharness.js, by their numbers.
HARNESS = ("OK", "ERROR", "TIMEOUT", "PRECONDITION_FAILED")
SUBTEST = ("PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED")


class Gone(Exception):
    """The browser has ended, or says nothing any more: it is to be replaced."""


class Crashed(Exception):
    """The page's process has ended, or the browser refuses a command; the browser lives."""


CRASHES = ("Inspector.targetCrashed", "Inspector.detached")

# Runs before any script of the page: asks the harness, when that publishes its hook, to tell the end. Nothing of this
# stays where tests that look at the global object would find it.
COLLECTOR = """(() => {
  const tell = window.framewrightTell;
  delete window.framewrightTell;
  if (window !== window.top || window.opener || !tell) return;
  let hook;
  Object.defineProperty(window, "add_completion_callback", {
    configurable: true,
    get: () => hook,
    set(add) {
      hook = add;
      queueMicrotask(() => add((tests, harness) => tell(JSON.stringify({
        status: harness.status, message: harness.message || null,
        subtests: Array.from(tests, test => [test.name, test.status, test.message || null]),
      }))));
    },
  });
})();"""


class Chromium(Browser):
    """One browser, whose contexts come one after the other."""

    def __init__(self, resolver_rules):
        super().__init__()
        self.resolver_rules = resolver_rules
        self.buffer = b""
        self.events = []
        self.last_id = 0

    def launch(self):
        program = next(filter(shutil.which, PROGRAMS), None)
        if program is None:
            raise Missing("Chromium is not installed")
        flags = [*FLAGS, f"--user-data-dir={self.profile.name}/profile", f"--host-resolver-rules={self.resolver_rules}"]
        # The shell puts our pipes where the browser wants them.
        shell = 'exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null'
        environment = {**os.environ, "HOME": self.profile.name}
        self.process = subprocess.Popen(
            ["sh", "-c", shell, program, *flags, "about:blank"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=environment, start_new_session=True)
        version = self.call("Browser.getVersion")["product"]
        self.version = version.rpartition("/")[2]

    def kill(self):
        """All of its processes at once: none has anything to keep."""
        self.signal(signal.SIGKILL)

    def quit(self):
        self.kill()
        self.process.stdout.close()
        self.process.stdin.close()

    def load(self, url, seconds):
        """What became of a test: {"status", "message", "subtests": {name: [status, message]}}."""
        self.events.clear()
        context = self.call("Target.createBrowserContext", disposeOnDetach=True)["browserContextId"]
        try:
            target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
            session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            result = self.load_in(session, url, seconds)
        except Crashed as crashed:
            result = outcome("CRASH", str(crashed))
        try:
            self.call("Target.disposeBrowserContext", browserContextId=context)
        except (Crashed, Gone):
            self.kill()  # The next test finds it gone, and gets another.
        return result

    def load_in(self, session, url, seconds):
        for domain in ("Page", "Runtime", "Inspector"):
            self.call(f"{domain}.enable", session)
        self.call("Emulation.setFocusEmulationEnabled", session, enabled=True)
        self.call("Runtime.addBinding", session, name="framewrightTell")
        self.call("Page.addScriptToEvaluateOnNewDocument", session, source=COLLECTOR)
        try:
            answer = self.call("Page.navigate", session, seconds, url=url)
        except TimeoutError:
            return outcome("EXTERNAL-TIMEOUT", f"no response within {seconds} s")
        if "errorText" in answer:
            return outcome("EXTERNAL-TIMEOUT", answer["errorText"])
        end = time.monotonic() + seconds
        while True:
            event = self.event(end)
            if event is None:
                return outcome("EXTERNAL-TIMEOUT", f"no result within {seconds} s")
            if event["method"] == "Runtime.bindingCalled" and event["params"]["name"] == "framewrightTell":
                return as_result(json.loads(event["params"]["payload"]))

    def event(self, end):
        """The next event, or None when the time is up."""
        if self.events:
            return self.events.pop(0)
        while (message := self.receive(end)) is not None:
            if message.get("method") in CRASHES:
                raise Crashed("the page's process has ended")
            if "method" in message:
                return message
        return None

    def call(self, method, session=None, seconds=COMMAND_S, /, **parameters):
        self.send(method, session, parameters)
        wanted, end = self.last_id, time.monotonic() + seconds
        while (message := self.receive(end)) is not None:
            if message.get("id") == wanted:
                if "error" in message:
                    raise Crashed(f"{method}: {message['error']['message']}")
                return message["result"]
            if session and message.get("method") in CRASHES:
                raise Crashed("the page's process has ended")
            if "method" in message:
                self.events.append(message)
        if method == "Page.navigate":
            raise TimeoutError(method)
        raise Gone(f"{method}: no answer within {seconds} s")

    def send(self, method, session, parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\0")
            self.process.stdin.flush()
        except OSError as error:
            raise Gone(f"{method}: {error}") from error

    def receive(self, end):
        """The next message, or None when the time is up."""
        output = self.process.stdout.fileno()
        while (at := self.buffer.find(b"\0")) < 0:
            if not select.select([output], [], [], max(0, end - time.monotonic()))[0]:
                return None
            octets = os.read(output, 1 << 20)
            if not octets:
                raise Gone("it has ended")
            self.buffer += octets
        message, self.buffer = self.buffer[:at], self.buffer[at + 1 :]
        message = json.loads(message)
        if message.get("method") == "Page.javascriptDialogOpening":
            # A dialog holds up its page until somebody answers; nobody waits for what this answers.
            self.send("Page.handleJavaScriptDialog", message.get("sessionId"), {"accept": False})
        return message


def outcome(status, message):
    return {"status": status, "message": message, "subtests": {}}


def as_result(told):
    """The harness's own numbers as words."""
    return {
        "status": word(HARNESS, told["status"]),
        "message": told["message"],
        "subtests": {name: [word(SUBTEST, status), message] for name, status, message in told["subtests"]},
    }


def word(words, number):
    return words[number] if 0 <= number < len(words) else str(number)


# No sandbox, as containers have none; no calls home; nothing that waits for a person.
FLAGS = [
    "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-popup-blocking", "--disable-hang-monitor", "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding", "--mute-audio", "--no-proxy-server",
    "--ignore-certificate-errors", "--autoplay-policy=no-user-gesture-required", "--window-size=1280,720",
]
