//! The wire log: every HTTP/2 frame, HTTP/1.1 message head and trailer section of a run, in both directions, one JSON object a line.
//!
//! ```text
//! protocol ──▶ WireLog (bounded queue) ──▶ its own thread ──▶ FILE ──▶ Printer
//! ```
//!
//! What is written and what is read back is one type, [`Entry`]. The format is described in `docs/wire.md`.

mod log;
mod names;
mod octets;
mod printer;
mod queue;
mod record;

pub use log::{DEFAULT_LIMIT, WireLog};
pub use names::{flag_names, frame_name};
pub use octets::{BadEscape, Octets};
pub use printer::{Filter, Printer};
pub use record::{Direction, Entry, FieldLine, FrameRecord, HeadRecord, Kind, OctetsRecord, Record, TrailersRecord};
