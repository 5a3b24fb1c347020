//! Embeds the runtimes that the server ships for scripts: components that are built before it (`make handlers`).
//!
//! One that is not there is left out, so that the server builds without the handlers' toolchain; its scripts then answer
//! 500 and say why. `FRAMEWRIGHT_FRAMES_WASM` names another file than the built one.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

const OVERRIDE: &str = "FRAMEWRIGHT_FRAMES_WASM";
const BUILT: &str = "target/handlers/rust/frames.wasm";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={OVERRIDE}");
    let out = folder("OUT_DIR")?;
    let octets = match env::var_os(OVERRIDE) {
        Some(path) => {
            let path = PathBuf::from(path);
            println!("cargo::rerun-if-changed={}", path.display());
            // Asked for by name, it has to be there.
            Some(
                fs::read(&path)
                    .map_err(|error| io::Error::other(format!("{OVERRIDE}: {}: {error}", path.display())))?,
            )
        }
        None => built(&folder("CARGO_MANIFEST_DIR")?.join(BUILT))?,
    };
    let frames = match octets {
        Some(octets) => {
            // A copy, so that what is compiled in is what was looked at.
            fs::write(out.join("frames.wasm"), octets)?;
            "Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/frames.wasm\")))"
        }
        None => "None",
    };
    fs::write(out.join("shipped.rs"), format!("const FRAMES: Option<&[u8]> = {frames};\n"))
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
