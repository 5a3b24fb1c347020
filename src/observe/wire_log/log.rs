//! Writes a wire log.

use std::{
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use time::OffsetDateTime;

use super::{
    queue::Queue,
    record::{Entry, FrameRecord, HeadRecord, OctetsRecord, Record, TrailersRecord},
};

/// A wire log that is being written, by a thread of its own: a record costs its caller no system call.
///
/// Nothing is lost silently: what comes faster than the file takes it, for longer than a moment, is counted in a line
/// of its own; a log that reaches its limit says so in its last line; a file that cannot be written is warned of.
pub struct WireLog {
    shared: Arc<Shared>,
    clock: fn() -> OffsetDateTime,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    queue: Queue,
    /// Nothing more will be written.
    over: AtomicBool,
}

/// Octets of a wire log unless told otherwise, 256 MiB: a million frames, and no disk of today is full of it.
pub const DEFAULT_LIMIT: u64 = 256 << 20;

/// Octets kept free for the last line.
const LAST_LINE_OCTETS: u64 = 128;

/// Octets written at once when many records wait; else a record is written at once, so that the file can be followed.
const BATCH_OCTETS: usize = 64 << 10;

impl WireLog {
    /// Starts a log in this file, which is emptied first, of at most `limit` octets.
    ///
    /// # Errors
    /// If the file cannot be created or the thread not be started.
    pub fn create(path: &Path, limit: u64) -> io::Result<Arc<Self>> {
        Self::over(File::create(path)?, limit, OffsetDateTime::now_utc)
    }

    fn over(file: impl Write + Send + 'static, limit: u64, clock: fn() -> OffsetDateTime) -> io::Result<Arc<Self>> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let mut sink = Sink { file: BufWriter::with_capacity(BATCH_OCTETS, file), line: Vec::new(), written: 0, limit };
        let thread = thread::Builder::new().name("wire-log".into()).spawn(move || theirs.write(&mut sink, clock))?;
        Ok(Arc::new(Self { shared, clock, thread: Mutex::new(Some(thread)) }))
    }

    /// Logs a frame. May be called from where nothing may block for long: waits 100 ms for room at the most.
    pub fn frame(&self, frame: FrameRecord) {
        self.record(Record::Frame(frame));
    }

    /// Logs a message head, as [`frame`](Self::frame) does.
    pub fn head(&self, head: HeadRecord) {
        self.record(Record::Head(head));
    }

    /// Logs a trailer section, as [`frame`](Self::frame) does.
    pub fn trailers(&self, trailers: TrailersRecord) {
        self.record(Record::Trailers(trailers));
    }

    /// Logs octets, as [`frame`](Self::frame) does.
    pub fn octets(&self, octets: OctetsRecord) {
        self.record(Record::Octets(octets));
    }

    /// Writes what still waits and ends the log: later records are not taken. Blocks until it is written.
    pub fn finish(&self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.shared.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the wire log panicked");
        }
    }

    fn record(&self, record: Record) {
        if !self.shared.over.load(Ordering::Relaxed) {
            self.shared.queue.push(record.weight(), || Entry { time: (self.clock)(), record });
        }
    }
}

impl Drop for WireLog {
    fn drop(&mut self) {
        self.finish();
    }
}

impl fmt::Debug for WireLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireLog").finish_non_exhaustive()
    }
}

impl Shared {
    /// The thread's work.
    fn write(&self, sink: &mut Sink<impl Write>, clock: fn() -> OffsetDateTime) {
        loop {
            let entries = self.queue.take();
            if entries.is_empty() {
                return;
            }
            let written =
                entries.iter().try_fold(false, |full, entry| if full { Ok(full) } else { sink.entry(entry, clock) });
            match written.and_then(|full| sink.file.flush().map(|()| full)) {
                Ok(false) => continue,
                Ok(true) => tracing::warn!(limit = sink.limit, "the wire log is full"),
                Err(error) => tracing::warn!(%error, "the wire log cannot be written, and ends here"),
            }
            self.over.store(true, Ordering::Relaxed);
            self.queue.close();
            return;
        }
    }
}

/// The file, bounded.
struct Sink<W: Write> {
    file: BufWriter<W>,
    /// Scratch.
    line: Vec<u8>,
    written: u64,
    limit: u64,
}

impl<W: Write> Sink<W> {
    /// Writes an entry; whether the log is full, and the last line written instead.
    fn entry(&mut self, entry: &Entry, clock: fn() -> OffsetDateTime) -> io::Result<bool> {
        let octets = self.encode(entry)?;
        let full = self.written + octets + LAST_LINE_OCTETS > self.limit;
        if full {
            self.encode(&Entry { time: clock(), record: Record::Full { limit: self.limit } })?;
        }
        self.written += octets;
        self.file.write_all(&self.line).map(|()| full)
    }

    fn encode(&mut self, entry: &Entry) -> io::Result<u64> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, entry)?;
        self.line.push(b'\n');
        Ok(self.line.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::{super::Direction, *};

    /// A file that takes nothing until it is let.
    #[derive(Clone, Default)]
    struct Held(Arc<Contents>);

    #[derive(Default)]
    struct Contents {
        octets: Mutex<Vec<u8>>,
        open: Mutex<bool>,
        opened: Condvar,
    }

    impl Held {
        fn let_go(&self) {
            *self.0.open.lock().unwrap() = true;
            self.0.opened.notify_all();
        }

        fn records(&self) -> Vec<Record> {
            let text = String::from_utf8(self.0.octets.lock().unwrap().clone()).unwrap();
            text.lines().map(|line| serde_json::from_str::<Entry>(line).unwrap().record).collect()
        }

        fn octets(&self) -> usize {
            self.0.octets.lock().unwrap().len()
        }
    }

    impl Write for Held {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            drop(self.0.opened.wait_while(self.0.open.lock().unwrap(), |open| !*open).unwrap());
            self.0.octets.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start(limit: u64) -> (Arc<WireLog>, Held) {
        let file = Held::default();
        (WireLog::over(file.clone(), limit, || OffsetDateTime::UNIX_EPOCH).unwrap(), file)
    }

    fn head(connection: u64) -> HeadRecord {
        HeadRecord::parse(connection, Direction::In, b"GET / HTTP/1.1\r\n\r\n")
    }

    #[test]
    fn records_are_written_in_order_and_finishing_waits_for_them() {
        let (log, file) = start(DEFAULT_LIMIT);
        file.let_go();
        (0..100).for_each(|connection| log.head(head(connection)));
        log.octets(OctetsRecord::new(100, Direction::Out, b"x"));
        log.finish();
        log.head(head(101));
        let connections: Vec<_> = file.records().iter().map(Record::connection).collect();
        assert_eq!(connections, (0..=100).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_log_says_so_in_its_last_line_and_stays_within_its_limit() {
        let (log, file) = start(1_000);
        file.let_go();
        (0..100).for_each(|connection| log.head(head(connection)));
        log.finish();
        let records = file.records();
        assert!(records.len() > 3 && file.octets() <= 1_000, "{records:?}");
        let fulls = records.iter().filter(|record| matches!(record, Record::Full { limit: 1_000 }));
        assert_eq!((fulls.count(), records.last()), (1, Some(&Record::Full { limit: 1_000 })));
    }

    #[test]
    fn a_file_that_takes_nothing_holds_nobody_up_and_what_is_lost_is_counted() {
        let (log, file) = start(DEFAULT_LIMIT);
        let large = OctetsRecord::new(1, Direction::In, &[b'x'; 4_096]);
        let sent = 5_000;
        (0..sent).for_each(|_| log.octets(large.clone()));
        file.let_go();
        log.finish();
        let (mut written, mut lost) = (0, 0);
        for record in file.records() {
            match record {
                Record::Lost { records } => lost += records,
                _ => written += 1,
            }
        }
        assert!(lost > 0 && written > 0, "{written} written, {lost} lost");
        assert_eq!(written + lost, sent);
    }

    #[test]
    fn a_file_that_fails_ends_the_log() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let log = WireLog::over(Broken, DEFAULT_LIMIT, || OffsetDateTime::UNIX_EPOCH).unwrap();
        log.head(head(1));
        log.thread.lock().unwrap().take().unwrap().join().unwrap();
        assert!(log.shared.over.load(Ordering::Relaxed));
        log.head(head(2));
        log.finish();
    }
}
