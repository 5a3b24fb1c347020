//! Tells HTTP/2 with prior knowledge from HTTP/1 by the first octets of a connection, and gives them back.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// RFC 9113 §3.4: what an HTTP/2 client sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream that replays octets already read from it before it reads on.
#[derive(Debug)]
pub struct Rewind<T> {
    /// The octets to replay are `start..end` of these.
    octets: [u8; PREFACE.len()],
    start: usize,
    end: usize,
    io: T,
}

/// Reads until it is clear whether the peer starts with the HTTP/2 preface (RFC 9113 §3.4): one octet tells most
/// requests, a connection that ends earlier is none. Answers that, and the stream with nothing missing.
///
/// It may wait for as long as the peer likes: the caller sets the deadline.
///
/// # Errors
/// Those of the stream.
pub async fn sniff<T: AsyncRead + Unpin>(mut io: T) -> io::Result<(bool, Rewind<T>)> {
    let mut octets = [0; PREFACE.len()];
    let mut end = 0;
    while end < PREFACE.len() && octets[..end] == PREFACE[..end] {
        let read = io.read(&mut octets[end..]).await?;
        if read == 0 {
            break;
        }
        end += read;
    }
    Ok((octets[..end] == PREFACE[..], Rewind { octets, start: 0, end, io }))
}

impl<T> Rewind<T> {
    /// The stream below, for what neither reads nor writes.
    pub(super) fn inner_mut(&mut self) -> &mut T {
        &mut self.io
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Rewind<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.start == this.end {
            return Pin::new(&mut this.io).poll_read(cx, buf);
        }
        let taken = buf.remaining().min(this.end - this.start);
        buf.put_slice(&this.octets[this.start..this.start + taken]);
        this.start += taken;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Rewind<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn the_preface_is_told_and_nothing_is_lost() {
        let mut long = PREFACE.to_vec();
        long.extend_from_slice(b"\0\0\0\x04");
        let table: &[(&[u8], bool)] = &[
            (b"", false),
            (b"G", false),
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false),
            (b"PRI", false),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", false),
            (b"PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n", false),
            (b"PRO / HTTP/1.1\r\n\r\n", false),
            (PREFACE, true),
            (&long, true),
        ];
        for (octets, expected) in table {
            for width in [1, 5, 100] {
                let (mut near, far) = duplex(width);
                let send = async {
                    near.write_all(octets).await.expect("written");
                    near.shutdown().await.expect("shut down");
                };
                let receive = async {
                    let (is_h2, mut stream) = sniff(far).await.expect("sniffed");
                    let mut received = Vec::new();
                    stream.read_to_end(&mut received).await.expect("read");
                    (is_h2, received)
                };
                let ((), (is_h2, received)) = tokio::join!(send, receive);
                assert_eq!((is_h2, &received[..]), (*expected, *octets), "width {width}");
            }
        }
    }

    #[tokio::test]
    async fn one_octet_of_another_protocol_is_enough() {
        let (mut near, far) = duplex(64);
        near.write_all(b"G").await.expect("written");
        let (is_h2, mut stream) = sniff(far).await.expect("sniffed");
        assert!(!is_h2);
        near.write_all(b"ET").await.expect("written");
        let mut received = [0; 3];
        stream.read_exact(&mut received).await.expect("read");
        assert_eq!(&received, b"GET");
        stream.write_all(b"back").await.expect("written");
        let mut back = [0; 4];
        near.read_exact(&mut back).await.expect("read");
        assert_eq!(&back, b"back");
    }
}
