//! A deadline that is cheap to move back: connections set one for every request and almost never meet it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline. Its timer is touched only when it fires or the deadline moves forward.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    at: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Sets the deadline to so long from now.
    pub(super) fn arm(&mut self, after: Duration) {
        let at = Instant::now() + after;
        self.at = Some(at);
        match &mut self.timer {
            None => self.timer = Some(Box::pin(sleep_until(at))),
            Some(timer) if timer.deadline() > at => timer.as_mut().reset(at),
            Some(_) => {}
        }
    }

    /// Sets the deadline unless there is one.
    pub(super) fn arm_once(&mut self, after: Duration) {
        if self.at.is_none() {
            self.arm(after);
        }
    }

    /// Removes the deadline.
    pub(super) fn disarm(&mut self) {
        self.at = None;
    }

    /// Ready when the deadline has passed; pending for ever without one.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Some(at), Some(timer)) = (self.at, &mut self.timer) else { return Poll::Pending };
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= at {
                return Poll::Ready(());
            }
            timer.as_mut().reset(at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_last_deadline_counts_whichever_way_it_moved() {
        let start = Instant::now();
        let mut deadline = Deadline::default();
        for (first, second) in [(1, 5), (5, 1), (3, 3)] {
            let before = start.elapsed();
            deadline.arm(Duration::from_secs(first));
            deadline.arm(Duration::from_secs(second));
            poll_fn(|cx| deadline.poll(cx)).await;
            assert_eq!((start.elapsed() - before).as_secs(), second, "{first} then {second}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_deadline_nothing_passes() {
        let mut deadline = Deadline::default();
        deadline.arm(Duration::from_secs(1));
        deadline.disarm();
        let passed = tokio::time::timeout(Duration::from_secs(60), poll_fn(|cx| deadline.poll(cx))).await;
        assert!(passed.is_err());
    }
}
