//! What differs from system to system on the wire: the one place to look at when it moves to another.

use std::{io, time::Duration};

use tokio::net::TcpStream;

/// Makes the close of a socket send RST and not wait for octets on their way (RFC 9293 §3.10.4, ABORT).
///
/// All systems that we know do so for SO_LINGER with a time of zero.
pub(super) fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
