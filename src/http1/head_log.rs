//! What the wire log learns of a connection: the heads of its messages and their trailer sections.

use std::sync::Arc;

use super::{Fault, Settings};
use crate::{
    exchange::{ConnectionFacts, FieldSection},
    observe::wire_log::{Direction, FieldLine, HeadRecord, OctetsRecord, TrailersRecord, WireLog},
};

/// The wire log, for one connection.
#[derive(Clone, Debug)]
pub(super) struct HeadLog {
    log: Arc<WireLog>,
    connection: u64,
}

impl HeadLog {
    /// None if there is no wire log: then nothing is prepared for it.
    pub(super) fn new(settings: &Settings, facts: &ConnectionFacts) -> Option<Self> {
        Some(Self { log: Arc::clone(settings.wire_log.as_ref()?), connection: facts.id.as_u64() })
    }

    /// A request head.
    pub(super) fn received(&self, head: &[u8]) {
        self.log.head(HeadRecord::parse(self.connection, Direction::In, head));
    }

    /// What was no request head.
    pub(super) fn refused(&self, octets: &[u8], fault: Fault) {
        let record = OctetsRecord::new(self.connection, Direction::In, octets);
        self.log.octets(OctetsRecord { refused: Some(fault.to_string()), ..record });
    }

    /// What a handler wrote through the raw door.
    pub(super) fn raw(&self, octets: &[u8]) {
        self.log.octets(OctetsRecord { raw: true, ..OctetsRecord::new(self.connection, Direction::Out, octets) });
    }

    /// A final or informational response head.
    pub(super) fn sent(&self, head: &[u8]) {
        self.log.head(HeadRecord::parse(self.connection, Direction::Out, head));
    }

    /// The trailer section of a request.
    pub(super) fn received_trailers(&self, section: &FieldSection) {
        self.trailers(Direction::In, section);
    }

    /// The trailer section of a response.
    pub(super) fn sent_trailers(&self, section: &FieldSection) {
        self.trailers(Direction::Out, section);
    }

    fn trailers(&self, direction: Direction, section: &FieldSection) {
        // Chunked content always ends in a section, mostly an empty one: not worth a record.
        if !section.is_empty() {
            let fields = section.iter().map(|field| FieldLine::new(field.name, field.value, None)).collect();
            self.log.trailers(TrailersRecord { connection: self.connection, direction, fields });
        }
    }
}
