//! The folder that a route's files lie in: the document root, or that of an alias.

use std::{collections::BTreeMap, path::Path};

use bytes::Bytes;
use tokio::time::Instant;

use super::{Switch, Switches, facts::RequestFacts, fault::Fault, file_path, request::Request, sidecar};
use crate::{
    site::{self, Lying, SitePath},
    substitution::{Escape, Value, substitute},
};

/// The folder that a request's files lie in.
pub(super) struct Folder<'a> {
    pub(super) files: &'a site::Site,
    pub(super) path: &'a Path,
    pub(super) url_base: &'a str,
}

impl<'a> Folder<'a> {
    /// The path of a file in the folder.
    pub(super) fn below(&self, url_path: &str) -> Result<String, Fault> {
        Ok(file_path::below(url_path, self.url_base)?)
    }

    /// What lies at a path in the folder.
    pub(super) async fn find(&self, path: &str, arrived: Instant) -> Result<Lying, Fault> {
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
        switches: Switches,
    ) -> RequestFacts<'b> {
        RequestFacts {
            head: request.head,
            sees_duplicates: switches.has(Switch::RequestDuplicates),
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
pub(super) async fn side_lines(
    folder: &Folder<'_>,
    path: &str,
    facts: &RequestFacts<'_>,
) -> Result<Vec<sidecar::Line>, Fault> {
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
        lines.extend(sidecar::parse(&content, &file)?);
    }
    Ok(lines)
}
