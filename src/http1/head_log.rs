//! What the wire log learns of a connection: the heads of its messages.

use std::sync::Arc;

use super::{Fault, Settings};
use crate::{
    exchange::ConnectionFacts,
    observe::wire_log::{Direction, HeadRecord, OctetsRecord, WireLog},
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
}
