//! What keeps units waiting, and what is known of those that wait.

use std::collections::BTreeSet;

/// What keeps units waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::wire) struct Obstacles {
    /// Only this stream may send.
    pub(in crate::wire) held_for: Option<u32>,
    /// Octets of content that the connection's window lets through (RFC 9113 §5.2).
    pub(in crate::wire) room: u64,
}

/// A look at the first units that wait: all stay under these obstacles.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) held_for: Option<u32>,
    pub(super) open_block: Option<u32>,
    pub(super) units: usize,
    /// Streams whose units may not pass those.
    pub(super) blocked: BTreeSet<u32>,
    /// A field block of the engine's is among them.
    pub(super) block_waits: bool,
    /// Octets that a hold keeps back.
    pub(super) held_octets: usize,
    /// Content among them would go if the connection's window held more than this.
    pub(super) short_of: Option<u64>,
    pub(super) is_stuck: bool,
}

impl Look {
    /// None has been looked at.
    pub(super) fn from_first(held_for: Option<u32>, open_block: Option<u32>) -> Self {
        Self {
            held_for,
            open_block,
            units: 0,
            blocked: BTreeSet::new(),
            block_waits: false,
            held_octets: 0,
            short_of: None,
            is_stuck: false,
        }
    }

    /// Whether the units that have been looked at stay under these obstacles too. More room makes no difference unless one
    /// waits for it alone.
    pub(super) fn holds(&self, obstacles: Obstacles, open_block: Option<u32>) -> bool {
        self.held_for == obstacles.held_for
            && self.open_block == open_block
            && self.short_of.is_none_or(|short_of| obstacles.room <= short_of)
    }
}
