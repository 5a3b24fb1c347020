//! Turns a core wasm module into a component, and WIT into C headers: the two steps that a handler's recipe needs and
//! that neither rustc nor clang take. It is what `wasm-tools component new` and `wit-bindgen c` do, without having to
//! install and compile either. And what only the Python runtime needs, before it is embedded.

mod immortal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_bindgen_core::Files;
use wit_component::ComponentEncoder;
use wit_parser::Resolve;

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Wrap a core module that carries its world in a `component-type` section into a component, and validate it.
    Component {
        /// The core module, as the linker left it.
        module: PathBuf,
        /// Where the component goes; its folder is created.
        #[arg(short)]
        output: PathBuf,
        /// Translate imports of `wasi_snapshot_preview1` (wasi-libc) to WASI 0.2. Modules without any are unchanged.
        #[arg(long)]
        adapt: bool,
    },
    /// Make the objects immortal that a component's Python snapshot lists.
    Immortal {
        /// The component.
        component: PathBuf,
        /// Where the result goes; its folder is created.
        #[arg(short)]
        output: PathBuf,
    },
    /// Compress a component for the server to embed, as a Zstandard frame (RFC 8878).
    Compress {
        /// The component.
        component: PathBuf,
        /// Where the result goes; its folder is created.
        #[arg(short)]
        output: PathBuf,
        /// From 1, fast, to 22, small.
        #[arg(long, default_value_t = 19)]
        level: i32,
    },
    /// Write `WORLD.h`, `WORLD.c` and `WORLD_component_type.o` for one world.
    CBindings {
        /// A WIT file, or the folder that holds a package.
        wit: PathBuf,
        /// The world's name, such as `handler`.
        world: String,
        /// Where the three files go; created if it is missing.
        output: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().step {
        Step::Component { module, output, adapt } => component(&module, &output, adapt),
        Step::Immortal { component, output } => immortal(&component, &output),
        Step::Compress { component, output, level } => compress(&component, &output, level),
        Step::CBindings { wit, world, output } => c_bindings(&wit, &world, &output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("componentize: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the objects of `component`'s snapshot immortal.
fn immortal(component: &Path, output: &Path) -> Result<()> {
    let mut octets = fs::read(component).with_context(|| format!("cannot read {}", component.display()))?;
    immortal::make_immortal(&mut octets).with_context(|| component.display().to_string())?;
    write(output, &octets)
}

/// Compresses `component`.
fn compress(component: &Path, output: &Path, level: i32) -> Result<()> {
    let octets = fs::read(component).with_context(|| format!("cannot read {}", component.display()))?;
    if !octets.starts_with(b"\0asm") {
        bail!("{} is no component", component.display());
    }
    write(output, &zstd::bulk::compress(&octets, level).context("the compressor failed")?)
}

/// Encodes `module` as a component at `output`.
fn component(module: &Path, output: &Path, adapt: bool) -> Result<()> {
    let octets = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    if !octets.starts_with(b"\0asm") {
        bail!("{} is no wasm module", module.display());
    }
    let mut encoder = ComponentEncoder::default()
        .module(&octets)
        .with_context(|| format!("{} holds no usable description of its world", module.display()))?
        .validate(true);
    if adapt {
        encoder = encoder
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
            .context("the preview-1 adapter does not fit")?;
    }
    let component = encoder.encode().with_context(|| format!("{} is no component of its world", module.display()))?;
    write(output, &component)
}

/// Generates C bindings for `world` of the package at `wit`.
fn c_bindings(wit: &Path, world: &str, output: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).with_context(|| format!("cannot read the WIT in {}", wit.display()))?;
    let world = resolve
        .select_world(&[package], Some(world))
        .with_context(|| format!("{} has no world `{world}`", wit.display()))?;
    let mut files = Files::default();
    wit_bindgen_c::Opts::default()
        .build()
        .generate(&mut resolve, world, &mut files)
        .with_context(|| format!("cannot express {} in C", wit.display()))?;
    for (name, contents) in files.iter() {
        write(&output.join(name), contents)?;
    }
    Ok(())
}

/// Writes a file whole or not at all, so that an interrupted build leaves nothing that looks finished.
fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(&partial, contents).with_context(|| format!("cannot write {}", partial.display()))?;
    fs::rename(&partial, path).with_context(|| format!("cannot write {}", path.display()))
}
