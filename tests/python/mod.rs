//! Python handlers: what those of `tests/python/site` answer, on real sockets, beside what the original answers.

mod hostile;
mod http1;
mod http2;
mod modules;
mod shapes;
mod shared;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::support::{
    Builder, Server, Site,
    server::{binary, state_dir},
};

/// Everything that handlers of the site are granted.
const GRANTED: &str = "[site]\npython = true\n[grant.\"/*\"]\nraw = true\nfiles = true\nstash = true\npush = true\n";

/// The folder of the tests' data.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python")
}

/// A site with all handlers of the folder.
fn site() -> Site {
    let site = Site::new();
    copy(&folder().join("site"), Path::new(""), &site);
    site
}

fn copy(from: &Path, to: &Path, site: &Site) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            if entry.file_name() != "__pycache__" {
                copy(&entry.path(), &to, site);
            }
        } else {
            site.file(to.to_str().expect("text"), std::fs::read(entry.path()).expect("a file"));
        }
    }
}

/// A server for the site with these lines of configuration. Before the first of all the runtime is compiled, which takes
/// longer than tests wait for an answer.
fn serve(config: &str) -> Server {
    static COMPILED: OnceLock<()> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let site = Site::new();
        site.file("a.py", "def main(request, response): pass\n");
        let mut command = binary();
        command.arg("check").arg("--wpt").arg(site.path()).arg("--state-dir").arg(state_dir());
        let output = command.output().expect("the binary");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    });
    Builder::new(site()).config(config).start()
}
