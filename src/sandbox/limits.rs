//! Counts what an exchange uses of its host against its [`Limits`](super::Limits).

use std::{sync::Arc, time::Duration};

use wasmtime::ResourceLimiter;

use super::settings::Limits;
use crate::quota::{Account, Quota};

/// A limit that an exchange met; the exchange ends with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Exceeded {
    /// Linear memory.
    #[error("memory limit of {} MiB exceeded (memory_mib)", .0 >> 20)]
    Memory(usize),
    /// Table elements.
    #[error("limit of {0} table elements exceeded (table_elements)")]
    TableElements(usize),
    /// CPU time.
    #[error("CPU time limit of {} ms exceeded (cpu_ms)", .0.as_millis())]
    Cpu(Duration),
    /// Wall-clock time.
    #[error("wall-clock limit of {} s exceeded (wall_s)", .0.as_secs_f64())]
    Wall(Duration),
    /// Content sent.
    #[error("limit of {0} octets sent exceeded (sent_mib)")]
    SentOctets(u64),
    /// Something that all exchanges of a tenant share.
    #[error("{0}")]
    Quota(Quota),
    /// The peer left, and `on_disconnect` is `cancel`.
    #[error("the peer left (on_disconnect = \"cancel\")")]
    PeerGone,
}

/// Memory and tables of one store.
pub(super) struct Meter {
    limits: Limits,
    account: Option<Arc<Account>>,
    memory: usize,
    table_elements: usize,
    pub(super) exceeded: Option<Exceeded>,
}

impl Meter {
    /// A meter for an exchange, which counts its memory in this account too.
    pub(super) fn new(limits: Limits, account: Option<Arc<Account>>) -> Self {
        Self { limits, account, memory: 0, table_elements: 0, exceeded: None }
    }

    fn exceed<T>(&mut self, limit: Exceeded) -> wasmtime::Result<T> {
        self.exceeded = Some(limit);
        Err(wasmtime::Error::from(limit))
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(account) = &self.account {
            account.shrink(self.memory as u64);
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The module's own maximum: `memory.grow` answers -1, as the guest expects.
            return Ok(false);
        }
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory {
            return self.exceed(Exceeded::Memory(self.limits.memory));
        }
        if let Some(account) = &self.account
            && !account.grow((total - self.memory) as u64)
        {
            return self.exceed(Exceeded::Quota(Quota::Memory));
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.limits.table_elements {
            return self.exceed(Exceeded::TableElements(self.limits.table_elements));
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn memories(&self) -> usize {
        super::engine::MEMORIES_PER_COMPONENT as usize
    }

    fn tables(&self) -> usize {
        super::engine::TABLES_PER_COMPONENT as usize
    }
}
