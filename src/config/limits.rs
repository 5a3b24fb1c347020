//! `[limits]`: what each key may be, and where it goes.

use std::{ops::RangeInclusive, time::Duration};

use toml::Spanned;

use super::{
    error::{ConfigError, Fault},
    file,
    plan::{HttpSettings, ServerSettings},
};
use crate::sandbox;

/// The settings that `[limits]` speaks of, those of the sandbox aside.
#[derive(Debug)]
pub(super) struct Limited<'a> {
    pub(super) server: &'a mut ServerSettings,
    pub(super) http: &'a mut HttpSettings,
    pub(super) site_cache_octets: &'a mut u64,
}

/// Overwrites the settings for which the file has a value.
///
/// # Errors
/// [`Fault::OutOfRange`].
pub(super) fn apply(limits: &file::Limits, source: &file::Source, to: &mut Limited<'_>) -> Result<(), ConfigError> {
    let keys = Keys { source };
    keys.number(&mut to.server.connections, "connections", &limits.connections, 1, 1..=1_000_000)?;
    keys.seconds(&mut to.server.handshake, "handshake_s", &limits.handshake_s, 1..=HOUR)?;
    keys.seconds(&mut to.server.drain, "drain_s", &limits.drain_s, 0..=HOUR)?;
    keys.seconds(&mut to.http.header, "header_s", &limits.header_s, 1..=HOUR)?;
    keys.seconds(&mut to.http.idle, "idle_s", &limits.idle_s, 1..=DAY)?;
    keys.seconds(&mut to.http.stall, "stall_s", &limits.stall_s, 1..=DAY)?;
    keys.optional(&mut to.http.head_octets, "head_kib", &limits.head_kib, KIB, 1..=1024)?;
    keys.optional(&mut to.http.fields, "fields", &limits.fields, 1, 1..=10_000)?;
    keys.optional(&mut to.http.h2_streams, "h2_streams", &limits.h2_streams, 1, 1..=100_000)?;
    // RFC 9113 §6.9.1: a window holds 2³¹ − 1 octets at most.
    keys.optional(&mut to.http.h2_window, "h2_window_kib", &limits.h2_window_kib, KIB, 1..=(1 << 21) - 1)?;
    keys.number(to.site_cache_octets, "cache_mib", &limits.cache_mib, MIB, 0..=65_536)
}

/// Overwrites the settings of the sandbox for which the file has a value.
///
/// # Errors
/// [`Fault::OutOfRange`].
pub(super) fn of_the_sandbox(
    limits: &file::Limits,
    source: &file::Source,
    to: &mut sandbox::Settings,
) -> Result<(), ConfigError> {
    let keys = Keys { source };
    // A 32-bit memory ends at 4 GiB.
    keys.number(&mut to.limits.memory, "memory_mib", &limits.memory_mib, MIB, 1..=4096)?;
    keys.number(&mut to.limits.table_elements, "table_elements", &limits.table_elements, 1, 1..=10_000_000)?;
    keys.number(&mut to.limits.instances, "instances", &limits.instances, 1, 1..=10_000)?;
    keys.millis(&mut to.limits.cpu, "cpu_ms", &limits.cpu_ms, 1..=HOUR * 1000)?;
    keys.seconds(&mut to.limits.wall, "wall_s", &limits.wall_s, 1..=DAY)?;
    keys.number(&mut to.limits.sent_octets, "sent_mib", &limits.sent_mib, MIB, 1..=1 << 20)?;
    keys.number(&mut to.limits.log_octets, "log_kib", &limits.log_kib, KIB, 1..=1 << 20)?;
    keys.number(&mut to.slots, "slots", &limits.slots, 1, 1..=100_000)?;
    keys.millis(&mut to.queue, "queue_ms", &limits.queue_ms, 0..=HOUR * 1000)?;
    keys.number(&mut to.handlers, "handlers", &limits.handlers, 1, 1..=100_000)?;
    keys.number(&mut to.handler_octets, "handler_mib", &limits.handler_mib, MIB, 1..=1024)?;
    keys.number(&mut to.stash.keys, "stash_keys", &limits.stash_keys, 1, 1..=10_000_000)?;
    keys.number(&mut to.stash.octets, "stash_mib", &limits.stash_mib, MIB, 1..=65_536)?;
    // A guest holds a value in its own memory, which ends at 4 GiB; one that large helps nobody.
    keys.number(&mut to.stash.value_octets, "stash_value_kib", &limits.stash_value_kib, KIB, 1..=1 << 20)?;
    keys.seconds(&mut to.stash.age, "stash_age_s", &limits.stash_age_s, 1..=WEEK)
}

pub(super) const KIB: u64 = 1 << 10;
pub(super) const MIB: u64 = 1 << 20;
pub(super) const HOUR: u64 = 3600;
pub(super) const DAY: u64 = 24 * HOUR;
pub(super) const WEEK: u64 = 7 * DAY;

/// Reads single keys.
pub(super) struct Keys<'a> {
    pub(super) source: &'a file::Source,
}

pub(super) type Value = Option<Spanned<u64>>;

impl Keys<'_> {
    fn read(&self, key: &'static str, value: &Value, range: &RangeInclusive<u64>) -> Result<Option<u64>, ConfigError> {
        match value {
            Some(value) if !range.contains(value.get_ref()) => Err(self.source.fault(
                &value.span(),
                Fault::OutOfRange { key, value: *value.get_ref(), least: *range.start(), most: *range.end() },
            )),
            value => Ok(value.as_ref().map(|value| *value.get_ref())),
        }
    }

    fn convert<T: TryFrom<u64>>(
        &self,
        key: &'static str,
        value: &Value,
        unit: u64,
        range: &RangeInclusive<u64>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(number) = self.read(key, value, range)? else { return Ok(None) };
        // The ranges fit every target of 64 bits; where addresses are smaller, so is the range.
        number.checked_mul(unit).and_then(|octets| T::try_from(octets).ok()).map(Some).ok_or_else(|| {
            let span = value.as_ref().map_or(0..0, Spanned::span);
            self.source.fault(&span, Fault::TooLargeHere { key, value: number })
        })
    }

    pub(super) fn number<T: TryFrom<u64>>(
        &self,
        to: &mut T,
        key: &'static str,
        value: &Value,
        unit: u64,
        range: RangeInclusive<u64>,
    ) -> Result<(), ConfigError> {
        if let Some(number) = self.convert(key, value, unit, &range)? {
            *to = number;
        }
        Ok(())
    }

    fn optional<T: TryFrom<u64>>(
        &self,
        to: &mut Option<T>,
        key: &'static str,
        value: &Value,
        unit: u64,
        range: RangeInclusive<u64>,
    ) -> Result<(), ConfigError> {
        if let Some(number) = self.convert(key, value, unit, &range)? {
            *to = Some(number);
        }
        Ok(())
    }

    pub(super) fn seconds(
        &self,
        to: &mut Duration,
        key: &'static str,
        value: &Value,
        range: RangeInclusive<u64>,
    ) -> Result<(), ConfigError> {
        if let Some(seconds) = self.read(key, value, &range)? {
            *to = Duration::from_secs(seconds);
        }
        Ok(())
    }

    pub(super) fn millis(
        &self,
        to: &mut Duration,
        key: &'static str,
        value: &Value,
        range: RangeInclusive<u64>,
    ) -> Result<(), ConfigError> {
        if let Some(millis) = self.read(key, value, &range)? {
            *to = Duration::from_millis(millis);
        }
        Ok(())
    }
}
