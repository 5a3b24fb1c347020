//! What carries a connection, and the ways to leave it that tokio's traits have no words for.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::{Rewind, platform};
use crate::exchange::Leave;

/// A stream of octets to a peer, which a protocol can leave in more ways than one.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// Leaves; ready when done. Once begun, it is polled to its end or a reset takes its place, with nothing written
    /// meanwhile.
    ///
    /// - [`Leave::HalfClose`]: what was written leaves, then TLS close_notify where there is TLS, then FIN. The same as
    ///   `poll_shutdown`. Reading goes on.
    /// - [`Leave::WithoutCloseNotify`]: what was written leaves, then FIN. Reading goes on.
    /// - [`Leave::Reset`]: from here on the drop of the transport sends RST; the caller owes that drop, and does not read
    ///   or write before. What the system has not sent yet is lost.
    ///
    /// # Errors
    /// Those of the stream: the peer is gone, say.
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Transport for TcpStream {
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match how {
            Leave::HalfClose | Leave::WithoutCloseNotify => Pin::new(self).poll_shutdown(cx),
            Leave::Reset => Poll::Ready(platform::reset_on_close(self)),
        }
    }
}

impl<T: Transport> Transport for TlsStream<T> {
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match how {
            Leave::HalfClose => Pin::new(self).poll_shutdown(cx),
            Leave::WithoutCloseNotify => {
                ready!(Pin::new(&mut *self).poll_flush(cx))?;
                self.get_mut().0.poll_leave(how, cx)
            }
            // Records that wait in here are lost with the rest.
            Leave::Reset => self.get_mut().0.poll_leave(how, cx),
        }
    }
}

impl<T: Transport> Transport for Rewind<T> {
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner_mut().poll_leave(how, cx)
    }
}

/// A pipe in memory knows one end only: its reader finds no more octets, once this end is shut down or dropped.
impl Transport for DuplexStream {
    fn poll_leave(&mut self, how: Leave, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match how {
            Leave::HalfClose | Leave::WithoutCloseNotify => Pin::new(self).poll_shutdown(cx),
            Leave::Reset => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests;
