//! What makes a server stop: the system's signals, or a handle in its own process.

use std::io;

use tokio::sync::mpsc;

/// Asks to stop: once to drain, once more to abort.
pub struct Signals(Source);

/// Asks a server in this process to stop.
#[derive(Clone, Debug)]
pub struct Stopper(mpsc::UnboundedSender<()>);

enum Source {
    #[cfg(unix)]
    System {
        interrupt: tokio::signal::unix::Signal,
        terminate: tokio::signal::unix::Signal,
    },
    #[cfg(not(unix))]
    System,
    Stopper(mpsc::UnboundedReceiver<()>),
}

impl Signals {
    /// Ctrl-C and, where there is such a thing, SIGTERM. From here on they do nothing else. Needs a runtime.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn system() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let interrupt = signal(SignalKind::interrupt())?;
            Ok(Self(Source::System { interrupt, terminate: signal(SignalKind::terminate())? }))
        }
        #[cfg(not(unix))]
        Ok(Self(Source::System))
    }

    /// What a handle in this process gives.
    pub fn stopper() -> (Stopper, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Stopper(sender), Self(Source::Stopper(receiver)))
    }

    /// Waits for the next one. A dropped [`Stopper`] gives none.
    ///
    /// # Cancel safety
    /// Safe: none is lost.
    pub(super) async fn next(&mut self) {
        let given = match &mut self.0 {
            #[cfg(unix)]
            Source::System { interrupt, terminate } => tokio::select! {
                given = interrupt.recv() => given,
                given = terminate.recv() => given,
            },
            #[cfg(not(unix))]
            Source::System => tokio::signal::ctrl_c().await.ok(),
            Source::Stopper(receiver) => receiver.recv().await,
        };
        if given.is_none() {
            std::future::pending().await
        }
    }
}

impl Stopper {
    /// Asks to stop: the first time to drain, the second time to abort. Later calls do nothing.
    pub fn stop(&self) {
        // The server is gone already: that is what was asked for.
        let _ = self.0.send(());
    }
}
