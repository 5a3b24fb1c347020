//! Embeds the runtimes that the server ships for scripts: components that are built before it (`make handlers`,
//! `make python-runtime`).
//!
//! One that is not there is left out, so that the server builds without the handlers' toolchain; its scripts then answer
//! 500 and say why. `FRAMEWRIGHT_FRAMES_WASM` and `FRAMEWRIGHT_PYTHON_WASM` name another file than the built one. Without
//! the feature `python`, that runtime is left out even if it is there.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// A runtime: the name of its constant, the variable that names another file, and the file that is built.
struct Runtime {
    name: &'static str,
    named_by: &'static str,
    built: &'static str,
}

const FRAMES: Runtime =
    Runtime { name: "FRAMES", named_by: "FRAMEWRIGHT_FRAMES_WASM", built: "target/handlers/rust/frames.wasm" };
const PYTHON: Runtime =
    Runtime { name: "PYTHON", named_by: "FRAMEWRIGHT_PYTHON_WASM", built: "target/handlers/python/wptserve.wasm.zst" };

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    // For compiling handlers for other machines than this one.
    println!("cargo::rustc-env=FRAMEWRIGHT_TARGET={}", folder("TARGET")?.display());
    let with_python = env::var_os("CARGO_FEATURE_PYTHON").is_some();
    let shipped = [constant(&FRAMES, true)?, constant(&PYTHON, with_python)?].concat();
    fs::write(folder("OUT_DIR")?.join("shipped.rs"), shipped)
}

/// The line that defines a runtime's constant.
fn constant(runtime: &Runtime, is_wanted: bool) -> io::Result<String> {
    let name = runtime.name;
    let octets = if is_wanted { octets(runtime)? } else { None };
    let value = match octets {
        Some(octets) => {
            let file = format!("{}.wasm", name.to_lowercase());
            // A copy, so that what is compiled in is what was looked at.
            fs::write(folder("OUT_DIR")?.join(&file), octets)?;
            format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\")))")
        }
        None => "None".to_owned(),
    };
    Ok(format!("const {name}: Option<&[u8]> = {value};\n"))
}

fn octets(runtime: &Runtime) -> io::Result<Option<Vec<u8>>> {
    let named_by = runtime.named_by;
    println!("cargo::rerun-if-env-changed={named_by}");
    let Some(path) = env::var_os(named_by) else {
        return built(&folder("CARGO_MANIFEST_DIR")?.join(runtime.built));
    };
    let path = PathBuf::from(path);
    println!("cargo::rerun-if-changed={}", path.display());
    // Asked for by name, it has to be there.
    let octets =
        fs::read(&path).map_err(|error| io::Error::other(format!("{named_by}: {}: {error}", path.display())))?;
    Ok(Some(octets))
}

/// The component, if it has been built.
fn built(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(octets) => {
            println!("cargo::rerun-if-changed={}", path.display());
            Ok(Some(octets))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A file that is missing would count as changed for ever; its folder changes when it comes.
            let folder = path.parent().unwrap_or(path);
            println!("cargo::rerun-if-changed={}", folder.display());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn folder(variable: &str) -> io::Result<PathBuf> {
    env::var_os(variable).map(PathBuf::from).ok_or_else(|| io::Error::other(format!("Cargo sets {variable}")))
}
