//! Sends a file or parts of it (RFC 9110 §14, §15.3.7) in constant memory.

use std::{
    fs::File,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    ops::RangeInclusive,
    sync::Arc,
};

use bytes::Bytes;

use super::{
    Refusal,
    range::Selection,
    root::{read_at, read_now},
};
use crate::exchange::{FieldSection, ResponseWriter, WriteError};

/// What a response takes its content from.
pub(super) struct Representation<'a> {
    pub(super) media_type: &'a str,
    pub(super) length: u64,
    pub(super) source: Source<'a>,
}

pub(super) enum Source<'a> {
    Memory(&'a Bytes),
    Disk(Arc<File>),
}

/// Why a response broke off after its head.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendFault {
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the file cannot be read")]
    Read(#[source] io::Error),
    #[error("the file became shorter while it was sent")]
    Shrunk,
}

/// Octets read from a file at a time: large enough to make the cost of each read small, small enough that a thousand
/// slow readers hold no more than 64 MiB.
const CHUNK: u64 = 64 << 10;

/// The fields of a response with the whole file.
pub(super) fn whole_fields(media_type: &str, length: u64) -> FieldSection {
    fields(media_type, length, None)
}

/// Answers GET with what was selected.
pub(super) async fn send(
    response: &mut ResponseWriter,
    representation: &Representation<'_>,
    selection: Selection,
) -> Result<Result<(), SendFault>, Refusal> {
    Ok(match selection {
        Selection::Unsatisfiable => return Err(Refusal::Unsatisfiable { length: representation.length }),
        Selection::Whole => {
            let fields = whole_fields(representation.media_type, representation.length);
            send_whole(response, representation, &fields).await
        }
        Selection::Parts(parts) => match &parts[..] {
            // RFC 9110 §15.3.7.2: a single part never comes as multipart.
            [part] => send_part(response, representation, part.clone()).await,
            _ => send_parts(response, representation, parts).await,
        },
    })
}

/// Answers GET with all of it; `fields` come from [`whole_fields`].
pub(super) async fn send_whole(
    response: &mut ResponseWriter,
    representation: &Representation<'_>,
    fields: &FieldSection,
) -> Result<(), SendFault> {
    let Some(last) = representation.length.checked_sub(1) else {
        return Ok(response.send_head(200, fields, true).await?);
    };
    response.send_head(200, fields, false).await?;
    representation.source.send(response, 0..=last, true).await
}

async fn send_part(
    response: &mut ResponseWriter,
    representation: &Representation<'_>,
    part: RangeInclusive<u64>,
) -> Result<(), SendFault> {
    let content_range = content_range(&part, representation.length);
    let fields = fields(representation.media_type, length_of(&part), Some(&content_range));
    response.send_head(206, &fields, false).await?;
    representation.source.send(response, part, true).await
}

/// RFC 9110 §14.6.
async fn send_parts(
    response: &mut ResponseWriter,
    representation: &Representation<'_>,
    parts: Vec<RangeInclusive<u64>>,
) -> Result<(), SendFault> {
    let boundary = boundary();
    let heads: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let before = if index == 0 { "" } else { "\r\n" };
            let content_range = content_range(part, representation.length);
            let media_type = representation.media_type;
            format!("{before}--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {content_range}\r\n\r\n")
        })
        .collect();
    let closing = format!("\r\n--{boundary}--\r\n");
    let length = heads.iter().map(|head| head.len() as u64).sum::<u64>()
        + parts.iter().map(length_of).sum::<u64>()
        + closing.len() as u64;
    let media_type = format!("multipart/byteranges; boundary={boundary}");
    response.send_head(206, &fields(&media_type, length, None), false).await?;
    for (head, part) in heads.into_iter().zip(parts) {
        response.send_data(head.into(), false).await?;
        representation.source.send(response, part, false).await?;
    }
    Ok(response.send_data(closing.into(), true).await?)
}

impl Source<'_> {
    /// Sends these octets; `end` ends the response with them.
    async fn send(&self, response: &mut ResponseWriter, part: RangeInclusive<u64>, end: bool) -> Result<(), SendFault> {
        let file = match self {
            Self::Memory(content) => {
                let index = |at: u64| usize::try_from(at).expect("it is in memory");
                let octets = content.slice(index(*part.start())..=index(*part.end()));
                return Ok(response.send_data(octets, end).await?);
            }
            Self::Disk(file) => file,
        };
        send_file(file, *part.start(), length_of(&part), response, end).await
    }
}

/// Sends `length` octets of a file from `at` on; `end` ends the response with them.
pub(crate) async fn send_file(
    file: &Arc<File>,
    mut at: u64,
    length: u64,
    response: &mut ResponseWriter,
    end: bool,
) -> Result<(), SendFault> {
    let mut left = length;
    while left > 0 {
        let octets = read(file, at, left.min(CHUNK)).await.map_err(SendFault::Read)?;
        if octets.is_empty() {
            return Err(SendFault::Shrunk);
        }
        at += octets.len() as u64;
        left -= octets.len() as u64;
        response.send_data(octets.into(), end && left == 0).await?;
    }
    Ok(())
}

/// Octets from `offset` on, `length` at most; fewer at the end of the file. What the system has in memory is read
/// without a change of thread.
pub(crate) async fn read(file: &Arc<File>, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
    // Less than was asked for may only be what the system has in memory of it.
    if let Some(octets) = read_now(file, offset, length).filter(|octets| octets.len() == length) {
        return Ok(octets);
    }
    let file = Arc::clone(file);
    tokio::task::spawn_blocking(move || read_at(&file, offset, length)).await.map_err(io::Error::other)?
}

fn fields(media_type: &str, length: u64, content_range: Option<&str>) -> FieldSection {
    let length = length.to_string();
    let always = [("content-type", media_type), ("content-length", &length), ("accept-ranges", "bytes")];
    let lines = always.into_iter().chain(content_range.map(|value| ("content-range", value)));
    FieldSection::from_lines(lines.map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

fn content_range(part: &RangeInclusive<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start(), part.end())
}

fn length_of(part: &RangeInclusive<u64>) -> u64 {
    part.end() - part.start() + 1
}

/// A delimiter that the file does not hold, but for a chance of 2⁻¹²⁸ per octet: its digits are the process's own.
fn boundary() -> String {
    let digits = || RandomState::new().build_hasher().finish();
    format!("part-{:016x}{:016x}", digits(), digits())
}
