//! A server from the opened listeners to the end of its last connection.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{
    ListenerSettings, OWN_CONNECTIONS, Settings, Signals,
    bind::BoundSocket,
    connection::Service,
    listener::{Gate, accept},
    platform,
};
use crate::{drain::Drain, exchange::Dispatch};

/// A server whose listeners are open. Dropping it closes them.
pub struct Bound {
    settings: Settings,
    sockets: Vec<BoundSocket>,
}

/// How a server ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every connection ended by itself.
    Drained,
    /// Some were cut off: at the deadline, or by a second signal.
    Aborted,
}

impl Bound {
    pub(super) fn new(settings: Settings, sockets: Vec<BoundSocket>) -> Self {
        Self { settings, sockets }
    }

    /// Each address that is listened on, with the name of its listener, in the order of the settings.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.listeners().map(|(settings, address)| (&*settings.name, address))
    }

    /// Each address that is listened on, with its listener.
    pub fn listeners(&self) -> impl Iterator<Item = (&ListenerSettings, SocketAddr)> {
        self.sockets.iter().map(|socket| (&self.settings.listeners[socket.listener], socket.address))
    }

    /// Serves until it is asked to stop, then until the last connection ends, the deadline passes, or it is asked
    /// again.
    ///
    /// # Errors
    /// If the runtime cannot take a socket.
    ///
    /// # Cancel safety
    /// Dropping the future closes the listeners and aborts every connection.
    pub async fn serve(self, dispatch: Arc<dyn Dispatch>, mut signals: Signals) -> io::Result<Outcome> {
        raise_file_limit();
        let (drain_handle, drain) = Drain::pair();
        let deadline = self.settings.drain;
        let mut acceptors = self.start(&dispatch, &drain)?;
        signals.next().await;
        tracing::info!("stopping: no new connections; those open have {deadline:?} to finish");
        drain_handle.drain();
        let drained = async {
            while let Some(ended) = acceptors.join_next().await {
                note_panic(ended);
            }
        };
        let outcome = tokio::select! {
            drained = timeout_at(Instant::now() + deadline, drained) => match drained {
                Ok(()) => Outcome::Drained,
                Err(_) => Outcome::Aborted,
            },
            () = signals.next() => Outcome::Aborted,
        };
        acceptors.shutdown().await;
        match outcome {
            Outcome::Drained => tracing::info!("stopped"),
            Outcome::Aborted => tracing::warn!("stopped: connections were cut off"),
        }
        Ok(outcome)
    }

    fn start(self, dispatch: &Arc<dyn Dispatch>, drain: &Drain) -> io::Result<JoinSet<()>> {
        let settings = self.settings;
        let gate = |connections: u32| Gate::new(Arc::new(Semaphore::new(connections as usize)), drain.clone());
        let shared = gate(settings.connections);
        let service = |listener: &ListenerSettings| {
            let (dispatch, gate) = match &listener.dispatch {
                Some(own) => (own, gate(OWN_CONNECTIONS)),
                None => (dispatch, shared.clone()),
            };
            (Arc::new(Service::new(&settings, listener, Arc::clone(dispatch), drain.clone())), gate)
        };
        let services: Vec<_> = settings.listeners.iter().map(service).collect();
        let mut acceptors = JoinSet::new();
        for bound in self.sockets {
            let socket = tokio::net::TcpListener::from_std(bound.socket)?;
            let (service, gate) = &services[bound.listener];
            acceptors.spawn(accept(socket, Arc::clone(service), gate.clone()));
        }
        Ok(acceptors)
    }
}

/// Reports a panic of ours; a task that was aborted is none.
pub(super) fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a task panicked: {error}");
    }
}

fn raise_file_limit() {
    match platform::raise_file_limit() {
        Ok(limit) => tracing::debug!(?limit, "open files"),
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}
