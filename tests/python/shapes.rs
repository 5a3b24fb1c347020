//! Shapes of handlers that the tree has got since 2021: a mailbox between pages, as `common/dispatcher` has it; helper
//! modules in a folder of their own; packages below `tools/third_party`.

use super::serve;
use crate::support::{Carrier, Client, Server, server::binary, server::state_dir};

const CHECKOUT: &str = "[site]\nbehaviour = \"wptserve\"\n[grant.\"/*\"]\nfiles = true\nstash = true\n";

/// A list of messages under one key, which senders and receivers change in turns.
const MAILBOX: &str = r#"
import time
from wptserve.utils import isomorphic_decode

def main(request, response):
    response.headers.set(b"Access-Control-Allow-Origin", b"*")
    response.headers.set(b"Cache-Control", b"no-cache")
    uuid = isomorphic_decode(request.GET[b"uuid"])
    stash = request.server.stash
    if request.method == "POST":
        with stash.lock:
            waiting = stash.take(uuid) or []
            waiting.append(request.body)
            stash.put(uuid, waiting)
        return b"done"
    for _ in range(200):
        with stash.lock:
            waiting = stash.take(uuid)
            if waiting:
                message, *others = waiting
                stash.put(uuid, others)
                return message
        time.sleep(0.02)
    return b"not ready"
"#;

/// Finds its helper by the folder of its own file, and a package of the checkout's.
const HELPED: &str = r#"
import importlib
import pkg
from pkg.inner import deep
helper = importlib.import_module("some-folder.resources.helper")

def main(request, response):
    return f"{helper.greet()} {pkg.NAME} {deep()} {importlib.import_module('h2').__name__}"
"#;

fn site() -> Server {
    let server = serve(CHECKOUT);
    server
        .site
        .file("dispatcher/mailbox.py", MAILBOX)
        .file("some-folder/helped.py", HELPED)
        .file("some-folder/__init__.py", "")
        .file("some-folder/resources/__init__.py", "")
        .file("some-folder/resources/helper.py", "def greet(): return 'helped'\n")
        .file("tools/third_party/attrs/src/pkg/__init__.py", "NAME = 'package'\n")
        .file("tools/third_party/attrs/src/pkg/inner.py", "from . import NAME\ndef deep(): return NAME * 2\n")
        .file("tools/third_party/h2/h2/__init__.py", "");
    server
}

#[tokio::test]
async fn a_mailbox_hands_messages_over_in_their_order_to_who_waits_already() {
    let server = site();
    let path = "/dispatcher/mailbox.py?uuid=9e5b0000-0000-4000-8000-00000000000a";
    let mut receiver = Client::connect(&server, Carrier::H1).await;
    let waiting = tokio::spawn(async move {
        let first = receiver.get(path).await.text();
        (first, receiver.get(path).await.text())
    });
    let mut sender = Client::connect(&server, Carrier::H2Tls).await;
    for message in ["one", "two"] {
        assert_eq!(sender.post(path, message.as_bytes()).await.text(), "done");
    }
    assert_eq!(waiting.await.expect("two messages"), ("one".to_owned(), "two".to_owned()));
}

#[tokio::test]
async fn helpers_in_folders_with_dashes_and_packages_of_the_checkout_are_found() {
    let server = site();
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get("/some-folder/helped.py").await.text(), "helped package packagepackage h2");
    let mut command = binary();
    command.arg("check").arg("--wpt").arg(server.site.path()).arg("--state-dir").arg(state_dir());
    let output = command.output().expect("the binary");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("some-folder"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
