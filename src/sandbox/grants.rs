//! What a component imports, and whether it may.

use std::{fmt, path::Path};

use wasmtime::{Engine, component::Component};

use super::load_error::LoadError;

/// What the operator grants to the handlers under a path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Grants(u8);

/// One import of a component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The interface with its version, as the component names it.
    pub interface: String,
    /// The grant that it needs, if any.
    pub grant: Option<(&'static str, Grants)>,
}

impl Grants {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Frames and octets of the handler's own making.
    pub const RAW: Self = Self(1);
    /// The stash.
    pub const STASH: Self = Self(2);
    /// Reading the files under the root.
    pub const FILES: Self = Self(4);
    /// Server push.
    pub const PUSH: Self = Self(8);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether everything in `other` is granted.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is granted, as configurations call it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [(Self::RAW, "raw"), (Self::STASH, "stash"), (Self::FILES, "files"), (Self::PUSH, "push")];
        all.into_iter().filter(move |(grant, _)| self.contains(*grant)).map(|(_, name)| name)
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Our interfaces that need no grant.
const OPEN: [&str; 3] = ["framewright:handler/types", "framewright:handler/log", "framewright:handler/inspect"];
/// Our interfaces for the runtimes that the server ships.
const SHIPPED: [&str; 2] = ["framewright:handler/script", "framewright:handler/pipes"];
/// Our interfaces that need one.
const GRANTED: [(&str, &str, Grants); 3] = [
    ("framewright:handler/raw", "raw", Grants::RAW),
    ("framewright:handler/push", "push", Grants::PUSH),
    ("framewright:handler/stash", "stash", Grants::STASH),
];

pub(super) fn imports(engine: &Engine, component: &Component) -> Vec<Import> {
    let component_type = component.component_type();
    component_type
        .imports(engine)
        .map(|(name, _)| Import {
            interface: name.to_owned(),
            grant: GRANTED
                .iter()
                .find(|(interface, ..)| bare(name) == *interface)
                .map(|(_, grant, needed)| (*grant, *needed)),
        })
        .collect()
}

/// Whether a component of a site with these imports may run. `wasi:*` always links and refuses at the call; what nobody knows is
/// left to the linker, which names it.
pub(super) fn check(path: &Path, imports: &[Import], grants: Grants) -> Result<(), LoadError> {
    for import in imports.iter().filter(|import| import.interface.starts_with("framewright:")) {
        let interface = import.interface.clone();
        match import.grant {
            Some((grant, needed)) if !grants.contains(needed) => {
                return Err(LoadError::NotGranted { path: path.into(), interface, grant });
            }
            Some(_) => {}
            None if OPEN.contains(&bare(&interface)) => {}
            None if SHIPPED.contains(&bare(&interface)) => {
                return Err(LoadError::NotForSites { path: path.into(), interface });
            }
            None => return Err(LoadError::NotOffered { path: path.into(), interface }),
        }
    }
    Ok(())
}

/// The name without its version.
fn bare(interface: &str) -> &str {
    interface.split('@').next().unwrap_or(interface)
}
