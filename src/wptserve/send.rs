//! Sends a whole response in the way of web-platform-tests' own server.
//!
//! HTTP/1.1: status line, the fields as they are, then `Server`, `Date` and, where the number of octets is announced,
//! `Content-Length`, each unless the fields hold one; never a `Connection` field. Content without a Content-Length ends
//! with the connection; what does hold one keeps it alive, right or wrong.
//!
//! HTTP/2: the fields in lower case, without those of connections (RFC 9113 §8.2.2), and nothing added.

use bytes::{BufMut, Bytes, BytesMut};

use super::{date, reason};
use crate::{
    exchange::{Extent, FieldSection, ResponseWriter, Version, WriteError},
    reply::{Body, FileContent, FilePart, Piece, ReadFault, Reply, Step},
    site::{self, send_file},
};

/// Why a response was not sent to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendFault {
    /// The protocol refused a step, or the peer is gone.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The content could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
}

impl From<site::SendFault> for SendFault {
    fn from(fault: site::SendFault) -> Self {
        match fault {
            site::SendFault::Write(error) => Self::Write(error),
            site::SendFault::Read(error) => Self::Read(error.into()),
            site::SendFault::Shrunk => Self::Read(ReadFault::Shrunk),
        }
    }
}

/// Octets of content that are copied behind the head, so that both leave in one write.
const SMALL: usize = 16 << 10;

/// Sends it. `head_only`: in answer to HEAD, whose fields are those of GET.
pub(super) async fn send(mut reply: Reply, head_only: bool, response: &mut ResponseWriter) -> Result<(), SendFault> {
    if response.version() == Version::Http2 {
        let fields = http2_fields(&reply);
        response.send_head(reply.status, &fields, head_only).await?;
        if head_only {
            return Ok(());
        }
        return content(reply.body, response).await;
    }
    let mut head = http1_head(&reply);
    let extent = if reply.fields.contains(b"content-length") || announced(&reply.body).is_some() {
        Extent::Delimited
    } else {
        Extent::UntilClose
    };
    if head_only {
        reply.body = Body::Octets(Bytes::new());
    } else if let Body::Octets(octets) | Body::File(FileContent::Memory(octets)) = &mut reply.body
        && octets.len() <= SMALL
    {
        head.extend_from_slice(octets);
        *octets = Bytes::new();
    }
    response.send_head_verbatim(Some(reply.status), head.freeze(), extent).await?;
    content(reply.body, response).await
}

/// Sends content and ends the response with it.
async fn content(body: Body, response: &mut ResponseWriter) -> Result<(), SendFault> {
    match body {
        Body::Octets(octets) | Body::File(FileContent::Memory(octets)) => {
            return Ok(response.send_data(octets, true).await?);
        }
        Body::File(FileContent::Disk(file, length)) => {
            send_file(&file, 0, length, response, false).await?;
        }
        Body::Part(FilePart { file, at, length }) => send_file(&file, at, length, response, false).await?,
        Body::Pieces(pieces) => {
            for piece in pieces {
                match piece {
                    Piece::Octets(octets) => response.send_data(octets, false).await?,
                    Piece::File(part) => send_file(&part.file, part.at, part.length, response, false).await?,
                }
            }
        }
        Body::Script(steps) => {
            for step in steps {
                match step {
                    Step::Send(octets) => response.send_data(octets, false).await?,
                    Step::Pause(time) => {
                        tokio::select! {
                            () = tokio::time::sleep(time) => {}
                            code = response.peer_gone() => return Err(WriteError::PeerGone(code).into()),
                        }
                    }
                }
            }
        }
    }
    Ok(response.end_stream().await?)
}

fn http1_head(reply: &Reply) -> BytesMut {
    let mut head = BytesMut::with_capacity(512 + SMALL);
    head.put_slice(format!("HTTP/1.1 {} ", reply.status).as_bytes());
    head.put_slice(reply.reason.as_deref().unwrap_or_else(|| reason::phrase(reply.status).as_bytes()));
    head.put_slice(b"\r\n");
    let mut line = |name: &[u8], value: &[u8]| {
        for part in [name, b": ", value, b"\r\n"] {
            head.put_slice(part);
        }
    };
    for (name, value) in reply.fields.iter() {
        line(name, value);
    }
    if !reply.fields.contains(b"server") {
        line(b"Server", SERVER.as_bytes());
    }
    if !reply.fields.contains(b"date") {
        line(b"Date", date::now().as_bytes());
    }
    if let Some(length) = announced(&reply.body)
        && !reply.fields.contains(b"content-length")
    {
        line(b"Content-Length", length.to_string().as_bytes());
    }
    head.put_slice(b"\r\n");
    head
}

/// The length of content that is announced without being asked to.
fn announced(body: &Body) -> Option<u64> {
    match body {
        Body::Octets(octets) => Some(octets.len() as u64),
        Body::Part(part) => Some(part.length),
        Body::File(_) | Body::Pieces(_) | Body::Script(_) => None,
    }
}

/// RFC 9110 §10.2.4.
const SERVER: &str = concat!("Framewright/", env!("CARGO_PKG_VERSION"));

fn http2_fields(reply: &Reply) -> FieldSection {
    let lines: Vec<_> = reply
        .fields
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim_ascii()))
        .filter(|(name, _)| !CONNECTION_SPECIFIC.contains(&&name[..]))
        .collect();
    FieldSection::from_lines(lines.iter().map(|(name, value)| (&name[..], *value)))
}

/// RFC 9113 §8.2.2.
const CONNECTION_SPECIFIC: [&[u8]; 5] =
    [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];
