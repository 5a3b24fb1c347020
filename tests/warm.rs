//! Compiled code from before the first start: `framewright warm`, and the folder beside the executable.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sha2::{Digest, Sha256};

use crate::support::{Builder, Carrier, Client, Server, Site, server::binary, site::handler_path};

/// Stands in for CPython, which takes far longer to compile.
const SMALL_RUNTIME: &str = "rust/hello";
/// What the log says when it does not compile.
const USED: &str = "compiled code that came with the executable is used";

/// Runs `warm` in this binary with these arguments.
fn warm(mut program: Command, arguments: &[&str]) -> Output {
    program.arg("warm").args(arguments).env("FRAMEWRIGHT_PYTHON_WASM", handler_path(SMALL_RUNTIME));
    program.output().expect("the binary")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// A folder on the file system of the binary, so that links can be made to it.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// The compiled components below a folder.
fn artefacts(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let each = |path: PathBuf| match path.is_dir() {
        true => artefacts(&path),
        false => Vec::from_iter(path.extension().is_some_and(|extension| extension == "cwasm").then_some(path)),
    };
    paths.flat_map(each).collect()
}

#[tokio::test]
async fn what_warm_compiles_the_server_finds() {
    let site = Site::new();
    site.handler("a/hello.handler.wasm", "rust/echo").file("b.frames", "HEADERS end-stream { field :status 204 }");
    let state = folder();
    let arguments = [text(site.path()), "--state-dir", text(state.path())];
    let first = warm(binary(), &arguments);
    assert!(first.status.success(), "{first:?}");
    for line in [
        "compiled   the runtime for .frames: ",
        "compiled   the runtime for .py: ",
        "compiled   /a/hello.handler.wasm: ",
    ] {
        assert!(said(&first).contains(line), "{line}: {}", said(&first));
    }
    assert!(said(&first).contains("3 compiled, 0 found compiled, 0 at fault"), "{}", said(&first));
    assert!(said(&warm(binary(), &arguments)).contains("0 compiled, 3 found compiled, 0 at fault"));

    let before = artefacts(state.path());
    assert_eq!(before.len(), 3, "{before:?}");
    let server = Builder::new(site).argument("--state-dir").argument(text(state.path())).start();
    let mut client = Client::connect(&server, Carrier::H1).await;
    assert_eq!(client.get("/a/hello.handler.wasm").await.head.status, 200);
    assert_eq!(artefacts(state.path()), before, "the server has compiled something itself");
}

#[test]
fn without_a_site_only_the_runtimes_are_compiled() {
    let state = folder();
    let output = warm(binary(), &["--state-dir", text(state.path())]);
    assert!(said(&output).contains("2 compiled, 0 found compiled, 0 at fault"), "{output:?}");
}

#[test]
fn a_handler_at_fault_is_named_and_the_others_are_compiled() {
    let (site, state) = (Site::new(), folder());
    site.file("broken.handler.wasm", "no component").handler("hello.handler.wasm", "rust/hello");
    let output = warm(binary(), &["--wpt", text(site.path()), "--state-dir", text(state.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("FAULT      /broken.handler.wasm\n"), "{}", said(&output));
    // The handler has the octets of the stand-in for Python.
    assert!(said(&output).contains("2 compiled, 1 found compiled, 1 at fault"), "{}", said(&output));
}

#[test]
fn a_folder_that_travels_holds_what_was_asked_for_last() {
    let (first, second, out) = (Site::new(), Site::new(), folder());
    first.handler("a.handler.wasm", "rust/echo");
    second.handler("a.handler.wasm", "rust/trailers");
    let out = out.path().join("framewright.cache");
    for site in [&first, &second] {
        let output = warm(binary(), &[text(site.path()), "--out", text(&out), "--baseline"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(artefacts(&out).len(), 3);
        std::fs::write(out.join("notes.txt"), "whatever else lies there stays").expect("a file");
    }
    assert!(out.join("notes.txt").exists());
    for artefact in artefacts(&out) {
        let noted = std::fs::read_to_string(artefact.with_extension("sha256")).expect("a hash");
        let hash: String = Sha256::digest(std::fs::read(&artefact).expect("octets")).iter().map(hex).collect();
        let name = artefact.file_name().expect("a name").to_str().expect("text");
        assert_eq!(noted, format!("{hash}  {name}\n"), "as sha256sum writes it");
    }
}

fn hex(octet: &u8) -> String {
    format!("{octet:02x}")
}

/// The binary in a folder of its own, with compiled code beside it.
struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    fn new() -> Self {
        let folder = folder();
        std::fs::hard_link(binary().get_program(), folder.path().join("framewright")).expect("a link");
        let installed = Self { folder };
        let output = warm(binary(), &["--out", text(&installed.code()), "--baseline"]);
        assert!(output.status.success(), "{output:?}");
        installed
    }

    fn code(&self) -> PathBuf {
        self.folder.path().join("framewright.cache")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The compiled runtime for `.frames`, told from the other by its size.
    fn artefact(&self) -> PathBuf {
        let size = |path: &PathBuf| std::fs::metadata(path).expect("a file").len();
        artefacts(&self.code()).into_iter().max_by_key(size).expect("an artefact")
    }

    /// Starts it with an empty cache and has it run a script.
    async fn serve(&self) -> Server {
        let site = Site::new();
        site.file("a.frames", "HEADERS end-stream { field :status 204 }");
        let server = Builder::new(site)
            .program(&self.folder.path().join("framewright"))
            .argument("--state-dir")
            .argument(text(&self.state()))
            .start();
        let mut client = Client::connect(&server, Carrier::H2c).await;
        assert_eq!(client.get("/a.frames").await.head.status, 204);
        server
    }
}

#[tokio::test]
async fn code_beside_the_executable_spares_the_first_start_the_compiler() {
    let installed = Installed::new();
    let server = installed.serve().await;
    server.log_line(&["DEBUG", USED]);
    assert!(artefacts(&installed.state()).is_empty(), "nothing was compiled");
}

/// What is done to the folder, and why its code is not used then.
type Doubt = (&'static str, fn(&Installed), &'static str);

const DOUBTS: &[Doubt] = &[
    ("no folder", |own| std::fs::remove_dir_all(own.code()).expect("a folder"), ""),
    ("no file", |own| std::fs::remove_file(own.artefact()).expect("a file"), ""),
    ("a folder for a group", |own| mode(&own.code(), 0o775), "others than its owner can write to it"),
    ("a file for all", |own| mode(&own.artefact(), 0o646), "others than its owner can write to it"),
    ("a link in the folder's place", |own| link(&own.code()), "it is a symbolic link"),
    ("a link in the file's place", |own| link(&own.artefact()), "it is a symbolic link"),
    (
        "no hash",
        |own| std::fs::remove_file(own.artefact().with_extension("sha256")).expect("a hash"),
        "its hash can't be read",
    ),
    ("a copy that broke off", |own| replace(&own.artefact(), &octets(own)[..100_000], false), "its hash differs"),
    ("one octet changed", |own| replace(&own.artefact(), &damaged(own), false), "its hash differs"),
    ("another engine", |own| replace(&own.artefact(), &of_another_engine(own), true), "incompatible version"),
    ("no code at all", |own| replace(&own.artefact(), b"nonsense", true), "can't be used"),
];

#[tokio::test]
async fn what_is_in_doubt_is_not_used_but_compiled() {
    for (doubt, make, reason) in DOUBTS {
        eprintln!("{doubt}");
        let installed = Installed::new();
        make(&installed);
        let server = installed.serve().await;
        if !reason.is_empty() {
            server.log_line(&["INFO", reason]);
        }
        assert!(!server.log().contains(USED), "{doubt}: {}", server.log());
        assert_eq!(artefacts(&installed.state()).len(), 1, "{doubt}: compiled, and kept");
    }
}

#[tokio::test]
async fn code_of_another_user_is_not_used() {
    let installed = Installed::new();
    if std::fs::metadata(installed.code()).expect("a folder").uid() != 0 {
        return eprintln!("only root can give files away: not tried");
    }
    std::os::unix::fs::chown(installed.artefact(), Some(65_533), None).expect("root");
    let server = installed.serve().await;
    server.log_line(&["INFO", "it belongs neither to the owner of the executable nor to root"]);
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn link(path: &Path) {
    let aside = path.with_extension("aside");
    std::fs::rename(path, &aside).expect("a rename");
    std::os::unix::fs::symlink(&aside, path).expect("a link");
}

fn octets(installed: &Installed) -> Vec<u8> {
    std::fs::read(installed.artefact()).expect("an artefact")
}

/// The artefact with one octet changed.
fn damaged(installed: &Installed) -> Vec<u8> {
    let mut octets = octets(installed);
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    octets
}

/// The artefact as an engine of another version would have marked it: the version stands before the target's name, with
/// the lengths of both.
fn of_another_engine(installed: &Installed) -> Vec<u8> {
    let mut octets = octets(installed);
    let target = format!("{}-", std::env::consts::ARCH);
    let at = octets.windows(target.len()).position(|window| window == target.as_bytes()).expect("a target");
    assert!(octets[at - 2].is_ascii_digit(), "{:?}", &octets[at - 4..at]);
    octets[at - 2] ^= 1;
    octets
}

/// Puts other octets into a file, and their hash beside it if that is asked for.
fn replace(path: &Path, octets: &[u8], with_hash: bool) {
    std::fs::write(path, octets).expect("a file");
    if with_hash {
        let hash: String = Sha256::digest(octets).iter().map(hex).collect();
        std::fs::write(path.with_extension("sha256"), hash + "  file\n").expect("a hash");
    }
}
