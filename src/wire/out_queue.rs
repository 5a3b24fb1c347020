//! Octets that nothing but the socket keeps from leaving, in order, and who is to be told of it, sans I/O.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use super::backlog::Receipt;

/// Octets on their way.
#[derive(Debug, Default)]
pub(super) struct OutQueue {
    pieces: VecDeque<Bytes>,
    octets: usize,
    /// Octets that have been put here so far.
    appended: u64,
    /// Who is to be told that this many octets have left.
    marks: VecDeque<(u64, Receipt)>,
}

impl OutQueue {
    /// Puts octets behind the others.
    pub(super) fn append(&mut self, octets: Bytes) {
        self.appended += octets.len() as u64;
        self.octets += octets.len();
        if !octets.is_empty() {
            self.pieces.push_back(octets);
        }
    }

    /// Has someone told once all that is here now has left.
    pub(super) fn mark(&mut self, receipt: Receipt) {
        self.marks.push_back((self.appended, receipt));
    }

    /// What leaves next; none if all has left.
    pub(super) fn next(&self) -> Option<&Bytes> {
        self.pieces.front()
    }

    /// Notes that the first octets of [`next`](Self::next) have left.
    pub(super) fn advance(&mut self, octets: usize) {
        self.octets -= octets;
        if let Some(first) = self.pieces.front_mut() {
            first.advance(octets);
            if first.is_empty() {
                self.pieces.pop_front();
            }
        }
    }

    /// Tells those whose octets have left.
    pub(super) fn tell(&mut self) {
        let left = self.left();
        while let Some((_, receipt)) = self.marks.pop_front_if(|(mark, _)| *mark <= left) {
            receipt.tell();
        }
    }

    /// Forgets what has not left; who waits for it learns that.
    pub(super) fn clear(&mut self) {
        *self = Self { appended: self.appended, ..Self::default() };
    }

    /// Octets that have left.
    pub(super) fn left(&self) -> u64 {
        self.appended - self.octets as u64
    }

    /// Octets on their way.
    pub(super) fn octets(&self) -> usize {
        self.octets
    }

    /// Whether nobody is to be told of anything.
    #[cfg(test)]
    pub(super) fn is_unmarked(&self) -> bool {
        self.marks.is_empty()
    }
}
