//! Answers exchanges as web-platform-tests' own server does: from the request to the one response that is sent.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    PortSlot, Settings, Switch, Switches, asis,
    edition::Edition,
    facts::{self, RequestFacts, request_field},
    fault::Fault,
    folder::{Folder, side_lines},
    generated::{self, Kind},
    injection::Injection,
    isomorphic, listing, media_type,
    python::{self, PythonHandler},
    range::{self, ByteRange},
    request::Request,
    routes::{AliasFault, Base, Routed, Router, Target},
    send::{self, SendFault},
    sidecar,
};
use crate::{
    exchange::{ConnectionFacts, Exchange, Extent, RequestHead, ResponseWriter, Version, WriteError},
    pipes,
    reply::{Body, FileContent, FilePart, Piece, Reply},
    site::{self, Lying},
    substitution::Value,
};

/// A checkout, or another folder that is served like one.
pub struct Site {
    settings: Settings,
    edition: Edition,
    router: Router,
    root: site::Site,
    /// The folders of the aliases; none where there is no such folder.
    aliases: Vec<Option<site::Site>>,
    config: BTreeMap<String, Value>,
}

/// Why a site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The document root is no folder or cannot be read.
    #[error("the document root cannot be opened: {0}")]
    Root(#[source] io::Error),
    /// An alias is wrong.
    #[error("alias: {0}")]
    Alias(#[from] AliasFault),
}

/// What came of an exchange.
#[derive(Debug)]
pub enum Answered {
    /// It is answered, with this cause of a failure for the access line.
    Sent(Option<String>),
    /// This handler is to answer it; nothing has been sent.
    ByPython(PythonHandler),
}

impl Site {
    /// Opens the document root and the folders of all aliases.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        let open = |path: &Path| {
            site::Site::open(&site::Settings { follow_symlinks: true, ..site::Settings::new(path.to_owned()) })
        };
        let root = open(&settings.doc_root).map_err(OpenError::Root)?;
        let is_of_today = settings.doc_root.join(Edition::MARK_OF_TODAY).exists();
        let edition = if is_of_today { Edition::Today } else { Edition::July2021 };
        Ok(Self {
            router: Router::new(&settings.aliases, edition)?,
            aliases: settings.aliases.iter().map(|alias| open(&alias.local_dir).ok()).collect(),
            config: facts::configuration(&settings),
            edition,
            root,
            settings,
        })
    }

    /// Puts in the ports that listeners were given when they were opened; see [`Settings::complete_ports`].
    pub fn complete_ports(&mut self, slots: &[PortSlot], port_of: impl Fn(&str) -> Option<u16>) {
        self.settings.complete_ports(slots, port_of);
        self.config = facts::configuration(&self.settings);
    }

    /// The files below the document root.
    pub fn files(&self) -> &site::Site {
        &self.root
    }

    /// Answers, unless a Python handler is to.
    pub async fn respond(&self, exchange: &mut Exchange) -> Answered {
        let is_head = exchange.head.method == b"HEAD"[..];
        let response = &mut exchange.response;
        if exchange.head.method == b"CONNECT"[..] {
            return Answered::Sent(sent(send::send(Reply::new(200), true, response).await));
        }
        let (head, connection) = (&exchange.head, &exchange.connection);
        let reply = match self.request(head, connection, exchange.arrived) {
            Err(fault) => Err(fault),
            Ok(request) => match self.route(&request) {
                None => Err(Fault::NoRoute),
                Some(routed) if routed.target == Target::Python => match self.python(&routed, &request).await {
                    Ok(handler) => return Answered::ByPython(handler),
                    Err(fault) => Err(fault),
                },
                Some(routed) if routed.target == Target::AsIs && head.version != Version::Http2 => {
                    match self.as_is(&routed, &request).await {
                        Ok(octets) => return Answered::Sent(sent(send_verbatim(octets, response).await)),
                        Err(fault) => Err(fault),
                    }
                }
                Some(routed) => self.reply(&routed, &request).await,
            },
        };
        Answered::Sent(match reply {
            Ok(mut reply) => {
                if self.settings.switches.has(Switch::StaticLength) {
                    announce_length(&mut reply);
                }
                sent(send::send(reply, is_head, response).await)
            }
            Err(fault) => refuse(&fault, is_head, response).await,
        })
    }

    async fn reply(&self, routed: &Routed<'_>, request: &Request<'_>) -> Result<Reply, Fault> {
        match routed.target {
            // Python handlers do not come here.
            Target::Forbidden | Target::Python => Err(Fault::NoRoute),
            Target::AsIs => {
                let octets = self.as_is(routed, request).await?;
                asis::parse(&octets).map_err(|fault| Fault::Internal(format!("{}: {fault}", request.url.path)))
            }
            Target::File => self.file(routed, request).await,
            Target::Generated(kind) => self.generated(kind, routed, request).await.map_err(Fault::in_document),
        }
    }

    async fn as_is(&self, routed: &Routed<'_>, request: &Request<'_>) -> Result<Bytes, Fault> {
        let folder = self.folder(routed)?;
        let path = folder.below(&request.url.path)?;
        match folder.find(&path, request.arrived).await? {
            Lying::File(content) => Body::File(content).collect().await.map_err(|_| Fault::NoFile),
            Lying::Directory(_) => Err(Fault::NoFile),
        }
    }

    async fn file(&self, routed: &Routed<'_>, request: &Request<'_>) -> Result<Reply, Fault> {
        let folder = self.folder(routed)?;
        let path = folder.below(&request.url.path)?;
        let content = match folder.find(&path, request.arrived).await? {
            Lying::File(content) => content,
            Lying::Directory(names) if request.url.path.ends_with('/') => {
                return Ok(listing::reply(&request.url.path, names.iter().map(listed).collect()));
            }
            Lying::Directory(_) => return Ok(listing::redirect(&request.url.text)),
        };
        let facts = self.facts(&folder, request);
        let lines = side_lines(&folder, &path, &facts).await?;
        let mut reply = Reply::new(200);
        reply.fields = sidecar::of_file(lines, media_type::of_path(&path));
        reply.body = Body::File(content);
        if let Some(value) = request_field(request.head, "range") {
            reply = select(reply, &value)?;
        }
        self.injected(piped(reply, &path, request, &facts).await.map_err(Fault::Internal)?).await
    }

    async fn injected(&self, reply: Reply) -> Result<Reply, Fault> {
        match &self.settings.injection {
            Some(injection) => injection.into_reply(reply).await.map_err(|fault| Fault::Internal(fault.to_string())),
            None => Ok(reply),
        }
    }

    async fn generated(&self, kind: Kind, routed: &Routed<'_>, request: &Request<'_>) -> Result<Reply, Fault> {
        let folder = self.folder(routed)?;
        let path = folder.below(&request.url.path)?;
        let script = kind.script(&path);
        let Lying::File(content) = folder.find(&script, request.arrived).await? else { return Err(Fault::NoFile) };
        let octets = Body::File(content).collect().await.map_err(|_| Fault::NoFile)?;
        let document = generated::generate(kind, self.edition, &request.url.path, &request.url.query, &octets)?;
        let facts = self.facts(&folder, request);
        let lines = side_lines(&folder, &script, &facts).await?;
        let mut reply = Reply::new(200);
        reply.fields =
            sidecar::of_document(lines, kind.media_type(), self.settings.switches.has(Switch::DocumentDuplicates));
        reply.body = Body::Octets(document.into());
        self.injected(piped(reply, &kind.resource(&path), request, &facts).await.map_err(Fault::Internal)?).await
    }

    /// Whose request it is; none if it is nobody's.
    pub(super) fn route<'a>(&'a self, request: &'a Request<'_>) -> Option<Routed<'a>> {
        self.router.route(&request.method, &request.url.path)
    }

    pub(super) fn request<'a>(
        &self,
        head: &'a RequestHead,
        connection: &ConnectionFacts,
        arrived: Instant,
    ) -> Result<Request<'a>, Fault> {
        Request::new(head, connection, self.settings.switches, arrived)
    }

    /// What templates see.
    pub(super) fn facts<'a>(&'a self, folder: &'a Folder<'_>, request: &'a Request<'_>) -> RequestFacts<'a> {
        folder.facts(request, &self.config, self.settings.switches)
    }

    /// What puts a script into pages, if one is to be there.
    pub fn injection(&self) -> Option<&Injection> {
        self.settings.injection.as_ref()
    }

    /// Which faults of the original are mended.
    pub fn switches(&self) -> Switches {
        self.settings.switches
    }

    /// The configuration as scripts see it, a JSON object.
    pub fn config_for_scripts(&self) -> String {
        python::configuration(&self.settings)
    }

    pub(super) fn folder<'a>(&'a self, routed: &Routed<'a>) -> Result<Folder<'a>, Fault> {
        let url_base = routed.mount.url_base.as_str();
        Ok(match routed.mount.base {
            Base::Root => Folder { files: &self.root, path: &self.settings.doc_root, url_base },
            Base::Alias(index) => Folder {
                files: self.aliases[index].as_ref().ok_or(Fault::NoFile)?,
                path: &self.settings.aliases[index].local_dir,
                url_base,
            },
        })
    }
}

/// The response with the parts of its file that the Range field asks for.
fn select(mut reply: Reply, value: &[u8]) -> Result<Reply, Fault> {
    let Body::File(content) = reply.body.clone() else { return Ok(reply) };
    let length = content.length();
    let ranges = range::parse(value, length)?;
    let index = |at: u64| usize::try_from(at).expect("it is in memory");
    let part = |range: &ByteRange| match &content {
        FileContent::Memory(octets) => octets.slice(index(range.lower)..index(range.upper)).into(),
        FileContent::Disk(file, _) => {
            Piece::File(FilePart { file: Arc::clone(file), at: range.lower, length: range.upper - range.lower })
        }
    };
    range::apply(&mut reply, &ranges, length, part, &uuid::Uuid::new_v4().to_string());
    Ok(reply)
}

/// The response after the pipes that its path and the query ask for.
async fn piped(reply: Reply, path: &str, request: &Request<'_>, facts: &RequestFacts<'_>) -> Result<Reply, String> {
    let query = isomorphic::encode(&request.url.query);
    let Some(text) = pipes::of_request(path.as_bytes(), Some(&query)) else { return Ok(reply) };
    let calls = pipes::parse(&text).map_err(|error| error.to_string())?;
    pipes::apply(reply, &calls, facts, super::date::today).await.map_err(|error| error.to_string())
}

fn listed(name: &site::Name) -> listing::Listed {
    listing::Listed { name: String::from_utf8_lossy(&name.octets).into_owned(), is_directory: name.is_directory }
}

/// Gives whole files a Content-Length, so that the connection lives on.
fn announce_length(reply: &mut Reply) {
    if let Body::File(content) = &reply.body
        && !reply.fields.contains(b"content-length")
    {
        reply.fields.set(&b"Content-Length"[..], content.length().to_string());
    }
}

async fn refuse(fault: &Fault, is_head: bool, response: &mut ResponseWriter) -> Option<String> {
    if fault.status() >= 500 {
        tracing::warn!("{fault}");
    }
    let failed = sent(send::send(fault.reply(), is_head, response).await);
    failed.or_else(|| Some(fault.to_string()))
}

/// Sends octets that are a whole response, then closes.
async fn send_verbatim(octets: Bytes, response: &mut ResponseWriter) -> Result<(), SendFault> {
    response.send_head_verbatim(asis::status(&octets), octets, Extent::UntilClose).await?;
    Ok(response.end_stream().await?)
}

/// Says why a response broke off; the writer that is dropped behind it resets the stream.
fn sent(result: Result<(), SendFault>) -> Option<String> {
    match result {
        Ok(()) => None,
        Err(SendFault::Write(WriteError::PeerGone(_))) => None,
        Err(fault) => {
            tracing::warn!("a response broke off: {fault}");
            Some(fault.to_string())
        }
    }
}
