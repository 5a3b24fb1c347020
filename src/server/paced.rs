//! A connection whose octets are counted on their way out, and made to wait where whoever answers is to send slower.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    exchange::{Escort, Leave},
    wire::Transport,
};

/// A stream under an escort, or without one.
pub(super) struct Paced<T> {
    inner: T,
    escort: Option<Arc<dyn Escort>>,
    /// Made when first needed, and kept.
    rest: Option<Pin<Box<Sleep>>>,
    is_resting: bool,
}

impl<T> Paced<T> {
    pub(super) fn new(inner: T, escort: Option<Arc<dyn Escort>>) -> Self {
        Self { inner, escort, rest: None, is_resting: false }
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_resting
            && let Some(rest) = &mut self.rest
        {
            ready!(rest.as_mut().poll(cx));
            self.is_resting = false;
        }
        Poll::Ready(())
    }

    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let (Poll::Ready(Ok(octets)), Some(escort)) = (&written, &self.escort)
            && let Some(until) = escort.wrote(*octets)
        {
            self.rest_until(until);
        }
        written
    }

    fn rest_until(&mut self, until: Instant) {
        self.is_resting = true;
        match &mut self.rest {
            Some(rest) => rest.as_mut().reset(until),
            None => self.rest = Some(Box::pin(sleep_until(until))),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_rest(cx));
        let written = Pin::new(&mut this.inner).poll_write(cx, octets);
        this.wrote(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_rest(cx));
        let written = Pin::new(&mut this.inner).poll_write_vectored(cx, slices);
        this.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

impl<T: Transport> Transport for Paced<T> {
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_leave(how, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::exchange::{BoxFuture, Dispatch, Exchange};

    /// Asks for a second's rest for each octet.
    struct Slow(Mutex<usize>);

    impl Dispatch for Slow {
        fn dispatch(&self, _: Exchange) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    impl Escort for Slow {
        fn wrote(&self, octets: usize) -> Option<Instant> {
            *self.0.lock().expect("no panic") += octets;
            Some(Instant::now() + Duration::from_secs(octets as u64))
        }

        fn cut(&self) -> BoxFuture<'_, ()> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn octets_are_counted_and_the_next_wait_their_time() {
        let (near, mut far) = tokio::io::duplex(64);
        let escort = Arc::new(Slow(Mutex::new(0)));
        let mut paced = Paced::new(near, Some(escort.clone()));
        let started = Instant::now();
        paced.write_all(b"abc").await.expect("room");
        assert_eq!(started.elapsed(), Duration::ZERO);
        paced.write_all(b"de").await.expect("room");
        assert_eq!(started.elapsed(), Duration::from_secs(3));
        assert_eq!(*escort.0.lock().expect("no panic"), 5);
        let mut read = [0; 5];
        far.read_exact(&mut read).await.expect("octets");
        assert_eq!(&read, b"abcde");
    }
}
