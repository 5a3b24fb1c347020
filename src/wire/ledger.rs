//! Files what [`Inbound`](super::Inbound) found under its stream, until whoever gets the stream from h2 claims it.

use std::collections::VecDeque;

use super::{Arrival, hpack::FieldBlock};

/// Windows before any frame says otherwise, in octets (RFC 9113 §6.9.2).
const DEFAULT_WINDOW: u32 = 65_535;

/// Field sections and windows by stream.
///
/// Client streams open in increasing order (RFC 9113 §5.1.1) and h2 delivers them in that order. So whatever is left
/// below a stream that h2 has delivered was refused, and is dropped.
#[derive(Debug)]
pub struct Ledger {
    /// Streams that h2 has not delivered, in order.
    arrived: VecDeque<Stream<Section>>,
    /// Streams that an exchange holds, in order.
    held: VecDeque<Stream<()>>,
    /// The highest stream seen.
    last: u32,
    /// Most entries of `arrived`.
    most_arrived: usize,
    initial_window: u32,
    connection_window: u64,
}

/// The field section that opened a stream.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its lines.
    pub block: FieldBlock,
    /// Whether it ended the stream: no content, no trailers.
    pub end_stream: bool,
}

#[derive(Debug)]
struct Stream<H> {
    id: u32,
    head: H,
    /// Boxed, as few streams have them and entries are moved about.
    trailers: Option<Box<FieldBlock>>,
    /// What WINDOW_UPDATE added.
    window: u32,
    /// How many parts of the exchange still hold it.
    holders: u8,
}

impl Ledger {
    /// An empty ledger; `most_arrived` sections wait to be claimed at most, later ones are not filed.
    pub fn new(most_arrived: usize) -> Self {
        Self {
            arrived: VecDeque::new(),
            held: VecDeque::new(),
            last: 0,
            most_arrived,
            initial_window: DEFAULT_WINDOW,
            connection_window: u64::from(DEFAULT_WINDOW),
        }
    }

    /// Files one arrival. What belongs to no stream that is open here is dropped.
    pub fn file(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Section { stream, end_stream, block } if stream > self.last => {
                self.last = stream;
                if self.arrived.len() < self.most_arrived {
                    let head = Section { block, end_stream };
                    self.arrived.push_back(Stream { id: stream, head, trailers: None, window: 0, holders: 0 });
                }
            }
            Arrival::Section { stream, block, .. } => {
                if let Some(held) = find(&mut self.held, stream) {
                    held.trailers.get_or_insert_with(|| Box::new(block));
                } else if let Some(arrived) = find(&mut self.arrived, stream) {
                    arrived.trailers.get_or_insert_with(|| Box::new(block));
                }
            }
            Arrival::Window { stream: 0, octets } => {
                self.connection_window = self.connection_window.saturating_add(u64::from(octets));
            }
            Arrival::Window { stream, octets } => {
                if let Some(held) = find(&mut self.held, stream) {
                    held.window = held.window.saturating_add(octets);
                } else if let Some(arrived) = find(&mut self.arrived, stream) {
                    arrived.window = arrived.window.saturating_add(octets);
                }
            }
            Arrival::InitialWindow(octets) => self.initial_window = octets,
        }
    }

    /// The section that opened `stream`, for the exchange made of it, which then holds the stream in one part, or in
    /// two if there is content to read; a stream whose section is over the limits is not held. Drops all streams
    /// below that were not claimed.
    pub fn claim_head(&mut self, stream: u32) -> Option<Section> {
        while self.arrived.front().is_some_and(|arrived| arrived.id < stream) {
            self.arrived.pop_front();
        }
        let Stream { id, head, trailers, window, .. } = self.arrived.pop_front_if(|arrived| arrived.id == stream)?;
        if matches!(head.block, FieldBlock::Section(_)) {
            let holders = if head.end_stream { 1 } else { 2 };
            self.held.push_back(Stream { id, head: (), trailers, window, holders });
        }
        Some(head)
    }

    /// The trailers of a stream that an exchange holds.
    pub fn claim_trailers(&mut self, stream: u32) -> Option<FieldBlock> {
        find(&mut self.held, stream)?.trailers.take().map(|trailers| *trailers)
    }

    /// One part of an exchange lets its stream go.
    pub fn release(&mut self, stream: u32) {
        let Ok(index) = self.held.binary_search_by_key(&stream, |held| held.id) else { return };
        let held = &mut self.held[index];
        held.holders -= 1;
        if held.holders == 0 {
            self.held.remove(index);
        }
    }

    /// Octets that the peer has allowed so far: on this stream and on the connection (RFC 9113 §6.9.1). A stream that
    /// is not held has none.
    pub fn allowed(&mut self, stream: u32) -> (u64, u64) {
        let initial = u64::from(self.initial_window);
        let stream = find(&mut self.held, stream).map_or(0, |held| initial + u64::from(held.window));
        (stream, self.connection_window)
    }
}

fn find<H>(streams: &mut VecDeque<Stream<H>>, id: u32) -> Option<&mut Stream<H>> {
    let index = streams.binary_search_by_key(&id, |stream| stream.id).ok()?;
    streams.get_mut(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::FieldSection;

    fn section(stream: u32, name: &str, end_stream: bool) -> Arrival {
        let section = FieldSection::from_lines([(name.as_bytes(), b"".as_slice())]);
        Arrival::Section { stream, end_stream, block: FieldBlock::Section(section) }
    }

    fn name(block: FieldBlock) -> String {
        let FieldBlock::Section(section) = block else { panic!("not a section") };
        String::from_utf8(section.iter().next().unwrap().name.to_vec()).unwrap()
    }

    #[test]
    fn heads_and_trailers_are_claimed_by_stream_and_refused_streams_forgotten() {
        let mut ledger = Ledger::new(10);
        for arrival in [
            section(1, "one", false),
            section(3, "refused", false),
            section(5, "five", false),
            section(1, "one-trailers", true),
            section(5, "five-trailers", true),
            section(5, "more-trailers", true),
            section(3, "refused-trailers", true),
        ] {
            ledger.file(arrival);
        }
        assert_eq!(name(ledger.claim_head(1).unwrap().block), "one");
        assert_eq!(name(ledger.claim_head(5).unwrap().block), "five");
        assert!(ledger.claim_head(3).is_none() && ledger.arrived.is_empty());
        assert_eq!(name(ledger.claim_trailers(1).unwrap()), "one-trailers");
        assert_eq!(name(ledger.claim_trailers(5).unwrap()), "five-trailers");
        assert!(ledger.claim_trailers(5).is_none() && ledger.claim_trailers(3).is_none());
        for stream in [1, 5, 5, 1, 1, 7] {
            ledger.release(stream);
        }
        assert!(ledger.held.is_empty());
    }

    #[test]
    fn windows_add_up_and_follow_the_initial_one() {
        let mut ledger = Ledger::new(10);
        ledger.file(section(1, "one", true));
        ledger.file(Arrival::Window { stream: 1, octets: 5 });
        ledger.claim_head(1).unwrap();
        ledger.file(Arrival::Window { stream: 1, octets: 5 });
        ledger.file(Arrival::Window { stream: 0, octets: 1 });
        ledger.file(Arrival::Window { stream: 9, octets: 1 });
        assert_eq!(ledger.allowed(1), (65_545, 65_536));
        ledger.file(Arrival::InitialWindow(0));
        assert_eq!(ledger.allowed(1), (10, 65_536));
        assert_eq!(ledger.allowed(9), (0, 65_536));
    }

    #[test]
    fn no_more_sections_wait_than_allowed() {
        let mut ledger = Ledger::new(2);
        for stream in [1, 3, 5] {
            ledger.file(section(stream, "x", true));
        }
        assert!(ledger.claim_head(3).is_some() && ledger.claim_head(5).is_none());
    }
}
