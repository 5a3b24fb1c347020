//! How many octets of raw writes may wait on one connection, those of all its exchanges together.
//!
//! One call is bounded by [`RAW_OCTETS`], but streams are many, and an exchange that is over leaves behind what the socket
//! was to take next. So each write has a share of what may wait, from the call until its octets have left.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::oneshot;

use crate::exchange::RAW_OCTETS;

/// Octets of raw writes that may wait: four of the longest frames that there are, more than any test needs to have on its
/// way at a time. A client that takes nothing costs no more.
pub const WAITING_OCTETS: usize = 4 * RAW_OCTETS;

/// Octets beyond them for the exchange whose field block is open (RFC 9113 §6.10), as those of others may all wait for its
/// end: one call.
const IN_BLOCK_OCTETS: usize = RAW_OCTETS;

/// What waits on a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    /// A share of so many octets; none if more would wait than may. An exchange that goes on with an open field block may
    /// add to more.
    pub(super) fn share(&self, octets: usize, in_block: bool) -> Option<Share> {
        let most = if in_block { WAITING_OCTETS + IN_BLOCK_OCTETS } else { WAITING_OCTETS };
        let add = |waiting: usize| waiting.checked_add(octets).filter(|sum| octets == 0 || *sum <= most);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Share { backlog: self.clone(), octets })
    }
}

/// Some octets of what waits, given back when this is dropped.
#[derive(Debug)]
pub struct Share {
    backlog: Backlog,
    octets: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.backlog.0.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

/// Whom to tell that octets have left; dropped, it tells that they never will. Their share ends with it.
#[derive(Debug)]
pub(super) struct Receipt {
    done: oneshot::Sender<()>,
    share: Share,
}

impl Receipt {
    pub(super) fn new(done: oneshot::Sender<()>, share: Share) -> Self {
        Self { done, share }
    }

    /// The octets have left.
    pub(super) fn tell(self) {
        drop(self.share);
        // Nobody waits any more: nobody is to be told.
        let _ = self.done.send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_much_waits_and_a_little_more_of_an_open_field_block() {
        let backlog = Backlog::default();
        let mut shares: Vec<_> = (0..4).map(|_| backlog.share(RAW_OCTETS, false).expect("room")).collect();
        assert!(backlog.share(1, false).is_none());
        assert!(backlog.share(0, false).is_some(), "what has no octets takes no room");
        shares.push(backlog.share(RAW_OCTETS, true).expect("room"));
        assert!(backlog.share(1, true).is_none() && backlog.share(usize::MAX, true).is_none());
        assert!(backlog.share(0, false).is_some());
        shares.truncate(3);
        assert!(backlog.share(RAW_OCTETS, false).is_some());
        assert!(backlog.share(RAW_OCTETS + 1, false).is_none());
    }

    #[test]
    fn a_share_ends_when_its_octets_have_left_or_never_will() {
        let backlog = Backlog::default();
        for leaves in [true, false] {
            let (done, mut left) = oneshot::channel();
            let receipt = Receipt::new(done, backlog.share(WAITING_OCTETS, false).expect("room"));
            assert!(backlog.share(1, false).is_none());
            if leaves {
                receipt.tell();
            } else {
                drop(receipt);
            }
            assert_eq!(left.try_recv().is_ok(), leaves);
            assert!(backlog.share(1, false).is_some());
        }
    }
}
