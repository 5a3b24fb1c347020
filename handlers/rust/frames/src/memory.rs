//! What is remembered of a token's attempts: one value of the stash, changed under its lock, so that attempts at one time
//! are all counted.
//!
//! The value's first line has how many attempts were refused and the last attempt's connection; then comes a record a
//! line.

use framewright_guest::stash::StashError;

use crate::wire::Wire;

/// Octets of a token, so that it fits into a key of the stash.
pub const MOST_TOKEN: usize = 200;

/// The attempts of one token.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    pub refused: u64,
    /// The connection of the last attempt, if there was one.
    pub connection: Option<u64>,
    pub records: Vec<String>,
}

impl Attempts {
    /// What is no such value, as somebody else may have put one there, is none.
    fn decode(value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let mut lines = text.lines();
        let mut numbers = lines.next().unwrap_or_default().split(' ').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        let (refused, connection) = (next().unwrap_or(0), next());
        Self { refused, connection, records: lines.map(str::to_owned).collect() }
    }

    fn encode(&self) -> Vec<u8> {
        let connection = self.connection.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let mut text = format!("{} {connection}", self.refused);
        for record in &self.records {
            text.push('\n');
            text.push_str(record);
        }
        text.into_bytes()
    }

    /// All of them as the JSON of a report.
    pub fn report(&self, token: &str) -> String {
        use crate::json::{Json, string};
        let attempts = self.records.iter().fold(Json::array(), Json::element).end();
        let report = Json::object().member("token", string(token.as_bytes())).member("refused", self.refused);
        report.member("attempts", attempts).end()
    }
}

/// Reads a token's attempts and leaves them there.
pub fn read(wire: &mut dyn Wire, token: &str) -> Result<Attempts, StashError> {
    // Under the lock: between the take and the put of an attempt there is nothing to see.
    wire.lock()?;
    let value = wire.peek(token);
    wire.unlock()?;
    Ok(value?.map_or_else(Attempts::default, |value| Attempts::decode(&value)))
}

/// Changes a token's attempts. What `change` makes is kept whole or not at all: if the stash has no place for it, the
/// attempts stay as they were. `change` is told whether to save space.
pub fn change<T>(
    wire: &mut dyn Wire,
    token: &str,
    mut change: impl FnMut(&mut dyn Wire, &mut Attempts, bool) -> T,
) -> Result<T, StashError> {
    wire.lock()?;
    let result = take_and_put(wire, token, &mut change);
    wire.unlock()?;
    result
}

fn take_and_put<T>(
    wire: &mut dyn Wire,
    token: &str,
    change: &mut dyn FnMut(&mut dyn Wire, &mut Attempts, bool) -> T,
) -> Result<T, StashError> {
    let before = wire.take(token)?.unwrap_or_default();
    let mut attempt = |wire: &mut dyn Wire, sparing| {
        let mut attempts = Attempts::decode(&before);
        let result = change(wire, &mut attempts, sparing);
        wire.put(token, &attempts.encode()).map(|()| result)
    };
    let kept = match attempt(wire, false) {
        Err(StashError::ValueTooLarge(_)) => attempt(wire, true),
        kept => kept,
    };
    if kept.is_err() && !before.is_empty() {
        // The first failure is the one to tell.
        let _ = wire.put(token, &before);
    }
    kept
}
