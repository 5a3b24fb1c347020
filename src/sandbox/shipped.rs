//! The runtimes that the server ships for scripts of a site, as its own build found them.

use std::{borrow::Cow, fmt, io::Read};

use bytes::Bytes;

use super::Runtime;

// `const FRAMES: Option<&[u8]>` and `PYTHON`: written by build.rs.
include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The component of each runtime; none if the server was built without it.
#[derive(Clone)]
pub struct Runtimes {
    /// For [`Runtime::Frames`].
    pub frames: Option<Bytes>,
    /// For [`Runtime::Python`]: as it is, or compressed (RFC 8878).
    pub python: Option<Bytes>,
}

/// What a Zstandard frame begins with (RFC 8878 §3.1.1).
const COMPRESSED: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The most octets of a runtime, decompressed.
const RUNTIME_OCTETS: u64 = 256 << 20;

/// The octets of a runtime as they are compiled.
pub(super) fn decompress(octets: &[u8]) -> std::io::Result<Cow<'_, [u8]>> {
    if !octets.starts_with(&COMPRESSED) {
        return Ok(Cow::Borrowed(octets));
    }
    let mut component = Vec::new();
    let decoder = ruzstd::decoding::StreamingDecoder::new(octets).map_err(std::io::Error::other)?;
    decoder.take(RUNTIME_OCTETS).read_to_end(&mut component)?;
    Ok(component.into())
}

impl Runtimes {
    pub(super) fn component(&self, runtime: Runtime) -> Option<&Bytes> {
        match runtime {
            Runtime::Frames => self.frames.as_ref(),
            Runtime::Python => self.python.as_ref(),
        }
    }
}

impl Default for Runtimes {
    fn default() -> Self {
        Self { frames: FRAMES.map(Bytes::from_static), python: PYTHON.map(Bytes::from_static) }
    }
}

impl fmt::Debug for Runtimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runtimes = f.debug_struct("Runtimes");
        runtimes.field("frames", &self.frames.as_ref().map(Bytes::len));
        runtimes.field("python", &self.python.as_ref().map(Bytes::len)).finish()
    }
}
