//! Compiled components that came with the executable, in a folder beside it: made when the server was built, for every
//! processor of its architecture, so that a first start has nothing to compile.
//!
//! They have the trust of the executable itself: only who owns that, or root, may be able to write to the folder and its
//! files. Whoever can replace the folder as a whole can replace the executable too. Beside each artefact lies its SHA-256,
//! against copies that went wrong. What is in doubt is not used: it is compiled here, and the log says so.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use super::precompiled::{Digest, EXTENSION, deserialize, file_name, hexadecimal, write_whole};

/// What the folder beside the executable is called.
pub const CARRIED_FOLDER: &str = "framewright.cache";
/// The extension of the file with an artefact's hash, in the form of `sha256sum`.
const HASH_EXTENSION: &str = "sha256";

/// The folder beside the executable.
#[derive(Debug)]
pub(super) struct Carried {
    folder: PathBuf,
    trusted: Owner,
}

impl Carried {
    /// The folder beside this executable, if there is one that can be trusted.
    pub(super) fn beside(executable: &Path) -> Option<Self> {
        let folder = executable.with_file_name(CARRIED_FOLDER);
        let trusted = match owner(executable).and_then(|owner| check(&folder, owner).map(|()| owner)) {
            Ok(owner) => owner,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(reason) => {
                tracing::info!(folder = %folder.display(), %reason, "no use is made of the compiled code there");
                return None;
            }
        };
        Some(Self { folder, trusted })
    }

    /// Loads the artefact of this component, if there is one that this engine accepts.
    pub(super) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = self.folder.join(file_name(digest));
        let loaded = check(&path, self.trusted)
            .and_then(|()| check_hash(&path))
            .and_then(|()| deserialize(engine, &path).map_err(|error| io::Error::other(format!("{error:#}"))));
        match loaded {
            Ok(component) => {
                tracing::debug!(path = %path.display(), "compiled code that came with the executable is used");
                Some(component)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::debug!(path = %path.display(), "no such compiled code came with the executable");
                None
            }
            Err(reason) => {
                let path = path.display();
                tracing::info!(%path, %reason, "compiled code that came with the executable can't be used");
                None
            }
        }
    }
}

/// Whether a folder that is being filled has this artefact already. Only files of this user's own are looked into.
pub(super) fn is_usable(folder: &Path, engine: &Engine, digest: &Digest) -> bool {
    let carried = own().map(|trusted| Carried { folder: folder.to_owned(), trusted });
    carried.is_some_and(|carried| check(folder, carried.trusted).is_ok() && carried.load(engine, digest).is_some())
}

/// Puts an artefact into a folder, and its hash beside it.
///
/// # Errors
/// Those of writing.
pub(super) fn store(folder: &Path, digest: &Digest, octets: &[u8]) -> io::Result<()> {
    let path = folder.join(file_name(digest));
    let hash = format!("{}  {}\n", hexadecimal(&Sha256::digest(octets).into()), file_name(digest));
    for (path, octets) in [(&path, octets), (&path.with_extension(HASH_EXTENSION), hash.as_bytes())] {
        write_whole(path, octets)?;
        readable_to_all(path, 0o644)?;
    }
    Ok(())
}

/// Creates a folder for artefacts, with the mode that it needs to be trusted.
///
/// # Errors
/// Those of the file system.
pub(super) fn create(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    readable_to_all(folder, 0o755)
}

/// Removes the artefacts of other components than these.
///
/// # Errors
/// Those of the file system.
pub(super) fn keep_only(folder: &Path, digests: &[Digest]) -> io::Result<()> {
    let kept: Vec<_> = digests.iter().map(hexadecimal).collect();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_ours = path.extension().is_some_and(|own| own == EXTENSION || own == HASH_EXTENSION);
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_digest = stem.len() == 64 && stem.bytes().all(|octet| octet.is_ascii_hexdigit());
        if is_ours && is_digest && !kept.iter().any(|kept| kept == stem) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Reads the artefact and compares: what a broken copy holds must not run.
fn check_hash(path: &Path) -> io::Result<()> {
    let noted = std::fs::read_to_string(path.with_extension(HASH_EXTENSION))
        .map_err(|error| io::Error::other(format!("its hash can't be read: {error}")));
    let mut file = std::fs::File::open(path)?;
    let noted = noted?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    if noted.split(' ').next() == Some(&*hexadecimal(&hash.finalize().into())) {
        Ok(())
    } else {
        Err(io::Error::other("it is not as it was written: its hash differs"))
    }
}

#[cfg(unix)]
type Owner = u32;

#[cfg(unix)]
fn owner(executable: &Path) -> io::Result<Owner> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(executable).map(|metadata| metadata.uid())
}

#[cfg(unix)]
fn own() -> Option<Owner> {
    Some(rustix::process::geteuid().as_raw())
}

/// Whether only this owner or root can write here. Links are not followed: they lead who knows where.
#[cfg(unix)]
fn check(path: &Path, owner: Owner) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::symlink_metadata(path)?;
    let refuse = |reason: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    if metadata.is_symlink() {
        refuse("it is a symbolic link")
    } else if metadata.uid() != owner && metadata.uid() != 0 {
        refuse("it belongs neither to the owner of the executable nor to root")
    } else if metadata.mode() & 0o022 != 0 {
        refuse("others than its owner can write to it")
    } else {
        Ok(())
    }
}

#[cfg(unix)]
fn readable_to_all(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
type Owner = ();

/// Nobody has told this system's way to say who can write where: nothing is trusted.
#[cfg(not(unix))]
fn owner(_: &Path) -> io::Result<Owner> {
    Err(io::ErrorKind::NotFound.into())
}

#[cfg(not(unix))]
fn own() -> Option<Owner> {
    None
}

#[cfg(not(unix))]
fn check(_: &Path, (): Owner) -> io::Result<()> {
    Err(io::ErrorKind::NotFound.into())
}

#[cfg(not(unix))]
fn readable_to_all(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
