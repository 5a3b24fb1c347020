//! What the control answers, by path.

use std::{collections::HashMap, fs, path::Path, path::PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// One answer, as the control is told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The path, without query.
    pub(crate) path: String,
    /// The status.
    pub(crate) status: u16,
    /// The fields, in order; names of any case.
    pub(crate) fields: Vec<(String, String)>,
    /// The file whose octets are the content.
    pub(crate) content: PathBuf,
}

/// All answers, ready to be sent.
pub(super) struct Answers(HashMap<String, Ready>);

/// One answer, ready to be sent; a clone shares the content.
#[derive(Clone)]
pub(super) struct Ready {
    status: StatusCode,
    fields: HeaderMap,
    /// The octets of the content.
    pub(super) content: Bytes,
}

impl Answers {
    /// Reads the list and the content that it names.
    pub(super) fn load(list: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(list).with_context(|| format!("reading {}", list.display()))?;
        let answers: Vec<Answer> =
            serde_json::from_str(&text).with_context(|| format!("parsing {}", list.display()))?;
        answers
            .into_iter()
            .map(|answer| Ok((answer.path.clone(), Ready::load(&answer)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The answer for this path, or 404 without content.
    pub(super) fn find(&self, path: &str) -> Ready {
        self.0.get(path).cloned().unwrap_or_else(|| Ready {
            status: StatusCode::NOT_FOUND,
            fields: HeaderMap::new(),
            content: Bytes::new(),
        })
    }
}

impl Ready {
    fn load(answer: &Answer) -> anyhow::Result<Self> {
        let content =
            fs::read(&answer.content).with_context(|| format!("reading {}", answer.content.display()))?.into();
        let mut fields = HeaderMap::with_capacity(answer.fields.len());
        for (name, value) in &answer.fields {
            fields.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
        }
        Ok(Self { status: StatusCode::from_u16(answer.status)?, fields, content })
    }

    /// The head, with `body` for its content.
    pub(super) fn response<B>(self, body: B) -> http::Response<B> {
        let mut response = http::Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.fields;
        response
    }
}
