//! The client's side of `call --h1`.

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::{Request, print_octets};

pub(super) async fn exchange(mut pipe: DuplexStream, request: &Request) -> Result<()> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    let named = |name: &str| request.fields.iter().any(|field| field.0.eq_ignore_ascii_case(name));
    if !named("host") {
        head.push_str("Host: localhost\r\n");
    }
    for (name, value) in &request.fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !request.content.is_empty() && !named("content-length") && !named("transfer-encoding") {
        head.push_str(&format!("Content-Length: {}\r\n", request.content.len()));
    }
    head.push_str("\r\n");
    let (mut reader, mut writer) = tokio::io::split(&mut pipe);
    let send = async {
        writer.write_all(head.as_bytes()).await?;
        writer.write_all(&request.content).await?;
        // The end of input makes the server close after this response.
        writer.shutdown().await
    };
    let receive = async {
        let mut total = 0;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = reader.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            total += count;
            print_octets("< ", &buffer[..count])?;
        }
        ensure!(total > 0, "the connection was closed without a response");
        Ok(())
    };
    // The server may answer and close before it has read everything.
    let (_, received) = tokio::join!(send, receive);
    received
}
