//! The content of a reply.

use std::{fs::File, io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};

use crate::site::{FileContent, read};

/// Content, in the form that decides whether its length is announced.
#[derive(Clone, Debug)]
pub enum Body {
    /// Octets whose number is announced.
    Octets(Bytes),
    /// A whole file, as it is opened.
    File(FileContent),
    /// Pieces, sent one by one, whose total nobody announces.
    Pieces(Vec<Bytes>),
    /// Pieces and pauses, in this order.
    Script(Vec<Step>),
}

/// A step of content that takes its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Wait.
    Pause(Duration),
    /// Send.
    Send(Bytes),
}

/// Why content could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file became shorter.
    #[error("the file became shorter while it was read")]
    Shrunk,
    /// There is more of it than is held in memory.
    #[error("more than {0} octets of content")]
    TooLarge(u64),
}

/// The most octets of content that are held in memory for a pipe: more than any file of the tree that is piped, little
/// enough for many at a time.
const COLLECTED_OCTETS: u64 = 64 << 20;

impl Body {
    /// All octets; pauses are made on the way.
    ///
    /// # Errors
    /// See [`ReadFault`].
    ///
    /// # Cancel safety
    /// What was read is lost.
    pub async fn collect(self) -> Result<Bytes, ReadFault> {
        let pieces: Vec<Bytes> = match self {
            Self::Octets(octets) | Self::File(FileContent::Memory(octets)) => return Ok(octets),
            Self::File(FileContent::Disk(file, length)) => return read_whole(file, length).await,
            Self::Pieces(pieces) => pieces,
            Self::Script(steps) => {
                let mut pieces = Vec::new();
                for step in steps {
                    match step {
                        Step::Pause(time) => tokio::time::sleep(time).await,
                        Step::Send(octets) => pieces.push(octets),
                    }
                }
                pieces
            }
        };
        // Pieces can be parts of one and the same content, many times over.
        let total: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        if total > COLLECTED_OCTETS {
            return Err(ReadFault::TooLarge(COLLECTED_OCTETS));
        }
        let mut octets = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
        for piece in pieces {
            octets.extend_from_slice(&piece);
        }
        Ok(octets.freeze())
    }
}

async fn read_whole(file: Arc<File>, length: u64) -> Result<Bytes, ReadFault> {
    if length > COLLECTED_OCTETS {
        return Err(ReadFault::TooLarge(COLLECTED_OCTETS));
    }
    let octets = read(&file, 0, length).await?;
    if (octets.len() as u64) < length { Err(ReadFault::Shrunk) } else { Ok(octets.into()) }
}
