//! What templates see of a request, the configuration and the site.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use bytes::Bytes;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Settings, isomorphic, query::Query, url::RequestUrl};
use crate::{
    exchange::{FieldSection, RequestHead, Version},
    substitution::{Facts, Value},
};

/// A request as templates see it.
pub(super) struct RequestFacts<'a> {
    pub(super) head: &'a RequestHead,
    /// Whether all fields of one name are seen, not one of them.
    pub(super) sees_duplicates: bool,
    pub(super) url: &'a RequestUrl,
    pub(super) query: &'a Query,
    pub(super) url_base: &'a str,
    /// The configuration by key.
    pub(super) config: &'a BTreeMap<String, Value>,
    /// The folder that the route's files lie in, absolute.
    pub(super) base: &'a Path,
}

/// The configuration as templates see it.
pub(super) fn configuration(settings: &Settings) -> BTreeMap<String, Value> {
    let domains = &settings.hosts.domains;
    let texts = |names: &BTreeMap<String, String>| {
        Value::Map(names.iter().map(|(key, name)| (key.clone(), Value::Text(name.clone()))).collect())
    };
    let mut config: BTreeMap<_, _> =
        settings.config.iter().map(|(key, value)| (key.clone(), from_json(value))).collect();
    config.insert(
        "hosts".to_owned(),
        Value::Map(domains.iter().map(|(key, names)| (key.clone(), texts(names))).collect()),
    );
    config.insert("domains".to_owned(), domains.get("").map_or_else(|| Value::Map(BTreeMap::new()), texts));
    config.insert("host".to_owned(), Value::Text(settings.hosts.browser_host.clone()));
    config
}

fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Nothing,
        // Python's text for them.
        Json::Bool(true) => Value::Text("True".to_owned()),
        Json::Bool(false) => Value::Text("False".to_owned()),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Text(number.to_string()), Value::Number),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(from_json).collect()),
        Json::Object(values) => Value::Map(values.iter().map(|(key, value)| (key.clone(), from_json(value))).collect()),
    }
}

/// A request field's value as the original's handlers see it: of several lines with one name the first over HTTP/1.1,
/// the last over HTTP/2, where pseudo-fields come without their colon and cookies in one (RFC 9113 §8.2.3).
pub(super) fn request_field(head: &RequestHead, name: &str) -> Option<Bytes> {
    let fields = &head.fields;
    if head.version != Version::Http2 {
        return fields.first(name).map(|value| fields.share(value));
    }
    if name.eq_ignore_ascii_case("cookie") {
        let crumbs: Vec<_> = fields.all("cookie").collect();
        return (!crumbs.is_empty()).then(|| crumbs.join(&b"; "[..]).into());
    }
    let pseudo = |name: &str| last(fields, &format!(":{}", name.to_ascii_lowercase()));
    last(fields, name).or_else(|| ["method", "path", "scheme", "authority"].contains(&name).then(|| pseudo(name))?)
}

/// The values of several fields of one name, as one (RFC 9110 §5.3); none where there is one at most, and for cookies,
/// which are joined otherwise.
fn joined(fields: &FieldSection, name: &str) -> Option<Vec<u8>> {
    let values: Vec<_> = fields.all(name).collect();
    (values.len() > 1 && !name.eq_ignore_ascii_case("cookie")).then(|| values.join(&b", "[..]))
}

fn last(fields: &FieldSection, name: &str) -> Option<Bytes> {
    fields.all(name).last().map(|value| fields.share(value))
}

impl Facts for RequestFacts<'_> {
    fn field(&self, name: &str) -> Option<Vec<u8>> {
        let joined = if self.sees_duplicates { joined(&self.head.fields, name) } else { None };
        joined.or_else(|| request_field(self.head, name).map(|value| value.to_vec()))
    }

    fn query(&self, name: &str) -> Option<Vec<u8>> {
        self.query.first(&isomorphic::encode(name)).map(<[u8]>::to_vec)
    }

    fn config(&self, name: &str) -> Option<&Value> {
        self.config.get(name)
    }

    fn location(&self, part: &str) -> Option<String> {
        self.url.location(part)
    }

    fn url_base(&self) -> &str {
        self.url_base
    }

    fn uuid(&self) -> String {
        Uuid::new_v4().to_string()
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = inside(self.base, path)?;
        let length = std::fs::metadata(&path).map_err(|error| format!("{path}: {error}"))?.len();
        if length > HASHED_OCTETS {
            return Err(format!("{path}: more than {HASHED_OCTETS} octets"));
        }
        std::fs::read(&path).map_err(|error| format!("{path}: {error}"))
    }

    fn fs_path(&self, path: &str) -> Result<String, String> {
        if let Some(rooted) = path.strip_prefix('/') {
            return inside(self.base, rooted);
        }
        // The original has the path as it was sent, and takes a document of the root folder for a folder itself.
        let rest = self.url.path.get(self.url_base.len()..).unwrap_or_default();
        let folder = rest.rsplit_once('/').map_or(rest, |(folder, _)| folder);
        inside(self.base, &format!("{folder}/{path}"))
    }
}

/// The largest file that `file_hash` reads: far more than any test resource.
const HASHED_OCTETS: u64 = 64 << 20;

/// The absolute path of what lies at a relative path below a folder, its dots resolved by their text alone; never outside
/// of the folder, and never with two dots in a row, as there.
fn inside(folder: &Path, path: &str) -> Result<String, String> {
    let mut file = PathBuf::new();
    for component in folder.join(path).components() {
        match component {
            Component::ParentDir => drop(file.pop()),
            Component::CurDir => (),
            other => file.push(other),
        }
    }
    match file.strip_prefix(folder) {
        Ok(below) if !below.to_string_lossy().contains("..") => Ok(file.to_string_lossy().into_owned()),
        _ => Err(format!("{path}: outside of the document root")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_templates_stay_below_the_folder_whatever_their_dots() {
        for (path, expected) in [
            ("a/b", Some("/root/a/b")),
            ("", Some("/root")),
            (".", Some("/root")),
            ("a/./b/", Some("/root/a/b")),
            ("a/../b", Some("/root/b")),
            ("../root/a", Some("/root/a")),
            ("..", None),
            ("a/../../b", None),
            ("../rooted", None),
            ("a..b", None),
            ("/etc/passwd", None),
            ("../../../../..", None),
        ] {
            assert_eq!(inside(Path::new("/root"), path).ok().as_deref(), expected, "{path}");
        }
    }
}
