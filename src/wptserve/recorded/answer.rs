//! The parts joined, with just enough I/O to answer recorded requests from the tree.

use std::{fs, path::PathBuf};

use bytes::Bytes;

use super::{Exchange, exchange::escape};
use crate::{
    reply::{Body, Piece, Reply},
    wptserve::{
        Alias, Edition,
        fault::Fault,
        file_path,
        generated::{self, Kind},
        listing::{self, Listed},
        media_type,
        query::Query,
        range::{self, ByteRange},
        reason,
        routes::{self, Base, Mount, Router, Target},
        sidecar,
        url::{self, Bound, Carrier, RequestUrl},
    },
};

pub(super) struct Site {
    router: Router,
}

const HOST: &str = "web-platform.test";
const BOUNDARY: &str = "00000000-0000-4000-8000-000000000000";

/// Names that the recorder added: not every file system takes them.
const ODD_NAMES: [&str; 3] = ["<&\"' >.txt", "per%cent?#.txt", "größe ~(1)!*.txt"];

const ALIASES: [(&str, &str); 3] =
    [("/alias/", "aliased"), ("/alias/deeper/", "globals"), ("/single/inside.txt", "aliased")];

pub(super) fn router() -> Router {
    let aliases = ALIASES.map(|(url_path, folder)| Alias { url_path: url_path.to_owned(), local_dir: folder.into() });
    Router::new(&aliases, Edition::July2021).expect("routes")
}

pub(super) fn folder(base: Base) -> &'static str {
    match base {
        Base::Root => "",
        Base::Alias(index) => ALIASES[index].1,
    }
}

impl Site {
    pub(super) fn new() -> Self {
        Self { router: router() }
    }

    /// The response, in the notation.
    pub(super) fn answer(&self, exchange: &Exchange) -> String {
        let target = routes::rewrite(&exchange.method, &exchange.target).into_owned();
        let target = url::collapse(&target);
        let bound = Bound { ip: "127.0.0.1", port: 8000 };
        let url = RequestUrl::new(Carrier::Http, &target, Some("web-platform.test:8000"), bound).expect("a URL");
        let routed = self.router.route(&exchange.method, &url.path);
        let reply = match &routed {
            None => Err(Fault::NoRoute),
            Some(routed) => match routed.target {
                Target::Forbidden => Err(Fault::NoRoute),
                Target::Generated(kind) => generate(kind, &url, routed.mount).map_err(Fault::in_document),
                Target::File => file(exchange, &url, routed.mount),
                Target::AsIs => return as_is(&url, routed.mount),
                Target::Python => panic!("no Python is recorded"),
            },
        };
        show(&reply.unwrap_or_else(|fault| fault.reply()), exchange.method == "HEAD")
    }
}

fn path_of(url: &RequestUrl, mount: &Mount) -> Result<PathBuf, Fault> {
    let below = file_path::below(&url.path, &mount.url_base)?;
    let tree = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wptserve/tree"));
    // Joined as text: a slash at the end of a file's name must stay.
    let text = format!(
        "{}/{}{}{below}",
        tree.display(),
        folder(mount.base),
        if folder(mount.base).is_empty() { "" } else { "/" }
    );
    Ok(text.into())
}

fn fields_beside(path: &std::path::Path, url: &RequestUrl) -> Result<Vec<sidecar::Line>, Fault> {
    let mut lines = Vec::new();
    for candidate in sidecar::candidates(path) {
        let (path, content) = match fs::read_to_string(&candidate.template) {
            Ok(template) => (candidate.template, Some(fill(&template, url).into())),
            Err(_) => (candidate.plain.clone(), fs::read(candidate.plain).ok().map(Bytes::from)),
        };
        if let Some(content) = content {
            let fault = |_| Fault::Internal("not enough values to unpack (expected 2, got 1)".to_owned());
            lines.extend(sidecar::parse(&content, &path).map_err(fault)?);
        }
    }
    Ok(lines)
}

fn fill(template: &str, url: &RequestUrl) -> String {
    let value = Query::parse(&url.query).first(b"x").unwrap_or_default().to_vec();
    let value = String::from_utf8(value).expect("text");
    let filled = template.replace("{{host}}", HOST).replace("{{GET[x]}}", &value);
    filled.replace("{{location[scheme]}}", &url.location("scheme").expect("a scheme"))
}

fn generate(kind: Kind, url: &RequestUrl, mount: &Mount) -> Result<Reply, Fault> {
    let path = path_of(url, mount)?;
    let path = PathBuf::from(kind.script(path.to_str().expect("text")));
    let lines = fields_beside(&path, url)?;
    let script = fs::read(&path).map_err(|_| Fault::NoFile)?;
    let document = generated::generate(kind, Edition::July2021, &url.path, &url.query, &script)?;
    let document = if kind.resource(&url.path).contains(".sub.") { fill(&document, url) } else { document };
    let mut reply = Reply::new(200);
    reply.fields = sidecar::of_document(lines, kind.media_type(), false);
    reply.body = Body::Octets(document.into());
    Ok(reply)
}

fn file(exchange: &Exchange, url: &RequestUrl, mount: &Mount) -> Result<Reply, Fault> {
    let path = path_of(url, mount)?;
    if path.is_dir() {
        return Ok(if url.path.ends_with('/') {
            listing::reply(&url.path, listed(&path, url))
        } else {
            listing::redirect(&url.text)
        });
    }
    let content = Bytes::from(fs::read(&path).map_err(|_| Fault::NoFile)?);
    let mut reply = Reply::new(200);
    reply.fields = sidecar::of_file(fields_beside(&path, url)?, media_type::of_path(path.to_str().expect("text")));
    match &exchange.range {
        None => reply.body = Body::Pieces(vec![content.into()]),
        Some(value) => {
            let length = content.len() as u64;
            let ranges = range::parse(value, length)?;
            let at = |octet| usize::try_from(octet).expect("within the file");
            let part = |range: &ByteRange| content.slice(at(range.lower)..at(range.upper)).into();
            range::apply(&mut reply, &ranges, length, part, BOUNDARY);
        }
    }
    Ok(reply)
}

fn listed(path: &std::path::Path, url: &RequestUrl) -> Vec<Listed> {
    let entries = fs::read_dir(path).expect("a directory").map(|entry| entry.expect("an entry"));
    let mut listed: Vec<Listed> = entries
        .map(|entry| Listed {
            name: entry.file_name().into_string().expect("text"),
            is_directory: entry.path().is_dir(),
        })
        .collect();
    if url.path.starts_with("/listing/") && path.ends_with("listing") {
        listed.extend(ODD_NAMES.map(|name| Listed { name: name.to_owned(), is_directory: false }));
    }
    listed
}

fn as_is(url: &RequestUrl, mount: &Mount) -> String {
    match fs::read(path_of(url, mount).expect("a path")) {
        Ok(content) => {
            let lines: Vec<_> =
                content.split(|octet| *octet == b'\r').map(|line| line.strip_prefix(b"\n").unwrap_or(line)).collect();
            format!(
                "{}\n! closed",
                lines.iter().map(|line| format!("< {}", escape(line))).collect::<Vec<_>>().join("\n")
            )
        }
        Err(_) => show(&Fault::NoFile.reply(), false),
    }
}

fn octets(piece: &Piece) -> &Bytes {
    let Piece::Octets(octets) = piece else { panic!("no part of a file") };
    octets
}

fn show(reply: &Reply, is_head: bool) -> String {
    let (content, is_length_known) = match &reply.body {
        Body::Octets(octets) => (octets.to_vec(), true),
        Body::Pieces(pieces) => (pieces.iter().flat_map(octets).copied().collect(), false),
        other => panic!("{other:?}"),
    };
    let mut lines = vec![format!("< HTTP/1.1 {} {}", reply.status, reason::phrase(reply.status))];
    let is_fault = reply.status == 500;
    for (name, value) in reply.fields.iter() {
        if !(is_fault && name.eq_ignore_ascii_case(b"content-length")) {
            lines.push(format!("< {}: {}", escape(name), escape(value)));
        }
    }
    if is_length_known && !is_fault && !reply.fields.contains(b"content-length") {
        lines.push(format!("< Content-Length: {}", content.len()));
    }
    if is_fault {
        let error: serde_json::Value = serde_json::from_slice(&content).expect("JSON");
        lines.push(format!("* a message that begins: {}", error["error"]["message"].as_str().expect("text")));
    } else if !is_head {
        let mut pieces: Vec<_> = content.split(|octet| *octet == b'\n').collect();
        let last = pieces.pop().unwrap_or_default();
        lines.extend(pieces.into_iter().map(|line| format!("| {}", escape(line))));
        if !last.is_empty() {
            lines.push(format!("\\ {}", escape(last)));
        }
    }
    lines.push(if is_length_known { "! kept" } else { "! closed" }.to_owned());
    lines.join("\n")
}
