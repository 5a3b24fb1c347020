//! The dynamic table (RFC 7541 §2.3.2, §4).

use std::collections::VecDeque;

use super::{HpackError, static_table::STATIC_TABLE};

/// What each entry adds to the octets of name and value (RFC 7541 §4.1).
const ENTRY_OVERHEAD: usize = 32;

/// A first-in, first-out list of field lines. Their octets stand one behind the other in one buffer of at most twice
/// the table's size, so that an entry costs no allocation.
#[derive(Debug)]
pub(super) struct Table {
    octets: Vec<u8>,
    /// Oldest first.
    entries: VecDeque<Entry>,
    size: usize,
    max_size: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    name: usize,
    value: usize,
}

impl Table {
    pub(super) fn new(max_size: usize) -> Self {
        Self { octets: Vec::new(), entries: VecDeque::new(), size: 0, max_size }
    }

    /// Name and value at `index`, which counts through the static table first (RFC 7541 §2.3.3).
    #[inline]
    pub(super) fn line(&self, index: usize) -> Result<(&[u8], &[u8]), HpackError> {
        if let Some(line) = STATIC_TABLE.get(index.wrapping_sub(1)) {
            return Ok(*line);
        }
        let back = index.checked_sub(STATIC_TABLE.len() + 1).ok_or(HpackError::InvalidIndex(index))?;
        let at = self.entries.len().checked_sub(back + 1).ok_or(HpackError::InvalidIndex(index))?;
        let Entry { start, name, value } = self.entries[at];
        let line = &self.octets[start..start + name + value];
        Ok(line.split_at(name))
    }

    /// RFC 7541 §4.3.
    pub(super) fn set_max_size(&mut self, max_size: usize) {
        self.max_size = max_size;
        self.evict_down_to(max_size);
    }

    /// RFC 7541 §4.4: makes room, then adds the line; one that is larger than the table leaves it empty.
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8]) {
        let octets = name.len() + value.len();
        let size = octets + ENTRY_OVERHEAD;
        let Some(room) = self.max_size.checked_sub(size) else {
            self.evict_down_to(0);
            return;
        };
        self.evict_down_to(room);
        if self.octets.len() + octets > 2 * self.max_size {
            self.compact();
        }
        self.entries.push_back(Entry { start: self.octets.len(), name: name.len(), value: value.len() });
        self.octets.extend_from_slice(name);
        self.octets.extend_from_slice(value);
        self.size += size;
    }

    fn evict_down_to(&mut self, size: usize) {
        while self.size > size {
            let Some(entry) = self.entries.pop_front() else { break };
            self.size -= entry.name + entry.value + ENTRY_OVERHEAD;
        }
        if self.entries.is_empty() {
            self.octets.clear();
        }
    }

    /// Drops the octets of evicted entries.
    fn compact(&mut self) {
        let dead = self.entries.front().map_or(self.octets.len(), |oldest| oldest.start);
        self.octets.drain(..dead);
        for entry in &mut self.entries {
            entry.start -= dead;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_fits_and_forgets_the_oldest() {
        let mut table = Table::new(100);
        for turn in 0..1_000usize {
            let value = vec![b'v'; turn % 20];
            table.insert(b"name", &value);
            assert_eq!(table.line(62), Ok((b"name".as_slice(), value.as_slice())), "turn {turn}");
            assert!(table.octets.len() <= 200 && table.size <= 100, "turn {turn}");
        }
        table.insert(b"n", b"");
        table.insert(b"m", b"");
        assert_eq!(table.line(63), Ok((b"n".as_slice(), b"".as_slice())));
        table.insert(&[b'x'; 69], b"");
        assert_eq!(table.line(62), Err(HpackError::InvalidIndex(62)), "larger than the table: it is empty");
        assert_eq!(table.line(0), Err(HpackError::InvalidIndex(0)));
        table.set_max_size(0);
        table.insert(b"", b"");
        assert_eq!(table.line(62), Err(HpackError::InvalidIndex(62)));
    }
}
