//! What scripts can ask about their exchange.

use frames_language::{Fact, Name, names};
use framewright_guest::Phase;

use super::Run;
use crate::{facts::Protocol, record};

impl Run<'_> {
    /// The octets of a fact, if it is one here.
    pub(super) fn fact(&mut self, fact: &Fact) -> Option<Vec<u8>> {
        let facts = self.facts;
        let h2 = facts.protocol == Protocol::Http2;
        match fact.name {
            Name::Get => facts.query().octets(&fact.key).map(<[u8]>::to_vec),
            Name::Method => Some(facts.method.clone()),
            Name::Scheme => Some(facts.scheme.clone().into_bytes()),
            Name::Authority => facts.authority.clone(),
            Name::Target => Some(facts.target.clone()),
            Name::Path => Some(facts.split_target().0.to_vec()),
            Name::Query => facts.split_target().1.map(<[u8]>::to_vec),
            Name::Header => facts.field(&fact.key).map(|line| line.value.clone()),
            Name::Representation => facts.field(&fact.key).map(|line| line.representation.into()),
            Name::Head => Some(facts.head.clone()).filter(|head| !head.is_empty()),
            Name::Protocol => Some(facts.protocol.name().into()),
            Name::H1 => flag(!h2),
            Name::H2 => flag(h2),
            Name::Stream => facts.stream.map(decimal),
            Name::Connection => Some(decimal(facts.connection)),
            Name::Promised => self.promised.map(decimal),
            Name::Tls => self.tls(&fact.key),
            Name::Attempt => Some(decimal(self.attempt.number)),
            Name::SameConnection => flag(self.attempt.previous.is_some_and(|before| before == facts.connection)),
            Name::NewConnection => flag(self.attempt.previous.is_some_and(|before| before != facts.connection)),
            Name::Outcome => Some(self.outcome.clone().into_bytes()).filter(|outcome| !outcome.is_empty()),
            Name::Content => Some(self.content.clone()),
            Name::ContentOctets => Some(decimal(self.content_octets)),
            Name::Trailer => {
                let found = self.trailers.iter().find(|line| line.name.eq_ignore_ascii_case(fact.key.as_bytes()));
                found.map(|line| line.value.clone())
            }
            Name::Seen => self.seen_fact(&fact.key),
            Name::Window => Some(decimal(self.wire.open_window())),
            Name::Phase => Some(phase(self.wire.phase()).into()),
            Name::Round => self.rounds.last().copied().map(decimal),
            Name::Uuid => Some(self.uuid()),
            Name::Record => Some(self.record(false).into_bytes()),
        }
    }

    fn tls(&self, key: &str) -> Option<Vec<u8>> {
        let tls = self.facts.tls.as_ref()?;
        match key {
            "version" => Some(tls.version.clone().into_bytes()),
            "cipher" => Some(tls.cipher_suite.clone().into_bytes()),
            "sni" => tls.sni.clone().map(String::into_bytes),
            "alpn" => tls.alpn.clone(),
            "resumed" => flag(tls.resumed),
            _ => flag(true),
        }
    }

    fn seen_fact(&self, key: &str) -> Option<Vec<u8>> {
        let seen = self.seen.as_ref()?;
        match key {
            "type" => names::kind_name(seen.kind).map(Into::into),
            "kind" => Some(decimal(seen.kind)),
            "flags" => Some(decimal(seen.flags)),
            "stream" => Some(decimal(seen.stream_id)),
            "length" => Some(decimal(seen.length)),
            "padding" => seen.padding.map(decimal),
            "payload" => Some(seen.payload.clone()),
            "code" => record::code(seen).map(decimal),
            "number" => Some(decimal(seen.number)),
            "arrived-ns" => Some(decimal(seen.arrived_ns)),
            "refused" => seen.refused.clone().map(String::into_bytes),
            _ => None,
        }
    }

    /// Version 4 (RFC 9562 §5.4).
    fn uuid(&mut self) -> Vec<u8> {
        let mut octets = self.wire.random();
        octets[6] = octets[6] & 0x0f | 0x40;
        octets[8] = octets[8] & 0x3f | 0x80;
        let mut text = String::new();
        for (index, octet) in octets.iter().enumerate() {
            if [4, 6, 8, 10].contains(&index) {
                text.push('-');
            }
            text.push_str(&format!("{octet:02x}"));
        }
        text.into_bytes()
    }
}

fn flag(set: bool) -> Option<Vec<u8>> {
    set.then(|| b"1".to_vec())
}

fn decimal(number: impl std::fmt::Display) -> Vec<u8> {
    number.to_string().into_bytes()
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Head => "head",
        Phase::Content => "content",
        Phase::Closed => "closed",
    }
}
