//! Tells the parts of the server when to stop.

use tokio::sync::watch;

/// Starts the drain; dropping it starts it too.
#[derive(Debug)]
pub struct DrainHandle(watch::Sender<bool>);

/// Seen by every connection: whether the server is draining.
#[derive(Clone, Debug)]
pub struct Drain(watch::Receiver<bool>);

impl Drain {
    /// A handle and the signal that it gives.
    pub fn pair() -> (DrainHandle, Self) {
        let (sender, receiver) = watch::channel(false);
        (DrainHandle(sender), Self(receiver))
    }

    /// Resolves once the server drains.
    ///
    /// # Cancel safety
    /// Safe: it only waits.
    pub async fn draining(&mut self) {
        // An error means that the handle is gone, which stands for draining.
        let _ = self.0.wait_for(|draining| *draining).await;
    }

    /// Whether the server drains.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

impl DrainHandle {
    /// Starts the drain.
    pub fn drain(&self) {
        self.0.send_replace(true);
    }
}
