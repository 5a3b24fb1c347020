//! Modules that handlers import: compiled once for each content, and by nobody who could leave something in them.

use super::{GRANTED, serve};
use crate::support::{Carrier, Client, Server};

/// Imports the module and says what it has.
const IMPORTS: &str = "import helper\ndef main(request, response): return helper.VALUE\n";
/// Asks the server for the module's code, as imports do, and says whether it is kept.
const ASKS: &str = r#"
from wit_world.imports import script
def main(request, response):
    with open("/helper.py", "rb") as file:
        return "kept" if script.compiled_module("/helper.py", file.read()) else "not kept"
"#;
/// Does what it can to leave code of its own for the module.
const POISONS: &str = r#"
import builtins, marshal
from wit_world.imports import script
evil = compile("VALUE = 'poisoned'", "/helper.py", "exec")
builtins.compile = lambda *arguments, **named: evil
marshal.dumps = lambda code: b"poison"
marshal.loads = lambda octets: evil
with open("/helper.py", "rb") as file:
    source = file.read()
script.compiled_module("/helper.py", source)
script.store_compiled(b"poison")
import _framewright.modules
_framewright.modules.Loader.get_code = lambda loader, name: evil
import helper
def main(request, response): return helper.VALUE
"#;

fn with(files: &[(&str, &str)]) -> Server {
    let server = serve(GRANTED);
    for (path, source) in files {
        server.site.file(path, source);
    }
    server
}

/// Waits until the module has been compiled for later exchanges, as often as this.
fn compiled(server: &Server, times: usize) {
    server.log_lines(&["a module that scripts import is compiled for later exchanges", "/helper.py"], times);
}

#[tokio::test]
async fn the_code_of_modules_is_kept_for_each_content() {
    let server = with(&[("imports.py", IMPORTS), ("asks.py", ASKS)]);
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get("/imports.py").await.text(), "helper");
    compiled(&server, 1);
    assert_eq!(client.get("/asks.py").await.text(), "kept");
    assert_eq!(client.get("/imports.py").await.text(), "helper");

    server.site.file("helper.py", "VALUE = 'changed'\n");
    assert_eq!(client.get("/imports.py").await.text(), "changed", "at once");
    compiled(&server, 2);
    assert_eq!(client.get("/asks.py").await.text(), "kept");
    assert_eq!(client.get("/imports.py").await.text(), "changed");
}

#[tokio::test]
async fn no_handler_has_a_hand_in_the_code_that_others_find() {
    let server = with(&[("imports.py", IMPORTS), ("asks.py", ASKS), ("poisons.py", POISONS)]);
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get("/poisons.py").await.text(), "poisoned", "its own exchange is its own affair");
    compiled(&server, 1);
    assert_eq!(client.get("/asks.py").await.text(), "kept");
    for _ in 0..2 {
        assert_eq!(client.get("/imports.py").await.text(), "helper");
    }
}

#[tokio::test]
async fn a_module_at_fault_is_reported_to_each_who_imports_it() {
    let server = with(&[("imports.py", IMPORTS), ("helper.py", "VALUE =\n")]);
    let mut client = Client::connect(&server, Carrier::H1).await;
    for _ in 0..2 {
        let answer = client.get("/imports.py").await;
        assert_eq!(answer.head.status, 500);
        assert!(answer.text().contains("SyntaxError"), "{}", answer.text());
    }
}
