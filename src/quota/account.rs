//! One tenant's account.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{Bucket, Gauge, Held, Histogram, Settings, settings::BACKLOG};

/// What a tenant may use, and what it has used so far.
#[derive(Debug)]
pub struct Account {
    tenant: Arc<str>,
    connections: Gauge,
    exchanges: Gauge,
    memory: Gauge,
    compilations: Gauge,
    requests: Bucket,
    cpu: Bucket,
    sent: Bucket,
    log: Bucket,
    refused: [AtomicU64; Quota::ALL.len()],
    /// By the first digit of the status; 0: no head was sent.
    statuses: [AtomicU64; 6],
    latency: Histogram,
    cpu_micros: AtomicU64,
    sent_octets: AtomicU64,
    failed: AtomicU64,
}

/// What is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quota {
    /// Connections at one time.
    Connections,
    /// Exchanges at one time.
    Exchanges,
    /// Requests a second.
    Requests,
    /// CPU time a second.
    Cpu,
    /// Octets sent a second.
    Sent,
    /// Memory in use.
    Memory,
    /// Octets logged a second.
    Log,
    /// Handlers waiting for the compiler.
    Compilations,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// The status; none if no head was sent.
    pub status: Option<u16>,
    /// From the request's head to the end.
    pub time: Duration,
    /// Whether something failed.
    pub failed: bool,
}

impl Quota {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Connections,
        Self::Exchanges,
        Self::Requests,
        Self::Cpu,
        Self::Sent,
        Self::Memory,
        Self::Log,
        Self::Compilations,
    ];

    /// The key of the configuration that bounds it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Exchanges => "exchanges",
            Self::Requests => "requests_per_s",
            Self::Cpu => "cpu_ms_per_s",
            Self::Sent => "sent_kib_per_s",
            Self::Memory => "memory_in_use_mib",
            Self::Log => "log_kib_per_s",
            Self::Compilations => "compilations",
        }
    }

    /// The status that answers an exchange which finds it used up: 429 (RFC 6585 §4) where the client asks too often,
    /// else 503.
    pub fn status(self) -> u16 {
        if self == Self::Requests { 429 } else { 503 }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tenant's quota is used up ({})", self.key())
    }
}

impl Account {
    /// An account of which nothing is used.
    pub fn new(tenant: Arc<str>, settings: &Settings, now: Instant) -> Self {
        let cpu = u64::try_from(settings.cpu_per_second.as_nanos()).unwrap_or(u64::MAX);
        let second = |rate: u64| Bucket::new(rate, rate, now);
        Self {
            tenant,
            connections: Gauge::new(settings.connections),
            exchanges: Gauge::new(settings.exchanges),
            memory: Gauge::new(settings.memory),
            compilations: Gauge::new(settings.compilations),
            requests: Bucket::new(settings.requests_per_second, settings.requests_burst, now),
            cpu: second(cpu),
            sent: second(settings.sent_per_second),
            log: second(settings.log_per_second),
            refused: Default::default(),
            statuses: Default::default(),
            latency: Histogram::default(),
            cpu_micros: AtomicU64::new(0),
            sent_octets: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The tenant's name.
    pub fn tenant(&self) -> &Arc<str> {
        &self.tenant
    }

    /// Counts a connection, until what this gives is dropped.
    ///
    /// # Errors
    /// The quota that forbids it.
    pub fn connect(self: &Arc<Self>) -> Result<Held, Quota> {
        Held::one(self, |account| &account.connections).ok_or_else(|| self.refuse(Quota::Connections))
    }

    /// Counts an exchange, until what this gives is dropped.
    ///
    /// # Errors
    /// The quota that forbids it.
    pub fn begin(self: &Arc<Self>, now: Instant) -> Result<Held, Quota> {
        let quota = if !self.requests.take(1, now) {
            Quota::Requests
        } else if self.cpu.wait(now) >= BACKLOG {
            Quota::Cpu
        } else if self.sent.wait(now) >= BACKLOG {
            Quota::Sent
        } else {
            match Held::one(self, |account| &account.exchanges) {
                Some(held) => return Ok(held),
                None => Quota::Exchanges,
            }
        };
        Err(self.refuse(quota))
    }

    /// Counts a handler that is to be compiled, until what this gives is dropped.
    ///
    /// # Errors
    /// The quota that forbids it.
    pub fn compile(self: &Arc<Self>) -> Result<Held, Quota> {
        Held::one(self, |account| &account.compilations).ok_or_else(|| self.refuse(Quota::Compilations))
    }

    /// Counts CPU time.
    pub fn used_cpu(&self, time: Duration, now: Instant) {
        self.cpu.spend(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), now);
        self.cpu_micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long guests have to rest, because others want the cores too.
    pub fn rest(&self, now: Instant) -> Duration {
        self.cpu.wait(now)
    }

    /// Counts octets that left; how long the next have to wait.
    pub fn sent(&self, octets: u64, now: Instant) -> Duration {
        self.sent_octets.fetch_add(octets, Ordering::Relaxed);
        self.sent.spend(octets, now)
    }

    /// Counts memory, unless that were too much.
    pub fn grow(&self, octets: u64) -> bool {
        let grown = self.memory.add(octets);
        if !grown {
            self.refuse(Quota::Memory);
        }
        grown
    }

    /// Gives counted memory back.
    pub fn shrink(&self, octets: u64) {
        self.memory.remove(octets);
    }

    /// Whether so many octets may be logged; counts them if so.
    pub fn log(&self, octets: u64, now: Instant) -> bool {
        let taken = self.log.take(octets, now);
        if !taken {
            self.refuse(Quota::Log);
        }
        taken
    }

    /// Counts an exchange that is done.
    pub fn ended(&self, ended: &Ended) {
        let class = ended.status.map_or(0, |status| usize::from(status / 100).min(5));
        self.statuses[class].fetch_add(1, Ordering::Relaxed);
        self.latency.note(ended.time);
        if ended.failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn refuse(&self, quota: Quota) -> Quota {
        self.refused[quota as usize].fetch_add(1, Ordering::Relaxed);
        quota
    }

    /// How often each quota was found used up.
    pub fn refusals(&self) -> impl Iterator<Item = (Quota, u64)> {
        Quota::ALL.into_iter().map(|quota| (quota, self.refused[quota as usize].load(Ordering::Relaxed)))
    }

    /// Exchanges so far by the first digit of their status, 0 for none.
    pub fn statuses(&self) -> [u64; 6] {
        self.statuses.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// Exchanges so far in which something failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// How long exchanges took.
    pub fn latency(&self) -> &Histogram {
        &self.latency
    }

    /// CPU time of guests so far.
    pub fn cpu(&self) -> Duration {
        Duration::from_micros(self.cpu_micros.load(Ordering::Relaxed))
    }

    /// Octets sent so far.
    pub fn sent_octets(&self) -> u64 {
        self.sent_octets.load(Ordering::Relaxed)
    }

    /// Connections now.
    pub fn connections(&self) -> &Gauge {
        &self.connections
    }

    /// Exchanges now.
    pub fn exchanges(&self) -> &Gauge {
        &self.exchanges
    }

    /// Linear memory now, in octets.
    pub fn memory(&self) -> &Gauge {
        &self.memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(change: impl FnOnce(&mut Settings)) -> (Arc<Account>, Instant) {
        let mut settings = Settings::default();
        change(&mut settings);
        let now = Instant::now();
        (Arc::new(Account::new("a.example".into(), &settings, now)), now)
    }

    fn refused(account: &Account, quota: Quota) -> u64 {
        account.refusals().find(|(own, _)| *own == quota).map_or(0, |(_, count)| count)
    }

    #[test]
    fn each_quota_refuses_by_name_and_is_counted() {
        let (own, now) = account(|settings| {
            settings.connections = 1;
            settings.exchanges = 1;
            settings.requests_burst = 3;
            settings.memory = 10;
            settings.log_per_second = 10;
            settings.compilations = 1;
        });
        let connection = own.connect().expect("the first");
        assert_eq!(own.connect().err(), Some(Quota::Connections));
        drop(connection);
        assert!(own.connect().is_ok(), "its place is free again");
        let exchange = own.begin(now).expect("the first");
        assert_eq!(own.begin(now).err(), Some(Quota::Exchanges));
        drop(exchange);
        assert!(own.begin(now).is_ok());
        assert_eq!(own.begin(now).err(), Some(Quota::Requests), "the fourth request at once");
        assert!(own.grow(10) && !own.grow(1));
        own.shrink(10);
        assert!(own.grow(1));
        assert!(own.log(10, now) && !own.log(1, now));
        let compilation = own.compile().expect("the first");
        assert_eq!(own.compile().err(), Some(Quota::Compilations));
        drop(compilation);
        let expected = [
            (Quota::Connections, 1),
            (Quota::Exchanges, 1),
            (Quota::Requests, 1),
            (Quota::Cpu, 0),
            (Quota::Sent, 0),
            (Quota::Memory, 1),
            (Quota::Log, 1),
            (Quota::Compilations, 1),
        ];
        assert_eq!(own.refusals().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn who_is_behind_with_time_or_octets_begins_nothing_new() {
        let (own, now) = account(|settings| settings.sent_per_second = 1000);
        own.used_cpu(Duration::from_millis(999), now);
        assert!(own.begin(now).is_ok(), "behind, but by less than a second");
        assert!(own.rest(now) > Duration::from_millis(900), "guests rest meanwhile");
        own.used_cpu(Duration::from_millis(1), now);
        assert_eq!(own.begin(now).err(), Some(Quota::Cpu));
        let later = now + Duration::from_secs(5);
        assert_eq!(own.rest(later), Duration::ZERO);
        assert_eq!(own.sent(2000, later), Duration::from_secs(1));
        assert_eq!(own.begin(later).err(), Some(Quota::Sent));
        assert_eq!((refused(&own, Quota::Cpu), refused(&own, Quota::Sent)), (1, 1));
        assert_eq!((own.cpu(), own.sent_octets()), (Duration::from_secs(1), 2000));
    }

    #[test]
    fn what_ended_is_counted_by_the_class_of_its_status() {
        let (own, _) = account(|_| {});
        for (status, failed) in [(Some(200), false), (Some(404), false), (Some(799), false), (None, true)] {
            own.ended(&Ended { status, time: Duration::from_millis(1), failed });
        }
        assert_eq!(own.statuses(), [1, 0, 1, 0, 1, 1]);
        assert_eq!((own.failed(), own.latency().cumulative()[13]), (1, 4));
    }
}
