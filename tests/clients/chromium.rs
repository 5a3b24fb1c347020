//! Headless Chromium, driven over its debugging pipe: JSON messages, a NUL after each, commands on its descriptor 3,
//! answers and events on 4. <https://chromedevtools.github.io/devtools-protocol/>

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use serde_json::{Value, json};

use super::run;
use crate::support::PATIENCE;

/// A browser with one page.
pub struct Chromium {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    /// Events that nobody has waited for.
    events: Vec<Value>,
    last_id: u64,
    /// The page's session.
    session: Option<String>,
    /// A profile of its own, gone with the browser, and what it wrote to standard error.
    profile: tempfile::TempDir,
}

/// Names that Chromium goes by, the first one that is there being taken.
const PROGRAMS: [&str; 3] = ["chromium", "google-chrome", "chromium-browser"];

impl Chromium {
    /// Starts a browser that takes the certificate with this public key's hash, as the server's table shows it.
    pub fn start(spki_hash: &str) -> Self {
        let is_there = |name: &&&str| run("sh", &["-c", &format!("command -v {name} || exit 1")]).status.success();
        let program = PROGRAMS.iter().find(is_there).expect("Chromium is missing: run scripts/test-clients.sh");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let stderr = std::fs::File::create(profile.path().join("stderr")).expect("a file");
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null", program])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("--ignore-certificate-errors-spki-list={spki_hash}"))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("a shell");
        let commands = child.stdin.take().expect("a pipe");
        let (sender, messages) = channel();
        let output = child.stdout.take().expect("a pipe");
        std::thread::spawn(move || read_messages(output, &sender));
        let mut it = Self { child, commands, messages, events: Vec::new(), last_id: 0, session: None, profile };
        let target = it.call("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let session = it.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        it.session = Some(session["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            it.call(domain, &json!({}));
        }
        it
    }

    /// Goes to a URL and waits until it has loaded.
    pub fn open(&mut self, url: &str) {
        let answer = self.call("Page.navigate", &json!({"url": url}));
        assert!(answer.get("errorText").is_none(), "{url}: {answer}");
        loop {
            if let Some(at) = self.events.iter().position(|event| event["method"] == "Page.loadEventFired") {
                self.events.remove(at);
                return;
            }
            let event = self.receive(PATIENCE);
            self.events.push(event);
        }
    }

    /// Evaluates an expression in the page, and waits for its value if that is a promise.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        self.evaluate_within(expression, PATIENCE)
    }

    /// The same, for what takes long.
    pub fn evaluate_within(&mut self, expression: &str, patience: Duration) -> Value {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call_within("Runtime.evaluate", &parameters, patience);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// Errors that the console shows: thrown, logged, or reported by the browser itself.
    pub fn console_errors(&self) -> Vec<String> {
        let is_error = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        self.events.iter().filter(is_error).map(|event| event["params"].to_string()).collect()
    }

    /// Writes a picture of the whole page to a PNG file.
    pub fn screenshot(&mut self, file: &Path) {
        let size = json!({"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let answer = self.call("Page.captureScreenshot", &json!({"format": "png", "captureBeyondViewport": true}));
        std::fs::write(file, base64(answer["data"].as_str().expect("a picture"))).expect("a file");
    }

    /// Sends a command and waits for its answer.
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.call_within(method, parameters, PATIENCE)
    }

    fn call_within(&mut self, method: &str, parameters: &Value, patience: Duration) -> Value {
        self.last_id += 1;
        let mut command = json!({"id": self.last_id, "method": method});
        command["params"].clone_from(parameters);
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        let sent = self.commands.write_all(format!("{command}\0").as_bytes()).and_then(|()| self.commands.flush());
        assert!(sent.is_ok(), "{method}: the browser is gone: {}", self.stderr());
        loop {
            let mut message = self.receive(patience);
            if message["id"] == self.last_id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    fn receive(&mut self, patience: Duration) -> Value {
        self.messages.recv_timeout(patience).unwrap_or_else(|error| panic!("the browser: {error}: {}", self.stderr()))
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(self.profile.path().join("stderr")).unwrap_or_default()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nothing but the page: no sandbox, as containers have none and the pages are ours; no calls home.
const FLAGS: [&str; 12] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--window-size=1280,900",
];

fn read_messages(output: ChildStdout, to: &Sender<Value>) {
    let mut output = BufReader::new(output);
    let mut message = Vec::new();
    while output.read_until(0, &mut message).is_ok_and(|octets| octets > 0) {
        message.pop();
        let Ok(value) = serde_json::from_slice(&message) else { return };
        if to.send(value).is_err() {
            return;
        }
        message.clear();
    }
}

/// RFC 4648 §4.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut octets, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter_map(|letter| ALPHABET.iter().position(|known| *known == letter)) {
        bits = bits << 6 | u32::try_from(digit).expect("below 64");
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count & 0xff).try_into().expect("an octet"));
        }
    }
    octets
}
