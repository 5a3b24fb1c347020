//! Accepts connections on one socket.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::Instant,
};

use super::{bound::note_panic, connection::Service, platform};
use crate::drain::Drain;

/// What lets a connection in: a permit that it holds to its end, and a server that does not drain.
#[derive(Clone)]
pub(super) struct Gate {
    permits: Arc<Semaphore>,
    drain: Drain,
}

/// How long accepting rests when the process has no descriptor left: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// The shortest time between two warnings about the same trouble.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

impl Gate {
    pub(super) fn new(permits: Arc<Semaphore>, drain: Drain) -> Self {
        Self { permits, drain }
    }
}

/// Accepts connections until the server drains, closes the socket, and ends with the last of its connections. Dropping
/// the future aborts them.
pub(super) async fn accept(socket: TcpListener, service: Arc<Service>, mut gate: Gate) {
    let mut connections = JoinSet::new();
    let mut trouble = Trouble::default();
    let mut waiting = None;
    loop {
        tokio::select! {
            // A loop that never drains because new connections never end would be worse than an unfair one.
            biased;
            () = gate.drain.draining() => break,
            Some(ended) = connections.join_next() => note_panic(ended),
            accepted = next(&socket, &gate.permits, &mut trouble, &mut waiting) => match accepted {
                Ok((stream, peer, permit)) => {
                    trouble.pause = None;
                    let service = Arc::clone(&service);
                    connections.spawn(async move {
                        service.serve(stream, peer).await;
                        drop(permit);
                    });
                }
                Err(error) => trouble.note(service.listener(), &error),
            },
        }
    }
    drop(socket);
    while let Some(ended) = connections.join_next().await {
        note_panic(ended);
    }
}

/// The next connection and its permit. The connection comes first: a listener that nobody connects to must not hold a
/// permit that another one needs. So one connection for each socket may wait here; more wait in the system's queue.
///
/// # Cancel safety
/// Safe: `accept` loses no connection, one that has no permit yet stays in `waiting`.
async fn next(
    socket: &TcpListener,
    permits: &Arc<Semaphore>,
    trouble: &mut Trouble,
    waiting: &mut Option<(TcpStream, SocketAddr)>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    if let Some(until) = trouble.pause_until() {
        tokio::time::sleep_until(until).await;
    }
    if waiting.is_none() {
        *waiting = Some(socket.accept().await?);
    }
    let permit = Arc::clone(permits).acquire_owned().await.expect("the semaphore is never closed");
    let (stream, peer) = waiting.take().expect("put there above");
    Ok((stream, peer, permit))
}

/// What keeps a listener from accepting.
#[derive(Default)]
struct Trouble {
    /// How long accepting rests, and until when.
    pause: Option<(Duration, Instant)>,
    warned: Option<Instant>,
}

impl Trouble {
    fn pause_until(&self) -> Option<Instant> {
        self.pause.map(|(_, until)| until)
    }

    fn note(&mut self, listener: &str, error: &io::Error) {
        if !platform::is_exhausted(error) {
            tracing::debug!(listener, %error, "a connection broke before it was accepted");
            return;
        }
        let now = Instant::now();
        let pause = self.pause.map_or(BACK_OFF.0, |(last, _)| (last * 2).min(BACK_OFF.1));
        self.pause = Some((pause, now + pause));
        if self.warned.is_none_or(|warned| now - warned >= WARNING_INTERVAL) {
            self.warned = Some(now);
            tracing::warn!(listener, %error, "no connection can be accepted; trying again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn accepting_rests_longer_each_time_up_to_half_a_second() {
        let mut trouble = Trouble::default();
        let exhausted = io::Error::from_raw_os_error(libc::EMFILE);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            trouble.note("http", &exhausted);
            pauses.push((trouble.pause_until().expect("it rests") - Instant::now()).as_millis());
        }
        assert_eq!(pauses, [50, 100, 200, 400, 500, 500]);
        let warned = trouble.warned;
        tokio::time::sleep(WARNING_INTERVAL).await;
        trouble.note("http", &exhausted);
        assert_ne!(trouble.warned, warned);
    }

    #[tokio::test]
    async fn a_broken_connection_does_not_make_accepting_rest() {
        let mut trouble = Trouble::default();
        trouble.note("http", &io::Error::from_raw_os_error(libc::ECONNABORTED));
        assert!(trouble.pause_until().is_none() && trouble.warned.is_none());
    }
}
