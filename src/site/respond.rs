//! Answers requests with files.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Refusal, Settings, SitePath,
    cache::{self, Cache, CachedFile},
    is_program_name, listing,
    listing::Listing,
    media_type,
    range::{Selection, select},
    root::{Found, Opened, Root, RootError},
    send::{Representation, SendFault, Source, send, send_whole, whole_fields},
};
use crate::exchange::{FieldSection, RequestHead, ResponseWriter, WriteError};

/// The files below one directory.
pub struct Site {
    pub(super) root: Arc<Root>,
    pub(super) cache: Cache,
    opened: Instant,
}

/// What is at a path.
enum Answer {
    Small {
        file: Arc<CachedFile>,
        is_settled: bool,
    },
    Large {
        file: Opened,
        media_type: &'static str,
    },
    Listing(Listing),
    /// A directory that was asked for as a file.
    Directory,
}

impl Site {
    /// Opens the site's directory.
    ///
    /// # Errors
    /// If it is no directory or cannot be read.
    pub fn open(settings: &Settings) -> io::Result<Self> {
        let root = Root::open(&settings.root, settings.follow_symlinks)?;
        Ok(Self { root: Arc::new(root), cache: Cache::new(settings.cache_octets), opened: Instant::now() })
    }

    /// Answers with what is at `path`: a file or parts of it, a redirect to a directory, its index or its listing, as
    /// it is after `arrived`, a moment not before the arrival of the request.
    ///
    /// # Errors
    /// A [`Refusal`] while nothing has been sent. What breaks later resets the response.
    pub async fn respond(
        &self,
        head: &RequestHead,
        path: SitePath<'_>,
        arrived: Instant,
        response: &mut ResponseWriter,
    ) -> Result<(), Refusal> {
        let is_head = match &head.method[..] {
            b"GET" => false,
            b"HEAD" => true,
            _ => return Err(Refusal::Method),
        };
        if is_program_name(path.name()) {
            return Err(Refusal::Forbidden("the octets of handlers and scripts are not served"));
        }
        let sent = match self.fresh(&path, arrived) {
            Some(file) => send_cached(head, is_head, &file, response).await?,
            None => self.respond_from_disk(head, is_head, path, response).await?,
        };
        if let Err(fault) = sent {
            note(&fault, head);
        }
        Ok(())
    }

    /// Where the file at `path` is, for those who open it themselves. It is there and inside the site, or was when it
    /// was asked for.
    ///
    /// # Errors
    /// As for [`respond`](Self::respond); [`Refusal::NotFound`] for directories.
    pub async fn locate(&self, path: SitePath<'_>) -> Result<std::path::PathBuf, Refusal> {
        let (root, path) = (Arc::clone(&self.root), path.into_owned());
        blocking(move || match root.find(&path)? {
            Found::File(_) => root.path_of(&path).ok_or(Refusal::NotFound),
            Found::Directory(_) => Err(Refusal::NotFound),
        })
        .await
    }

    /// The octets of the file at `path`, read now, for those who run it.
    ///
    /// # Errors
    /// As for [`locate`](Self::locate); [`Refusal::TooLarge`] if there are more than `limit`.
    pub async fn read(&self, path: SitePath<'_>, limit: u64) -> Result<Bytes, Refusal> {
        let (root, path) = (Arc::clone(&self.root), path.into_owned());
        blocking(move || {
            for _ in 0..READ_ATTEMPTS {
                let Found::File(mut file) = root.find(&path)? else { return Err(Refusal::NotFound) };
                if file.length > limit {
                    return Err(Refusal::TooLarge { limit });
                }
                if let Some(octets) = file.read_whole().map_err(Refusal::Unreadable)? {
                    return Ok(octets.into());
                }
            }
            Err(Refusal::Unreadable(io::Error::other("it changes all the time")))
        })
        .await
    }

    /// The file from memory, if it is still the one on disk.
    ///
    /// Requests that arrive together share one look at the disk: a look after a request's arrival sees every change
    /// that its sender can know of, whichever request it was for.
    pub(super) fn fresh(&self, path: &SitePath<'_>, arrived: Instant) -> Option<Arc<CachedFile>> {
        let file = self.cache.get(path.key())?;
        if file.confirmed.load(Ordering::Acquire) > self.clock(arrived) {
            return Some(file);
        }
        let before = self.clock(Instant::now());
        if self.root.identity(&file.place) == Some(file.identity) {
            file.confirmed.fetch_max(before, Ordering::Release);
            return Some(file);
        }
        self.cache.remove(path.key());
        None
    }

    /// Nanoseconds since the site was opened; 64 bits last for centuries.
    fn clock(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.opened).as_nanos()).unwrap_or(u64::MAX)
    }

    async fn respond_from_disk(
        &self,
        head: &RequestHead,
        is_head: bool,
        path: SitePath<'_>,
        response: &mut ResponseWriter,
    ) -> Result<Result<(), SendFault>, Refusal> {
        let root = Arc::clone(&self.root);
        let sought = path.clone().into_owned();
        Ok(match blocking(move || look_up(&root, &sought)).await? {
            Answer::Small { file, is_settled } => {
                if is_settled {
                    self.cache.insert(path.key(), Arc::clone(&file));
                }
                send_cached(head, is_head, &file, response).await?
            }
            Answer::Large { file, media_type } => {
                let length = file.length;
                if is_head {
                    return Ok(send_head(response, 200, &whole_fields(media_type, length)).await);
                }
                let source = Source::Disk(Arc::new(file.file));
                let representation = Representation { media_type, length, source };
                send(response, &representation, select(&head.fields, length)).await?
            }
            Answer::Listing(listing) => send_listing(response, is_head, listing).await,
            Answer::Directory => {
                let location = redirect(&path, head.query());
                let fields = [("location", location.as_str()), ("content-length", "0")];
                send_head(response, 301, &section(fields)).await
            }
        })
    }
}

/// Finds out what is at a path, and reads it if it is small. Blocks.
fn look_up(root: &Root, path: &SitePath<'_>) -> Result<Answer, Refusal> {
    match root.find(path)? {
        Found::File(_) if path.is_directory() => Err(Refusal::NotFound),
        Found::File(file) => read(path, file),
        Found::Directory(_) if !path.is_directory() => Ok(Answer::Directory),
        Found::Directory(directory) => {
            let index = path.join(INDEX);
            match root.find(&index) {
                Ok(Found::File(file)) => read(&index, file),
                Ok(Found::Directory(_)) | Err(RootError::NotFound) => {
                    Ok(Answer::Listing(Listing::read(path, &directory).map_err(Refusal::Unreadable)?))
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

fn read(path: &SitePath<'_>, mut file: Opened) -> Result<Answer, Refusal> {
    if file.is_program {
        return Err(Refusal::Forbidden("the octets of handlers and scripts are not served"));
    }
    Ok(match cached(path, &mut file)? {
        Some(file) => Answer::Small { is_settled: file.identity.is_settled(), file: Arc::new(file) },
        None => Answer::Large { file, media_type: media_type::of_name(path.name()) },
    })
}

/// The file in the form in which it is kept. None: it is too large for that, or is being written: then it is sent as it
/// comes, and what was announced too early breaks off.
pub(super) fn cached(path: &SitePath<'_>, file: &mut Opened) -> Result<Option<CachedFile>, Refusal> {
    if file.length > cache::LARGEST {
        return Ok(None);
    }
    let Some(content) = file.read_whole().map_err(Refusal::Unreadable)? else { return Ok(None) };
    let media_type = media_type::of_name(path.name());
    Ok(Some(CachedFile {
        place: path.as_octets().into(),
        identity: file.identity,
        fields: whole_fields(media_type, file.length),
        media_type,
        content: content.into(),
        confirmed: AtomicU64::new(0),
    }))
}

const INDEX: &[u8] = b"index.html";

/// How often a file that changes while it is read is read anew.
const READ_ATTEMPTS: usize = 5;

async fn send_cached(
    head: &RequestHead,
    is_head: bool,
    file: &CachedFile,
    response: &mut ResponseWriter,
) -> Result<Result<(), SendFault>, Refusal> {
    // RFC 9110 §14.2: only GET has ranges.
    if is_head {
        return Ok(send_head(response, 200, &file.fields).await);
    }
    let length = file.content.len() as u64;
    let source = Source::Memory(&file.content);
    let representation = Representation { media_type: file.media_type, length, source };
    match select(&head.fields, length) {
        Selection::Whole => Ok(send_whole(response, &representation, &file.fields).await),
        part => send(response, &representation, part).await,
    }
}

async fn send_head(response: &mut ResponseWriter, status: u16, fields: &FieldSection) -> Result<(), SendFault> {
    Ok(response.send_head(status, fields, true).await?)
}

async fn send_listing(response: &mut ResponseWriter, is_head: bool, listing: Listing) -> Result<(), SendFault> {
    let fields = section([("content-type", listing::MEDIA_TYPE)]);
    if is_head {
        return send_head(response, 200, &fields).await;
    }
    response.send_head(200, &fields, false).await?;
    for piece in listing {
        response.send_data(piece, false).await?;
    }
    Ok(response.send_data(Bytes::new(), true).await?)
}

/// Where the directory is, with the query kept.
fn redirect(path: &SitePath<'_>, query: Option<&[u8]>) -> String {
    let mut location = path.to_directory_reference();
    if let Some(query) = query {
        location.push('?');
        location.extend(percent_encoding::percent_encode(query, QUERY));
    }
    location
}

/// What no field value should hold (RFC 3986 §3.4); everything else in a query is as the client chose.
const QUERY: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#');

fn section<const N: usize>(lines: [(&str, &str); N]) -> FieldSection {
    FieldSection::from_lines(lines.map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

pub(super) async fn blocking<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(task).await.unwrap_or_else(|error| Err(Refusal::Unreadable(io::Error::other(error))))
}

/// Says why a response broke off; the writer that is dropped behind it resets the stream.
fn note(fault: &SendFault, head: &RequestHead) {
    let path = head.path().escape_ascii();
    match fault {
        SendFault::Write(WriteError::PeerGone(_)) => {}
        SendFault::Write(error) => tracing::error!(%path, %error, "a file's response was refused"),
        SendFault::Read(error) => tracing::warn!(%path, %error, "a file could not be read to its end"),
        SendFault::Shrunk => tracing::warn!(%path, "a file became shorter while it was sent"),
    }
}

#[cfg(test)]
mod tests;
