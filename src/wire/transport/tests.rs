use std::{future::poll_fn, io::ErrorKind};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::TcpListener,
};

use super::*;
use crate::wire::sniff;

async fn leave(transport: &mut impl Transport, how: Leave) {
    poll_fn(|cx| transport.poll_leave(how, cx)).await.expect("a departure");
}

/// A connection over a socket, our end behind the wrapper that listeners of both protocols put round it.
async fn connection() -> (Rewind<TcpStream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut far = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    let (near, _) = listener.accept().await.expect("a connection");
    far.write_all(b"first").await.expect("written");
    (sniff(near).await.expect("octets").1, far)
}

#[tokio::test]
async fn a_half_close_ends_one_direction_after_what_was_written() {
    for how in [Leave::HalfClose, Leave::WithoutCloseNotify] {
        let (mut near, mut far) = connection().await;
        near.write_all(b"last").await.expect("written");
        leave(&mut near, how).await;
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.expect("the end");
        assert_eq!(received, b"last", "{how:?}");
        far.write_all(b" and more").await.expect("written");
        let mut received = [0; 14];
        near.read_exact(&mut received).await.expect("octets");
        assert_eq!(&received, b"first and more", "{how:?}");
        assert!(near.write_all(b"x").await.is_err(), "{how:?}");
    }
}

#[tokio::test]
async fn a_reset_reaches_the_peer_when_the_stream_is_dropped() {
    let (mut near, mut far) = connection().await;
    leave(&mut near, Leave::Reset).await;
    drop(near);
    let mut received = Vec::new();
    let end = far.read_to_end(&mut received).await.expect_err("a reset");
    assert_eq!((end.kind(), received.len()), (ErrorKind::ConnectionReset, 0));
}

#[tokio::test]
async fn without_a_reset_the_drop_of_a_stream_is_an_ordinary_end() {
    let (mut near, mut far) = connection().await;
    let mut received = [0; 5];
    near.read_exact(&mut received).await.expect("octets");
    drop(near);
    assert_eq!(far.read(&mut received).await.expect("the end"), 0);
}

#[tokio::test]
async fn a_pipe_ends() {
    for how in [Leave::HalfClose, Leave::WithoutCloseNotify, Leave::Reset] {
        let (mut near, mut far) = duplex(64);
        near.write_all(b"last").await.expect("written");
        leave(&mut near, how).await;
        drop(near);
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.expect("the end");
        assert_eq!(received, b"last", "{how:?}");
    }
}
