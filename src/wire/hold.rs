//! Whose frames alone may leave: one exchange at a time has the connection for itself, sans I/O.
//!
//! ```text
//! asked ──▶ waits for those before it ──▶ held ──▶ released, lost, or over with its exchange
//!                                           ▲  │ renewed: never longer than HOLD_TIME in all
//!                                           └──┘
//! ```
//!
//! Between two holds everything leaves that has waited for the first to end, so that no chain of holds starves others.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use crate::exchange::HoldEnd;

/// The longest hold, renewed or not: a handler can keep a connection silent, but no client thinks it dead.
const HOLD_TIME: Duration = Duration::from_secs(10);

/// The hold at hand, and those that are asked for.
#[derive(Debug, Default)]
pub(super) struct Holds {
    held: Option<Hold>,
    /// Asked for, first come first served: one for each exchange at most.
    asked: VecDeque<Asked>,
    /// What waited for the last hold has not been let go.
    must_clear: bool,
    /// Streams of exchanges that do not know yet that their hold is lost.
    lost: Vec<u32>,
}

/// A stream has the connection for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) stream: u32,
    pub(super) until: Instant,
    /// Octets of others that may wait meanwhile.
    pub(super) octets: usize,
    /// Whatever is asked for, it ends here.
    end: Instant,
}

#[derive(Debug)]
struct Asked {
    stream: u32,
    time: Duration,
    octets: usize,
    granted: oneshot::Sender<()>,
}

impl Holds {
    /// Asks for a hold, or for more time of the one that this stream has. The receiver resolves when it has begun, and
    /// fails when the connection is gone.
    pub(super) fn ask(&mut self, stream: u32, time: Duration, octets: usize, now: Instant) -> oneshot::Receiver<()> {
        let (granted, begun) = oneshot::channel();
        self.lost.retain(|lost| *lost != stream);
        self.asked.retain(|asked| asked.stream != stream);
        if let Some(hold) = self.held.as_mut().filter(|hold| hold.stream == stream) {
            hold.until = (now + time).min(hold.end);
            hold.octets = octets;
            // The receiver is in our hands.
            let _ = granted.send(());
        } else {
            self.asked.push_back(Asked { stream, time, octets, granted });
            if !self.must_clear {
                self.grant(now);
            }
        }
        begun
    }

    /// Begins the next hold, if none is at hand: nothing waits for the end of one any more.
    pub(super) fn grant(&mut self, now: Instant) -> bool {
        if self.held.is_some() {
            return false;
        }
        self.must_clear = false;
        while let Some(Asked { stream, time, octets, granted }) = self.asked.pop_front() {
            // Whoever has stopped waiting wants none.
            if granted.send(()).is_ok() {
                let end = now + HOLD_TIME;
                self.held = Some(Hold { stream, until: (now + time).min(end), octets, end });
                return true;
            }
        }
        false
    }

    /// The hold at hand.
    pub(super) fn held(&self) -> Option<Hold> {
        self.held
    }

    /// Ends a stream's hold.
    pub(super) fn release(&mut self, stream: u32) -> HoldEnd {
        self.asked.retain(|asked| asked.stream != stream);
        if self.held.take_if(|hold| hold.stream == stream).is_some() {
            self.must_clear = true;
            return HoldEnd::Released;
        }
        match self.lost.iter().position(|lost| *lost == stream) {
            Some(index) => {
                self.lost.swap_remove(index);
                HoldEnd::Lost
            }
            None => HoldEnd::None,
        }
    }

    /// Ends the hold at hand before its time.
    pub(super) fn lose(&mut self) {
        if let Some(hold) = self.held.take() {
            self.lost.push(hold.stream);
            self.must_clear = true;
        }
    }

    /// The exchange on this stream is over.
    pub(super) fn end(&mut self, stream: u32) {
        self.release(stream);
    }

    /// No hold is granted any more; who waits for one learns that.
    pub(super) fn abandon(&mut self) {
        self.lose();
        self.asked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn begun(receiver: &mut oneshot::Receiver<()>) -> bool {
        receiver.try_recv().is_ok()
    }

    #[test]
    fn renewals_never_reach_beyond_the_longest_hold() {
        let (mut holds, start) = (Holds::default(), Instant::now());
        for second in 0..30 {
            assert!(begun(&mut holds.ask(1, 5 * SECOND, 9, start + second * SECOND)));
            let until = holds.held().map(|hold| hold.until - start);
            assert_eq!(until, Some(((second + 5) * SECOND).min(HOLD_TIME)), "renewed after {second} s");
        }
        let mut other = Holds::default();
        other.ask(1, 99 * SECOND, 9, start);
        assert_eq!(other.held().map(|hold| hold.until - start), Some(HOLD_TIME));
    }

    #[test]
    fn the_second_waits_for_the_first_and_for_what_has_waited() {
        let (mut holds, now) = (Holds::default(), Instant::now());
        assert!(begun(&mut holds.ask(1, SECOND, 9, now)));
        let mut third = holds.ask(3, SECOND, 9, now);
        let fifth = holds.ask(5, SECOND, 9, now);
        let mut seventh = holds.ask(7, SECOND, 9, now);
        assert!(!holds.grant(now) && !begun(&mut third));
        assert_eq!(holds.release(1), HoldEnd::Released);
        // Its own next hold queues up as any other's.
        let mut again = holds.ask(1, SECOND, 9, now);
        assert!(!begun(&mut third) && !begun(&mut again), "what has waited goes first");
        assert!(holds.grant(now) && begun(&mut third));
        // The exchange on stream 5 has stopped waiting.
        drop(fifth);
        holds.lose();
        assert!(holds.grant(now) && begun(&mut seventh));
        holds.lose();
        assert_eq!(
            (holds.release(3), holds.release(7), holds.release(5)),
            (HoldEnd::Lost, HoldEnd::Lost, HoldEnd::None)
        );
        assert!(holds.grant(now) && begun(&mut again));
        holds.end(1);
        assert!(!holds.grant(now) && holds.held().is_none() && holds.lost.is_empty());
    }

    #[test]
    fn who_waits_when_the_connection_ends_is_told() {
        let (mut holds, now) = (Holds::default(), Instant::now());
        holds.ask(1, SECOND, 9, now);
        let mut third = holds.ask(3, SECOND, 9, now);
        holds.abandon();
        assert_eq!(third.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}
