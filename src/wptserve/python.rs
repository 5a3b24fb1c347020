//! Python handlers of the site: which file answers, what they are told of the configuration, and their pipes. They are
//! run elsewhere.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::{Settings, fault::Fault, request::Request, routes::Routed, site::Site};
use crate::{
    exchange::{ConnectionFacts, RequestHead},
    pipes,
    reply::Reply,
    site::SCRIPT_OCTETS,
};

/// A handler's file, as it was after the request came.
#[derive(Clone, Debug)]
pub struct PythonHandler {
    /// Its path below the folder that it sees, with a `/` in front.
    pub path: String,
    /// Its octets.
    pub source: Bytes,
    /// The folder that it sees: the document root, or an alias's.
    pub root: Arc<Path>,
}

impl Site {
    /// The handler of a route that is Python's, read now.
    pub(super) async fn python(&self, routed: &Routed<'_>, request: &Request<'_>) -> Result<PythonHandler, Fault> {
        let folder = self.folder(routed)?;
        let path = folder.below(&request.url.path)?;
        let source = folder.read_at_most(Path::new(&path), SCRIPT_OCTETS).await.ok_or(Fault::NoFile)?;
        Ok(PythonHandler { path: format!("/{path}"), source, root: Arc::from(folder.path) })
    }

    /// Runs the response of a handler to this request through pipes.
    ///
    /// # Errors
    /// What is wrong with the pipes, in words.
    pub async fn pipe(
        &self,
        reply: Reply,
        text: &str,
        head: &RequestHead,
        connection: &ConnectionFacts,
    ) -> Result<Reply, String> {
        let calls = pipes::parse(text).map_err(|error| error.to_string())?;
        let request = self.request(head, connection, Instant::now()).map_err(|fault| fault.to_string())?;
        let routed = self.route(&request).ok_or_else(|| Fault::NoRoute.to_string())?;
        let folder = self.folder(&routed).map_err(|fault| fault.to_string())?;
        let facts = self.facts(&folder, &request);
        pipes::apply(reply, &calls, &facts, super::date::today).await.map_err(|error| error.to_string())
    }
}

/// The configuration as handlers see it, a JSON object. They see the document root as `/`.
pub(super) fn configuration(settings: &Settings) -> String {
    let mut config: Map<String, Json> = settings.config.clone();
    config.insert("ports".to_owned(), json!(settings.ports));
    config.insert("doc_root".to_owned(), json!("/"));
    if let Some(Json::Object(paths)) = config.get_mut("paths") {
        paths.insert("doc_root".to_owned(), json!("/"));
    }
    Json::Object(config).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_see_the_root_as_their_own_and_the_ports_as_they_are() {
        let mut settings = Settings { doc_root: "/secret/tree".into(), ..Settings::default() };
        settings.config.insert("doc_root".to_owned(), json!("/secret/tree"));
        settings.config.insert("paths".to_owned(), json!({"doc_root": "/secret/tree"}));
        settings.ports.insert("http".to_owned(), vec![Some(8000), None]);
        let text = configuration(&settings);
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains(r#""ports":{"http":[8000,null]}"#), "{text}");
    }
}
