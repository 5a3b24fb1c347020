//! The runtimes that the server ships for scripts of a site, as its own build found them.

use std::fmt;

use bytes::Bytes;

use super::Runtime;

// `const FRAMES: Option<&[u8]>`: written by build.rs.
include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The component of each runtime; none if the server was built without it.
#[derive(Clone)]
pub struct Runtimes {
    /// For [`Runtime::Frames`].
    pub frames: Option<Bytes>,
}

impl Runtimes {
    pub(super) fn component(&self, runtime: Runtime) -> Option<&Bytes> {
        match runtime {
            Runtime::Frames => self.frames.as_ref(),
        }
    }
}

impl Default for Runtimes {
    fn default() -> Self {
        Self { frames: FRAMES.map(Bytes::from_static) }
    }
}

impl fmt::Debug for Runtimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtimes").field("frames", &self.frames.as_ref().map(Bytes::len)).finish()
    }
}
