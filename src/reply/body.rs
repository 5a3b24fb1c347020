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
    /// A part of a file that is open, whose length is announced.
    Part(FilePart),
    /// Pieces, sent one by one, whose total nobody announces.
    Pieces(Vec<Piece>),
    /// Pieces and pauses, in this order.
    Script(Vec<Step>),
}

/// Octets that are somewhere.
#[derive(Clone, Debug)]
pub enum Piece {
    /// In memory.
    Octets(Bytes),
    /// In a file.
    File(FilePart),
}

/// A part of a file that is open.
#[derive(Clone, Debug)]
pub struct FilePart {
    /// The file.
    pub file: Arc<File>,
    /// Where it begins.
    pub at: u64,
    /// Its octets.
    pub length: u64,
}

impl From<Bytes> for Piece {
    fn from(octets: Bytes) -> Self {
        Self::Octets(octets)
    }
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Octets(octets) => octets.len() as u64,
            Self::File(part) => part.length,
        }
    }
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
        let pieces: Vec<Piece> = match self {
            Self::Octets(octets) | Self::File(FileContent::Memory(octets)) => return Ok(octets),
            Self::File(FileContent::Disk(file, length)) => return read_part(&FilePart { file, at: 0, length }).await,
            Self::Part(part) => return read_part(&part).await,
            Self::Pieces(pieces) => pieces,
            Self::Script(steps) => {
                let mut pieces = Vec::new();
                for step in steps {
                    match step {
                        Step::Pause(time) => tokio::time::sleep(time).await,
                        Step::Send(octets) => pieces.push(octets.into()),
                    }
                }
                pieces
            }
        };
        // Pieces can be parts of one and the same content, many times over.
        let total = collectable(pieces.iter().map(Piece::length).sum())?;
        let mut octets = BytesMut::with_capacity(total);
        for piece in pieces {
            match piece {
                Piece::Octets(piece) => octets.extend_from_slice(&piece),
                Piece::File(part) => octets.extend_from_slice(&read_part(&part).await?),
            }
        }
        Ok(octets.freeze())
    }
}

fn collectable(octets: u64) -> Result<usize, ReadFault> {
    let count = usize::try_from(octets).ok().filter(|_| octets <= COLLECTED_OCTETS);
    count.ok_or(ReadFault::TooLarge(COLLECTED_OCTETS))
}

async fn read_part(part: &FilePart) -> Result<Bytes, ReadFault> {
    collectable(part.length)?;
    let octets = read(&part.file, part.at, part.length).await?;
    if (octets.len() as u64) < part.length { Err(ReadFault::Shrunk) } else { Ok(octets.into()) }
}
