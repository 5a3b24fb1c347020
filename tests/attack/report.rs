//! What an attack came to, as a line of a table.

use std::{fmt, time::Duration};

/// One attack's line.
pub struct Row {
    pub name: String,
    /// How it was refused.
    pub refused: String,
    pub quiet: Duration,
    /// The good tenant's p99 meanwhile.
    pub during: Duration,
    /// Resident KiB.
    pub before: u64,
    pub after: u64,
    /// What must not have happened.
    pub faults: Vec<String>,
}

impl Row {
    /// The heads of the columns.
    pub const HEAD: &str = "| attack | refused how | good tenant's p99 | within bound | MiB before → after | verdict |\n\
                            |---|---|---|---|---|---|";

    /// Whether the good tenant noticed less than twice its wait, or 10 ms.
    fn is_within(&self) -> bool {
        self.during <= (self.quiet * 2).max(self.quiet + Duration::from_millis(10))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict =
            if self.faults.is_empty() { "held".to_owned() } else { format!("**{}**", self.faults.join("; ")) };
        write!(
            f,
            "| {} | {} | {:.1} ms | {} | {} → {} | {} |",
            self.name,
            self.refused.replace('|', "\\|"),
            self.during.as_secs_f64() * 1000.0,
            if self.is_within() { "yes" } else { "no" },
            self.before >> 10,
            self.after >> 10,
            verdict.replace('|', "\\|").replace('\n', " "),
        )
    }
}
