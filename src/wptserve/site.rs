//! Answers exchanges as web-platform-tests' own server does: from the request to the one response that is sent.

use std::{collections::BTreeMap, io, net::SocketAddr, path::Path};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    PortSlot, Settings, asis,
    edition::Edition,
    exposure::Exposure,
    facts::{self, RequestFacts, request_field},
    fault::Fault,
    file_path,
    generated::{self, Kind},
    isomorphic, listing, media_type,
    meta::Metadata,
    python,
    query::Query,
    range,
    routes::{self, AliasFault, Base, Routed, Router, Target},
    send::{self, SendFault},
    sidecar,
    url::{Bound, Carrier, RequestUrl, collapse},
};
use crate::{
    exchange::{Exchange, Extent, RequestHead, ResponseWriter, Version, WriteError},
    pipes,
    reply::{Body, FileContent, Reply},
    site::{self, Lying, SitePath},
    substitution::{Escape, Value, substitute},
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

/// A request, as text and in parts.
pub(super) struct Request<'a> {
    head: &'a RequestHead,
    pub(super) url: RequestUrl,
    query: Query,
    arrived: Instant,
}

/// The folder that a request's files lie in.
pub(super) struct Folder<'a> {
    files: &'a site::Site,
    pub(super) path: &'a Path,
    url_base: &'a str,
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

    /// Answers; gives the cause of a failure, for the access line.
    pub async fn respond(&self, exchange: &mut Exchange) -> Option<String> {
        let is_head = exchange.head.method == b"HEAD"[..];
        if exchange.head.method == b"CONNECT"[..] {
            return sent(send::send(Reply::new(200), true, &mut exchange.response).await);
        }
        let (head, connection) = (&exchange.head, &exchange.connection);
        let request = match Request::new(head, connection.local, connection.tls.is_some(), exchange.arrived) {
            Ok(request) => request,
            Err(fault) => return refuse(&fault, is_head, &mut exchange.response).await,
        };
        let method = isomorphic::decode(&head.method);
        let Some(routed) = self.router.route(&method, &request.url.path) else {
            return refuse(&Fault::NoRoute, is_head, &mut exchange.response).await;
        };
        if routed.target == Target::AsIs && head.version != Version::Http2 {
            return match self.as_is(&routed, &request).await {
                Ok(octets) => sent(send_verbatim(octets, &mut exchange.response).await),
                Err(fault) => refuse(&fault, is_head, &mut exchange.response).await,
            };
        }
        match self.reply(&routed, &request).await {
            Ok(mut reply) => {
                if self.settings.switches.static_length {
                    announce_length(&mut reply);
                }
                sent(send::send(reply, is_head, &mut exchange.response).await)
            }
            Err(fault) => refuse(&fault, is_head, &mut exchange.response).await,
        }
    }

    async fn reply(&self, routed: &Routed<'_>, request: &Request<'_>) -> Result<Reply, Fault> {
        match routed.target {
            Target::Forbidden => Err(Fault::NoRoute),
            // The router asks for these first; a request that changes its mind in between has no answer.
            Target::Python => Err(Fault::NoFile),
            Target::AsIs => {
                let octets = self.as_is(routed, request).await?;
                asis::parse(&octets).map_err(|fault| Fault::Internal(format!("{}: {fault}", request.url.path)))
            }
            Target::File => self.file(routed, request).await,
            Target::Generated(kind) => self.generated(kind, routed, request).await,
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
                return Ok(listing::reply(&request.url.path, names.into_iter().map(listed).collect()));
            }
            Lying::Directory(_) => return Ok(listing::redirect(&request.url.text)),
        };
        let facts = folder.facts(request, &self.config);
        let lines = side_lines(&folder, &path, &facts).await?;
        let mut reply = Reply::new(200);
        reply.fields = sidecar::of_file(lines, media_type::of_path(&path));
        reply.body = Body::File(content);
        if let Some(value) = request_field(request.head, "range") {
            reply = select(reply, &value).await?;
        }
        piped(reply, &path, request, &facts).await.map_err(Fault::Internal)
    }

    async fn generated(&self, kind: Kind, routed: &Routed<'_>, request: &Request<'_>) -> Result<Reply, Fault> {
        let folder = self.folder(routed)?;
        let path = folder.below(&request.url.path)?;
        let script = kind.script(&path);
        let Lying::File(content) = folder.find(&script, request.arrived).await? else { return Err(Fault::NoFile) };
        let octets = Body::File(content).collect().await.map_err(|_| Fault::NoFile)?;
        let metadata = Metadata::parse(&octets);
        let wrong = |fault: super::meta::NotText| Fault::Generated(format!("{script}: {fault}"));
        if let Some(global) = kind.global()
            && !Exposure::of(&metadata, self.edition).map_err(wrong)?.contains(global)
        {
            return Err(Fault::NotExposed(global));
        }
        let entries = metadata.all().map_err(wrong)?;
        let (url_path, query) = (&request.url.path, &request.url.query);
        let document = generated::document(kind, self.edition, url_path, query, entries);
        let facts = folder.facts(request, &self.config);
        let hidden = |fault: Fault| match fault {
            Fault::Internal(text) => Fault::Generated(text),
            other => other,
        };
        let lines = side_lines(&folder, &script, &facts).await.map_err(hidden)?;
        let mut reply = Reply::new(200);
        reply.fields = sidecar::of_document(lines, kind.media_type());
        reply.body = Body::Octets(document.into());
        piped(reply, &kind.resource(&path), request, &facts).await.map_err(Fault::Generated)
    }

    /// Whose request it is; none if it is nobody's.
    pub(super) fn route<'a>(&'a self, request: &'a Request<'_>) -> Option<Routed<'a>> {
        self.router.route(&isomorphic::decode(&request.head.method), &request.url.path)
    }

    /// The configuration as templates see it.
    pub(super) fn config(&self) -> &BTreeMap<String, Value> {
        &self.config
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

impl<'a> Request<'a> {
    pub(super) fn new(head: &'a RequestHead, local: SocketAddr, is_tls: bool, arrived: Instant) -> Result<Self, Fault> {
        let carrier = match (head.version, is_tls) {
            (Version::Http2, _) => Carrier::Http2,
            (_, true) => Carrier::Https,
            (_, false) => Carrier::Http,
        };
        let target = isomorphic::decode(&head.path_and_query);
        let method = isomorphic::decode(&head.method);
        let target = collapse(&target);
        let target = routes::rewrite(&method, &target);
        let host = head.authority.as_deref().map(isomorphic::decode);
        let ip = local.ip().to_string();
        let bound = Bound { ip: &ip, port: local.port() };
        let url = RequestUrl::new(carrier, &target, host.as_deref(), bound)
            .map_err(|fault| Fault::Internal(format!("the request has no URL: {fault}")))?;
        let query = Query::parse(&url.query);
        Ok(Self { head, url, query, arrived })
    }
}

impl<'a> Folder<'a> {
    /// The path of a file in the folder.
    pub(super) fn below(&self, url_path: &str) -> Result<String, Fault> {
        file_path::below(url_path, self.url_base).map_err(|_| Fault::NoFile)
    }

    async fn find(&self, path: &str, arrived: Instant) -> Result<Lying, Fault> {
        let path = SitePath::from_decoded(path.as_bytes()).map_err(|_| Fault::NoFile)?;
        self.files.find(path, arrived).await.map_err(|_| Fault::NoFile)
    }

    /// A side file's octets, if there is one.
    async fn read(&self, path: &Path) -> Option<Bytes> {
        self.read_at_most(path, SIDE_OCTETS).await
    }

    /// A file's octets, if there is one of no more than this many.
    pub(super) async fn read_at_most(&self, path: &Path, octets: u64) -> Option<Bytes> {
        let path = SitePath::from_decoded(path.to_str()?.as_bytes()).ok()?;
        if !self.files.exists(&path) {
            return None;
        }
        self.files.read(path, octets).await.ok()
    }

    pub(super) fn facts<'b>(
        &'b self,
        request: &'b Request<'_>,
        config: &'b BTreeMap<String, Value>,
    ) -> RequestFacts<'b> {
        RequestFacts {
            head: request.head,
            url: &request.url,
            query: &request.query,
            url_base: self.url_base,
            config,
            base: self.path,
        }
    }
}

/// The longest side file: far more than any head can hold.
const SIDE_OCTETS: u64 = 1 << 20;

/// The lines of a file's side files.
async fn side_lines(folder: &Folder<'_>, path: &str, facts: &RequestFacts<'_>) -> Result<Vec<sidecar::Line>, Fault> {
    let mut lines = Vec::new();
    for candidates in sidecar::candidates(Path::new(path)) {
        let (file, content) = if let Some(template) = folder.read(&candidates.template).await {
            let filled = substitute(&template, &Escape::None, facts)
                .map_err(|error| Fault::Internal(format!("{}: {error}", candidates.template.display())))?;
            (candidates.template, filled.into())
        } else if let Some(content) = folder.read(&candidates.plain).await {
            (candidates.plain, content)
        } else {
            continue;
        };
        lines.extend(sidecar::parse(&content, &file).map_err(|fault| Fault::Internal(fault.to_string()))?);
    }
    Ok(lines)
}

/// The response with the parts of its file that the Range field asks for.
async fn select(mut reply: Reply, value: &[u8]) -> Result<Reply, Fault> {
    let Body::File(content) = &reply.body else { return Ok(reply) };
    let length = content.length();
    let ranges = range::parse(value, length)?;
    let mut parts = Vec::with_capacity(ranges.len());
    for part in &ranges {
        parts.push(match content {
            FileContent::Memory(octets) => octets.slice(index(part.lower)..index(part.upper)),
            FileContent::Disk(file, _) => {
                let octets = site::read(file, part.lower, part.upper - part.lower).await.map_err(|_| Fault::NoFile)?;
                octets.into()
            }
        });
    }
    let boundary = uuid::Uuid::new_v4().to_string();
    range::apply(&mut reply, &ranges, length, parts, &boundary);
    Ok(reply)
}

fn index(at: u64) -> usize {
    usize::try_from(at).expect("it is in memory")
}

/// The response after the pipes that its path and the query ask for.
async fn piped(reply: Reply, path: &str, request: &Request<'_>, facts: &RequestFacts<'_>) -> Result<Reply, String> {
    let query = isomorphic::encode(&request.url.query);
    let Some(text) = pipes::of_request(path.as_bytes(), Some(&query)) else { return Ok(reply) };
    let calls = pipes::parse(&text).map_err(|error| error.to_string())?;
    pipes::apply(reply, &calls, facts, super::date::today).await.map_err(|error| error.to_string())
}

fn listed(name: site::Name) -> listing::Listed {
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

pub(super) async fn refuse(fault: &Fault, is_head: bool, response: &mut ResponseWriter) -> Option<String> {
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
