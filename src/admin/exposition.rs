//! Prometheus' text format: families of samples. Sans I/O.

use std::fmt::{Display, Write as _};

/// A text that grows by families.
#[derive(Default)]
pub(super) struct Exposition(String);

/// What the numbers of a family do.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Only grow.
    Counter,
    /// Go up and down.
    Gauge,
    /// Are counted in buckets.
    Histogram,
}

impl Exposition {
    /// Begins a family; all its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// One sample.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"", if index == 0 { '{' } else { ',' });
            for character in text.chars() {
                match character {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_under_their_family_with_escaped_labels() {
        let mut text = Exposition::default();
        text.family("a_total", Kind::Counter, "How many.");
        text.sample("a_total", &[("tenant", "x\"\\\ny"), ("code", "2xx")], 3);
        text.family("b", Kind::Gauge, "How much.");
        text.sample("b", &[], 0.5);
        assert_eq!(
            text.finish(),
            "# HELP a_total How many.\n# TYPE a_total counter\na_total{tenant=\"x\\\"\\\\\\ny\",code=\"2xx\"} 3\n\
             # HELP b How much.\n# TYPE b gauge\nb 0.5\n"
        );
    }
}
